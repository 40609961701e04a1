/** Rates and averages out of the counters that the workers keep (core/table.ts). */
import {
  C_RATE_BEFORE,
  C_RATE_NOW,
  C_RATE_SECOND,
  C_SESSIONS,
  COUNTER_CELLS,
  type Row,
  TIME_WINDOW,
} from '../../core/table.js';

/**
 * Events per second over the last second: this second's, and of the second before the share not yet replaced.
 * @param cell `C_RATE_SECOND` or `C_CRATE_SECOND`: the three cells of the counter begin there
 * @param nowMs epoch milliseconds
 */
export function eventsPerSecond(row: Row, cell: number, nowMs: number): number {
  const second = Math.floor(nowMs / 1000);
  const remaining = 1 - (nowMs % 1000) / 1000;
  let total = 0;
  for (let w = 0; w < row.workers; w++) {
    const at = row.counters + w * COUNTER_CELLS + cell;
    total += workerRate(row.f64, at, second, remaining);
  }
  return Math.floor(total);
}

const NOW = C_RATE_NOW - C_RATE_SECOND;
const BEFORE = C_RATE_BEFORE - C_RATE_SECOND;

function workerRate(f64: Float64Array, at: number, second: number, remaining: number): number {
  const age = second - f64[at];
  if (age <= 0) return f64[at + NOW] + f64[at + BEFORE] * remaining;
  return age === 1 ? f64[at + NOW] * remaining : 0;
}

/** Average of one of the times `C_QTIME` …, whole milliseconds, over all workers. */
export function averageMs(row: Row, cell: number): number {
  let samples = 0;
  for (let w = 0; w < row.workers; w++)
    samples += Math.min(TIME_WINDOW, row.f64[row.counters + w * COUNTER_CELLS + C_SESSIONS]);
  return samples === 0 ? 0 : Math.round(row.sum(cell) / samples);
}

/** Seconds since an epoch second kept in a row; 0 where the clock was set back. */
export function secondsSince(epochSeconds: number, nowMs: number): number {
  return Math.max(0, Math.floor(nowMs / 1000) - epochSeconds);
}
