/** Downloads `/big` over several connections at once and throws the bytes away; prints how many came. */
import { connect } from 'node:net';

const BUFFER_BYTES = 1024 ** 2;

interface BulkOptions {
  readonly port: number;
  readonly connections: number;
}

export async function runBulkClient({ port, connections }: BulkOptions): Promise<void> {
  const bytes = await Promise.all(Array.from({ length: connections }, () => download(port)));
  process.stdout.write(`${bytes.reduce((sum, n) => sum + n, 0)}\n`);
}

function download(port: number): Promise<number> {
  let received = 0;
  return new Promise((resolve, reject) => {
    const onread = {
      buffer: Buffer.alloc(BUFFER_BYTES), // one buffer for all reads: the client stays cheap
      callback: (bytes: number) => {
        received += bytes;
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', onread });
    socket.on('connect', () => socket.write('GET /big HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}
