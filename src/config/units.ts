/**
 * Durations and sizes as operators write them, one grammar for every configuration language (manual §2.5).
 * What a value means, and which bounds it has, is for the keyword that reads it.
 */

/** A value read from text, or what is wrong with the text and what to write instead. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string; remedy?: string };

export interface Duration {
  /** Whole milliseconds, rounded up: no positive time is ever read as 0. */
  ms: number;
  /** What follows the unit: HAProxy 2.6 ignores it with a warning, other languages refuse it. */
  trailing?: string;
}

/** The longest duration HAProxy can hold, about 24.8 days. */
const MAX_DURATION_MS = 2147483647;

const UNIT_MS: { [unit: string]: number } = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_FACTOR: { [unit: string]: number } = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * `10s`, `500ms`, `2500`: an integer and one of us, ms, s, m, h, d.
 * @param defaultUnit unit of a bare number: milliseconds nearly everywhere, seconds for a few keywords
 */
export function parseDuration(text: string, defaultUnit: 'ms' | 's' = 'ms'): Parsed<Duration> {
  const [, digits, unit, trailing] = /^(\d+)(us|ms|s|m|h|d)?(.*)$/s.exec(text) ?? [];
  if (digits === undefined) return badDuration(text, text.slice(0, 1));
  if (!unit && trailing) return badDuration(text, trailing.slice(0, 1));
  const ms = Math.ceil(Number(digits) * UNIT_MS[unit ?? defaultUnit]);
  if (ms > MAX_DURATION_MS) {
    return {
      ok: false,
      message: `'${text}' is longer than the 24.8 days a timer can hold`,
      remedy: "write '24d' or less",
    };
  }
  return { ok: true, value: trailing ? { ms, trailing } : { ms } };
}

/** `64k`, `2m`, `1g` or plain bytes; the suffix may be upper case. */
export function parseSize(text: string): Parsed<number> {
  const [, digits, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  if (digits === undefined) {
    return {
      ok: false,
      message: `'${text}' is not a size`,
      remedy: 'write an integer, with k, m or g for 1024 and its powers',
    };
  }
  const bytes = Number(digits) * SIZE_FACTOR[unit.toLowerCase()];
  if (!Number.isSafeInteger(bytes)) return { ok: false, message: `'${text}' is too large` };
  return { ok: true, value: bytes };
}

function badDuration(text: string, character: string): Parsed<Duration> {
  const message = text === '' ? 'a time is missing' : `unexpected character '${character}' in the time '${text}'`;
  return { ok: false, message, remedy: "write an integer and one of us, ms, s, m, h, d, such as '10s'" };
}
