/**
 * One direction of a session: bytes from one socket to the other.
 *
 * Small reads go through the worker's one shared buffer. What the receiver does not take at once is kept in a borrowed
 * buffer and reading stops until it is gone: that is the back-pressure. A read of BULK_BYTES or more turns the direction
 * to splice(2) through a borrowed pipe, which never touches user memory. At rest a channel owns neither.
 *
 * Costs per turn in which one small message passes: one recv, one send.
 */
import {
  EAGAIN,
  EINVAL,
  MSG_MORE,
  MSG_NOSIGNAL,
  SHUT_WR,
  SPLICE_F_MOVE,
  SPLICE_F_NONBLOCK,
} from '../linux/constants.js';
import type { NativeBuffer } from '../linux/memory.js';
import { recv, send, shutdown, splice } from '../linux/syscalls.js';
import type { BufferPool, Pipe, PipePool } from './pools.js';

/** What a worker lends to its channels. */
export interface Lender {
  readonly readBuffer: NativeBuffer;
  readonly buffers: BufferPool;
  readonly pipes: PipePool;
  readonly splicing: boolean;
  splicedBytes: number;
}

export const READ_BYTES = 1 << 16;
const BULK_BYTES = 1 << 14;
/** A spliced piece smaller than this, three times running, ends bulk mode. */
const SMALL_SPLICE = 1 << 13;
/** Work of one turn: rounds of at most 64 KiB (copied) or a pipe full (spliced). */
const ROUNDS_PER_TURN = 8;

/** Outcome of `pump`; errors carry their errno in `Channel.errno`. */
const PUMP_IDLE = 0; // waits for an event
export const PUMP_MORE = 1; // used its share of the turn; go on in the next
export const PUMP_DONE = 2; // end of stream passed on (or to be passed on by closing)
export const PUMP_READ_ERROR = 3;
export const PUMP_WRITE_ERROR = 4;

const SPLICE_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
const BLOCKED = 0;
const EMPTIED = 1;
const FAILED = 2;

export class Channel {
  from = -1;
  to = -1;
  /** Edge-triggered memory: the socket may have bytes or an end to read; the other may take bytes. */
  readable = false;
  writable = false;
  /** The sender hung up (EPOLLRDHUP seen): a short read does not mean that nothing follows. */
  hungUp = false;
  ended = false;
  endSent = false;
  /** Read in this direction since the session began; counted into the statistics by the owner as `moved`. */
  bytes = 0;
  /** Bytes read by the last `pump`, for the owner's counters. */
  moved = 0;
  errno = 0;
  allowSplice = true;
  private kept: NativeBuffer | null = null;
  private keptFrom = 0;
  private keptTo = 0;
  private pipe: Pipe | null = null;
  private piped = 0;
  private bulk = false;
  private smallPieces = 0;

  /** Bytes taken from the sender that the receiver has not taken yet. */
  get pending(): number {
    return this.keptTo - this.keptFrom + this.piped;
  }

  reset(from: number, to: number): void {
    this.from = from;
    this.to = to;
    this.readable = this.writable = this.hungUp = this.ended = this.endSent = this.bulk = false;
    this.allowSplice = true;
    this.bytes = this.moved = this.errno = this.smallPieces = 0;
  }

  /** Puts bytes in front of the stream (a PROXY header). Only before anything was pumped. */
  prepend(lender: Lender, bytes: Uint8Array, length: number): void {
    const buffer = lender.buffers.take();
    buffer.bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.kept = buffer;
    this.keptFrom = 0;
    this.keptTo = length;
  }

  /** Gives back what is borrowed. A pipe that holds bytes is closed: they are nobody else's. */
  release(lender: Lender): void {
    if (this.kept !== null) lender.buffers.give(this.kept);
    this.kept = null;
    this.keptFrom = this.keptTo = 0;
    if (this.pipe === null) return;
    if (this.piped > 0) lender.pipes.discard(this.pipe);
    else lender.pipes.give(this.pipe);
    this.pipe = null;
    this.piped = 0;
  }

  /** Moves what can be moved now. @param closeFollows true when the other direction is done: no shutdown(2) needed */
  pump(lender: Lender, closeFollows: boolean): number {
    this.moved = 0;
    for (let round = 0; round < ROUNDS_PER_TURN; round++) {
      if (this.keptTo > 0 || this.piped > 0) {
        const flushed = this.flush(lender);
        if (flushed !== EMPTIED) return flushed === BLOCKED ? PUMP_IDLE : PUMP_WRITE_ERROR;
      }
      if (this.ended) return this.passEnd(closeFollows);
      if (!this.readable) return PUMP_IDLE;
      const outcome = this.bulk && this.hasPipe(lender) ? this.spliceIn(lender) : this.copy(lender);
      if (outcome !== PUMP_MORE) return outcome;
    }
    return PUMP_MORE;
  }

  private passEnd(closeFollows: boolean): number {
    if (this.endSent) return PUMP_DONE;
    this.endSent = true;
    if (!closeFollows) shutdown(this.to, SHUT_WR);
    return PUMP_DONE;
  }

  /** One read into the shared buffer and one write. @returns PUMP_MORE to go on */
  private copy(lender: Lender): number {
    const n = recv(this.from, lender.readBuffer.ptr, READ_BYTES, 0);
    if (n <= 0) return this.readEnded(n);
    this.bytes += n;
    this.moved += n;
    if (n < READ_BYTES && !this.hungUp) this.readable = false; // epoll(7): a short read has emptied a stream socket
    if (n >= BULK_BYTES && this.allowSplice && lender.splicing) {
      this.bulk = true;
      this.readable = true;
    }
    // After a hang-up the end follows at once: held back for it, the last bytes and the FIN leave in one segment.
    const sent = send(this.to, lender.readBuffer.ptr, n, this.hungUp ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
    if (sent === n) return this.readable ? PUMP_MORE : PUMP_IDLE;
    if (sent < 0 && sent !== -EAGAIN) {
      this.errno = -sent;
      return PUMP_WRITE_ERROR;
    }
    this.keep(lender, Math.max(0, sent), n);
    return PUMP_IDLE;
  }

  private keep(lender: Lender, from: number, to: number): void {
    const buffer = lender.buffers.take();
    buffer.bytes.set(lender.readBuffer.bytes.subarray(from, to));
    this.kept = buffer;
    this.keptFrom = 0;
    this.keptTo = to - from;
    this.writable = false;
  }

  private readEnded(result: number): number {
    if (result === 0) {
      this.ended = true;
      this.readable = false;
      return PUMP_MORE; // the next round passes the end on
    }
    this.readable = false;
    if (result === -EAGAIN) return PUMP_IDLE;
    this.errno = -result;
    return PUMP_READ_ERROR;
  }

  private hasPipe(lender: Lender): boolean {
    if (this.pipe === null) this.pipe = lender.pipes.take();
    return this.pipe !== null;
  }

  private spliceIn(lender: Lender): number {
    const pipe = this.pipe!;
    const n = splice(this.from, pipe.writeFd, pipe.capacity, SPLICE_FLAGS);
    if (n <= 0) {
      this.returnPipe(lender);
      if (n === -EINVAL) return this.stopSplicing();
      return this.readEnded(n);
    }
    this.bytes += n;
    this.moved += n;
    this.piped = n;
    lender.splicedBytes += n;
    this.smallPieces = n < SMALL_SPLICE ? this.smallPieces + 1 : 0;
    if (this.smallPieces >= 3) this.bulk = false;
    return PUMP_MORE;
  }

  /** A socket type that cannot be spliced: copy from now on. */
  private stopSplicing(): number {
    this.allowSplice = this.bulk = false;
    return PUMP_MORE;
  }

  private returnPipe(lender: Lender): void {
    lender.pipes.give(this.pipe!);
    this.pipe = null;
  }

  private flush(lender: Lender): number {
    if (this.keptTo > 0) {
      const outcome = this.flushKept(lender);
      if (outcome !== EMPTIED || this.piped === 0) return outcome;
    }
    return this.flushPipe(lender);
  }

  private flushKept(lender: Lender): number {
    const buffer = this.kept!;
    // A PROXY header leaves in one segment with the client's first bytes when these are there already.
    const flags = this.readable && this.bytes === 0 ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    const sent = send(this.to, buffer.ptr + this.keptFrom, this.keptTo - this.keptFrom, flags);
    if (sent < 0) return this.writeFailed(sent);
    this.keptFrom += sent;
    if (this.keptFrom < this.keptTo) {
      this.writable = false;
      return BLOCKED;
    }
    lender.buffers.give(buffer);
    this.kept = null;
    this.keptFrom = this.keptTo = 0;
    return EMPTIED;
  }

  private flushPipe(lender: Lender): number {
    const pipe = this.pipe!;
    while (this.piped > 0) {
      const sent = splice(pipe.readFd, this.to, this.piped, SPLICE_FLAGS);
      if (sent <= 0) return this.writeFailed(sent);
      this.piped -= sent;
    }
    if (!this.bulk) this.returnPipe(lender);
    return EMPTIED;
  }

  private writeFailed(result: number): number {
    this.writable = false;
    if (result === -EAGAIN) return BLOCKED;
    this.errno = -result;
    return FAILED;
  }
}
