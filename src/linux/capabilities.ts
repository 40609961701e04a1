/**
 * Capabilities of one thread (capabilities(7)): what the thread that holds the addresses keeps when the process gives root
 * away. setuid(2) changes the user of all threads of a process (nptl(7)); whether capabilities survive it, and which are
 * held afterwards, is each thread's own affair (PR_SET_KEEPCAPS, capset(2)).
 *
 * The thread calls `prepareToKeep`, then tells the main thread to go on; that calls setuid; then the thread calls
 * `keepNow`. In between its effective set is empty, and what needs a capability answers -EPERM.
 */
import koffi from 'koffi';
import { EPERM } from './constants.js';
import { NativeBuffer } from './memory.js';

export const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_ADMIN = 12;
export const CAP_NET_RAW = 13;

const PR_SET_KEEPCAPS = 8;
const CAPABILITY_VERSION_3 = 0x20080522;

const libc = koffi.load('libc.so.6');
type Call = (...args: number[]) => number;
const raw = {
  prctl: libc.func('prctl', 'int', ['int', 'long', 'long', 'long', 'long']) as unknown as Call,
  capset: libc.func('capset', 'int', ['uintptr_t', 'uintptr_t']) as unknown as Call,
  capget: libc.func('capget', 'int', ['uintptr_t', 'uintptr_t']) as unknown as Call,
};
/** struct __user_cap_header_struct, and from word 4 on two of __user_cap_data_struct: effective, permitted, inheritable. */
const scratch = new NativeBuffer(64);

function failed(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

function prepareHeader(): void {
  scratch.i32.fill(0, 0, 10);
  scratch.i32[0] = CAPABILITY_VERSION_3;
}

/** Capability n is bit n % 32 of word n / 32; the second word's three values stand behind those of the first. */
function wordsOf(capabilities: readonly number[]): [number, number] {
  const words: [number, number] = [0, 0];
  for (const capability of capabilities) words[capability >> 5] |= 1 << (capability & 31);
  return words;
}

/** Whether this thread may use that capability now, or (`permitted`) could. */
export function hasCapability(capability: number, set: 'effective' | 'permitted' = 'effective'): boolean {
  prepareHeader();
  if (raw.capget(scratch.ptr, scratch.ptr + 16) < 0) return false;
  const word = scratch.i32[4 + (capability >> 5) * 3 + (set === 'effective' ? 0 : 1)];
  return (word & (1 << (capability & 31))) !== 0;
}

/** In the thread, before the process changes its user. @returns 0, or -EPERM when the thread has not got them all itself */
export function prepareToKeep(capabilities: readonly number[]): number {
  if (!capabilities.every((capability) => hasCapability(capability, 'permitted'))) return -EPERM;
  return failed(raw.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

/** In the thread, after it: these, and no others, for good. @returns 0, or -EPERM when they have gone */
export function keepNow(capabilities: readonly number[]): number {
  prepareHeader();
  const words = wordsOf(capabilities);
  words.forEach((word, i) => {
    scratch.i32[4 + i * 3] = word; // effective
    scratch.i32[5 + i * 3] = word; // permitted
  });
  const result = failed(raw.capset(scratch.ptr, scratch.ptr + 16));
  raw.prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  return result;
}
