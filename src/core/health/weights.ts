/** Effective weights: slowstart, and the limits of `set server … weight` (configuration manual, `slowstart`). */
import { STATE_STARTING } from '../table.js';
import type { ServerHealth } from './entities.js';

/** Steps of a weight in the table (S_EWEIGHT). */
const STEPS = 16;
const WEIGHT_MAX = 256;

/**
 * Weight × 16, less while the server warms up: at second n of a slowstart of N seconds, (16n + N) / N sixteenths, as
 * observed on HAProxy 2.6 (weight 10, slowstart 5s: 1, 3, 5, 7, 9, then 10).
 * @param nowS epoch seconds
 */
export function effectiveWeight(s: ServerHealth, nowS: number): number {
  const { slowstartMs } = s.settings;
  if (s.state !== STATE_STARTING || s.backend.isStatic || slowstartMs === 0) return s.weight * STEPS;
  const seconds = Math.ceil(slowstartMs / 1000);
  const elapsed = Math.max(0, nowS - s.startedS);
  const share = Math.min(STEPS, Math.floor((STEPS * elapsed + seconds) / seconds));
  return s.weight * share;
}

/** Whether the warming up is over. */
export function isWarm(s: ServerHealth, nowS: number): boolean {
  return nowS - s.startedS >= Math.ceil(s.settings.slowstartMs / 1000);
}

/** @returns the new weight, or why it is refused (HAProxy's words) */
export function newWeight(s: ServerHealth, weight: number, isRelative: boolean): number | string {
  const { initialWeight } = s.settings;
  if (!isRelative && (weight < 0 || weight > WEIGHT_MAX))
    return 'Absolute weight can only be between 0 and 256 inclusive.';
  if (weight < 0) return 'Relative weight must be positive.';
  const wanted = isRelative ? Math.min(WEIGHT_MAX, Math.floor((initialWeight * weight) / 100)) : weight;
  if (s.backend.isStatic && wanted !== 0 && wanted !== initialWeight)
    return "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
  return wanted;
}
