/** The helper's end of the socket pair: JSON lines in both directions, bounded. Its end of file is the daemon's end. */
import { Socket } from 'node:net';
import type { FromHelper, ToHelper } from './messages.js';

/** A `held` of some 30,000 addresses. */
const LINE_BYTES_MAX = 4 * 1024 * 1024;
/** What may wait for a thread that does not read; after that only what it must not miss is said again, later. */
const WAITING_BYTES_MAX = 1024 * 1024;
const NEWLINE = 10;
const CLOSE_MS = 500;

export interface LinkEvents {
  readonly message: (message: ToHelper) => void;
  /** A line that is none of the protocol. */
  readonly refused: (why: string) => void;
  /** The other end was closed; called once. */
  readonly ended: () => void;
  /** Messages had been dropped, and there is room again. */
  readonly caughtUp: () => void;
}

export class Link {
  private readonly socket: Socket;
  private chunks: Buffer[] = [];
  private bytes = 0;
  private isSkipping = false;
  private isBehind = false;
  private hasEnded = false;

  constructor(
    fd: number,
    private readonly events: LinkEvents,
  ) {
    this.socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => this.read(chunk));
    this.socket.on('end', () => this.end());
    this.socket.on('close', () => this.end());
    this.socket.on('error', () => this.end()); // EPIPE, ECONNRESET: nobody is there
    this.socket.on('drain', () => this.drained());
  }

  /** Dropped when the other side has not read for long: `caughtUp` tells. */
  send(message: FromHelper): void {
    if (this.hasEnded) return;
    if (this.socket.writableLength > WAITING_BYTES_MAX) this.isBehind = true;
    else this.socket.write(`${JSON.stringify(message)}\n`);
  }

  /** What was sent is on its way, or nobody takes it within half a second. */
  close(done: () => void): void {
    const timer = setTimeout(done, CLOSE_MS);
    this.socket.end(() => {
      clearTimeout(timer);
      done();
    });
  }

  private drained(): void {
    if (!this.isBehind) return;
    this.isBehind = false;
    this.events.caughtUp();
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.events.ended();
  }

  private read(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, at));
      this.line();
      from = at + 1;
    }
    if (from < chunk.length) this.keep(chunk.subarray(from));
  }

  private keep(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes <= LINE_BYTES_MAX) this.chunks.push(part);
    else if (!this.isSkipping) {
      this.isSkipping = true;
      this.chunks = [];
      this.events.refused(`a line of more than ${LINE_BYTES_MAX} bytes`);
    }
  }

  private line(): void {
    const text = this.isSkipping ? '' : Buffer.concat(this.chunks).toString();
    this.chunks = [];
    this.bytes = 0;
    this.isSkipping = false;
    if (text.trim() === '') return;
    const message = parsed(text);
    if (message === null) this.events.refused(`no message: ${excerpt(text)}`);
    else this.events.message(message);
  }
}

/** Types and fields are looked at by whoever acts on the message. */
function parsed(text: string): ToHelper | null {
  try {
    const value: unknown = JSON.parse(text);
    const isMessage = typeof value === 'object' && value !== null && typeof (value as ToHelper).type === 'string';
    return isMessage ? (value as ToHelper) : null;
  } catch {
    return null;
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
