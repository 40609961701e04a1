/**
 * The client: every 20 ms a new connection to the virtual address, with one request over it; the answer names the proxy
 * that made the connection to the backend. Outcomes go to standard output, one line of JSON each. Attempts overlap, as
 * those of many users do.
 */
import { connect, type Socket } from 'node:net';

export const PROBE_EVERY_MS = 20;
/** An attempt that has no answer by now has failed for its user; a lost SYN is sent again only after 1 s. */
const PROBE_TIMEOUT_MS = 500;

export interface Attempt {
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Address of the proxy that answered; '' when none did. */
  readonly by: string;
  /** '' when it went well. `connect …`: no connection; `exchange …`: it broke or was silent afterwards. */
  readonly error: string;
}

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
}

/** Runs until it is killed. */
export function runProbe(target: ProbeTarget): void {
  setInterval(() => {
    void attempt(target).then((done) => process.stdout.write(`${JSON.stringify(done)}\n`));
  }, PROBE_EVERY_MS);
}

function attempt({ host, port }: ProbeTarget): Promise<Attempt> {
  const startedAt = Date.now();
  return new Promise((resolve) => {
    let by = '';
    let phase = 'connect';
    const socket = connect({ host, port });
    const end = (error: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ startedAt, endedAt: Date.now(), by: error === '' ? by : '', error });
    };
    const timer = setTimeout(() => end(`${phase} timeout`), PROBE_TIMEOUT_MS);
    socket.on('connect', () => {
      phase = 'exchange';
      socket.write('GET / HTTP/1.0\r\n\r\n');
    });
    socket.on('data', (chunk: Buffer) => {
      by += chunk.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(`${phase} ${error.code}`));
    socket.on('end', () => {
      by = by.slice(by.indexOf('\r\n\r\n') + 4).trim();
      end(by === '' ? 'exchange without an answer' : '');
    });
  });
}

/** The backend: tells who asked, in HTTP, to the service's clients and to the checks alike. */
export function answer(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => {
    const who = `${(socket.remoteAddress ?? '').replace('::ffff:', '')}\n`;
    socket.end(`HTTP/1.0 200 OK\r\nContent-Length: ${who.length}\r\n\r\n${who}`);
  });
}
