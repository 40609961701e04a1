/** Writing to a descriptor that others share (stdout, a pipe to a supervisor), whose blocking mode is not ours to set. */
import { NativeBuffer } from '../linux/memory.js';
import { poll, write } from '../linux/syscalls.js';

/** pipe(7): while a pipe polls writable, a write of at most this many bytes does not block. */
const PIPE_BUF = 4096;
const POLLOUT = 0x004;
const pollFd = new NativeBuffer(8);

/** @returns bytes written, fewer than `length` where the reader is too slow, or a negative errno */
export function writeWithoutBlocking(fd: number, ptr: number, length: number): number {
  let written = 0;
  while (written < length && isWritable(fd)) {
    const n = write(fd, ptr + written, Math.min(PIPE_BUF, length - written));
    if (n <= 0) return written > 0 ? written : n;
    written += n;
  }
  return written;
}

function isWritable(fd: number): boolean {
  pollFd.i32[0] = fd;
  pollFd.i32[1] = POLLOUT; // events; revents, the upper half, is cleared
  return poll(pollFd.ptr, 1, 0) === 1 && (pollFd.view.getInt16(6, true) & POLLOUT) !== 0;
}
