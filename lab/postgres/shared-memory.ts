/**
 * A PostgreSQL that is killed leaves a System V segment of 56 bytes behind, by which the next start would see that the
 * old one is gone (manual, "Managing Kernel Resources"). Where there is no next start, somebody must remove it: the
 * kernel has room for few thousands.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Further segments are files of the data directory, and go with it. */
export const DYNAMIC_SHARED_MEMORY = 'mmap';

/** Line of postmaster.pid with the key and the id of the segment. */
const SEGMENT_LINE = 6;

/** @param dataDir of a server that has been killed and does not start again; nothing happens after an orderly end */
export function releaseSharedMemory(dataDir: string): void {
  const id = segmentOf(dataDir);
  if (id !== undefined) spawnSync('ipcrm', ['-m', id]);
}

function segmentOf(dataDir: string): string | undefined {
  try {
    const line = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[SEGMENT_LINE] ?? '';
    return line.trim().split(/\s+/)[1];
  } catch {
    return undefined; // it ended in good order, or never started
  }
}
