/**
 * Dates in persistence cookies (`cookie … maxidle|maxlife`), as HAProxy 2.6 writes them: `VALUE|LAST|FIRST`, each date
 * the seconds since the epoch, rounded up to four, divided by four, as five characters of base 64.
 */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const LENGTH = 5;
const STEP_S = 4;
/** Clocks may differ; a date further ahead than this is no date of ours (manual, `maxidle`). */
const AHEAD_MAX_S = 86_400;

export function writeDate(epochS: number): string {
  let rest = Math.floor((epochS + STEP_S - 1) / STEP_S);
  let text = '';
  for (let i = 0; i < LENGTH; i++) {
    text = DIGITS[rest % 64] + text;
    rest = Math.floor(rest / 64);
  }
  return text;
}

/** @returns seconds since the epoch; 0 where there is no date */
export function readDate(text: string): number {
  if (text.length < LENGTH) return 0;
  let value = 0;
  for (let i = 0; i < LENGTH; i++) {
    const digit = DIGITS.indexOf(text[i]);
    if (digit < 0) return 0;
    value = value * 64 + digit;
  }
  return value * STEP_S;
}

/** @param limitS 0 = no limit @param dateS 0 = no date, which is always accepted */
export function isOver(dateS: number, limitS: number, nowS: number): boolean {
  return dateS !== 0 && limitS !== 0 && (dateS > nowS + AHEAD_MAX_S || dateS + limitS < nowS);
}
