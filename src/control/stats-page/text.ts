/** Numbers and states as a person reads them. */

/** A character between thousands that keeps them on one line. */
const THIN = '\u202f';

/** `12 345` */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, THIN);
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** `0 B`, `1.5 MB`; powers of 1000 */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  let value = n;
  let unit = -1;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** What a state means to somebody who looks once; each has a colour, a sign and words. */
export type Tone = 'up' | 'falling' | 'rising' | 'down' | 'drain' | 'maint' | 'plain';

/** Signs differ in shape, so that nobody needs to tell colours apart. */
export const SIGNS: { readonly [tone in Tone]: string } = {
  up: '●',
  falling: '▼',
  rising: '▲',
  down: '✖',
  drain: '◐',
  maint: '■',
  plain: '○',
};

/**
 * @param status of `show stat`, of any kind of row
 * @param check its `check_status`: a server that waits for its first check has failed none
 */
export function toneOf(status: string, check = ''): Tone {
  if (/^(UP( \(\d+\/\d+\))?|OPEN)$/.test(status)) return 'up';
  if (/^UP \d/.test(status) && check.endsWith('INI')) return 'plain';
  if (/^UP \d|^FULL/.test(status)) return 'falling';
  if (/^DOWN \d/.test(status)) return 'rising';
  if (/^(DOWN|STOP)/.test(status)) return 'down';
  if (/^(DRAIN|NOLB)/.test(status)) return 'drain';
  return /^(MAINT|PAUSED)/.test(status) ? 'maint' : 'plain';
}
