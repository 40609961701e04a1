/** Ports of the programs that are measured. */
import { connect } from 'node:net';
import { until } from '../../lab/support/wait.js';

const LISTEN_TIMEOUT_MS = 15_000;

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
