/** The lab's result, for people and for programs. */
import { formatTable } from '../support/table.js';
import { EVERY_MS } from './writer.js';

export interface FaultRow {
  readonly fault: string;
  /** How long the writer was watched. */
  readonly seconds: number;
  /** Longest time without an acknowledged write, ms. */
  readonly gapMs: number;
  readonly attempts: number;
  readonly failed: number;
  /** From the fault to the proxy's log line about the server, ms; null when it said nothing. */
  readonly noticedMs: number | null;
  readonly error: string | null;
}

export interface Report {
  readonly proxy: string;
  readonly faults: readonly FaultRow[];
  readonly attempts: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** Ids that were acknowledged and that some node does not hold. */
  readonly lostWrites: readonly number[];
  readonly lostByNode: { readonly [node: string]: number };
}

export function printReport(report: Report, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${text(report)}\n`);
}

function text(report: Report): string {
  const header = ['fault', 'watched', 'gap', 'failed', 'of', 'noticed after', 'first error'];
  const rows = report.faults.map((row) => [
    row.fault,
    `${row.seconds.toFixed(1)} s`,
    `${row.gapMs} ms`,
    String(row.failed),
    String(row.attempts),
    row.noticedMs === null ? '-' : `${row.noticedMs} ms`,
    (row.error ?? '').slice(0, 70),
  ]);
  return [
    `A new connection and one write every ${EVERY_MS} ms through ${report.proxy}; gap: longest time without an acknowledgement.`,
    '',
    formatTable(header, rows),
    '',
    `${report.attempts} attempts, ${report.acknowledged} acknowledged, ${report.failed} failed`,
    ...Object.entries(report.lostByNode).map(([node, lost]) => `${node}: ${lost} acknowledged writes missing`),
    `lost writes: ${report.lostWrites.length}`,
  ].join('\n');
}
