/** What must hold in a simulated world (`world.ts`), looked at after every event. A failure is an Error that says what. */
import { type Host, NOBODY, type World } from './world.js';

/** Of one in five lost, never more in all the worlds. */
const LOST_IN_A_ROW = 8;

export class Judge {
  /** Pairs that hold the address together, since when; -1 where they do not. */
  private readonly overlapFrom: number[];
  /** Islands on which somebody could, and nobody does, own the address. */
  private unownedFrom: number[] = [];
  private ownerFrom = 0;
  private lastOwner = NOBODY;

  constructor(private readonly world: World) {
    this.overlapFrom = new Array<number>(world.hosts.length ** 2).fill(-1);
    this.disturbed();
  }

  /** Something was done to this world: what takes its time starts anew. */
  disturbed(): void {
    this.unownedFrom = this.world.hosts.map(() => -1);
    this.ownerFrom = this.world.nowMs;
  }

  look(): void {
    this.judgeOverlap();
    this.world.hosts.forEach((_, island) => {
      this.judgeUnowned(island);
    });
    if (this.world.loss === 0) this.judgeClient();
  }

  // ── Two owners ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Two that run and hear each other are both owner for no longer than the next advertisement of the better one takes to
   * arrive; where packets are lost, the first that is not.
   */
  private get overlapMsMax(): number {
    const { settings, lateMsMax } = this.world;
    const lostInARow = settings.loss === 0 ? 0 : LOST_IN_A_ROW;
    return (1 + lostInARow) * (settings.intervalMs + lateMsMax) + 2 * (settings.delayMsMax + lateMsMax);
  }

  private judgeOverlap(): void {
    const { hosts } = this.world;
    for (const a of hosts) for (const b of hosts) if (a.index < b.index) this.judgePair(a, b);
  }

  private judgePair(a: Host, b: Host): void {
    const { nowMs } = this.world;
    const pair = a.index * this.world.hosts.length + b.index;
    const from = this.overlapFrom[pair];
    if (!(a.holds && b.holds && a.runs && b.runs && a.island === b.island)) this.overlapFrom[pair] = -1;
    else if (from < 0) this.startOverlap(pair);
    else if (nowMs - from > this.overlapMsMax)
      this.world.fail(`hosts ${a.index} and ${b.index} both own the address for ${nowMs - from} ms`);
  }

  private startOverlap(pair: number): void {
    this.world.count('overlap');
    this.overlapFrom[pair] = this.world.nowMs;
  }

  // ── Nobody ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Three intervals and the longest skew; `wait` may ask once more. */
  private get unownedMsMax(): number {
    const { intervalMs, version, delayMsMax, router } = this.world.settings;
    const skewMs = version === 2 ? 1000 : intervalMs;
    const waitMs = router.arbiter === 'wait' ? intervalMs + 2 * delayMsMax : 0;
    return 3 * intervalMs + skewMs + waitMs + 3 * (delayMsMax + this.world.lateMsMax);
  }

  private judgeUnowned(island: number): void {
    const { nowMs } = this.world;
    const here = this.world.hosts.filter((host) => host.island === island);
    const isUnowned = here.some(({ isFit }) => isFit) && !here.some(({ holds }) => holds);
    const from = this.unownedFrom[island];
    if (!isUnowned) this.unownedFrom[island] = -1;
    else if (from < 0) this.unownedFrom[island] = nowMs;
    else if (nowMs - from > this.unownedMsMax)
      this.world.fail(`nobody on island ${island} owns the address for ${nowMs - from} ms`);
  }

  // ── The client ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A lasting owner where the client is, and a refresh: by then the client has heard of nobody else. */
  private judgeClient(): void {
    const { world } = this;
    const { refreshMs, delayMsMax } = world.settings;
    const owner = world.ownerOn(world.clientIsland);
    if (owner !== this.lastOwner) this.ownerFrom = world.nowMs;
    this.lastOwner = owner;
    if (refreshMs === 0 || owner === NOBODY || !world.hosts[owner].runs) return;
    const lastedMs = world.nowMs - this.ownerFrom;
    if (lastedMs > refreshMs + delayMsMax + world.lateMsMax && world.clientSees !== owner)
      world.fail(`host ${owner} is owner for ${lastedMs} ms, and the client still believes host ${world.clientSees}`);
  }
}

/** In a quiet, connected world: one owner, and the best one if it may preempt. */
export function expectSettled(world: World): void {
  const owner = world.ownerOn(null);
  const states = world.hosts.map((host) => world.stateOf(host));
  if (owner === NOBODY) world.fail(`not exactly one owner: ${world.hosts.map(({ holds }) => holds)}, ${states}`);
  if (states.filter((state) => state === 'MASTER').length !== 1) world.fail(`states ${states}`);
  const best = Math.max(...world.hosts.filter(({ isFit }) => isFit).map(({ priority }) => priority));
  if (world.settings.router.preempt !== false && world.hosts[owner].priority < best)
    world.fail(`host ${owner} is master, priority ${best} is there`);
}
