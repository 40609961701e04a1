/** Descriptors that programs must not get. */
import { readdirSync } from 'node:fs';
import { fcntl } from './syscalls.js';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const STANDARD_FDS = 3;

/** Marks all descriptors above standard error, also those that this process inherited: programs started get none. */
export function closeAllOnExec(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd >= STANDARD_FDS) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}
