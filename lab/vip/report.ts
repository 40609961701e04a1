/** The result side by side: a table for each half of a fault, one line per contestant. */
import { formatTable } from '../support/table.js';
import { median, type Seen } from './measure.js';
import type { Row } from './play.js';
import { PROBE_EVERY_MS } from './probe.js';
import type { Bar } from './scenario.js';

export interface Result {
  readonly contestant: string;
  /** Its bars count. */
  readonly isJudged: boolean;
  readonly rows: readonly Row[];
}

/** @returns bars that were missed, in words */
export function missedBars(results: readonly Result[]): string[] {
  return results
    .filter(({ isJudged }) => isJudged)
    .flatMap(({ contestant, rows }) =>
      rows.flatMap(({ half, bar, rounds }) =>
        missed(bar, rounds).map((text) => `${contestant}, ${half.trim()}: ${text}`),
      ),
    );
}

function missed(bar: Bar, rounds: readonly Seen[]): string[] {
  const over = (what: string, value: number, most: number | undefined, unit: string) =>
    most !== undefined && value > most ? [`${what} ${value.toFixed(0)}${unit}, bar ${most}${unit}`] : [];
  const worst = (pick: (seen: Seen) => number) => Math.max(...rounds.map(pick));
  return [
    ...over('median gap', median(rounds.map(({ gapMs }) => gapMs)), bar.gapMs?.[0], ' ms'),
    ...over(
      'worst gap',
      worst(({ gapMs }) => gapMs),
      bar.gapMs?.[1],
      ' ms',
    ),
    ...over(
      'connections not made',
      worst(({ failedConnects }) => failedConnects),
      bar.failedConnects,
      '',
    ),
    ...over(
      'two holders for',
      worst(({ twoHoldersMs }) => twoHoldersMs),
      bar.twoHoldersMs,
      ' ms',
    ),
    ...over(
      'settled after',
      worst(({ settledMs }) => settledMs),
      bar.settledMs,
      ' ms',
    ),
  ];
}

export function formatResults(results: readonly Result[]): string {
  return [
    `A new connection and a request every ${PROBE_EVERY_MS} ms, and a ping as often; median / worst of the rounds, ms.`,
    'gap: longest time without an answered connection; ping: the same of pings; failed: no connection + broken ones, all',
    'rounds; two, none: as long two hosts or none had the address; stale: the client sent to a host that had lost it;',
    'settled: until the last moment at which anything was wrong.',
    '',
    table(results),
  ].join('\n');
}

function table(results: readonly Result[]): string {
  const header = ['fault', 'with', 'rounds', 'gap', 'ping', 'failed', 'two', 'none', 'stale', 'settled'];
  const rows = results[0].rows.flatMap(({ half }, n) =>
    results.map(({ contestant, rows: own }, first) => [first === 0 ? half : '', contestant, ...cells(own[n].rounds)]),
  );
  return formatTable(header, rows);
}

function cells(rounds: readonly Seen[]): string[] {
  const both = (pick: (seen: Seen) => number) => {
    const values = rounds.map(pick);
    return `${median(values).toFixed(0)} / ${Math.max(...values).toFixed(0)}`;
  };
  const sum = (pick: (seen: Seen) => number) => rounds.reduce((all, seen) => all + pick(seen), 0);
  return [
    String(rounds.length),
    both(({ gapMs }) => gapMs),
    both(({ pingGapMs }) => pingGapMs),
    `${sum(({ failedConnects }) => failedConnects)} + ${sum(({ failedExchanges }) => failedExchanges)}`,
    both(({ twoHoldersMs }) => twoHoldersMs),
    both(({ noHolderMs }) => noHolderMs),
    both(({ staleArpMs }) => staleArpMs),
    both(({ settledMs }) => settledMs),
  ];
}
