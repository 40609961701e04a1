/**
 * Raw exchanges through a proxy, many at a time: what a client sends and gets, what the server behind the proxy gets and
 * sends, and what becomes of the connections. A lane has a port of the proxy and a server of its own, so that whatever
 * arrives at that server belongs to the exchange that is under way there.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lab/support/ports.js';

/** What the server does with the first request; it answers every other one with `PROBE_ANSWER`. */
interface Answer {
  readonly text: string;
  /** It closes behind it. */
  readonly closes: boolean;
}

export interface Exchange {
  /** latin1 */
  readonly request: string;
  readonly answer?: Answer;
  /** Both sides send in pieces that end at these places. */
  readonly cuts?: readonly number[];
}

export interface Outcome {
  /** Everything the client got, chunk framing taken out. */
  readonly toClient: string;
  /** Everything the server got but the probe, chunk framing taken out. */
  readonly toServer: string;
  /** The client's connection served the probe that followed. */
  readonly lives: boolean;
  /** The client was reset instead of closed. */
  readonly wasReset: boolean;
}

const OK: Answer = { text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', closes: false };
/** A request that any connection serves which is still good for one. */
const PROBE = 'GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n';
const PROBE_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe';
/** Of their own: whoever checks ports of 127.0.0.1 that were somebody's once is not heard here. */
export const SERVER_ADDRESS = '127.0.77.7';
const LIMIT_MS = 15_000;

export class Lane {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private got = '';
  private answer = OK;
  private cuts: readonly number[] = [];
  private answered = 0;

  constructor() {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.serve(socket));
    this.server.unref();
  }

  async listen(): Promise<number> {
    const port = await freePort();
    this.server.listen(port, SERVER_ADDRESS);
    await once(this.server, 'listening');
    return port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  /** One client on a connection of its own. */
  async run(port: number, exchange: Exchange): Promise<Outcome> {
    this.got = '';
    this.answered = 0;
    this.answer = exchange.answer ?? OK;
    this.cuts = exchange.cuts ?? [];
    const client = await talk(port, exchange.request + PROBE, this.cuts);
    await this.quiet();
    const cut = this.got.indexOf('GET /probe HTTP/1.1\r\n');
    return {
      toClient: withoutChunks(client.got),
      toServer: withoutChunks(cut < 0 ? this.got : this.got.slice(0, cut)),
      lives: client.got.endsWith('\r\n\r\nprobe'),
      wasReset: client.wasReset,
    };
  }

  /** The proxy has closed its connections: nothing of this exchange is still to come. */
  private async quiet(): Promise<void> {
    const end = Date.now() + LIMIT_MS;
    while (this.sockets.size > 0 && Date.now() < end) await once(this.server, 'gone');
  }

  private serve(socket: Socket): void {
    let rest = '';
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.server.emit('gone');
    });
    socket.on('end', () => socket.end());
    socket.on('data', (data) => {
      const text = data.toString('latin1');
      this.got += text;
      rest += text;
      for (let end = requestEnd(rest); end > 0; end = requestEnd(rest)) {
        const request = rest.slice(0, end);
        rest = rest.slice(end);
        this.reply(socket, request);
      }
    });
  }

  private reply(socket: Socket, request: string): void {
    if (request.startsWith('GET /probe ')) socket.write(PROBE_ANSWER);
    else if (this.answered++ > 0) socket.write(OK.text);
    else {
      const { closes, text } = this.answer;
      void inPieces(socket, text, this.cuts).then(() => closes && socket.end());
    }
  }
}

/** Where the first request of a text ends, body included; 0 = not yet. Proxies forward only what is well formed. */
function requestEnd(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return 0;
  const fields = text.slice(0, head);
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(fields)) {
    const end = chunkedEnd(text, head);
    return end < 0 ? 0 : end;
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(fields)?.[1] ?? 0);
  return text.length >= head + length ? head + length : 0;
}

/** Behind the trailers of a chunked body that begins at `at`; -1 = it does not end in this text. */
function chunkedEnd(text: string, at: number, out?: string[]): number {
  for (;;) {
    const found = /^([\da-f]+)[^\r\n]*\r\n/i.exec(text.slice(at, at + 2048));
    if (found === null) return -1;
    const bytes = Number.parseInt(found[1], 16);
    at += found[0].length;
    if (bytes === 0) break;
    out?.push(text.slice(at, at + bytes));
    if (text.length < at + bytes + 2) return -1;
    at += bytes + 2;
  }
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return -1;
    if (end === at) return at + 2;
    out?.push(
      `<${text
        .slice(at, end)
        .replace(/:[ \t]*/, ': ')
        .trimEnd()}>`,
    );
    at = end + 2;
  }
}

/** Chunks are cut where the bytes happened to arrive: only what they carry is compared, and what trailers say. */
function withoutChunks(text: string): string {
  const head = /\r\ntransfer-encoding: *chunked\r\n(?:[^\r\n]+\r\n)*\r\n/i.exec(text);
  if (head === null) return text;
  const from = head.index + head[0].length;
  const data: string[] = [];
  const end = chunkedEnd(text, from, data);
  const body = `${text.slice(0, from)}[${data.join('')}`;
  return end < 0 ? `${body}…` : `${body}]${withoutChunks(text.slice(end))}`;
}

/** Sends, and listens until the proxy closes or has answered the probe. */
function talk(port: number, request: string, cuts: readonly number[]): Promise<{ got: string; wasReset: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let got = '';
    let wasReset = false;
    const limit = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`not closed in ${LIMIT_MS} ms: ${JSON.stringify(request.slice(0, 300))} ${JSON.stringify(got)}`),
      );
    }, LIMIT_MS);
    socket.on('data', (data) => {
      got += data.toString('latin1');
      if (got.endsWith('\r\n\r\nprobe')) socket.end();
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => (wasReset = true));
    socket.on('close', () => {
      clearTimeout(limit);
      resolve({ got, wasReset });
    });
    void inPieces(socket, request, cuts);
  });
}

/** Long enough for a piece to be read before the next one comes, most times. */
const PAUSE_MS = 3;

async function inPieces(socket: Socket, text: string, cuts: readonly number[]): Promise<void> {
  let from = 0;
  for (const cut of cuts) {
    if (cut <= from || cut >= text.length || socket.destroyed) continue;
    socket.write(text.slice(from, cut), 'latin1');
    from = cut;
    await sleep(PAUSE_MS);
  }
  if (!socket.destroyed) socket.write(text.slice(from), 'latin1');
}
