/** What a stretch of time was like for clients of a virtual address, from what was written down. Pure. */
import { addressOf, type PlaceName } from './network.js';
import type { Attempt } from './probe.js';

/** Everything that was seen; all times are epoch ms, ascending. */
export interface Record {
  readonly attempts: readonly Attempt[];
  /** When an answer to a ping came. */
  readonly pings: readonly number[];
  /** Whom the client's neighbour table took for the address from then on; '' for nobody. */
  readonly neighbours: readonly { readonly atMs: number; readonly host: PlaceName | '' }[];
  /** When a host got the address, or lost it. */
  readonly holders: ReadonlyMap<PlaceName, readonly { readonly atMs: number; readonly isHeld: boolean }[]>;
}

export interface Seen {
  /** Longest time without an answered connection. */
  readonly gapMs: number;
  /** The same, of pings. */
  readonly pingGapMs: number;
  readonly attempts: number;
  /** No connection was made. */
  readonly failedConnects: number;
  /** A connection was made, and broke or was silent. */
  readonly failedExchanges: number;
  readonly twoHoldersMs: number;
  readonly noHolderMs: number;
  /** The client sent to a host that did not have the address while another had. */
  readonly staleArpMs: number;
  /** Until the last moment that anything was wrong: a failure, two or no holders, a stale entry, the wrong proxy. */
  readonly settledMs: number;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param expected the host that should serve in the end; null: any that has the address may */
export function seenBetween(record: Record, span: Span, expected: PlaceName | null): Seen {
  const { fromMs, toMs } = span;
  const inside = record.attempts.filter((one) => one.startedAt >= fromMs && one.startedAt < toMs);
  const failed = inside.filter((one) => one.error !== '');
  const answered = record.attempts.filter((one) => one.error === '').map((one) => one.endedAt);
  const stretches = holderStretches(record.holders, span);
  const two = stretches.filter(({ held }) => held.length > 1);
  const none = stretches.filter(({ held }) => held.length === 0);
  const stale = staleStretches(record, stretches, span);
  const wrong = [
    ...failed.map((one) => one.startedAt),
    ...inside.filter((one) => one.error === '' && !isBy(one, expected)).map((one) => one.endedAt),
    ...stretches.filter(({ held }) => !isRight(held, expected)).map((one) => one.toMs),
    ...stale.map((one) => one.toMs),
  ];
  return {
    gapMs: longestGap(answered, span),
    pingGapMs: longestGap(record.pings, span),
    attempts: inside.length,
    failedConnects: failed.filter((one) => one.error.startsWith('connect')).length,
    failedExchanges: failed.filter((one) => one.error.startsWith('exchange')).length,
    twoHoldersMs: total(two),
    noHolderMs: total(none),
    staleArpMs: total(stale),
    settledMs: wrong.length === 0 ? 0 : Math.max(...wrong) - fromMs,
  };
}

/** Answers name the proxy by its address. */
export function isBy({ by }: Attempt, expected: PlaceName | null): boolean {
  return expected === null || by === addressOf(expected);
}

function isRight(held: readonly PlaceName[], expected: PlaceName | null): boolean {
  return expected === null ? held.length > 0 : held.length === 1 && held[0] === expected;
}

/** @param marks when something went well. A gap belongs to the stretch with what of it lies inside. */
function longestGap(marks: readonly number[], { fromMs, toMs }: Span): number {
  const inside = marks.filter((at) => at > fromMs && at < toMs).sort((a, b) => a - b);
  const edges = [fromMs, ...inside, toMs];
  return Math.max(...edges.slice(1).map((at, i) => at - edges[i]));
}

interface Stretch extends Span {
  readonly held: readonly PlaceName[];
}

/** Who had the address, from one change to the next. */
function holderStretches(holders: Record['holders'], span: Span): Stretch[] {
  const changes = [...holders.values()].flat().map(({ atMs }) => atMs);
  return cut(span, changes).map((part) => ({
    ...part,
    held: [...holders].filter(([, seen]) => lastBefore(seen, part)?.isHeld === true).map(([name]) => name),
  }));
}

function staleStretches({ neighbours }: Record, holders: readonly Stretch[], span: Span): Span[] {
  const changes = [...neighbours, ...holders.map(({ fromMs }) => ({ atMs: fromMs }))].map(({ atMs }) => atMs);
  return cut(span, changes).filter((part) => {
    const host = lastBefore(neighbours, part)?.host ?? '';
    const held = holders.find((one) => one.fromMs <= part.fromMs && part.fromMs < one.toMs)?.held ?? [];
    return host !== '' && held.length > 0 && !held.includes(host);
  });
}

/** The span in pieces in which nothing changes. */
function cut({ fromMs, toMs }: Span, changes: readonly number[]): Span[] {
  const inside = changes.filter((at) => at > fromMs && at < toMs).sort((a, b) => a - b);
  const edges = [fromMs, ...inside, toMs];
  return edges.slice(1).map((at, i) => ({ fromMs: edges[i], toMs: at }));
}

function lastBefore<T extends { readonly atMs: number }>(seen: readonly T[], { fromMs }: Span): T | undefined {
  return seen.findLast(({ atMs }) => atMs <= fromMs);
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** @returns the middle value; the lower of two */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
