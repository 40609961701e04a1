/**
 * Looks into /proc (proc(5)). Names and states are read at once: the kernel has them at hand. A command line lies in the
 * memory of the process and may have to wait for it, so it is read in the thread pool.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

const buffer = Buffer.alloc(1024);

/** All processes, in no order. */
export function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** @returns null for a process that is gone; 3 µs of system calls, some 8 in all */
export function commOf(pid: number): string | null {
  const text = read(`/proc/${pid}/comm`);
  return text === null ? null : text.replace(/\n$/, '');
}

export interface ProcessIdentity {
  readonly comm: string;
  /** Ticks since boot: another number is another process with the same pid. */
  readonly startTicks: string;
}

/** @returns null for a process that is gone, or a zombie, which does not run */
export function runningProcess(pid: number): ProcessIdentity | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  // State is field 3 of proc(5), start time field 22.
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return { comm: text.slice(open + 1, close), startTicks: fields[19] };
}

/** Its words; none for a thread of the kernel or a process that is gone. */
export async function commandLineOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

function read(path: string): string | null {
  try {
    const fd = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null; // ENOENT, ESRCH: it has ended
  }
}
