/** The small words of the story: times, counts, quotes. */
import type { CheckSeen, Condition } from './event.js';

/** `850 ms`, `12 s`, `3 m 20 s`, `2 h 5 m`, `4 d 3 h` */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1).replace(/\.0$/, '')} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return pair(seconds, 60, 'm', 1, 's');
  return seconds < 86_400 ? pair(seconds, 3600, 'h', 60, 'm') : pair(seconds, 86_400, 'd', 3600, 'h');
}

function pair(seconds: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % big) / small);
  return `${Math.floor(seconds / big)} ${bigUnit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`;
}

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** What others said is quoted on one line: it may hold anything. */
function quoted(text: string): string {
  const plain = text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim();
  return `"${plain}"`;
}

/** `L7STS/503 "Service Unavailable" in 3 ms` */
export function checkWords(check: CheckSeen): string {
  const code = check.code === null ? '' : `/${check.code}`;
  const text = check.text === '' ? '' : ` ${quoted(check.text)}`;
  const duration = check.durationMs === null ? '' : ` in ${check.durationMs} ms`;
  return `${check.status}${code}${text}${duration}`;
}

const WORDS: { readonly [condition in Condition]: string } = {
  up: 'UP',
  starting: 'STARTING',
  stopping: 'STOPPING',
  down: 'DOWN',
  drain: 'DRAIN',
  maint: 'MAINT',
  unresolved: 'UNRESOLVED',
};

export function conditionWord(condition: Condition): string {
  return WORDS[condition];
}

/** Names that are told of those who take the traffic; more would only fill the line. */
export const NAMES_MAX = 4;

/**
 * `db2 takes the traffic (1 active, 0 backup)`
 * @param usable who gets new sessions, the first NAMES_MAX of them
 */
export function takers(usable: readonly string[], active: number, backup: number): string {
  const inUse = active > 0 ? active : backup;
  if (inUse === 0) return 'no server is left for new connections';
  const serving = usable.length > 0 && usable.length < NAMES_MAX ? usable.length : inUse;
  const more = serving > usable.length ? ` and ${serving - usable.length} more` : '';
  const names = usable.length === 0 ? counted(serving, 'server') : `${usable.join(', ')}${more}`;
  return `${names} ${serving === 1 ? 'takes' : 'take'} the traffic (${active} active, ${backup} backup)`;
}
