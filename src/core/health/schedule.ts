/** When to check next (configuration manual, `inter`, `fastinter`, `downinter`, `spread-checks`, `max-spread-checks`). */
import { STATE_STOPPED } from '../table.js';
import type { ServerHealth } from './entities.js';

/**
 * Time from the end of a check to the next one.
 * @param spreadPercent `spread-checks`, 0..50
 * @param random 0 <= random < 1
 */
export function nextInterval(s: ServerHealth, spreadPercent: number, random: number): number {
  return spreadInterval(plainInterval(s), spreadPercent, random);
}

/** An interval with the noise that `spread-checks` asks for. */
export function spreadInterval(interval: number, spreadPercent: number, random: number): number {
  if (spreadPercent <= 0) return interval;
  return Math.max(1, interval * (1 + (spreadPercent / 100) * (2 * random - 1)));
}

/** The manual's table: up and steady, down and steady, or on the way. */
function plainInterval(s: ServerHealth): number {
  if (s.health === s.maxHealth) return s.settings.interMs;
  if (s.health === 0 && s.state === STATE_STOPPED) return s.settings.downinterMs;
  return s.settings.fastinterMs;
}

/**
 * First checks are spread evenly over the shortest interval of all servers, in the order of the configuration.
 * @param maxSpreadMs `max-spread-checks`, 0 = not limited
 * @returns delay of check `index` of `count`
 */
export function firstDelay(index: number, count: number, shortestMs: number, maxSpreadMs: number): number {
  const over = maxSpreadMs > 0 ? Math.min(shortestMs, maxSpreadMs) : shortestMs;
  return count === 0 ? 0 : (over * index) / count;
}
