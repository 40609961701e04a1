/** The network namespace of the calling thread: what is started and opened by it later is in that namespace, too. */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;

const setns = koffi.load('libc.so.6').func('setns', 'int', ['int', 'int']) as unknown as (
  fd: number,
  kind: number,
) => number;

/**
 * Enters a namespace that ip-netns(8) made. Threads that run already stay where they are.
 * @returns 0 or -errno (EPERM: CAP_SYS_ADMIN is missing)
 * @throws Error of openSync where there is none of that name
 */
export function enterNetworkNamespace(name: string): number {
  const fd = openSync(`/run/netns/${name}`, 'r');
  try {
    return setns(fd, CLONE_NEWNET) < 0 ? -koffi.errno() : 0;
  } finally {
    closeSync(fd);
  }
}
