/**
 * Where a chunked body ends (RFC 9112 §7.1): a scanner over the bytes as they come, which copies nothing. Whoever
 * forwards a message passes on the bytes as they are; extensions are checked, not understood. Names of trailers are
 * put into lower case where they stand, as those of headers are.
 *
 *   5;a=b CRLF hello CRLF 0 CRLF name: value CRLF CRLF
 *   SIZE EXT   DATA  END  …      TRAILER          isDone
 */
import { COLON, CR, HEX, isSpace, LF, TEXT, TOKEN } from './characters.js';
import {
  BAD_CHUNK_END,
  BAD_CHUNK_EXTENSION,
  BAD_CHUNK_SIZE,
  BAD_TRAILER,
  BARE_CR,
  BARE_LF,
  TRAILERS_TOO_LARGE,
} from './errors.js';

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const END_CR = 4;
const END_LF = 5;
const TRAILER = 6; // first byte of a line
const NAME = 7;
const VALUE = 8;
const TRAILER_LF = 9;
const LAST_LF = 10;
const DONE = 11;
/** Inside of a quoted string of an extension, and behind a backslash there. */
const QUOTED = 12;
const ESCAPED = 13;

const SEMICOLON = 59;
const QUOTE = 34;
const BACKSLASH = 92;
const EQUALS = 61;

/** Hexadecimal digits of a size with its leading zeros, and the largest size that is counted exactly. */
const DIGITS_MAX = 16;
const SIZE_MAX = 2 ** 52;
/** Bytes of extensions of one chunk: they are overhead that nobody asked for. */
const EXTENSION_BYTES_MAX = 1024;
const TRAILER_BYTES_MAX = 16_384;
/** Trailers that would change what the message is (RFC 9110 §6.5.1). */
const FORBIDDEN = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'trailer', 'expect']);
const LONGEST_FORBIDDEN = 17;

export class ChunkScanner {
  /** Data bytes of the current chunk that come next: they may be moved without being looked at (`skip`). */
  dataLeft = 0;
  /** Data bytes so far, without the framing. */
  dataBytes = 0;
  /** The error that was met, 0 = none, and the index of the offending byte. */
  error = 0;
  errorAt = 0;
  /** Bytes of names and values of trailers. */
  trailerBytes = 0;
  private state = SIZE;
  private digits = 0;
  private chunkBytes = 0;
  private overhead = 0;
  private name = '';

  get isDone(): boolean {
    return this.state === DONE;
  }

  reset(): void {
    this.state = SIZE;
    this.dataLeft = this.dataBytes = this.error = this.errorAt = this.chunkBytes = this.digits = this.overhead = 0;
    this.trailerBytes = 0;
    this.name = '';
  }

  /** Data bytes that went past without `scan` (splice). @param bytes at most `dataLeft` */
  skip(bytes: number): void {
    this.dataLeft -= bytes;
    this.dataBytes += bytes;
    if (this.dataLeft === 0) this.state = END_CR;
  }

  /**
   * Reads on.
   * @returns the position behind the last byte of [from, to) that belongs to the body (`to` unless it `isDone`), or an
   * error below zero whose position is `errorAt`
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.state !== DONE) {
      if (this.state === DATA) at += this.take(to - at);
      else {
        const error = this.step(bytes, at);
        if (error < 0) {
          this.errorAt = at;
          this.error = error;
          return error;
        }
        at++;
      }
    }
    return at;
  }

  private take(available: number): number {
    const bytes = available < this.dataLeft ? available : this.dataLeft;
    this.skip(bytes);
    return bytes;
  }

  /** One byte that is not data. @returns 0 or an error */
  private step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at];
    switch (this.state) {
      case SIZE:
        return this.size(byte);
      case EXTENSION:
      case QUOTED:
      case ESCAPED:
        return this.extension(byte);
      case SIZE_LF:
        return this.sizeEnd(byte);
      case END_CR:
        return this.expect(byte === CR, END_LF);
      case END_LF:
        return this.expect(byte === LF, SIZE);
      default:
        return ++this.overhead > TRAILER_BYTES_MAX ? TRAILERS_TOO_LARGE : this.trailer(bytes, at, byte);
    }
  }

  private expect(holds: boolean, next: number): number {
    if (!holds) return BAD_CHUNK_END;
    this.state = next;
    return 0;
  }

  private size(byte: number): number {
    const digit = HEX[byte];
    if (digit >= 0) {
      this.chunkBytes = this.chunkBytes * 16 + digit;
      return ++this.digits > DIGITS_MAX || this.chunkBytes > SIZE_MAX ? BAD_CHUNK_SIZE : 0;
    }
    if (this.digits === 0) return BAD_CHUNK_SIZE;
    this.overhead = 0;
    if (byte === CR) this.state = SIZE_LF;
    else if (byte === SEMICOLON) this.state = EXTENSION;
    else return byte === LF ? BARE_LF : BAD_CHUNK_SIZE;
    return 0;
  }

  /** `;name=value` and `;name="value"`, several of them. Its characters are checked; its order is nobody's business. */
  private extension(byte: number): number {
    if (++this.overhead > EXTENSION_BYTES_MAX) return BAD_CHUNK_EXTENSION;
    if (byte === LF) return BARE_LF;
    if (this.state === EXTENSION) {
      if (byte === CR) this.state = SIZE_LF;
      else if (byte === QUOTE) this.state = QUOTED;
      else if (TOKEN[byte] === 0 && byte !== EQUALS && byte !== SEMICOLON && !isSpace(byte)) return BAD_CHUNK_EXTENSION;
      return 0;
    }
    if (TEXT[byte] === 0) return BAD_CHUNK_EXTENSION;
    if (this.state === ESCAPED) this.state = QUOTED;
    else if (byte === BACKSLASH) this.state = ESCAPED;
    else if (byte === QUOTE) this.state = EXTENSION;
    return 0;
  }

  private sizeEnd(byte: number): number {
    if (byte !== LF) return BARE_CR;
    this.dataLeft = this.chunkBytes;
    this.state = this.dataLeft > 0 ? DATA : TRAILER;
    this.chunkBytes = this.digits = this.overhead = 0;
    return 0;
  }

  private trailer(bytes: Uint8Array, at: number, byte: number): number {
    if (this.state === TRAILER_LF || this.state === LAST_LF) {
      if (byte !== LF) return BARE_CR;
      this.state = this.state === LAST_LF ? DONE : TRAILER;
      return 0;
    }
    if (this.state === VALUE) return this.trailerValue(byte);
    if (this.state === TRAILER) {
      if (byte === CR) {
        this.state = LAST_LF;
        return 0;
      }
      this.name = '';
      this.state = NAME;
    }
    return this.trailerName(bytes, at, byte);
  }

  private trailerName(bytes: Uint8Array, at: number, byte: number): number {
    if (byte === COLON) {
      if (this.name === '' || FORBIDDEN.has(this.name)) return BAD_TRAILER;
      this.state = VALUE;
      return 0;
    }
    if (TOKEN[byte] === 0) return byte === LF ? BARE_LF : BAD_TRAILER;
    this.trailerBytes++;
    bytes[at] = TOKEN[byte];
    if (this.name.length <= LONGEST_FORBIDDEN) this.name += String.fromCharCode(TOKEN[byte]);
    return 0;
  }

  private trailerValue(byte: number): number {
    if (byte === CR) this.state = TRAILER_LF;
    else if (TEXT[byte] === 0) return byte === LF ? BARE_LF : BAD_TRAILER;
    else if (!isSpace(byte)) this.trailerBytes++;
    return 0;
  }
}
