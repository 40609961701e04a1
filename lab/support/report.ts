/** The lab's result, side by side, for people and for programs. */
import type { Seen } from './measure.js';
import { formatTable } from './table.js';
import { EVERY_MS } from './writer.js';

/** One kind of connection through one way; `afterAbleMs`: `wellAfterMs`, where there was a time to count from. */
interface KindSeen extends Seen {
  readonly afterAbleMs: number | null;
  /** How long the server in question still took new attempts after the fault began; null when it took none. */
  readonly usedForMs: number | null;
}

export interface WaySeen {
  readonly fresh: KindSeen;
  readonly held: KindSeen;
}

export interface FaultRow {
  readonly fault: string;
  readonly server: string;
  /** Epoch ms. */
  readonly fromMs: number;
  /** How long the writers were watched. */
  readonly seconds: number;
  /** From the fault to the time that a database could take writes again; null where it always could. */
  readonly ableAfterMs: number | null;
  readonly ways: { readonly [way: string]: WaySeen };
  readonly explained: boolean | null;
  readonly explanation: string | null;
  /** Bars that Fairlead missed, in words. */
  readonly missed: readonly string[];
}

/** What became of all writes of one way. */
export interface WayTotal {
  readonly attempts: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** Acknowledged, and not on a database that should hold it. */
  readonly lostWrites: number;
  /** Reached a server that may not take writes: refused there, or taken all the same. */
  readonly nonPrimaryWrites: number;
  /** Acknowledged by an old primary after another had taken over. */
  readonly staleWrites: number;
}

export interface Report {
  readonly scenario: string;
  readonly faults: readonly FaultRow[];
  readonly totals: { readonly [way: string]: WayTotal };
  /** Bars that Fairlead missed, in words; none: exit code 0. */
  readonly missed: readonly string[];
  /** Further lines for people. */
  readonly notes?: readonly string[];
}

/** The three numbers that must be zero. */
export function missedTotals(total: WayTotal | undefined): string[] {
  if (total === undefined) return [];
  const not = (what: string, count: number) => (count > 0 ? [`${what}: ${count}, bar 0`] : []);
  return [
    ...not('lost writes', total.lostWrites),
    ...not('writes on a non-primary', total.nonPrimaryWrites),
    ...not('stale writes', total.staleWrites),
  ];
}

export function printReport(report: Report, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${text(report)}\n`);
}

function text(report: Report): string {
  const proxies = Object.keys(report.totals).filter((name) => name !== 'floor');
  return [
    `${report.scenario}: a new connection with one write every ${EVERY_MS} ms, and one held session.`,
    'gap: longest time without an acknowledgement; floor: the same writer straight to the surviving database;',
    'after able: from the time that a database could take writes until they went well; failed: attempts;',
    'used for: how long the server still got new connections and took their writes.',
    '',
    gapTable(report, proxies),
    '',
    ...proxies.flatMap((name) => errorLines(report, name)),
    totalsTable(report, proxies),
    '',
    ...(report.notes ?? []),
    ...report.faults.filter((row) => row.explained === false).flatMap(unexplained),
    ...(report.missed.length === 0 ? ['every bar met'] : report.missed.map((line) => `MISSED  ${line}`)),
  ].join('\n');
}

function gapTable({ faults }: Report, proxies: readonly string[]): string {
  const header = ['fault', 'floor gap', 'failed', ...proxies.flatMap(columns), 'cause named'];
  const rows = faults.map((row) => [
    row.fault,
    ms(row.ways.floor?.fresh.gapMs),
    String(row.ways.floor?.fresh.failed ?? '-'),
    ...proxies.flatMap((name) => cells(row.ways[name])),
    row.explained === null ? '-' : row.explained ? 'yes' : 'NO',
  ]);
  return formatTable(header, rows);
}

/** A reader judges whether the story is wrong, or the lab's idea of it. */
function unexplained({ fault, explanation }: FaultRow): string[] {
  return [
    `${fault}: what fairlead explain said`,
    ...(explanation ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ];
}

function columns(name: string): string[] {
  return [`${name} gap`, 'after able', 'used for', 'failed', 'held gap', 'failed'];
}

function cells({ fresh, held }: WaySeen): string[] {
  return [
    ms(fresh.gapMs),
    ms(fresh.afterAbleMs),
    ms(fresh.usedForMs),
    `${fresh.failed}/${fresh.attempts}`,
    ms(held.gapMs),
    `${held.failed}/${held.attempts}`,
  ];
}

function ms(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : `${value} ms`;
}

/** The most frequent errors of each fault. */
function errorLines({ faults }: Report, name: string): string[] {
  const seconds = (value: number) => (value / 1000).toFixed(2);
  const lines = faults.flatMap((row) =>
    row.ways[name].fresh.errors
      .slice(0, 3)
      .map(
        ({ text: error, count, firstMs, lastMs }) =>
          `  ${name}, ${row.fault}: ${count} × ${error.slice(0, 80)} (${seconds(firstMs)}–${seconds(lastMs)} s)`,
      ),
  );
  return lines.length === 0 ? [] : [...lines, ''];
}

function totalsTable({ totals }: Report, proxies: readonly string[]): string {
  const line = (title: string, pick: (total: WayTotal) => number) =>
    `${title}: ${proxies.map((name) => `${pick(totals[name])} (${name})`).join(', ')}`;
  return [
    line('attempts', (total) => total.attempts),
    line('acknowledged', (total) => total.acknowledged),
    line('failed', (total) => total.failed),
    line('lost writes', (total) => total.lostWrites),
    line('writes on a non-primary', (total) => total.nonPrimaryWrites),
    line('stale writes', (total) => total.staleWrites),
  ].join('\n');
}
