/**
 * The health machine on a virtual clock: servers that answer, fail, hang and lie, an operator who changes his mind,
 * reloads in between. A failing seed is in the name of the error; replay it with SEED=n.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Proxy, Server } from '../../src/config/model.js';
import { CheckStatus } from '../../src/core/check-status.js';
import type { ServerHealth } from '../../src/core/health/entities.js';
import { firstDelay, nextInterval } from '../../src/core/health/schedule.js';
import * as T from '../../src/core/table.js';
import { backend, server, World } from './health-world.js';

const SEEDS = 2000;
const STEPS = 300;

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Watched {
  /** When the next check starts, or the one under way ends. */
  atMs: number;
  isRunning: boolean;
  startedMs: number;
  /** Passed checks in a row since the server went down by a check; null while nothing is owed. */
  passesOwed: number | null;
  starts: number;
  sinceMs: number;
  /** Share of checks that pass now. */
  quality: number;
}

class Simulation {
  readonly random: () => number;
  readonly world: World;
  private proxies: Proxy[];
  private readonly watched = new Map<string, Watched>();
  private readonly spread: number;

  constructor(private readonly seed: number) {
    this.random = randomOf(seed);
    this.spread = this.pick([0, 5, 50]);
    this.proxies = this.configuration();
    this.world = new World(this.proxies);
    this.arrange();
  }

  private pick<V>(from: readonly V[]): V {
    return from[Math.floor(this.random() * from.length)];
  }

  private configuration(): Proxy[] {
    const settings = (): Partial<Server> => ({
      rise: this.pick([1, 2, 3]),
      fall: this.pick([1, 3, 4]),
      interMs: this.pick([100, 1000, 2000]),
      fastinterMs: this.pick([undefined, 50, 500]),
      downinterMs: this.pick([undefined, 3000]),
      slowstartMs: this.pick([undefined, 2500]),
      initState: this.pick([undefined, 'up', 'down', 'fully-up', 'fully-down']),
      onError: this.pick([undefined, 'fastinter', 'fail-check', 'sudden-death', 'mark-down']),
      observe: 'layer4',
      disabled: this.random() < 0.1,
      weight: this.pick([0, 1, 10, 256]),
    });
    const names = ['a', 'b', 'c'];
    return [
      backend('be', [...names.map((name) => server(name, settings())), server('k', { ...settings(), backup: true })]),
      backend('tr', [
        server('t1', { track: 'be/a', check: false, weight: 2 }),
        server('t2', { track: 't1', check: false, slowstartMs: this.pick([undefined, 2500]) }),
        server('n', { check: false }),
      ]),
    ];
  }

  private arrange(): void {
    const checked = [...this.world.farm.servers].filter(([, s]) => s.settings.isChecked);
    checked.forEach(([key, s], i) => {
      if (this.watched.has(key)) return;
      const atMs = this.world.nowMs + firstDelay(i, checked.length, s.settings.interMs, 0);
      this.watched.set(key, {
        atMs,
        isRunning: false,
        startedMs: 0,
        passesOwed: null,
        starts: 0,
        sinceMs: this.world.nowMs,
        quality: 0.95,
      });
    });
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      try {
        this.event();
        this.world.machine.flush();
        this.verify();
      } catch (error) {
        throw new Error(`seed ${this.seed}, step ${step}: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  private event(): void {
    const chance = this.random();
    if (chance < 0.8) this.nextCheck();
    else if (chance < 0.85) this.world.seconds(1);
    else if (chance < 0.95) this.operate();
    else if (chance < 0.97) this.observe();
    else if (chance < 0.99) this.pick([...this.watched.values()]).quality = this.pick([0, 0.5, 0.95, 1]);
    else this.reload();
  }

  private nextCheck(): void {
    const [key, w] = [...this.watched].reduce((first, other) => (other[1].atMs < first[1].atMs ? other : first));
    const s = this.world.farm.servers.get(key)!;
    this.world.advance(Math.max(0, w.atMs - this.world.nowMs));
    if (w.isRunning) this.endCheck(s, w);
    else this.startCheck(s, w);
  }

  private startCheck(s: ServerHealth, w: Watched): void {
    const later = () => this.world.nowMs + nextInterval(s, this.spread, this.random());
    if (!s.wantsChecks) {
      w.atMs = later();
      return;
    }
    w.starts++;
    w.isRunning = true;
    w.startedMs = this.world.nowMs;
    w.atMs = this.world.nowMs + Math.floor(this.random() * 40);
    this.world.machine.checkStarted(s);
  }

  private endCheck(s: ServerHealth, w: Watched): void {
    const passes = this.random() < w.quality;
    const status = passes ? this.pick([CheckStatus.L7OK, CheckStatus.L7OK, CheckStatus.L7OKC]) : CheckStatus.L4CON;
    const counts = s.wantsChecks;
    const wasUp = s.state !== T.STATE_STOPPED;
    w.isRunning = false;
    if (counts && w.passesOwed !== null)
      w.passesOwed = status === CheckStatus.L7OK ? w.passesOwed + 1 : passes ? w.passesOwed : 0;
    this.world.machine.checkEnded(s, { status, code: 200, durationMs: 3, text: '' });
    const isUp = s.state !== T.STATE_STOPPED;
    if (!wasUp && isUp && w.passesOwed !== null)
      assert.ok(
        w.passesOwed >= s.settings.rise,
        `${s.name} came up after ${w.passesOwed} of ${s.settings.rise} passes`,
      );
    if (wasUp && !isUp) w.passesOwed = 0;
    if (isUp) w.passesOwed = null;
    w.atMs = this.world.nowMs + nextInterval(s, this.spread, this.random());
  }

  private operate(): void {
    const { machine } = this.world;
    const [key, s] = this.pick([...this.world.farm.servers]);
    const w = this.watched.get(key);
    if (w) w.passesOwed = null; // an operator may bring it up by himself
    const chance = this.random();
    if (chance < 0.5) machine.setState(s, this.pick(['ready', 'ready', 'drain', 'maint']));
    else if (chance < 0.65) machine.setHealth(s, this.pick(['up', 'down', 'stopping']));
    else if (chance < 0.8) machine.setWeight(s, this.pick([0, 1, 50, 256]), this.random() < 0.5);
    else if (chance < 0.9) machine.setResolved(s, this.random() < 0.7);
    else machine.setChecks(s, this.random() < 0.8);
  }

  private observe(): void {
    const [key, s] = this.pick([...this.world.farm.servers].filter(([, server]) => server.settings.isChecked));
    const wasUp = s.state !== T.STATE_STOPPED;
    this.world.machine.observedLimit(s, 10);
    if (wasUp && s.state === T.STATE_STOPPED) this.watched.get(key)!.passesOwed = 0;
  }

  private reload(): void {
    const before = this.figures();
    if (this.random() < 0.5) {
      this.world.apply(structuredClone(this.proxies));
      assert.deepEqual(this.figures(), before, 'a reload of the same configuration changes nothing');
      return;
    }
    this.proxies = this.configuration();
    this.world.apply(this.proxies);
    for (const w of this.watched.values()) w.passesOwed = null;
    this.arrange();
  }

  private figures(): number[][] {
    const cells = [T.S_STATE, T.S_ADMIN, T.S_HEALTH, T.S_UWEIGHT, T.S_EWEIGHT, T.S_CHECK_STATE, T.S_DOWN_TRANS];
    // A weight that is still growing may take its next step with the reload.
    const grows = (s: ServerHealth, cell: number) => cell === T.S_EWEIGHT && s.state === T.STATE_STARTING;
    return [...this.world.farm.servers.values()].map((s) =>
      cells.map((cell) => (grows(s, cell) ? -1 : s.row.get(cell))),
    );
  }

  // ── What must hold after each event ───────────────────────────────────────────────────────────────────────────────

  private verify(): void {
    for (const s of this.world.farm.servers.values()) this.verifyServer(s);
    for (const name of ['be', 'tr']) this.verifyBackend(name);
    for (const [key, w] of this.watched) this.verifyRate(key, w);
  }

  private verifyServer(s: ServerHealth): void {
    const { rise } = s.settings;
    const [state, admin, weight] = [T.S_STATE, T.S_ADMIN, T.S_EWEIGHT].map((cell) => s.row.get(cell));
    const isOut = (admin & (T.ADMIN_MAINT | T.ADMIN_DRAIN)) !== 0;
    const runs = state === T.STATE_RUNNING || state === T.STATE_STARTING;
    assert.ok(s.health >= 0 && s.health <= Math.max(s.maxHealth, rise), `${s.name}: health ${s.health}`);
    assert.ok(runs && !isOut ? weight <= s.weight * 16 : weight === 0, `${s.name}: weight ${weight} in state ${state}`);
    assert.ok(!(runs && !isOut && s.weight > 0) || weight > 0, `${s.name} is in service without a weight`);
    if (s.isInMaintenance) assert.equal(state, T.STATE_STOPPED, `${s.name} in maintenance`);
    else if (s.settings.isChecked)
      assert.equal(state !== T.STATE_STOPPED, s.health >= rise, `${s.name}: counter and state`);
    assert.equal(
      s.nextStepMs !== Number.POSITIVE_INFINITY || state !== T.STATE_STARTING,
      true,
      `${s.name} warms up for good`,
    );
    if (s.tracked && !s.isInMaintenance) this.verifyTracking(s, s.tracked);
    for (const cell of [T.S_DOWNTIME, T.S_DOWN_TRANS, T.S_CHECK_FAILS]) assert.ok(s.row.get(cell) >= 0);
  }

  private verifyTracking(s: ServerHealth, tracked: ServerHealth): void {
    const word = (state: number) => (state === T.STATE_STARTING ? T.STATE_RUNNING : state);
    assert.equal(word(s.state), word(tracked.state), `${s.name} follows ${tracked.name}`);
    assert.equal((s.admin & T.ADMIN_IDRAIN) !== 0, tracked.isDraining, `${s.name} drains with ${tracked.name}`);
    assert.equal(tracked.isInMaintenance, false, `${s.name} would be in maintenance with ${tracked.name}`);
  }

  private verifyBackend(name: string): void {
    const row = this.world.backend(name);
    const servers = [...this.world.farm.servers.values()].filter((s) => s.backend.name === name);
    const usable = servers.filter((s) => s.row.get(T.S_EWEIGHT) > 0);
    const backups = usable.filter((s) => s.settings.isBackup).length;
    assert.deepEqual([row.get(T.B_ACTIVE), row.get(T.B_BACKUP)], [usable.length - backups, backups], `${name}: counts`);
    assert.equal(row.get(T.B_UP), usable.length > 0 ? 1 : 0, `${name}: up`);
  }

  /** Never more checks than the shortest interval allows. */
  private verifyRate(key: string, w: Watched): void {
    const shortest = 50 * (1 - this.spread / 100);
    const allowed = (this.world.nowMs - w.sinceMs) / shortest + 1;
    assert.ok(w.starts <= allowed, `${key}: ${w.starts} checks where ${allowed} are allowed`);
  }
}

const only = process.env.SEED;

test(`${only ? `seed ${only}` : `${SEEDS} seeds`}: what must hold holds`, () => {
  if (only) new Simulation(Number(only)).run();
  else for (let seed = 1; seed <= SEEDS; seed++) new Simulation(seed).run();
});
