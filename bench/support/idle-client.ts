/**
 * Opens connections and keeps them, saying nothing. Prints `open N` when all stand, and closes them when its standard
 * input ends. Also the server for them: `idle-server` accepts and holds.
 */
import { connect, createServer, type Socket } from 'node:net';

/** Handshakes in flight: below every proxy's backlog. */
const BATCH = 100;

interface IdleOptions {
  readonly port: number;
  readonly connections: number;
  /** Sends a request and waits for its answer first. */
  readonly http?: boolean;
}

export async function runIdleClient({ port, connections, http = false }: IdleOptions): Promise<void> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < connections; opened += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, connections - opened) }, () => open(port, http));
    sockets.push(...(await Promise.all(batch)));
  }
  const broken = sockets.filter((socket) => socket.destroyed).length;
  process.stdout.write(`open ${sockets.length - broken}\n`);
  process.stdin.resume().once('end', () => process.exit(0));
}

function open(port: number, http: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    if (http) socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n'));
    // The server greets or answers, so that a connection that stands stands all the way through the proxy.
    socket.once('data', () => resolve(socket));
  });
}

export function runIdleServer({ port }: { readonly port: number }): void {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.write('hello\n');
    socket.resume();
  }).listen({ port, host: '127.0.0.1', backlog: 4096 });
}
