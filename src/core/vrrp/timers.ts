/** The times of RFC 3768 §6.1 and RFC 9568 §6.1, in milliseconds, unrounded. */

const SECOND_MS = 1000;

/**
 * How much longer than others a router waits: the lower its priority, the longer.
 * @param priority own, effective, 1..255
 * @param intervalMs version 3: the interval of the master; version 2 does not ask for it
 */
export function skewMs(version: 2 | 3, priority: number, intervalMs: number): number {
  return ((256 - priority) * (version === 2 ? SECOND_MS : intervalMs)) / 256;
}

/** Skew of the lowest priority there is: by then any successor has said something. */
export function longestSkewMs(version: 2 | 3, intervalMs: number): number {
  return skewMs(version, 1, intervalMs);
}

/** How long a backup waits in silence. @param adverts 3, unless `down_timer_adverts` says else */
export function downMs(version: 2 | 3, priority: number, intervalMs: number, adverts: number): number {
  return adverts * intervalMs + skewMs(version, priority, intervalMs);
}

/** `3.6 s`, `45 ms`, `2 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`;
  return `${Math.round(ms / 60_000)} min`;
}
