/** Two connected sockets: one for us, one for a child process (socketpair(2)). */
import koffi from 'koffi';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './constants.js';
import { NativeBuffer } from './memory.js';

const socketpair = koffi.load('libc.so.6').func('socketpair', 'int', ['int', 'int', 'int', 'uintptr_t']);

/** Both ends are non-blocking and closed on exec: a child gets its end as an entry of `stdio`. */
export function socketPair(): { ok: true; ours: number; theirs: number } | { ok: false; errno: number } {
  const fds = new NativeBuffer(8);
  const result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.ptr) as number;
  if (result < 0) return { ok: false, errno: -koffi.errno() };
  return { ok: true, ours: fds.i32[0], theirs: fds.i32[1] };
}
