/** Stick tables as sample fetches and actions see them: counters of a session, and tables by name. */
import type { StickView } from '../../core/expr/context.js';
import type { Value } from '../../core/expr/values.js';
import { keyValue, writeKey } from '../../core/stick/key.js';
import type { StickStore } from '../../core/stick/store.js';
import type { Session } from '../session.js';
import type { DataplaneWorker } from '../worker-context.js';

/** Figures that are others in another unit. */
const KILOBYTES: { readonly [figure: string]: string } = { kbytes_in: 'bytes_in_cnt', kbytes_out: 'bytes_out_cnt' };

export class SessionStickView implements StickView {
  private session!: Session;

  constructor(private readonly worker: DataplaneWorker) {}

  of(session: Session): this {
    this.session = session;
    return this;
  }

  counter(n: number, figure: string, index = 0): number | undefined {
    const place = this.session.tracked?.placeOf(n) ?? -1;
    if (place < 0) return undefined;
    const { stores, entries } = this.session.tracked!;
    return this.read(stores[place]!, entries[place], figure, index);
  }

  lookup(table: string, key: Value, figure: string, index = 0): number | undefined {
    const store = this.store(table);
    if (store === undefined) return undefined;
    const length = writeKey(key, store.layout.type, store.scratch);
    const entry = length < 0 ? 0 : store.find(length, this.now);
    return entry === 0 ? undefined : this.read(store, entry, figure, index);
  }

  change(n: number, figure: string, by: 'inc' | 'clear', index = 0): number | undefined {
    const place = this.session.tracked?.placeOf(n) ?? -1;
    if (place < 0) return undefined;
    const { stores, entries } = this.session.tracked!;
    return changeFigure(stores[place]!, entries[place], figure, by, index, this.now);
  }

  /** `inc` makes the entry where there is none. */
  changeOf(table: string, key: Value, figure: string, by: 'inc' | 'clear', index = 0): number | undefined {
    const store = this.store(table);
    if (store === undefined) return undefined;
    const { now } = this;
    const length = writeKey(key, store.layout.type, store.scratch);
    if (length < 0) return undefined;
    const entry = by === 'inc' ? store.hold(length, now) : store.find(length, now);
    if (entry === 0) return undefined;
    const value = changeFigure(store, entry, figure, by, index, now);
    if (by === 'inc') store.release(entry, now);
    return value;
  }

  key(n: number): Value | undefined {
    const place = this.session.tracked?.placeOf(n) ?? -1;
    if (place < 0) return undefined;
    const store = this.session.tracked!.stores[place]!;
    return keyValue(store.keyOf(this.session.tracked!.entries[place]), store.layout.type);
  }

  used(table: string): number | undefined {
    return this.store(table)?.used;
  }

  available(table: string): number | undefined {
    const store = this.store(table);
    return store && store.layout.size - store.used;
  }

  private get now(): number {
    return this.worker.reactor.nowMs + this.worker.epochOffsetMs;
  }

  /** '' = the table of the section whose rules run. */
  private store(name: string): StickStore | undefined {
    return this.worker.tables.get(name || (this.session.backend ?? this.session.frontend).name);
  }

  private read(store: StickStore, entry: number, figure: string, index: number): number {
    if (figure === 'trackers') return store.usesOf(entry);
    if (figure === 'expire') return store.expiresInMs(entry, this.now);
    if (figure === 'idle')
      return store.layout.expireMs === 0 ? 0 : store.layout.expireMs - store.expiresInMs(entry, this.now);
    const found = store.figure(KILOBYTES[figure] ?? figure, index);
    if (found === undefined) return 0;
    const value = store.read(entry, found.at, found.periodMs, this.now);
    return figure in KILOBYTES ? Math.floor(value / 1024) : value;
  }
}

/** `inc` returns what it becomes, `clear` what it was; a gpc counts in its rate as well. */
function changeFigure(
  store: StickStore,
  entry: number,
  figure: string,
  by: 'inc' | 'clear',
  index: number,
  now: number,
): number {
  const found = store.figure(figure, index);
  const rate = by === 'inc' ? store.figure(`${figure}_rate`, index) : undefined;
  if (rate !== undefined) store.add(entry, rate.at, rate.periodMs, 1, now);
  if (found === undefined) return 0;
  if (by === 'inc') return store.add(entry, found.at, found.periodMs, 1, now);
  const before = store.read(entry, found.at, found.periodMs, now);
  store.write(entry, found.at, found.periodMs, 0, now);
  return before;
}
