/**
 * MySQL client/server packets ("Protocol Basics" of the MySQL source documentation): a length of 3 bytes, a sequence
 * number, a payload; integers are little-endian, strings zero-terminated or preceded by a length.
 */
import type { Inbox } from './inbox.js';

const HEADER_BYTES = 4;

/**
 * Longer than any packet of a login or of our questions, where a row holds the GTID sets: those with many sources or gaps
 * take 100 KiB and more. What claims to be longer is no MySQL, or none that we want.
 */
const PAYLOAD_MAX = 524_288;

/** Reads one payload; every read beyond its end yields zero or nothing and sets `isShort`. */
export class PacketReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  sequence = 0;
  isShort = false;

  /** @returns whether a whole packet was there; 'too-long' when it never will be */
  take(inbox: Inbox): boolean | 'too-long' {
    if (inbox.available < HEADER_BYTES) return false;
    const { bytes, at } = inbox;
    const length = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    if (length > PAYLOAD_MAX) return 'too-long';
    if (inbox.available < HEADER_BYTES + length) return false;
    this.bytes = bytes;
    this.sequence = bytes[at + 3];
    this.at = at + HEADER_BYTES;
    this.end = this.at + length;
    this.isShort = false;
    inbox.at = this.end;
    return true;
  }

  get left(): number {
    return this.end - this.at;
  }

  get first(): number {
    return this.left > 0 ? this.bytes[this.at] : -1;
  }

  skip(count: number): void {
    if (count > this.left) this.isShort = true;
    this.at = Math.min(this.end, this.at + count);
  }

  /** @param size bytes, 1 to 4 */
  integer(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value += (this.at + i < this.end ? this.bytes[this.at + i] : 0) * 2 ** (8 * i);
    this.skip(size);
    return value;
  }

  slice(count: number): Buffer {
    const from = this.at;
    this.skip(count);
    return Buffer.from(this.bytes.subarray(from, this.at));
  }

  /** Up to a zero byte, or the end where none follows. */
  zeroTerminated(): string {
    const found = this.bytes.indexOf(0, this.at);
    const to = found < 0 || found >= this.end ? this.end : found;
    const text = this.bytes.toString('utf8', this.at, to);
    this.at = Math.min(this.end, to + 1);
    return text;
  }

  rest(): Buffer {
    return this.slice(this.left);
  }

  /** A length-encoded integer; null is NULL (0xfb). Lengths of 8 bytes do not occur within our limits. */
  length(): number | null {
    const first = this.integer(1);
    if (first < 0xfb) return first;
    if (first === 0xfb) return null;
    if (first === 0xfc) return this.integer(2);
    if (first === 0xfd) return this.integer(3);
    const low = this.integer(4);
    return this.integer(4) * 2 ** 32 + low;
  }

  text(): string | null {
    const length = this.length();
    if (length === null) return null;
    const from = this.at;
    this.skip(length);
    return this.bytes.toString('utf8', from, this.at);
  }

  skipText(): void {
    this.skip(this.length() ?? 0);
  }
}

/** @returns the payload with its header */
export function packet(sequence: number, payload: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  whole.writeUIntLE(payload.length, 0, 3);
  whole[3] = sequence;
  payload.copy(whole, HEADER_BYTES);
  return whole;
}

/** COM_QUERY starts a new exchange: sequence 0. */
export function queryPacket(sql: string): Buffer {
  return packet(0, Buffer.concat([Buffer.from([0x03]), Buffer.from(sql, 'utf8')]));
}

/** What an ERR packet says. */
export interface ServerError {
  readonly code: number;
  readonly message: string;
}

/** @param reader at the 0xff of an ERR packet; the SQLSTATE is missing before the login has begun */
export function readError(reader: PacketReader): ServerError {
  reader.skip(1);
  const code = reader.integer(2);
  if (reader.first === 0x23) reader.skip(6);
  return { code, message: reader.rest().toString('utf8') };
}
