/**
 * The process groups that run, where both threads of the helper see them: the one that starts programs writes, the other
 * can kill them all although the first may hang in execve(2) on a file server that is gone.
 */

/** More run at once only where each of thousands of scripts hangs. */
const SLOTS = 4096;

export type GroupMemory = Int32Array<SharedArrayBuffer>;

export function groupMemory(): GroupMemory {
  return new Int32Array(new SharedArrayBuffer(4 * SLOTS));
}

/** @returns its slot, -1 where none is free */
export function noteGroup(memory: GroupMemory, pgid: number): number {
  for (let slot = 0; slot < SLOTS; slot++) if (Atomics.compareExchange(memory, slot, 0, pgid) === 0) return slot;
  return -1;
}

export function forgetGroup(memory: GroupMemory, slot: number): void {
  if (slot >= 0) Atomics.store(memory, slot, 0);
}

/** All that run, at once. */
export function killGroups(memory: GroupMemory): void {
  for (let slot = 0; slot < SLOTS; slot++) {
    const pgid = Atomics.load(memory, slot);
    if (pgid > 0) signalGroup(pgid, 'SIGKILL');
  }
}

export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch {
    // ESRCH: all of it has just ended
  }
}
