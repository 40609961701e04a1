/**
 * Received bytes, read from the front. A chunk is looked at where it lies and copied only if the end of a message is
 * still missing: the socket's buffer is shared by all sessions.
 */
export class Inbox {
  /** Unread bytes are bytes[at] … bytes[end - 1]. */
  bytes: Buffer = EMPTY;
  at = 0;
  end = 0;
  /** Bytes fed since the last `restart`. */
  private fedBytes = 0;
  private isOurs = true;

  /** @param maxBytes most that may arrive between two questions */
  constructor(private readonly maxBytes: number) {}

  clear(): void {
    this.bytes = EMPTY;
    this.at = this.end = this.fedBytes = 0;
    this.isOurs = true;
  }

  /** A new question: the answer has its own limit. */
  restart(): void {
    this.fedBytes = 0;
  }

  get available(): number {
    return this.end - this.at;
  }

  get isOverflowing(): boolean {
    return this.fedBytes > this.maxBytes;
  }

  feed(chunk: Buffer): void {
    this.fedBytes += chunk.length;
    if (this.isOverflowing) return;
    if (this.available === 0) {
      this.bytes = chunk;
      this.at = 0;
      this.end = chunk.length;
      this.isOurs = false;
      return;
    }
    this.bytes = Buffer.concat([this.unread(), chunk]);
    this.at = 0;
    this.end = this.bytes.length;
    this.isOurs = true;
  }

  /** Before the chunk's buffer is used for something else: what is unread moves to our own memory. */
  keepRest(): void {
    if (this.isOurs || this.available === 0) return;
    this.bytes = Buffer.from(this.unread());
    this.end -= this.at;
    this.at = 0;
    this.isOurs = true;
  }

  unread(): Buffer {
    return this.bytes.subarray(this.at, this.end);
  }
}

const EMPTY = Buffer.alloc(0);
