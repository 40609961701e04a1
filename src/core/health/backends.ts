/** Backends as the sum of their servers: counts, up or down, downtime. Counting is incremental: a change costs O(1). */
import * as T from '../table.js';
import type { BackendHealth, ServerHealth } from './entities.js';
import { publishBackend } from './publish.js';

export class Backends {
  private readonly dirty = new Set<BackendHealth>();

  /** Takes over whether a server is usable now. */
  count(s: ServerHealth): void {
    this.dirty.add(s.backend);
    if (s.counted !== null) s.backend[s.counted]--;
    s.counted = !s.isUsable ? null : s.settings.isBackup || s.isFallback ? 'backup' : 'active';
    if (s.counted !== null) s.backend[s.counted]++;
  }

  /** Its figures, or the choice among its servers, are to be looked at. */
  mark(b: BackendHealth): void {
    this.dirty.add(b);
  }

  /**
   * @param countsDowntime whether coming up adds to the downtime
   * @returns whether the backend went up or down by what has been counted
   */
  judge(b: BackendHealth, nowS: number, countsDowntime: boolean): boolean {
    const isUp = b.active + b.backup > 0;
    if (isUp === b.isUp) return false;
    b.isUp = isUp;
    if (isUp && countsDowntime) addDowntime(b.row, T.B_LAST_CHANGE, T.B_DOWNTIME, nowS);
    if (!isUp) b.row.add(T.B_DOWN_TRANS, 1);
    b.row.set(T.B_LAST_CHANGE, nowS);
    return true;
  }

  /** A backend as a configuration brings it: nobody went up or down. One without any server counts as up. */
  settle(b: BackendHealth): void {
    b.isUp = b.active + b.backup > 0 || b.servers.length === 0;
    this.dirty.add(b);
  }

  /** Publishes what changed. @param choose settles who serves where only one does; called before the figures go out */
  flush(choose: (b: BackendHealth) => void): void {
    for (const b of this.dirty) {
      if (b.single !== null) choose(b);
      publishBackend(b);
    }
    this.dirty.clear();
  }
}

/** Adds the seconds since the last change to a sum. */
export function addDowntime(row: T.Row, since: number, total: number, nowS: number): void {
  const seconds = nowS - row.get(since);
  if (seconds > 0) row.add(total, seconds);
}
