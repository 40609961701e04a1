/** What a writer saw in a stretch of time, from the record of its attempts. Pure. */
import type { Attempt } from './writer.js';

export interface Seen {
  /** Longest time without an acknowledgement, ms. */
  readonly gapMs: number;
  /** When that gap ended, epoch ms. */
  readonly gapEndMs: number;
  readonly attempts: number;
  readonly failed: number;
  /** Most frequent first: a reader tells a refusal from a timeout. */
  readonly errors: readonly ErrorCount[];
}

/** One error text, how often it came, and when: ms from the start of the stretch. */
interface ErrorCount {
  readonly text: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** @param fromMs start of the stretch; @param toMs its end (epoch ms). An attempt belongs to where it started. */
export function seenBetween(attempts: readonly Attempt[], fromMs: number, toMs: number): Seen {
  const acknowledged = attempts
    .filter((one) => one.acknowledged && one.endedAt >= fromMs && one.endedAt <= toMs)
    .map((one) => one.endedAt)
    .sort((a, b) => a - b);
  const marks = [fromMs, ...acknowledged, toMs];
  const gaps = marks.slice(1).map((mark, i) => ({ gapMs: mark - marks[i], gapEndMs: mark }));
  const inside = attempts.filter((one) => one.startedAt >= fromMs && one.startedAt < toMs);
  const failed = inside.filter((one) => !one.acknowledged);
  const longest = gaps.reduce((a, b) => (b.gapMs > a.gapMs ? b : a));
  return { ...longest, attempts: inside.length, failed: failed.length, errors: countErrors(failed, fromMs) };
}

function countErrors(failed: readonly Attempt[], fromMs: number): ErrorCount[] {
  const counts = new Map<string, ErrorCount>();
  for (const { error: text = '', endedAt } of failed) {
    const atMs = endedAt - fromMs;
    const { count, firstMs, lastMs } = counts.get(text) ?? { count: 0, firstMs: atMs, lastMs: atMs };
    counts.set(text, { text, count: count + 1, firstMs: Math.min(firstMs, atMs), lastMs: Math.max(lastMs, atMs) });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

/**
 * How long after `ableMs`, when a database could take writes, they went well again: until the first acknowledgement, and
 * until the start of the last attempt that failed all the same.
 * @returns ms; null when nothing was acknowledged until `toMs`
 */
export function wellAfterMs(attempts: readonly Attempt[], ableMs: number, toMs: number): number | null {
  const acknowledged = attempts.filter((one) => one.acknowledged && one.endedAt >= ableMs && one.endedAt <= toMs);
  if (acknowledged.length === 0) return null;
  const failed = attempts.filter((one) => !one.acknowledged && one.startedAt >= ableMs && one.startedAt < toMs);
  const first = Math.min(...acknowledged.map((one) => one.endedAt));
  return Math.max(first, ...failed.map((one) => one.startedAt)) - ableMs;
}

/** @returns ms from `fromMs` until the last attempt began that this server took; null when it took none */
export function usedForMs(attempts: readonly Attempt[], server: string, fromMs: number, toMs: number): number | null {
  const taken = attempts.filter(
    (one) => one.by === server && one.acknowledged && one.startedAt >= fromMs && one.startedAt < toMs,
  );
  return taken.length === 0 ? null : Math.max(...taken.map((one) => one.startedAt)) - fromMs;
}

/** Ids that were acknowledged and that a node does not hold. */
export function lostWrites(attempts: readonly Attempt[], held: ReadonlySet<number>): number[] {
  return attempts.filter((one) => one.acknowledged && !held.has(one.id)).map((one) => one.id);
}

/** A time in which one server alone may take writes. */
export interface Reign {
  readonly server: string;
  readonly fromMs: number;
  /** When the next one was able to take them; null while it lasts. */
  readonly toMs: number | null;
}

/** An acknowledgement may wait this long for a busy writer to read it. */
const LATE_MS_MAX = 50;

/** Writes that an old primary acknowledged although another had taken over. */
export function staleWrites(attempts: readonly Attempt[], reigns: readonly Reign[]): Attempt[] {
  const isIn = ({ server, fromMs, toMs }: Reign, one: Attempt) =>
    server === one.by && one.endedAt >= fromMs && (toMs === null || one.endedAt <= toMs + LATE_MS_MAX);
  return attempts.filter((one) => one.acknowledged && !reigns.some((reign) => isIn(reign, one)));
}
