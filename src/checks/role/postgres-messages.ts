/** PostgreSQL's messages (manual, "Message Formats", protocol 3.0): a type, a length that counts itself, big-endian. */
import type { Inbox } from './inbox.js';

const PROTOCOL_3_0 = 196_608;
const SSL_REQUEST = 80_877_103;

/** Longer than any message of a login or of our question. */
const MESSAGE_MAX = 65_536;
const HEADER_BYTES = 5;

/** Reads one message; reads beyond its end yield nothing and set `isShort`. */
export class MessageReader {
  /** ASCII code of the type. */
  type = 0;
  isShort = false;
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;

  /** @returns whether a whole message was there; 'bad' when what is there is none */
  take(inbox: Inbox): boolean | 'bad' {
    if (inbox.available < HEADER_BYTES) return inbox.available > 0 && !isType(inbox.bytes[inbox.at]) ? 'bad' : false;
    const { bytes, at } = inbox;
    const length = bytes.readInt32BE(at + 1);
    if (!isType(bytes[at]) || length < 4 || length > MESSAGE_MAX) return 'bad';
    if (inbox.available < 1 + length) return false;
    this.type = bytes[at];
    this.bytes = bytes;
    this.at = at + HEADER_BYTES;
    this.end = at + 1 + length;
    this.isShort = false;
    inbox.at = this.end;
    return true;
  }

  get left(): number {
    return this.end - this.at;
  }

  private skip(count: number): number {
    const from = this.at;
    if (count > this.left || count < 0) this.isShort = true;
    this.at = Math.min(this.end, from + Math.max(0, count));
    return from;
  }

  int16(): number {
    const from = this.skip(2);
    return this.isShort ? 0 : this.bytes.readInt16BE(from);
  }

  int32(): number {
    const from = this.skip(4);
    return this.isShort ? 0 : this.bytes.readInt32BE(from);
  }

  zeroTerminated(): string {
    const found = this.bytes.indexOf(0, this.at);
    const to = found < 0 || found >= this.end ? this.end : found;
    const text = this.bytes.toString('utf8', this.at, to);
    this.at = Math.min(this.end, to + 1);
    return text;
  }

  text(length: number): string {
    const from = this.skip(length);
    return this.bytes.toString('utf8', from, this.at);
  }

  rest(): Buffer {
    const from = this.skip(this.left);
    return Buffer.from(this.bytes.subarray(from, this.at));
  }

  /** The values of a DataRow. */
  row(): (string | null)[] {
    const count = Math.min(this.int16(), 100);
    const row: (string | null)[] = [];
    for (let i = 0; i < count && !this.isShort; i++) {
      const length = this.int32();
      row.push(length < 0 ? null : this.text(length));
    }
    return row;
  }

  /** The fields of an ErrorResponse that we show. */
  error(): PostgresError {
    const fields: { [type: string]: string } = {};
    while (this.left > 1) {
      const type = this.text(1);
      fields[type] = this.zeroTerminated();
    }
    return { severity: fields.V ?? fields.S ?? '', code: fields.C ?? '', message: fields.M ?? '' };
  }
}

export interface PostgresError {
  /** Never translated since 9.6: `ERROR`, `FATAL`, `PANIC`. */
  readonly severity: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

/** The types a server sends are letters. */
function isType(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

export function sslRequest(): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(8, 0);
  bytes.writeInt32BE(SSL_REQUEST, 4);
  return bytes;
}

/** @param parameters names and values */
export function startup(parameters: { readonly [name: string]: string }): Buffer {
  const pairs = Object.entries(parameters).flat();
  const body = Buffer.from(`${pairs.map((word) => `${word}\0`).join('')}\0`, 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt32BE(PROTOCOL_3_0, 4);
  return Buffer.concat([head, body]);
}

/** @param type one letter */
export function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.write(type, 'latin1');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/** Simple Query. */
export function query(sql: string): Buffer {
  return message('Q', zeroEnded(sql));
}

/** PasswordMessage. */
export function passwordMessage(text: string): Buffer {
  return message('p', zeroEnded(text));
}

/** SASLInitialResponse. */
export function saslFirst(mechanism: string, data: string): Buffer {
  const body = Buffer.from(data, 'utf8');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length, 0);
  return message('p', Buffer.concat([zeroEnded(mechanism), length, body]));
}

/** SASLResponse. */
export function saslNext(data: string): Buffer {
  return message('p', Buffer.from(data, 'utf8'));
}

function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}
