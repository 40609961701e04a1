/**
 * What keeps a thread on time: real-time scheduling and a program that stays in memory; and what a child learns of its
 * parent's death (sched(7), mlock(2), prctl(2)).
 *
 * A thread under SCHED_RR runs before all ordinary ones. It cannot starve the machine: the kernel leaves ordinary threads
 * a part of each second (/proc/sys/kernel/sched_rt_runtime_us, usually 950,000 of 1,000,000 µs for real-time ones), and a
 * thread that never blocked would be late by the rest. RLIMIT_RTTIME is left alone: what it does is to kill.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import koffi from 'koffi';
import { EAGAIN, ENOMEM, EPERM } from './constants.js';
import { NativeBuffer } from './memory.js';

const SCHED_OTHER = 0;
const SCHED_RR = 2;
const SCHED_RESET_ON_FORK = 0x40000000;
const RLIMIT_MEMLOCK = 8;
const MLOCK_ONFAULT = 1;
const PR_SET_PDEATHSIG = 1;

const libc = koffi.load('libc.so.6');
const native = (name: string, args: string[]) =>
  libc.func(name, 'int', args) as unknown as (...args: number[]) => number;
const raw = {
  sched_setscheduler: native('sched_setscheduler', ['int', 'int', 'uintptr_t']),
  sched_getscheduler: native('sched_getscheduler', ['int']),
  mlock2: native('mlock2', ['uintptr_t', 'size_t', 'int']),
  munlock: native('munlock', ['uintptr_t', 'size_t']),
  getrlimit: native('getrlimit', ['int', 'uintptr_t']),
  prctl: native('prctl', ['int', 'long', 'long', 'long', 'long']),
  gettid: native('gettid', []),
};
const scratch = new NativeBuffer(16);

function failed(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

/**
 * The calling thread, and no thread or process that it starts (SCHED_RESET_ON_FORK). It lasts when root is given away.
 * @param priority 1..99; 0 is ordinary scheduling
 * @returns 0, or -EPERM without CAP_SYS_NICE or a sufficient RLIMIT_RTPRIO
 */
export function setRealtime(priority: number): number {
  scratch.i32[0] = priority;
  const policy = priority === 0 ? SCHED_OTHER : SCHED_RR; // the flag cannot be taken back without privileges
  return failed(raw.sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, scratch.ptr));
}

/**
 * Garbage of the young generation is collected by the thread that made it, alone. V8 has helper threads share that work,
 * and waits for them: ordinary threads, which under load get no turn for a while. A real-time thread with two busy threads
 * per core was up to 44 ms late for that, and 7 ms with this (20 ms timer, 20,000 objects a second; docs/design/on-time.md).
 * For the whole process; call it before its threads start.
 */
export function collectWithoutHelpers(): void {
  setFlagsFromString('--no-parallel-scavenge');
}

/** Whether the calling thread runs under SCHED_RR. */
export function isRealtime(): boolean {
  return (raw.sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) === SCHED_RR;
}

/** `errno` 0 or negative; `why` says for a person why memory is not locked, '' when it is. */
export interface MemoryLock {
  readonly errno: number;
  readonly why: string;
}

/**
 * Keeps the program in memory: the pages of its executable and libraries that have been touched or will be. Those are what
 * the kernel drops first when memory is short, swap or not, and reading them back from a disk takes milliseconds.
 *
 * Not all memory: mlockall(2) ends a process that runs V8, sooner or later, whatever its privileges. V8 gives pages back
 * with madvise(MADV_DONTNEED), which the kernel refuses for locked ones, and V8 takes a refusal for a fault of its own
 * (seen with Node 20, at the start of the next worker). Its heap can be kept from being swapped by the memory cgroup
 * (systemd: MemorySwapMax=0). What is locked here stays locked when root is given away, and makes no later call fail.
 */
export function lockMemory(): MemoryLock {
  const done: Mapping[] = [];
  for (const mapping of programMappings(readFileSync('/proc/self/maps', 'utf8'))) {
    const errno = failed(raw.mlock2(mapping.start, mapping.length, MLOCK_ONFAULT));
    if (errno < 0) {
      for (const { start, length } of done) raw.munlock(start, length);
      return { errno, why: lockRefusal(errno) };
    }
    done.push(mapping);
  }
  return { errno: 0, why: '' };
}

function lockRefusal(errno: number): string {
  raw.getrlimit(RLIMIT_MEMLOCK, scratch.ptr);
  const limit = `RLIMIT_MEMLOCK is ${scratch.view.getBigUint64(0, true) / 1024n} KiB, and CAP_IPC_LOCK is missing`;
  return errno === -ENOMEM || errno === -EPERM || errno === -EAGAIN ? limit : `mlock2: errno ${-errno}`;
}

interface Mapping {
  readonly start: number;
  readonly length: number;
}

/** Of proc_pid_maps(5): all mappings of files of which some part is executable. */
export function programMappings(maps: string): Mapping[] {
  const lines = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ +\S+ +(\/.*)$/gm)];
  const programs = new Set(lines.filter(([, , , mode]) => mode[2] === 'x').map(([, , , , path]) => path));
  return lines
    .filter(([, , , mode, path]) => programs.has(path) && !mode.startsWith('---'))
    .map(([, from, to]) => ({
      start: Number.parseInt(from, 16),
      length: Number.parseInt(to, 16) - Number.parseInt(from, 16),
    }));
}

/**
 * The signal that this process gets when the thread that started it ends (the thread, not the process: start children
 * from one that lives as long as the process). A change of user takes it away again: call it after that. A parent that
 * has died before is not noticed: look at getppid afterwards.
 * @param signal 0 = none
 * @returns 0 or -errno
 */
export function setParentDeathSignal(signal: number): number {
  return failed(raw.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

/** Number of the calling thread, as in /proc/PID/task. */
export function threadId(): number {
  return raw.gettid();
}
