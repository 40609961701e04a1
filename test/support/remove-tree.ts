/** Removing a directory in which a program may still write: rmSync reads its entries once and does not look again. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 20;
const PAUSE_MS = 50;

/** @throws the last error when it is not empty after a second */
export async function removeTree(path: string): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (left === 0 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
      await sleep(PAUSE_MS);
    }
  }
}
