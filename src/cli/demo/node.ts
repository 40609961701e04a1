/**
 * One demonstration node, a process of its own so that it can really be killed: a line server that says its name, and
 * an HTTP check on a second port. Arguments: name, port of the lines, port of the check (0 = any free). It prints both
 * ports when it serves.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [name, port, checkPort] = process.argv.slice(2);

const lines = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.write(`${name} at your service\n`);
  createInterface({ input: socket }).on('line', (line) => {
    if (line === 'quit') socket.end();
    else socket.write(`${name}: ${line}\n`);
  });
});
const check = createHttpServer((_request, response) => response.end(`${name} is well\n`));

lines.listen(Number(port), '127.0.0.1');
check.listen(Number(checkPort), '127.0.0.1');
await Promise.all([once(lines, 'listening'), once(check, 'listening')]);
const ports = [lines, check].map((server) => (server.address() as AddressInfo).port);
process.stdout.write(`${ports.join(' ')}\n`);
// When the demonstration is gone, however it went, its end of our standard input closes.
process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGINT', () => undefined);
