/**
 * Which server of a backend takes the next connection. Weights, slots and positions are in the shared table, so all
 * workers choose as one; what is derived from them (the sequence of a round-robin cycle, the hash ring) is rebuilt when
 * the backend's generation says that weights or the usable set changed. `pick` allocates nothing.
 *
 * Costs: round robin O(1) while servers have room; leastconn and first O(servers); source O(log servers) (consistent)
 * or O(1).
 */
import type { BalanceAlgorithm, HashType } from '../../config/model.js';
import * as T from '../table.js';
import { avalanche } from './hash.js';
import { limitOf } from './limit.js';
import { buildRing, type HashRing, ringPosition } from './ring.js';
import { type Rotation, smoothRotation, staticRotation, turnAt } from './rotation.js';

/** No server is usable at all. */
export const PICK_NONE = -1;
/** Servers are usable, and all of them are at their limits. */
export const PICK_QUEUE = -2;

export interface BalanceServer {
  readonly row: T.Row;
  /** Stable id (`sid`), the order of `balance first`. */
  readonly id: number;
  readonly backup: boolean;
  /** As configured; the row's I_MAXCONN is in force. */
  readonly maxconn: number;
}

export interface BalanceOptions {
  readonly algorithm: BalanceAlgorithm;
  readonly draws?: number;
  readonly hashType?: HashType;
  readonly allBackups: boolean;
  readonly fullconn?: number;
}

const NO_RING: HashRing = { points: new Uint32Array(0), owners: new Int32Array(0) };
const NO_ROTATION: Rotation = { turns: new Uint16Array(0), repeatFrom: 0 };

export class Balancer {
  private generation = -1;
  /** Indexes that may be chosen now: usable active servers, or usable backups when there are none. */
  private candidates = new Int32Array(0);
  /** Turns over the positions in `usable`: the candidates in their order of appearance. */
  private rotation = NO_ROTATION;
  private usable = new Int32Array(0);
  private ring = NO_RING;
  private cumulated = new Float64Array(0);

  constructor(
    private readonly options: BalanceOptions,
    private readonly servers: readonly BalanceServer[],
    private readonly backend: T.Row,
  ) {}

  /**
   * @param key hash of the client, for `source`
   * @param avoid index not to use while another is usable (a redispatch), or -1
   * @param random in [0, 1), for `random`
   * @returns an index, PICK_NONE or PICK_QUEUE; the slot is not taken yet
   */
  pick(key: number, avoid: number, random: () => number): number {
    if (this.backend.get(T.B_GENERATION) !== this.generation) this.rebuild();
    const count = this.candidates.length;
    if (count === 0) return PICK_NONE;
    const shun = count === 1 ? -1 : avoid;
    switch (this.options.algorithm) {
      case 'leastconn':
        return this.leastLoaded(shun);
      case 'first':
        return this.firstWithRoom(shun);
      case 'source':
        return this.byHash(key, shun);
      case 'random':
        return this.drawn(shun, random);
      default:
        return this.nextInSequence(shun);
    }
  }

  /** May get new connections: up, not drained, weight above zero. */
  isUsable(index: number): boolean {
    return this.servers[index].row.get(T.S_EWEIGHT) > 0;
  }

  hasSlot(index: number): boolean {
    const { row } = this.servers[index];
    const limit = this.limitOf(index);
    return row.get(T.I_CUR_SESS) < limit;
  }

  /** Takes a slot unless the server is at its limit in any worker. */
  takeSlot(index: number): boolean {
    const { row } = this.servers[index];
    const limit = this.limitOf(index);
    const before = row.add(T.I_CUR_SESS, 1);
    if (before >= limit) {
      row.add(T.I_CUR_SESS, -1);
      return false;
    }
    this.stamp(row);
    return true;
  }

  releaseSlot(index: number): void {
    const { row } = this.servers[index];
    row.add(T.I_CUR_SESS, -1);
    this.stamp(row);
  }

  /** Ties in leastconn go to whom a connection was given to, or taken from, the longest ago. */
  private stamp(row: T.Row): void {
    row.set(T.S_STAMP, this.backend.add(T.B_STAMP, 1) + 1);
  }

  private limitOf(index: number): number {
    return limitOf(this.servers[index].row, this.backend, this.options.fullconn ?? 0);
  }

  private nextInSequence(avoid: number): number {
    const { turns } = this.rotation;
    for (let tries = 0; tries < turns.length; tries++) {
      const index = this.usable[turnAt(this.rotation, this.backend.add(T.B_RR_POS, 1))];
      if (index !== avoid && this.hasSlot(index)) return index;
    }
    return PICK_QUEUE;
  }

  /** Least connections per weight. */
  private leastLoaded(avoid: number): number {
    let best = PICK_QUEUE;
    let bestLoad = 0;
    let bestStamp = 0;
    for (const index of this.candidates) {
      if (index === avoid || !this.hasSlot(index)) continue;
      const { row } = this.servers[index];
      const load = row.get(T.I_CUR_SESS) / row.get(T.S_EWEIGHT);
      const stamp = row.get(T.S_STAMP);
      if (best >= 0 && (load > bestLoad || (load === bestLoad && stamp >= bestStamp))) continue;
      best = index;
      bestLoad = load;
      bestStamp = stamp;
    }
    return best;
  }

  private firstWithRoom(avoid: number): number {
    for (const index of this.candidates) if (index !== avoid && this.hasSlot(index)) return index;
    return PICK_QUEUE;
  }

  /** The key's own server even when it is full: the caller waits for that one. */
  private byHash(key: number, avoid: number): number {
    if (this.ring !== NO_RING) return this.onRing(key, avoid);
    const { turns } = this.rotation;
    for (let n = 0; n < turns.length; n++) {
      const index = this.usable[turns[(key + n) % turns.length]];
      if (index !== avoid) return index;
    }
    return PICK_QUEUE;
  }

  private onRing(key: number, avoid: number): number {
    const { owners } = this.ring;
    const start = ringPosition(this.ring, avalanche(key));
    for (let n = 0; n < owners.length; n++) {
      const index = owners[(start + n) % owners.length];
      if (index !== avoid && !this.overFactor(index)) return index;
    }
    return PICK_QUEUE;
  }

  /** `hash-balance-factor`: no server above that percentage of the average load. */
  private overFactor(index: number): boolean {
    const factor = this.options.hashType?.balanceFactor ?? 0;
    if (factor <= 100) return false;
    let load = 1;
    for (const i of this.candidates) load += this.servers[i].row.get(T.I_CUR_SESS);
    const average = load / this.candidates.length;
    return this.servers[index].row.get(T.I_CUR_SESS) > Math.ceil((average * factor) / 100) - 1;
  }

  /** Power of N choices: draw by weight, keep the least loaded. */
  private drawn(avoid: number, random: () => number): number {
    let best = PICK_QUEUE;
    for (let n = 0; n < (this.options.draws ?? 2); n++) {
      const index = this.drawOne(random());
      if (index === avoid || !this.hasSlot(index)) continue;
      if (best < 0 || this.relativeLoad(index) < this.relativeLoad(best)) best = index;
    }
    return best >= 0 ? best : this.leastLoaded(avoid);
  }

  private drawOne(fraction: number): number {
    const total = this.cumulated[this.cumulated.length - 1];
    const wanted = fraction * total;
    let at = 0;
    while (this.cumulated[at] <= wanted && at < this.cumulated.length - 1) at++;
    return this.candidates[at];
  }

  private relativeLoad(index: number): number {
    const { row } = this.servers[index];
    return row.get(T.I_CUR_SESS) / row.get(T.S_EWEIGHT);
  }

  private rebuild(): void {
    this.generation = this.backend.get(T.B_GENERATION);
    const weights = this.servers.map((s) => Math.max(0, s.row.get(T.S_EWEIGHT)));
    const allowed = weights.map((w, i) => (w > 0 && this.mayServe(weights, i) ? w : 0));
    this.candidates = Int32Array.from(allowed.flatMap((w, i) => (w > 0 ? [i] : [])));
    if (this.options.algorithm === 'first') this.candidates.sort((a, b) => this.servers[a].id - this.servers[b].id);
    this.derive(allowed);
  }

  /** Backups serve only when no active server is left: the first of them, or all with `option allbackups`. */
  private mayServe(weights: number[], index: number): boolean {
    const { servers } = this;
    if (!servers[index].backup) return true;
    if (servers.some((s, i) => !s.backup && weights[i] > 0)) return false;
    return this.options.allBackups || servers.findIndex((s, i) => s.backup && weights[i] > 0) === index;
  }

  private derive(weights: number[]): void {
    const { algorithm, hashType } = this.options;
    this.ring = NO_RING;
    this.usable = Int32Array.from(weights.flatMap((w, i) => (w > 0 ? [i] : [])));
    const serving = weights.filter((w) => w > 0);
    if (algorithm === 'source' && hashType?.method === 'consistent')
      this.ring = buildRing(
        weights.map((w) => Math.ceil(w / 16)),
        this.servers.map((s) => s.id),
      );
    else if (algorithm === 'static-rr' || algorithm === 'source') this.rotation = staticRotation(serving);
    else if (algorithm === 'roundrobin') this.rotation = smoothRotation(serving);
    let total = 0;
    this.cumulated = Float64Array.from(this.candidates, (index) => {
      total += weights[index];
      return total;
    });
  }
}
