/**
 * Which server gets the next connection (manual: `balance`, `hash-type`, `backup`, `option allbackups`).
 *
 * All state is in the shared table, so every worker has its own Balancer and all of them act as one: the position in
 * the rotation, the connections per server and the order stamps are atomics; what follows from the set of usable
 * servers and their weights (rotations, rings) is derived again when B_GENERATION has moved. A pick allocates nothing:
 * turns cost one atomic addition, source one look-up, leastconn and first look at every server. `single` does not choose
 * at all: health has chosen for everybody (core/health/single.ts), and a pick costs one atomic read.
 */
import type { BalanceAlgorithm, HashType } from '../../config/model.js';
import { spread } from '../expr/hashes.js';
import * as T from '../table.js';
import { avalanche } from './hash.js';
import { limitOf } from './limit.js';
import { buildRing, type HashRing, pointsPerSixteenth, ringPosition } from './ring.js';
import { type Rotation, smoothRotation, staticRotation, turnAt } from './rotation.js';

/** No server is usable at all. */
export const PICK_NONE = -1;
/** Servers are usable, and all of them are at their limits. */
export const PICK_QUEUE = -2;

/** Algorithms that give a key its server. */
export function isHashing(algorithm: BalanceAlgorithm): boolean {
  return HASHING.has(algorithm);
}

const HASHING: ReadonlySet<BalanceAlgorithm> = new Set(['source', 'uri', 'url_param', 'hdr', 'hash']);

export interface BalanceServer {
  readonly row: T.Row;
  /** The server's `id`: the order of `balance first`, its place on a consistent ring. */
  readonly id: number;
  readonly backup: boolean;
  /** As configured; the row's I_MAXCONN is in force. */
  readonly maxconn: number;
  /** Left the configuration: finishes what it has, gets nothing new. */
  readonly retired?: boolean;
}

export interface BalanceOptions {
  readonly algorithm: BalanceAlgorithm;
  /** `random(N)`. */
  readonly draws?: number;
  readonly hashType?: HashType;
  readonly allBackups: boolean;
  /** For servers with minconn; the caller knows the default (a tenth of the maxconn of the frontends in front). */
  readonly fullconn?: number;
}

export class Balancer {
  private generation = Number.NaN;
  /** Indexes of the servers in use: the usable active ones, else backups. `first` has them by id. */
  private candidates: number[] = [];
  private rotation: Rotation = { turns: new Uint16Array(0), repeatFrom: 0 };
  private ring: HashRing = { points: new Uint32Array(0), owners: new Uint16Array(0) };
  /** Running sums of the candidates' weights, for draws. */
  private sums: number[] = [];
  /** `single`: the server that B_CHOSEN names, and the name it was looked up for. */
  private chosen = -1;
  private chosenToken = 0;
  private readonly fullconn: number;
  private readonly perSixteenth: number;

  constructor(
    private readonly options: BalanceOptions,
    private readonly servers: readonly BalanceServer[],
    private readonly backend: T.Row,
  ) {
    this.fullconn = options.fullconn ?? 0;
    this.perSixteenth = pointsPerSixteenth(servers.map((s) => s.row.get(T.S_IWEIGHT)));
  }

  /**
   * Chooses, without taking the slot. The backend's I_CUR_SESS already counts the connection (minconn ramps).
   * `source` answers its server even when that is full: the connection waits in that server's own queue, as in
   * HAProxy. The other algorithms pass over full servers and answer PICK_QUEUE when nobody has room.
   * @param key hash for `source`, `uri`, `url_param`, `hdr` and `hash`; -1 = none, which takes turns
   * @param avoid index of a server not to use when another is possible (redispatch), or -1
   * @param random uniform in [0, 1), for `random`
   * @returns index in `servers`, PICK_NONE or PICK_QUEUE
   */
  pick(key: number, avoid: number, random: () => number): number {
    if (this.backend.get(T.B_GENERATION) !== this.generation) this.rebuild();
    const count = this.candidates.length;
    if (count === 0) return PICK_NONE;
    const shun = count === 1 ? -1 : avoid;
    switch (this.options.algorithm) {
      case 'roundrobin':
      case 'static-rr':
        return this.byTurn(shun);
      case 'leastconn':
        return this.leastLoaded(shun);
      case 'first':
        return this.firstWithRoom(shun);
      case 'random':
        return this.drawn(shun, random);
      case 'single':
        return this.theOne();
      default:
        return key < 0 ? this.byTurn(shun) : this.byHash(key, shun);
    }
  }

  private byHash(key: number, avoid: number): number {
    const { hashType } = this.options;
    if (hashType?.method === 'consistent') return this.onRing(avalanche(key), avoid);
    return this.inMap(hashType?.avalanche ? spread(key) : key, avoid);
  }

  /** May get new connections: up, not drained, weight above 0. Says nothing about backups being called upon. */
  isUsable(index: number): boolean {
    const { row, retired } = this.servers[index];
    return retired !== true && row.get(T.S_EWEIGHT) > 0;
  }

  /** Whether those that wait for any server may go to this one now. */
  serves(index: number): boolean {
    if (!this.isUsable(index)) return false;
    return this.options.algorithm !== 'single' || this.chosenIndex() === index;
  }

  /** Whether a connection that failed there may be made elsewhere at once. */
  hasOther(index: number): boolean {
    if (this.options.algorithm === 'single') return this.chosenIndex() !== index && this.theOne() >= 0;
    if (this.backend.get(T.B_GENERATION) !== this.generation) this.rebuild();
    return this.candidates.some((server) => server !== index);
  }

  hasSlot(index: number): boolean {
    const { row } = this.servers[index];
    return row.get(T.I_CUR_SESS) < limitOf(row, this.backend, this.fullconn);
  }

  /** Counts a connection on the server, unless that would exceed its limit. */
  takeSlot(index: number): boolean {
    const { row } = this.servers[index];
    const limit = limitOf(row, this.backend, this.fullconn);
    if (row.add(T.I_CUR_SESS, 1) >= limit) {
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

  /** leastconn: among equals, the one whose load has not changed for longest comes first. */
  private stamp(row: T.Row): void {
    if (this.options.algorithm === 'leastconn') row.set(T.S_STAMP, this.backend.add(T.B_STAMP, 1) + 1);
  }

  /** The generation is read before the rows: a change in the middle costs one more rebuild, and is never missed. */
  private rebuild(): void {
    this.generation = this.backend.get(T.B_GENERATION);
    this.candidates = this.inUse();
    const weights = this.candidates.map((i) => this.servers[i].row.get(T.S_EWEIGHT));
    // Static orders do not follow slowstart and weights set at run time (manual: `static-rr`, `hash-type map-based`).
    const initial = this.candidates.map((i) => Math.max(1, this.servers[i].row.get(T.S_IWEIGHT)));
    const { algorithm, hashType } = this.options;
    if (algorithm === 'roundrobin') this.rotation = smoothRotation(weights);
    else if (algorithm === 'static-rr') this.rotation = staticRotation(initial);
    else if (algorithm === 'first') this.candidates.sort((a, b) => this.servers[a].id - this.servers[b].id);
    else if (algorithm === 'random') this.sums = runningSums(weights);
    else if (isHashing(algorithm)) this.rotation = staticRotation(initial);
    if (isHashing(algorithm) && hashType?.method === 'consistent')
      this.ring = buildRing(this.members(weights), this.perSixteenth);
  }

  /**
   * Backups serve when no active server is usable: the first of them, or all with `option allbackups`. Whoever only
   * stands in (the primary among readers) serves when there is no backup either.
   */
  private inUse(): number[] {
    const usable = this.servers.map((_, i) => i).filter((i) => this.isUsable(i));
    if (this.options.algorithm === 'single') return usable;
    const proper = usable.filter((i) => this.servers[i].row.get(T.S_IS_FALLBACK) === 0);
    const active = proper.filter((i) => !this.servers[i].backup);
    if (active.length > 0) return active;
    const standIns = proper.length > 0 ? proper : usable;
    return this.options.allBackups ? standIns : standIns.slice(0, 1);
  }

  private members(weights: readonly number[]): { id: number; weight16: number }[] {
    return this.candidates.map((server, i) => ({ id: this.servers[server].id, weight16: weights[i] }));
  }

  /** A full server loses its turn and does not get it back (observed from HAProxy 2.6). */
  private byTurn(avoid: number): number {
    const position = this.backend.add(T.B_RR_POS, 1);
    const server = this.candidates[turnAt(this.rotation, position)];
    if (server !== avoid && this.hasSlot(server)) return server;
    if (this.someRoom(avoid)) return this.byLaterTurn(position, avoid);
    this.backend.add(T.B_RR_POS, -1);
    return this.onlyAvoided(avoid);
  }

  /** Bounded by the length of the rotation, in which everybody has a turn. */
  private byLaterTurn(position: number, avoid: number): number {
    for (let skipped = 1; skipped <= this.rotation.turns.length; skipped++) {
      const server = this.candidates[turnAt(this.rotation, position + skipped)];
      if (server === avoid || !this.hasSlot(server)) continue;
      this.backend.add(T.B_RR_POS, skipped);
      return server;
    }
    return PICK_QUEUE; // Other workers took the last slots meanwhile.
  }

  /** One look at each server, at its limit only when it would be the choice; about 10 ns per server. */
  private leastLoaded(avoid: number): number {
    let best = -1;
    let bestLoad = 0;
    let bestStamp = 0;
    for (let i = 0; i < this.candidates.length; i++) {
      const server = this.candidates[i];
      const load = this.load(server);
      if (best >= 0 && load > bestLoad) continue;
      const { row } = this.servers[server];
      const stamp = row.i32[row.int + T.S_STAMP];
      // Stamps wrap around: their difference tells the order.
      if (best >= 0 && load === bestLoad && ((stamp - bestStamp) | 0) >= 0) continue;
      if (server === avoid || !this.hasSlot(server)) continue;
      best = server;
      bestLoad = load;
      bestStamp = stamp;
    }
    return best >= 0 ? best : this.onlyAvoided(avoid);
  }

  /**
   * Connections and waiters in proportion to the weight. An idle server counts 0; any other as if it already had the
   * next connection, so that light servers are not preferred. In whole 1/256 of a weight (observed from HAProxy 2.6).
   * Plain reads: another worker's connection of this very moment may be missed, as with any order of two workers.
   */
  private load(server: number): number {
    const { i32, int } = this.servers[server].row;
    const inflight = i32[int + T.I_CUR_SESS] + i32[int + T.I_QUEUE];
    return inflight <= 0 ? 0 : Math.floor(((inflight + 1) * 4096) / Math.max(1, i32[int + T.S_EWEIGHT]));
  }

  private firstWithRoom(avoid: number): number {
    for (let i = 0; i < this.candidates.length; i++) {
      const server = this.candidates[i];
      if (server !== avoid && this.hasSlot(server)) return server;
    }
    return this.onlyAvoided(avoid);
  }

  /** The least loaded of `draws` draws by weight; when none of them has room, the least loaded of all. */
  private drawn(avoid: number, random: () => number): number {
    let best = -1;
    for (let n = this.options.draws ?? 2; n > 0; n--) {
      const server = this.candidates[this.draw(random())];
      if (server === avoid || !this.hasSlot(server)) continue;
      if (best < 0 || this.load(server) < this.load(best)) best = server;
    }
    return best >= 0 ? best : this.leastLoaded(avoid);
  }

  private draw(random: number): number {
    const { sums } = this;
    const at = random * sums[sums.length - 1];
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Between the fall of the chosen one and the next choice everybody waits, a few microseconds. */
  private theOne(): number {
    const index = this.chosenIndex();
    return index >= 0 && this.isUsable(index) && this.hasSlot(index) ? index : PICK_QUEUE;
  }

  private chosenIndex(): number {
    const token = this.backend.get(T.B_CHOSEN);
    if (token === this.chosenToken && token !== 0) return this.chosen;
    this.chosenToken = token;
    this.chosen = token === 0 ? -1 : this.servers.findIndex(({ row }) => row.get(T.S_TOKEN) === token);
    return this.chosen;
  }

  private inMap(key: number, avoid: number): number {
    const { turns } = this.rotation;
    const start = (key >>> 0) % turns.length;
    for (let k = 0; k < turns.length; k++) {
      const server = this.candidates[turns[(start + k) % turns.length]];
      if (server !== avoid) return server;
    }
    return avoid;
  }

  private onRing(key: number, avoid: number): number {
    const { owners } = this.ring;
    const start = ringPosition(this.ring, key);
    let fallback = avoid;
    for (let k = 0; k < owners.length; k++) {
      const server = this.candidates[owners[(start + k) % owners.length]];
      if (server === avoid) continue;
      if (!this.isOverloaded(server)) return server;
      if (fallback === avoid) fallback = server;
    }
    return fallback;
  }

  /** `hash-balance-factor`: one more would be over that percentage of its fair share of the backend's connections. */
  private isOverloaded(server: number): boolean {
    const factor = this.options.hashType?.balanceFactor ?? 0;
    if (factor === 0) return false;
    let total = 1;
    let weights = 0;
    for (let i = 0; i < this.candidates.length; i++) {
      const { row } = this.servers[this.candidates[i]];
      total += row.get(T.I_CUR_SESS);
      weights += row.get(T.S_EWEIGHT);
    }
    const { row } = this.servers[server];
    const fair = (total * row.get(T.S_EWEIGHT)) / Math.max(1, weights);
    return row.get(T.I_CUR_SESS) >= Math.ceil((fair * factor) / 100);
  }

  private someRoom(avoid: number): boolean {
    for (let i = 0; i < this.candidates.length; i++)
      if (this.candidates[i] !== avoid && this.hasSlot(this.candidates[i])) return true;
    return false;
  }

  /** Nobody else can take it: the avoided server if it can, else the queue. */
  private onlyAvoided(avoid: number): number {
    return avoid >= 0 && this.candidates.includes(avoid) && this.hasSlot(avoid) ? avoid : PICK_QUEUE;
  }
}

function runningSums(weights: readonly number[]): number[] {
  let sum = 0;
  return weights.map((w) => {
    sum += w;
    return sum;
  });
}
