/** What sessions borrow while they need it: buffers for bytes that could not be sent, pipes for spliced ones. */
import { F_SETPIPE_SZ, O_CLOEXEC, O_NONBLOCK } from '../linux/constants.js';
import { NativeBuffer } from '../linux/memory.js';
import { close, fcntl, pipe2 } from '../linux/syscalls.js';

/** Equal buffers, kept for reuse up to a bound. */
export class BufferPool {
  private readonly free: NativeBuffer[] = [];

  constructor(
    private readonly size: number,
    private readonly keep: number,
  ) {}

  take(): NativeBuffer {
    return this.free.pop() ?? new NativeBuffer(this.size);
  }

  give(buffer: NativeBuffer): void {
    if (buffer.size === this.size && this.free.length < this.keep) this.free.push(buffer);
  }
}

/** A pipe through which splice(2) moves bulk data. Empty whenever it is in the pool. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
  readonly capacity: number;
}

const WANTED_BYTES = 1 << 20;
const DEFAULT_BYTES = 1 << 16;

/**
 * Pipes of 1 MiB where the kernel grants it (pipe(7): the soft limit of an unprivileged user may refuse, then 64 KiB).
 * At most `limit` exist; a session that gets none copies through user memory instead.
 */
export class PipePool {
  private readonly free: Pipe[] = [];
  private readonly fds = new NativeBuffer(8);
  private existing = 0;

  constructor(private readonly limit: number) {}

  take(): Pipe | null {
    return this.free.pop() ?? this.create();
  }

  give(pipe: Pipe): void {
    this.free.push(pipe);
  }

  /** For a pipe that still holds bytes of a session that died: they must never reach another. */
  discard(pipe: Pipe): void {
    close(pipe.readFd);
    close(pipe.writeFd);
    this.existing--;
  }

  private create(): Pipe | null {
    if (this.existing >= this.limit) return null;
    if (pipe2(this.fds.ptr, O_NONBLOCK | O_CLOEXEC) < 0) return null;
    this.existing++;
    const [readFd, writeFd] = this.fds.i32;
    const granted = fcntl(writeFd, F_SETPIPE_SZ, WANTED_BYTES);
    return { readFd, writeFd, capacity: granted > 0 ? granted : DEFAULT_BYTES };
  }
}
