/** Takes the syslog datagrams of the host it runs on (127.0.0.1:514) and prints each with the time it came. */
import { createSocket } from 'node:dgram';

const SYSLOG_PORT = 514;

export function runSyslogSink(): void {
  const socket = createSocket('udp4');
  socket.on('message', (datagram) => process.stdout.write(`${Date.now()} ${datagram.toString('utf8').trimEnd()}\n`));
  socket.bind(SYSLOG_PORT, '127.0.0.1');
}
