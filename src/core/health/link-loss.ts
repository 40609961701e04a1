/**
 * A server that goes down while a link of this host is away is mostly well: it was the way that was gone. When the link
 * is back, such servers are checked at once, and again soon, until `rise` is reached; their intervals would keep them out
 * for seconds more. Servers that were down before, and those that are up, keep their pace: nothing goes down sooner for it.
 * Pure: times are given.
 */
import type { ServerHealth } from './entities.js';

/** A check that began so long before the loss was noticed may have failed for it. The kernel tells of lost carrier up to 1 s late. */
const NOTICE_MS = 2000;
/** To the first repetition; after a failure twice as long, up to the interval that holds anyway. */
const HASTE_MS = 50;

/** Which links of this host are away, and since when. */
export class LinkLosses {
  private readonly running = new Set<number>();
  private readonly lostMs = new Map<number, number>();

  /** Those there are when watching begins: one that is away then may come back, too. */
  begin(links: readonly { readonly index: number; readonly isRunning: boolean }[], nowMs: number): void {
    for (const { index, isRunning } of links)
      if (isRunning) this.running.add(index);
      else this.lostMs.set(index, nowMs);
  }

  /**
   * A link is as told. One that has just been made has not come back.
   * @returns how long it was away if it is back now, else null
   */
  changed(index: number, isRunning: boolean, nowMs: number): number | null {
    if (!isRunning) {
      if (this.running.delete(index)) this.lostMs.set(index, nowMs);
      return null;
    }
    this.running.add(index);
    const lostMs = this.lostMs.get(index);
    this.lostMs.delete(index);
    return lostMs === undefined ? null : nowMs - lostMs;
  }

  removed(index: number): void {
    this.running.delete(index);
    this.lostMs.delete(index);
  }
}

/**
 * Whether its checks began to fail when the link was lost, or later.
 * @param lostMs epoch
 */
export function isDownSince(s: ServerHealth, lostMs: number): boolean {
  if (!s.wantsChecks || s.health >= s.settings.rise) return false;
  const { run } = s.past;
  return run === null || run.passed || run.sinceMs >= lostMs - NOTICE_MS;
}

/** How soon each checker repeats its check while it hurries. */
export class Haste<Checker> {
  private readonly waits = new Map<Checker, number>();

  begin(checker: Checker): void {
    this.waits.set(checker, HASTE_MS);
  }

  /** It checks nobody any more. */
  end(checker: Checker): void {
    this.waits.delete(checker);
  }

  /**
   * A check has ended.
   * @param waitMs until the next one by the configuration @returns that, or less
   */
  shorten(checker: Checker, { health, settings }: ServerHealth, waitMs: number): number {
    const hasteMs = this.waits.size === 0 ? undefined : this.waits.get(checker);
    if (hasteMs === undefined) return waitMs;
    if (health >= settings.rise || hasteMs >= waitMs) {
      this.waits.delete(checker);
      return waitMs;
    }
    const hasPassed = health > 0;
    this.waits.set(checker, hasPassed ? HASTE_MS : hasteMs * 2);
    return hasPassed ? HASTE_MS : hasteMs;
  }
}
