/** One poller: reads as much of a request as there is, sends one answer, and goes. Every step has a limit of time. */
import type { Socket } from 'node:net';
import { PLAIN, type Request, readRequest } from './request.js';

/** A poller that says nothing means a script that does not listen either: it is answered after this time. */
const SILENCE_MS = 250;
/** From the first byte to the end of the head. */
const HEAD_MS = 1000;
/** After the answer the poller closes; one that does not is closed. */
const LINGER_MS = 1000;
/** What a poller may send that nobody reads. */
const IGNORED_BYTES_MAX = 64 * 1024;

/** The endpoint's side. */
export interface ConnectionOwner {
  /** The request is there: `answer` or `drop` follows. */
  onRequest(connection: Connection, request: Request): void;
  /** The time for an answer is over. */
  onLate(connection: Connection): void;
  /** Called once, whatever happened. @param isAnswered whether the answer was sent */
  onClose(connection: Connection, isAnswered: boolean): void;
}

type Phase = 'silent' | 'reading' | 'waiting' | 'answered' | 'closed';

export class Connection {
  private phase: Phase = 'silent';
  private head = '';
  private ignored = 0;
  private readonly beganMs: number;
  private deadlineMs: number;
  request: Request = PLAIN;

  /** @param answerMs time from the first moment until the answer must be on its way */
  constructor(
    readonly ip: string,
    private readonly socket: Socket,
    private readonly owner: ConnectionOwner,
    private readonly answerMs: number,
    nowMs: number,
    private readonly now: () => number,
  ) {
    this.beganMs = nowMs;
    this.deadlineMs = nowMs + Math.min(SILENCE_MS, answerMs);
    socket.on('data', (chunk) => this.onData(chunk));
    socket.on('end', () => this.onEnd());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.onClose());
  }

  answer(bytes: Buffer): void {
    if (this.phase === 'closed' || this.phase === 'answered') return;
    this.phase = 'answered';
    this.deadlineMs = this.now() + LINGER_MS;
    this.socket.end(bytes);
  }

  /** The answer must be on its way within this time from now, or earlier where that was the limit. */
  hurry(ms: number): void {
    this.deadlineMs = Math.min(this.deadlineMs, this.now() + ms);
  }

  drop(): void {
    this.socket.destroy();
  }

  /** Looks at the clock. */
  review(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    if (this.phase === 'silent' || this.phase === 'reading') this.ask(PLAIN);
    else if (this.phase === 'waiting') this.owner.onLate(this);
    else this.drop();
  }

  private onData(chunk: Buffer): void {
    if (this.phase === 'waiting' || this.phase === 'answered') {
      this.ignored += chunk.length;
      if (this.ignored > IGNORED_BYTES_MAX) this.drop();
      return;
    }
    if (this.phase === 'silent') {
      this.phase = 'reading';
      this.deadlineMs = this.beganMs + Math.min(HEAD_MS, this.answerMs);
    }
    this.head += chunk.toString('latin1');
    const request = readRequest(this.head);
    if (request !== undefined) this.ask(request);
  }

  /** No more will come: what is there is the question. */
  private onEnd(): void {
    if (this.phase === 'silent' || this.phase === 'reading') this.ask(readRequest(`${this.head}\r\n\r\n`) ?? PLAIN);
  }

  private ask(request: Request): void {
    this.phase = 'waiting';
    this.head = '';
    this.request = request;
    this.deadlineMs = this.beganMs + this.answerMs;
    this.owner.onRequest(this, request);
  }

  private onClose(): void {
    const isAnswered = this.phase === 'answered';
    this.phase = 'closed';
    this.owner.onClose(this, isAnswered);
  }
}
