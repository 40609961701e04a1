/** Free ports on the loopback below the range that outgoing connections use (32768 up), so that no client takes one. */
import { connect, createServer } from 'node:net';
import { until } from '../../lab/support/wait.js';

const LOW = 20_100;
const HIGH = 32_000;
const LISTEN_TIMEOUT_MS = 15_000;

export async function freePort(): Promise<number> {
  return until('a free port', 5000, async () => {
    const port = LOW + Math.floor(Math.random() * (HIGH - LOW));
    return (await canListen(port)) ? port : undefined;
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** @throws Error when nobody listens in time */
export async function untilListening(port: number, what: string): Promise<void> {
  await until(`${what} listens on port ${port}`, LISTEN_TIMEOUT_MS, async () =>
    (await canConnect(port)) ? true : undefined,
  );
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
