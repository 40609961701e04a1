/**
 * One direction of a session: bytes from one socket to the other.
 *
 * Small reads go through the worker's one shared buffer. What the receiver does not take at once is kept in a borrowed
 * buffer and reading stops until it is gone: that is the back-pressure. A read of BULK_BYTES or more turns the direction
 * to splice(2) through a borrowed pipe, which never touches user memory. At rest a channel owns neither.
 *
 * Costs per turn in which one small message passes: one recv, one send.
 */

import type { ChunkScanner } from '../core/http1/chunked.js';
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
/** The chunked body is broken (mode http). */
export const PUMP_BAD_BODY = 5;

/** No limit: everything until the end belongs to this direction. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

const NO_BYTES = new Uint8Array(0);
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
  /** Bytes that may still be taken from the sender: the rest of a body in mode http. */
  limit = UNLIMITED;
  /** Finds the end of a chunked body; `limit` is then what one read may take, 0 behind the end. */
  scanner: ChunkScanner | null = null;
  /** What a read took beyond the end of a chunked body: [from, to) of the read buffer, until the next `pump`. */
  surplusFrom = 0;
  surplusTo = 0;
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
    this.limit = UNLIMITED;
    this.scanner = null;
    this.bytes = this.moved = this.errno = this.smallPieces = this.surplusFrom = this.surplusTo = 0;
  }

  /** Mode http: another server takes what the client sends. */
  aimAt(to: number): void {
    this.to = to;
    this.writable = this.endSent = false;
  }

  /** Mode http: another server is read. */
  readFrom(from: number): void {
    this.from = from;
    this.readable = this.hungUp = this.ended = this.endSent = this.bulk = false;
    this.smallPieces = 0;
  }

  /** Puts bytes in front of the stream (a PROXY header). Only before anything was pumped. */
  prepend(lender: Lender, bytes: Uint8Array, length: number): void {
    const buffer = lender.buffers.take();
    buffer.bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.kept = buffer;
    this.keptFrom = 0;
    this.keptTo = length;
  }

  /** Puts bytes behind those that wait. @returns false when there is no room for them */
  append(lender: Lender, bytes: Uint8Array, from: number, to: number): boolean {
    const room = this.kept?.size ?? READ_BYTES;
    if (this.keptTo + to - from > room) return false;
    this.kept ??= lender.buffers.take();
    this.kept.bytes.set(bytes.subarray(from, to), this.keptTo);
    this.keptTo += to - from;
    return true;
  }

  /** Gives up what waits to be sent (not what is in the pipe). @returns a copy of it */
  takeKept(lender: Lender): Uint8Array {
    const { kept } = this;
    if (kept === null) return NO_BYTES;
    const bytes = kept.bytes.slice(this.keptFrom, this.keptTo);
    lender.buffers.give(kept);
    this.kept = null;
    this.keptFrom = this.keptTo = 0;
    return bytes;
  }

  /** Takes over a buffer of its own that holds bytes to send. Nothing else waits. */
  adopt(buffer: NativeBuffer, length: number): void {
    this.kept = buffer;
    this.keptFrom = 0;
    this.keptTo = length;
  }

  /** Sends what waits, without reading. @returns PUMP_IDLE or PUMP_WRITE_ERROR */
  flushOnly(lender: Lender): number {
    if (this.keptTo === 0 && this.piped === 0) return PUMP_IDLE;
    return this.flush(lender) === FAILED ? PUMP_WRITE_ERROR : PUMP_IDLE;
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
      if (!this.readable || this.limit === 0) return PUMP_IDLE;
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
    const most = this.limit < READ_BYTES ? this.limit : READ_BYTES;
    let n = recv(this.from, lender.readBuffer.ptr, most, 0);
    if (n <= 0) return this.readEnded(n);
    if (n < most && !this.hungUp) this.readable = false; // epoll(7): a short read has emptied a stream socket
    if (this.limit !== UNLIMITED) {
      n = this.withinBody(lender, n);
      if (n < 0) return PUMP_BAD_BODY;
    }
    this.bytes += n;
    this.moved += n;
    if (n >= BULK_BYTES && this.allowSplice && lender.splicing) {
      this.bulk = true;
      this.readable = true;
    }
    // After a hang-up the end follows at once: held back for it, the last bytes and the FIN leave in one segment. Not
    // in mode http, where the connection may stay and the last bytes of a body would wait for nothing.
    const flags = this.hungUp && this.limit === UNLIMITED ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    const sent = send(this.to, lender.readBuffer.ptr, n, flags);
    if (sent === n) return this.readable ? PUMP_MORE : PUMP_IDLE;
    if (sent < 0 && sent !== -EAGAIN) {
      this.errno = -sent;
      return PUMP_WRITE_ERROR;
    }
    this.keep(lender, Math.max(0, sent), n);
    return PUMP_IDLE;
  }

  /** @returns how many of the n bytes that were read belong to the body, -1 if it is broken */
  private withinBody(lender: Lender, n: number): number {
    if (this.scanner === null) {
      this.limit -= n;
      return n;
    }
    const before = this.scanner.dataBytes;
    const end = this.scanner.scan(lender.readBuffer.bytes, 0, n);
    if (end < 0) return -1;
    this.bytes -= end - (this.scanner.dataBytes - before); // framing does not count
    if (!this.scanner.isDone) return n;
    this.bytes += 1 + this.scanner.trailerBytes; // its end and its trailers do (observed from HAProxy 2.6)
    this.limit = 0;
    this.surplusFrom = end;
    this.surplusTo = n;
    return end;
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
    const most = this.spliceable(pipe.capacity);
    if (most === 0) return this.stopSplicing(lender);
    const n = splice(this.from, pipe.writeFd, most, SPLICE_FLAGS);
    if (n <= 0) {
      this.returnPipe(lender);
      if (n === -EINVAL) return this.neverSplice();
      return this.readEnded(n);
    }
    if (this.limit !== UNLIMITED) {
      if (this.scanner === null) this.limit -= n;
      else this.scanner.skip(n);
    }
    this.bytes += n;
    this.moved += n;
    this.piped = n;
    lender.splicedBytes += n;
    this.smallPieces = n < SMALL_SPLICE ? this.smallPieces + 1 : 0;
    if (this.smallPieces >= 3) this.bulk = false;
    return PUMP_MORE;
  }

  /** Bytes that need not be looked at: all of a body with a length, the rest of a chunk where it is a large one. */
  private spliceable(capacity: number): number {
    if (this.scanner === null) return this.limit < capacity ? this.limit : capacity;
    const { dataLeft } = this.scanner;
    return dataLeft < BULK_BYTES ? 0 : dataLeft < capacity ? dataLeft : capacity;
  }

  /** The framing of a chunked body is read as it comes. */
  private stopSplicing(lender: Lender): number {
    this.returnPipe(lender);
    this.bulk = false;
    return PUMP_MORE;
  }

  /** A socket type that cannot be spliced: copy from now on. */
  private neverSplice(): number {
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
    const flags =
      this.readable && this.bytes === 0 && this.limit === UNLIMITED ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
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
