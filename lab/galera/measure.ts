/** What the writer saw in a stretch of time, from the record of its attempts. Pure. */
import type { Attempt } from './writer.js';

interface Seen {
  /** Longest time without an acknowledgement, ms. */
  readonly gapMs: number;
  readonly attempts: number;
  readonly failed: number;
  /** First error text, by which a reader tells a refusal from a timeout. */
  readonly error: string | null;
}

/** @param fromMs start of the stretch; @param toMs its end (epoch ms). An attempt belongs to where it started. */
export function seenBetween(attempts: readonly Attempt[], fromMs: number, toMs: number): Seen {
  const acknowledged = attempts
    .filter((one) => one.acknowledged && one.endedAt >= fromMs && one.endedAt <= toMs)
    .map((one) => one.endedAt)
    .sort((a, b) => a - b);
  const marks = [fromMs, ...acknowledged, toMs];
  const gapMs = Math.max(...marks.slice(1).map((mark, i) => mark - marks[i]));
  const inside = attempts.filter((one) => one.startedAt >= fromMs && one.startedAt < toMs);
  const failed = inside.filter((one) => !one.acknowledged);
  return { gapMs, attempts: inside.length, failed: failed.length, error: failed[0]?.error ?? null };
}

/** Ids that were acknowledged and that a node does not hold. */
export function lostWrites(attempts: readonly Attempt[], held: ReadonlySet<number>): number[] {
  return attempts.filter((one) => one.acknowledged && !held.has(one.id)).map((one) => one.id);
}
