/**
 * What a connection tracks (`track-sc0` …, manual §4.2): entries of stick tables that are held while it lasts, and the
 * figures that its life writes into them. Counters tracked by `tcp-request connection` or `session` belong to the
 * connection, those of content and http rules to the request; either way a counter tracks one key at a time.
 */
import type { Value } from '../../core/expr/values.js';
import { writeKey } from '../../core/stick/key.js';
import type { StickStore } from '../../core/stick/store.js';
import type { Session } from '../session.js';

/** `sc0` to `sc2`, HAProxy's default (`tune.stick-counters` of later versions). */
export const STICK_COUNTERS = 3;

export class Tracked {
  /** First those of the connection, then those of the request. */
  readonly stores: (StickStore | null)[] = new Array<StickStore | null>(2 * STICK_COUNTERS).fill(null);
  readonly entries = new Int32Array(2 * STICK_COUNTERS);
  /** Bytes of the connection that were counted already. */
  countedIn = 0;
  countedOut = 0;

  /** Place of what counter `n` tracks, the request's first; -1 nothing. */
  placeOf(n: number): number {
    if (n < 0 || n >= STICK_COUNTERS) return -1;
    if (this.stores[n + STICK_COUNTERS] !== null) return n + STICK_COUNTERS;
    return this.stores[n] === null ? -1 : n;
  }
}

const nowOf = (session: Session) => session.worker.reactor.nowMs + session.worker.epochOffsetMs;

/** Where the rule stands: what it tracks ends with the connection, or with the request. */
export type RuleKind = typeof OF_CONNECTION | typeof OF_CONTENTS | typeof OF_HTTP;
export const OF_CONNECTION = 0;
export const OF_CONTENTS = 1;
export const OF_HTTP = 2;

/** Begins to track a key, unless the counter tracks one already. */
export function track(session: Session, n: number, kind: RuleKind, store: StickStore, value: Value): void {
  session.tracked ??= new Tracked();
  const { tracked } = session;
  if (tracked.placeOf(n) >= 0) return;
  const now = nowOf(session);
  const length = writeKey(value, store.layout.type, store.scratch);
  const entry = length < 0 ? 0 : store.hold(length, now);
  if (entry === 0) return;
  const place = kind === OF_CONNECTION ? n : n + STICK_COUNTERS;
  tracked.stores[place] = store;
  tracked.entries[place] = entry;
  bump(store, entry, 'conn', 1, now);
  change(store, entry, 'conn_cur', 1, now);
  // What was tracked before it was read counts a request when it is read.
  if (kind === OF_HTTP) bump(store, entry, 'http_req', 1, now);
}

/** One more event in every entry tracked: `conn`, `sess`, `http_req`, `http_err`, `http_fail`. */
export function countTracked(session: Session, event: string, by = 1): void {
  const { tracked } = session;
  if (tracked === null || by === 0) return;
  const now = nowOf(session);
  for (let place = 0; place < tracked.stores.length; place++) {
    const store = tracked.stores[place];
    if (store !== null) bump(store, tracked.entries[place], event, by, now);
  }
}

/** A request that could not be read. @param isError the client broke it off, or it is none; else its time was over */
export function countUnread(session: Session, isError: boolean): void {
  countTracked(session, 'http_req');
  if (isError) countTracked(session, 'http_err');
}

/** A server's response: 4xx are the client's errors, 5xx but 501 and 505 the server's failures (manual, `http_fail_cnt`). */
export function countStatus(session: Session, status: number): void {
  if (session.tracked === null) return;
  if (status >= 400 && status < 500) countTracked(session, 'http_err');
  else if (status >= 500 && status !== 501 && status !== 505) countTracked(session, 'http_fail');
}

/** Bytes since the last count, then the entries of the request are let go; with `isOver` those of the connection too. */
export function releaseTracked(session: Session, isOver: boolean): void {
  const { tracked } = session;
  if (tracked === null) return;
  countTracked(session, 'bytes_in', session.toServer.bytes - tracked.countedIn);
  countTracked(session, 'bytes_out', session.toClient.bytes - tracked.countedOut);
  tracked.countedIn = isOver ? 0 : session.toServer.bytes;
  tracked.countedOut = isOver ? 0 : session.toClient.bytes;
  const now = nowOf(session);
  for (let place = isOver ? 0 : STICK_COUNTERS; place < tracked.stores.length; place++) {
    const store = tracked.stores[place];
    if (store === null) continue;
    tracked.stores[place] = null;
    change(store, tracked.entries[place], 'conn_cur', -1, now);
    store.release(tracked.entries[place], now);
  }
}

/** `EVENT_cnt` and `EVENT_rate`, where they are stored. */
function bump(store: StickStore, entry: number, event: string, by: number, now: number): void {
  change(store, entry, COUNTS[event], by, now);
  change(store, entry, RATES[event], by, now);
}

/** Names made once, so that counting builds no strings. */
const EVENTS = ['conn', 'sess', 'http_req', 'http_err', 'http_fail', 'bytes_in', 'bytes_out'];
const COUNTS: { readonly [event: string]: string } = Object.fromEntries(EVENTS.map((e) => [e, `${e}_cnt`]));
const RATES: { readonly [event: string]: string } = Object.fromEntries(EVENTS.map((e) => [e, `${e}_rate`]));

function change(store: StickStore, entry: number, figure: string, by: number, now: number): void {
  const found = store.figure(figure);
  if (found !== undefined) store.add(entry, found.at, found.periodMs, by, now);
}
