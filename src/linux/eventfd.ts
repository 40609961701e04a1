/** eventfd(2) as the way one thread wakes another. */
import { EFD_CLOEXEC, EFD_NONBLOCK } from './constants.js';
import { NativeBuffer } from './memory.js';
import { eventfd, write } from './syscalls.js';

const one = new NativeBuffer(8);
one.i32[0] = 1;

/** @returns a non-blocking eventfd @throws Error when descriptors are exhausted: nothing can start then */
export function createWakeFd(): number {
  const fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw new Error(`eventfd: errno ${-fd}`);
  return fd;
}

/** Wakes the thread that watches `fd`; several wake-ups before it looks count as one. */
export function wake(fd: number): void {
  write(fd, one.ptr, 8);
}
