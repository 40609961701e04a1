/** An HTTP server of the tests' own that does as the path says, and remembers what it was sent. */
import type { Socket } from 'node:net';
import { serve } from './proxy.js';

export interface Origin {
  readonly port: number;
  /** Heads of requests in the order they came, with the number of their connection: `1 GET / HTTP/1.1|host: a`. */
  readonly heads: string[];
  /** Connections so far. */
  readonly connections: () => number;
  close(): void;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';

/** What a request gets: bytes, and then perhaps an end. */
const ANSWERS: { readonly [path: string]: (socket: Socket, connection: number) => void } = {
  '/': (s) => s.write(OK),
  '/conn': (s, n) => s.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${n}`),
  '/chunked': (s) => s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nB\r\nhello world\r\n0\r\n\r\n'),
  '/trailer': (s) =>
    s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n'),
  '/close': (s) => s.end('HTTP/1.1 200 OK\r\n\r\nhello'),
  '/saysclose': (s) => s.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello'),
  '/10': (s) => s.end('HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello'),
  '/10keep': (s) => s.write('HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello'),
  '/empty': (s) => s.end(),
  '/reset': (s) => s.resetAndDestroy(),
  '/junk': (s) => s.write('garbage\r\n\r\n'),
  '/partial': (s) => s.end('HTTP/1.1 200 OK\r\ncontent-le'),
  '/half': (s) => s.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello'),
  '/badchunk': (s) => s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n'),
  '/halfchunk': (s) => s.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  '/hang': () => undefined,
  '/stall': (s) => s.write('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello'),
  '/early': (s) => s.write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno'),
  '/103': (s) => s.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}`),
  '/204': (s) => s.write('HTTP/1.1 204 No Content\r\n\r\n'),
  '/304': (s) => s.write('HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n'),
  '/headed': (s) => s.write('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n'),
  '/extra': (s) => s.write(`${OK}garbage`),
  '/500': (s) => s.write('HTTP/1.1 500 Broken\r\ncontent-length: 3\r\n\r\nbad'),
  '/500first': (s, n) => s.write(n === 1 ? 'HTTP/1.1 500 Broken\r\ncontent-length: 3\r\n\r\nbad' : OK),
  '/emptyfirst': (s, n) => (n === 1 ? s.end() : s.write(OK)),
  '/hangfirst': (s, n) => (n === 1 ? undefined : s.write(OK)),
  '/switch': (s) => s.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nwelcome;'),
};

/** After these the connection echoes. */
const TUNNELS = new Set(['/switch']);

export async function origin(): Promise<Origin> {
  const heads: string[] = [];
  let connections = 0;
  const server = await serve((socket) => new Connection(socket, ++connections, heads));
  return { port: server.port, heads, connections: () => connections, close: () => server.close() };
}

class Connection {
  private buffer = '';
  private isTunnel = false;

  constructor(
    private readonly socket: Socket,
    private readonly number: number,
    private readonly heads: string[],
  ) {
    socket.on('data', (data) => this.received(data.toString('latin1')));
    socket.on('end', () => socket.end());
  }

  private received(text: string): void {
    if (this.isTunnel) {
      this.socket.write(text, 'latin1');
      return;
    }
    this.buffer += text;
    for (let next = this.takeRequest(); next !== null; next = this.takeRequest()) this.answer(next);
  }

  /** @returns path and method of a request that is there as a whole, without its body; null when none is */
  private takeRequest(): { method: string; path: string } | null {
    const end = this.buffer.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const head = this.buffer.slice(0, end);
    const rest = this.buffer.slice(end + 4);
    const [method, path] = head.split(' ');
    const bodyEnd = path === '/early' ? 0 : bodyLength(head, rest);
    if (bodyEnd < 0) return null;
    this.buffer = rest.slice(bodyEnd);
    this.heads.push(`${this.number} ${head.replaceAll('\r\n', '|')} ${rest.slice(0, bodyEnd).replaceAll('\r\n', '|')}`);
    return { method, path };
  }

  private answer({ method, path }: { method: string; path: string }): void {
    if (method === 'CONNECT') {
      this.isTunnel = true;
      this.socket.write('HTTP/1.1 200 OK\r\n\r\n');
      return;
    }
    this.isTunnel = TUNNELS.has(path);
    (ANSWERS[path] ?? ANSWERS['/'])(this.socket, this.number);
  }
}

/** @returns bytes of the body at the beginning of `rest`, -1 while it is not complete */
function bodyLength(head: string, rest: string): number {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return rest.length >= Number(length) ? Number(length) : -1;
  if (!/^transfer-encoding: chunked/im.test(head)) return 0;
  const end = rest.search(/(^|\r\n)0\r\n\r\n/);
  return end < 0 ? -1 : rest.indexOf('0\r\n\r\n', end) + 5;
}
