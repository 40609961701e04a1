/** Reads an answer of a control socket that does not end by itself, line by line. */
import { createConnection } from 'node:net';
import { socketTarget } from './stats-client.js';

/** How an answer ended: `closed` by the other side, `failed` before or while it came. */
export type FollowEnd = { how: 'closed' } | { how: 'failed'; why: string };

/** @param onLine gets each line as it comes, without its end @returns when the connection is gone */
export function followSocket(socket: string, command: string, onLine: (line: string) => void): Promise<FollowEnd> {
  return new Promise((resolve) => {
    const connection = createConnection(socketTarget(socket));
    let rest = '';
    let failure = '';
    connection.setEncoding('utf8');
    connection.on('data', (chunk) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line !== '') onLine(line);
    });
    connection.on('error', (error) => {
      failure = `${socket}: ${error.message}`;
    });
    connection.on('close', () => resolve(failure === '' ? { how: 'closed' } : { how: 'failed', why: failure }));
    connection.write(`${command}\n`);
  });
}
