/**
 * When the machine itself stands still: a hypervisor takes the processor away (a virtual machine has its share of the
 * host, and is stopped when it is used up), or the kernel does something long that yields to nobody. No program is on
 * time then. On each core a process sleeps, wakes every millisecond before everything else (SCHED_RR 99), and notes when it
 * was late.
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../lab/support/repository.js';
import { exited, type Sandbox } from '../../lab/support/sandbox.js';
import { setRealtime } from '../../src/linux/realtime.js';

const PERIOD_MS = 1;
const WORTH_NOTING_MS = 0.5;
const FIRST_OF_ALL = 99;

/** Epoch ms. */
export interface Standstill {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @returns a function that waits for the end and says when a core stood still, in order of time */
export function watchStandstills(sandbox: Sandbox, seconds: number): () => Promise<Standstill[]> {
  const cores = coresOf(readFileSync('/proc/self/status', 'utf8'));
  const main = join(REPOSITORY, 'dist', 'bench', 'main.js');
  const sleepers = cores.map((core) => {
    // Helpers of V8 would be waited for; there is next to no garbage.
    const words = ['--single-threaded', main, 'sleeper', '--seconds', String(seconds)];
    const log = `sleeper-${core}.log`;
    return {
      log,
      child: sandbox.start('taskset', ['-c', core, process.execPath, ...words], { log }),
    };
  });
  return async () => {
    await Promise.all(sleepers.map(({ child }) => exited(child)));
    const found = sleepers.flatMap(({ log }) => standstillsOf(readFileSync(sandbox.path(log), 'utf8')));
    return found.sort((a, b) => a.fromMs - b.fromMs);
  };
}

/** The process: a line `<epoch ms> <ms late>` for each late wake-up, and `done` at the end. */
export function runSleeper({ seconds }: { readonly seconds: number }): void {
  // Only now: a program that starts before everything else would make others late itself.
  const refused = setRealtime(FIRST_OF_ALL);
  if (refused < 0) throw new Error(`SCHED_RR: errno ${-refused}`);
  const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
  const endMs = performance.now() + seconds * 1000;
  for (let nowMs = performance.now(); nowMs < endMs; ) {
    const dueMs = nowMs + PERIOD_MS;
    Atomics.wait(nobodyWakesIt, 0, 0, PERIOD_MS);
    nowMs = performance.now();
    if (nowMs - dueMs >= WORTH_NOTING_MS) writeSync(1, `${Date.now()} ${(nowMs - dueMs).toFixed(3)}\n`);
  }
  writeSync(1, 'done\n');
}

/** @throws Error where the process did not come to its end: nothing is known then */
export function standstillsOf(text: string): Standstill[] {
  const lines = text.trim().split('\n');
  if (lines.pop() !== 'done') throw new Error(`a sleeper under SCHED_RR did not run to its end: ${text.slice(-300)}`);
  return lines.map((line) => {
    const [toMs, lateMs] = line.split(' ').map(Number);
    return { fromMs: toMs - lateMs, toMs };
  });
}

/** How much of a time any core stood still. @param standstills in order of time */
export function standstillWithin(standstills: readonly Standstill[], fromMs: number, toMs: number): number {
  let sumMs = 0;
  let untilMs = fromMs;
  for (const one of standstills) {
    const startMs = Math.max(untilMs, one.fromMs);
    const endMs = Math.min(toMs, one.toMs);
    if (endMs <= startMs) continue;
    sumMs += endMs - startMs;
    untilMs = endMs;
  }
  return sumMs;
}

/** Of proc_pid_status(5), `0-3,6` as `0`, `1`, … */
export function coresOf(status: string): string[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => String(first + n));
  });
}
