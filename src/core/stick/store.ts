/**
 * A stick table in memory that all threads share: a hash table of fixed size, its entries in the order in which they
 * were last touched, so that the oldest expire and make room first. One lock per table, held for the few steps of one
 * operation; entry 0 is none.
 *
 *   Int32    LOCK USED FREE FRESH OLDEST NEWEST │ buckets │ per entry: next in bucket, older, newer, uses, key length, hash
 *   Float64  per entry: expiry (epoch ms, 0 = never), then the figures of the layout
 *   Uint8    per entry: the key
 *
 * Untouched memory is never written, so that a table of a million entries costs only what is used of it.
 */
import { figureOf, type StickLayout } from './layout.js';

const LOCK = 0;
const USED = 1;
/** Head of the chain of entries given back; entries from FRESH on were never used. */
const FREE = 2;
const FRESH = 3;
const OLDEST = 4;
const NEWEST = 5;
const HEADER = 16;
const NEXT = 0;
const OLDER = 1;
const NEWER = 2;
const USES = 3;
const KEY_LENGTH = 4;
const HASH = 5;
const INTS = 6;
/** Spins before a thread sleeps for the lock: its holder may not be running. */
const SPINS = 2000;
const SLEEP_MS = 1;
const EXPIRED_PER_CALL = 8;

interface Extent {
  readonly buckets: number;
  readonly f64: number;
  readonly u8: number;
  readonly bytes: number;
}

function extentOf({ size, cells, keyBytes }: StickLayout): Extent {
  let buckets = 16;
  while (buckets < size && buckets < 1 << 24) buckets *= 2;
  const ints = HEADER + buckets + (size + 1) * INTS;
  const f64 = Math.ceil(ints / 2) * 8;
  const u8 = f64 + (size + 1) * cells * 8;
  return { buckets, f64, u8, bytes: u8 + (size + 1) * keyBytes };
}

/** Memory for an empty table. */
export function createStickMemory(layout: StickLayout): SharedArrayBuffer {
  return new SharedArrayBuffer(extentOf(layout).bytes);
}

export class StickStore {
  /** For keys on their way in; `writeKey` fills it. */
  readonly scratch: Uint8Array;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly u8: Uint8Array;
  private readonly mask: number;
  private readonly entries: number;
  private readonly found = new Map<string, { at: number; periodMs: number } | undefined>();

  constructor(
    readonly layout: StickLayout,
    memory: SharedArrayBuffer,
  ) {
    const { buckets, f64, u8 } = extentOf(layout);
    this.i32 = new Int32Array(memory, 0, f64 / 4);
    this.f64 = new Float64Array(memory, f64, (u8 - f64) / 8);
    this.u8 = new Uint8Array(memory, u8);
    this.mask = buckets - 1;
    this.entries = HEADER + buckets;
    this.scratch = new Uint8Array(layout.keyBytes);
  }

  /** Where a figure stands; undefined = not stored. Looked up once for each name. */
  figure(name: string, index = 0): { at: number; periodMs: number } | undefined {
    const key = index === 0 ? name : `${name}(${index})`;
    if (!this.found.has(key)) this.found.set(key, figureOf(this.layout, name, index));
    return this.found.get(key);
  }

  get used(): number {
    return Atomics.load(this.i32, USED);
  }

  /** The entry of the key in `scratch`. @returns 0 none */
  find(length: number, nowMs: number): number {
    this.lock();
    this.expire(nowMs);
    const entry = this.seek(length, this.hash(length));
    this.unlock();
    return entry;
  }

  /**
   * The entry of the key in `scratch`, made where there is none, and held: it stays until `release`.
   * @returns 0 where the table is full of entries that may not go
   */
  hold(length: number, nowMs: number): number {
    this.lock();
    this.expire(nowMs);
    const hash = this.hash(length);
    const entry = this.seek(length, hash) || this.insert(length, hash);
    if (entry !== 0) {
      this.i32[this.row(entry) + USES]++;
      this.renew(entry, nowMs);
    }
    this.unlock();
    return entry;
  }

  release(entry: number, nowMs: number): void {
    this.lock();
    this.i32[this.row(entry) + USES]--;
    this.renew(entry, nowMs);
    this.unlock();
  }

  /** It was used: it expires later. */
  touch(entry: number, nowMs: number): void {
    this.lock();
    this.renew(entry, nowMs);
    this.unlock();
  }

  /** @returns false for one that is held */
  remove(entry: number): boolean {
    this.lock();
    const isFree = this.i32[this.row(entry) + USES] === 0;
    if (isFree) this.forget(entry);
    this.unlock();
    return isFree;
  }

  usesOf(entry: number): number {
    return this.i32[this.row(entry) + USES];
  }

  /** Milliseconds until the entry expires, 0 for never. */
  expiresInMs(entry: number, nowMs: number): number {
    const at = this.f64[entry * this.layout.cells];
    return at === 0 ? 0 : Math.max(0, Math.floor(at - nowMs));
  }

  keyOf(entry: number): Uint8Array {
    const from = entry * this.layout.keyBytes;
    return this.u8.slice(from, from + this.i32[this.row(entry) + KEY_LENGTH]);
  }

  /** Entries in no order; a snapshot, as others go on. */
  list(nowMs: number): number[] {
    this.lock();
    this.expire(nowMs);
    const found: number[] = [];
    for (let entry = this.i32[OLDEST]; entry !== 0; entry = this.i32[this.row(entry) + NEWER]) found.push(entry);
    this.unlock();
    return found;
  }

  /** A counted figure, or the events of a rate's period, as HAProxy weighs them: the last period counts in part. */
  read(entry: number, at: number, periodMs: number, nowMs: number): number {
    const cell = entry * this.layout.cells + at;
    if (periodMs === 0) return this.f64[cell];
    const age = nowMs - this.f64[cell];
    if (age >= 2 * periodMs) return 0;
    if (age >= periodMs) return Math.floor((this.f64[cell + 1] * (2 * periodMs - age)) / periodMs);
    return this.f64[cell + 1] + Math.floor((this.f64[cell + 2] * (periodMs - age)) / periodMs);
  }

  /** @returns the new value */
  add(entry: number, at: number, periodMs: number, by: number, nowMs: number): number {
    this.lock();
    const cell = entry * this.layout.cells + at;
    if (periodMs > 0) this.turnPeriod(cell, periodMs, nowMs);
    const counted = periodMs > 0 ? cell + 1 : cell;
    this.f64[counted] = Math.max(0, this.f64[counted] + by);
    this.unlock();
    return this.read(entry, at, periodMs, nowMs);
  }

  /** A rate that is set has that many events in its period. */
  write(entry: number, at: number, periodMs: number, value: number, nowMs: number): void {
    this.lock();
    const cell = entry * this.layout.cells + at;
    if (periodMs === 0) this.f64[cell] = value;
    else {
      this.f64[cell] = nowMs;
      this.f64[cell + 1] = value;
      this.f64[cell + 2] = 0;
    }
    this.unlock();
  }

  private turnPeriod(cell: number, periodMs: number, nowMs: number): void {
    const age = nowMs - this.f64[cell];
    if (age < periodMs) return;
    this.f64[cell + 2] = age < 2 * periodMs ? this.f64[cell + 1] : 0;
    this.f64[cell + 1] = 0;
    this.f64[cell] = age < 2 * periodMs ? this.f64[cell] + periodMs : nowMs;
  }

  private row(entry: number): number {
    return this.entries + entry * INTS;
  }

  private lock(): void {
    for (let spins = 0; Atomics.compareExchange(this.i32, LOCK, 0, 1) !== 0; spins++)
      if (spins > SPINS) Atomics.wait(this.i32, LOCK, 1, SLEEP_MS);
  }

  private unlock(): void {
    Atomics.store(this.i32, LOCK, 0);
  }

  /** FNV-1a, 32 bits. */
  private hash(length: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ this.scratch[i], 0x01000193);
    return hash ^ (hash >>> 15);
  }

  private seek(length: number, hash: number): number {
    for (let entry = this.i32[HEADER + (hash & this.mask)]; entry !== 0; ) {
      const row = this.row(entry);
      if (this.i32[row + HASH] === hash && this.i32[row + KEY_LENGTH] === length && this.isKey(entry, length))
        return entry;
      entry = this.i32[row + NEXT];
    }
    return 0;
  }

  private isKey(entry: number, length: number): boolean {
    const from = entry * this.layout.keyBytes;
    for (let i = 0; i < length; i++) if (this.u8[from + i] !== this.scratch[i]) return false;
    return true;
  }

  private insert(length: number, hash: number): number {
    const entry = this.takePlace();
    if (entry === 0) return 0;
    const row = this.row(entry);
    const bucket = HEADER + (hash & this.mask);
    this.i32[row + NEXT] = this.i32[bucket];
    this.i32[bucket] = entry;
    this.i32[row + USES] = 0;
    this.i32[row + KEY_LENGTH] = length;
    this.i32[row + HASH] = hash;
    this.f64.fill(0, entry * this.layout.cells, (entry + 1) * this.layout.cells);
    this.u8.set(this.scratch.subarray(0, length), entry * this.layout.keyBytes);
    this.appendNewest(entry);
    this.i32[USED]++;
    return entry;
  }

  private takePlace(): number {
    if (this.i32[USED] >= this.layout.size && !this.evictOldest()) return 0;
    const free = this.i32[FREE];
    if (free === 0) return ++this.i32[FRESH];
    this.i32[FREE] = this.i32[this.row(free) + NEXT];
    return free;
  }

  private evictOldest(): boolean {
    if (!this.layout.evicts) return false;
    for (let entry = this.i32[OLDEST]; entry !== 0; entry = this.i32[this.row(entry) + NEWER]) {
      if (this.i32[this.row(entry) + USES] > 0) continue;
      this.forget(entry);
      return true;
    }
    return false;
  }

  /** A few of those whose time is over; held ones stay, renewed when they are released. */
  private expire(nowMs: number): void {
    if (this.layout.expireMs === 0) return;
    let entry = this.i32[OLDEST];
    for (let n = 0; n < EXPIRED_PER_CALL && entry !== 0; n++) {
      if (this.f64[entry * this.layout.cells] > nowMs) return;
      const newer = this.i32[this.row(entry) + NEWER];
      if (this.i32[this.row(entry) + USES] === 0) this.forget(entry);
      entry = newer;
    }
  }

  private renew(entry: number, nowMs: number): void {
    if (this.layout.expireMs > 0) this.f64[entry * this.layout.cells] = nowMs + this.layout.expireMs;
    if (this.i32[NEWEST] === entry) return;
    this.unlink(entry);
    this.appendNewest(entry);
  }

  private forget(entry: number): void {
    const row = this.row(entry);
    this.unlink(entry);
    const bucket = HEADER + (this.i32[row + HASH] & this.mask);
    if (this.i32[bucket] === entry) this.i32[bucket] = this.i32[row + NEXT];
    else {
      let before = this.i32[bucket];
      while (this.i32[this.row(before) + NEXT] !== entry) before = this.i32[this.row(before) + NEXT];
      this.i32[this.row(before) + NEXT] = this.i32[row + NEXT];
    }
    this.i32[row + NEXT] = this.i32[FREE];
    this.i32[FREE] = entry;
    this.i32[USED]--;
  }

  private appendNewest(entry: number): void {
    const row = this.row(entry);
    const last = this.i32[NEWEST];
    this.i32[row + OLDER] = last;
    this.i32[row + NEWER] = 0;
    this.i32[NEWEST] = entry;
    if (last === 0) this.i32[OLDEST] = entry;
    else this.i32[this.row(last) + NEWER] = entry;
  }

  private unlink(entry: number): void {
    const row = this.row(entry);
    const [older, newer] = [this.i32[row + OLDER], this.i32[row + NEWER]];
    if (older === 0) this.i32[OLDEST] = newer;
    else this.i32[this.row(older) + NEWER] = newer;
    if (newer === 0) this.i32[NEWEST] = older;
    else this.i32[this.row(newer) + OLDER] = older;
  }
}
