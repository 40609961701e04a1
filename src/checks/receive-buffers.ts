/** Where answers to checks are read to: one buffer for all probes, and others for answers that come in pieces. */
import { NativeBuffer } from '../linux/memory.js';

/** Buffers kept for the next who needs one; beyond that they go back to the heap. */
const POOLED_MAX = 64;

export class ReceiveBuffers {
  readonly shared: NativeBuffer;
  private readonly pool: NativeBuffer[] = [];
  private latest: Buffer = Buffer.alloc(0);

  /** @param sizeBytes `tune.bufsize`: a longer answer is judged by what fits */
  constructor(readonly sizeBytes: number) {
    this.shared = new NativeBuffer(sizeBytes);
  }

  /** The first bytes of a buffer. Most answers are as long as the one before, and then its view serves again. */
  view(from: NativeBuffer, length: number): Buffer {
    if (from !== this.shared) return Buffer.from(from.bytes.buffer, 0, length);
    if (this.latest.length !== length) this.latest = Buffer.from(from.bytes.buffer, 0, length);
    return this.latest;
  }

  take(): NativeBuffer {
    return this.pool.pop() ?? new NativeBuffer(this.sizeBytes);
  }

  give(buffer: NativeBuffer): void {
    if (this.pool.length < POOLED_MAX && buffer.size === this.shared.size) this.pool.push(buffer);
  }
}
