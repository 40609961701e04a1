/** Two connected unix sockets, for a child process and us (socketpair(2)). */
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './constants.js';
import { NativeBuffer } from './memory.js';
import { socketpair } from './syscalls.js';

/** @returns both ends, non-blocking and close-on-exec (a child gets its end through `stdio`); or -errno */
export function openSocketPair(): readonly [number, number] | number {
  const fds = new NativeBuffer(8);
  const result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.ptr);
  return result < 0 ? result : [fds.i32[0], fds.i32[1]];
}
