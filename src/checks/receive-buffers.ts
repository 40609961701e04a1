/** Where answers to checks are read to: one buffer for all probes, and others for answers that come in pieces. */
import { NativeBuffer } from '../linux/memory.js';

/** Buffers kept for the next who needs one; beyond that they go back to the heap. */
const POOLED_MAX = 64;

export class ReceiveBuffers {
  readonly shared: NativeBuffer;
  private readonly pool: NativeBuffer[] = [];

  /** @param sizeBytes `tune.bufsize`: a longer answer is judged by what fits */
  constructor(readonly sizeBytes: number) {
    this.shared = new NativeBuffer(sizeBytes);
  }

  take(): NativeBuffer {
    return this.pool.pop() ?? new NativeBuffer(this.sizeBytes);
  }

  give(buffer: NativeBuffer): void {
    if (this.pool.length < POOLED_MAX && buffer.size === this.shared.size) this.pool.push(buffer);
  }
}
