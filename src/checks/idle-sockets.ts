/**
 * Sockets between two checks. connect(2) with AF_UNSPEC dissolves a connection with the reset that close(2) after
 * SO_LINGER 0 sends, and leaves the socket fit for the next: a check then makes, sets up, watches and closes none
 * (measured: four system calls of nine, and a sixth of the CPU of a check by HTTP).
 */
import { AF_INET, AF_INET6 } from '../linux/constants.js';
import { NativeBuffer } from '../linux/memory.js';
import { close, connect } from '../linux/syscalls.js';

/** Of each family. A wake-up rarely starts more checks than that; the sockets of the others are closed. */
const KEPT_MAX = 512;

const unspecified = new NativeBuffer(16);

export class IdleSockets {
  private readonly inet: number[] = [];
  private readonly inet6: number[] = [];
  /** By descriptor. */
  private readonly masks: number[] = [];

  /** @returns a socket that is neither bound nor connected; -1 where there is none */
  take(family: number): number {
    return this.of(family)?.pop() ?? -1;
  }

  /** What a socket that was taken is watched for (EPOLL* mask): whoever needed to be told once leaves it so. */
  watchedFor(fd: number): number {
    return this.masks[fd] ?? 0;
  }

  /**
   * Ends the connection with a reset and keeps the socket.
   * @param fd a socket whose options suit any check
   * @param watched what it is watched for, by nobody in particular from now on
   * @returns false where that is not possible: close it
   */
  give(fd: number, family: number, watched: number): boolean {
    const kept = this.of(family);
    if (kept === null || kept.length === KEPT_MAX || connect(fd, unspecified.ptr, 16) !== 0) return false;
    kept.push(fd);
    while (this.masks.length <= fd) this.masks.push(0);
    this.masks[fd] = watched;
    return true;
  }

  closeAll(): void {
    for (const kept of [this.inet, this.inet6]) for (const fd of kept.splice(0)) close(fd);
  }

  private of(family: number): number[] | null {
    if (family === AF_INET) return this.inet;
    return family === AF_INET6 ? this.inet6 : null;
  }
}
