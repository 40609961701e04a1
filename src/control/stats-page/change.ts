/** What happened last to a server or a backend, from history: so that a look at the page tells why it is as it is. */
import { causeText } from '../../core/events/cause.js';
import type { StoredEvent } from '../../core/events/event.js';
import { type History, isTransition } from '../../core/events/history.js';
import { conditionWord, span } from '../../core/events/words.js';

export interface Change {
  readonly atMs: number;
  /** `UP to DOWN 12 s ago` */
  readonly when: string;
  /** `the check failed: L4CON "Connection refused" in 0 ms` */
  readonly why: string;
  /** Changes of the last hour, this one included. */
  readonly recent: number;
}

const RECENT_MS = 3_600_000;

/** @param server null for the backend itself; @returns null where history has seen no change */
export function lastChange(history: History, proxy: string, server: string | null, nowMs: number): Change | null {
  const changes = history.of(proxy, server).filter(isTransition);
  const last = changes.at(-1);
  if (last?.detail === undefined) return null;
  const { from, to } = last.detail;
  return {
    atMs: last.atMs,
    when: `${conditionWord(from)} to ${conditionWord(to)} ${span(Math.max(0, nowMs - last.atMs))} ago`,
    why: whyOf(last),
    recent: changes.filter((event) => nowMs - event.atMs < RECENT_MS).length,
  };
}

const WHY_MAX = 160;

/** Servers may say much. */
function whyOf(event: StoredEvent): string {
  const why = causeText(event);
  return why.length > WHY_MAX ? `${why.slice(0, WHY_MAX)}…` : why;
}
