/**
 * Thousands of histories of a PostgreSQL cluster seen by several Fairlead instances: servers crash, freeze, are cut off
 * from some of the instances, promoted and rewound; instances poll in any order and miss what they miss. Whatever
 * happens, an instance uses one primary at a time, never one that it knows to be outdated, and all agree once all see
 * the same. A failure names its seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arbiter, type Decision } from '../../../src/core/role/arbiter.js';
import type { Claim, Role } from '../../../src/core/role/report.js';

const SERVERS = ['a', 'b', 'c'];
const INSTANCES = 3;
const STEPS = 120;
const SEEDS = 3000;

/** mulberry32: the same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Server {
  readonly name: string;
  timeline: number;
  isPrimary: boolean;
  isUp: boolean;
}

class Instance {
  readonly arbiter = new Arbiter((id) => id);
  readonly cutOff = new Set<string>();
  verdicts: Decision['verdicts'] = new Map();
  /** Highest timeline it has heard of. */
  seen = 0;

  constructor() {
    this.arbiter.setMembers(SERVERS);
  }

  poll(server: Server, nowMs: number): void {
    if (!server.isUp || this.cutOff.has(server.name)) {
      this.matters(this.arbiter.failed(server.name, true));
      return;
    }
    const claim: Claim = { kind: 'postgres', systemId: '7', timeline: server.timeline, lsn: '0/0' };
    const role: Role = server.isPrimary ? 'primary' : 'replica';
    this.seen = Math.max(this.seen, server.timeline);
    this.matters(this.arbiter.answered(server.name, { role, claim, startedMs: nowMs - 1, endedMs: nowMs }));
  }

  /** As in production: where nothing that matters has changed, nothing is decided anew. */
  matters(isNew: boolean): void {
    if (isNew) this.verdicts = this.arbiter.decide().verdicts;
  }

  leaders(): string[] {
    return [...this.verdicts].filter(([, { standing }]) => standing === 'leader').map(([id]) => id);
  }
}

class World {
  readonly servers: Server[] = SERVERS.map((name, i) => ({ name, timeline: 1, isPrimary: i === 0, isUp: true }));
  readonly instances = Array.from({ length: INSTANCES }, () => new Instance());
  private ms = 0;

  constructor(private readonly rnd: () => number) {}

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.rnd() * from.length)];
  }

  step(): void {
    const server = this.pick(this.servers);
    const dice = this.rnd();
    if (dice < 0.05) server.isUp = !server.isUp;
    else if (dice < 0.1) this.promote(server);
    else if (dice < 0.15) this.rewind(server);
    else if (dice < 0.25) this.cut(server);
    else this.poll(this.pick(this.instances), server);
  }

  /** A promotion begins a timeline above all that the cluster ever had: whoever promotes saw to that. */
  private promote(server: Server): void {
    if (!server.isUp || server.isPrimary) return;
    server.isPrimary = true;
    server.timeline = 1 + Math.max(...this.servers.map(({ timeline }) => timeline));
  }

  private rewind(server: Server): void {
    const best = this.best();
    if (best === undefined || best === server || !server.isUp) return;
    Object.assign(server, { isPrimary: false, timeline: best.timeline });
  }

  private cut(server: Server): void {
    const { cutOff } = this.pick(this.instances);
    if (!cutOff.delete(server.name)) cutOff.add(server.name);
  }

  best(): Server | undefined {
    const primaries = this.servers.filter(({ isPrimary, isUp }) => isPrimary && isUp);
    return primaries.sort((a, b) => b.timeline - a.timeline)[0];
  }

  poll(instance: Instance, server: Server): void {
    instance.poll(server, ++this.ms);
    const leaders = instance.leaders();
    assert.ok(leaders.length <= 1, `two primaries are used: ${leaders}`);
    for (const name of leaders) this.assertCurrent(instance, name);
  }

  private assertCurrent(instance: Instance, name: string): void {
    const { timeline, isUp } = this.servers.find((each) => each.name === name)!;
    const reached = isUp && !instance.cutOff.has(name);
    // Of a server that is out of reach only what it last said is known: health takes it down, not its claim.
    if (reached)
      assert.ok(timeline >= instance.seen, `${name} is used on timeline ${timeline}, ${instance.seen} was seen`);
  }

  /** Everything heals, and everybody asks everybody, in any order. */
  heal(): void {
    for (const server of this.servers) server.isUp = true;
    for (const instance of this.instances) {
      instance.cutOff.clear();
      for (const server of [...this.servers].sort(() => this.rnd() - 0.5)) this.poll(instance, server);
    }
  }
}

test(`${SEEDS} seeds: one primary at a time, none that is known to be outdated, and all agree at last`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(random(seed));
    try {
      for (let i = 0; i < STEPS; i++) world.step();
      world.heal();
      const best = world.best();
      for (const instance of world.instances)
        assert.deepEqual(instance.leaders(), best === undefined ? [] : [best.name]);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`);
    }
  }
});

test('the same answers in any order lead to the same decision', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const rnd = random(seed);
    const answers = SERVERS.map((name) => ({ name, timeline: 1 + Math.floor(rnd() * 3), isPrimary: rnd() < 0.7 }));
    const decisions = [0, 1, 2].map(() => {
      const instance = new Instance();
      const order = [...answers].sort(() => rnd() - 0.5);
      for (const [i, answer] of order.entries()) {
        instance.poll({ ...answer, isUp: true }, i + 1);
        instance.leaders();
      }
      return JSON.stringify([...instance.verdicts].map(([id, { standing }]) => [id, standing]));
    });
    assert.equal(new Set(decisions).size, 1, `seed ${seed}: ${decisions.join(' / ')}`);
  }
});

/** Transactions as MySQL names them, by the server that wrote them. */
class Replicated {
  readonly sets = new Map<string, Map<string, number>>(SERVERS.map((name) => [name, new Map()]));
  readonly primaries = new Set(['a']);

  write(name: string): void {
    const own = this.sets.get(name)!;
    own.set(name, (own.get(name) ?? 0) + 1);
  }

  /** A replica takes over everything of a primary it still agrees with. */
  replicate(from: string, to: string): void {
    const [source, target] = [this.sets.get(from)!, this.sets.get(to)!];
    if ([...target].some(([writer, n]) => (source.get(writer) ?? 0) < n)) return;
    for (const [writer, n] of source) target.set(writer, n);
  }

  holds(a: string, b: string): boolean {
    return [...this.sets.get(b)!].every(([writer, n]) => (this.sets.get(a)!.get(writer) ?? 0) >= n);
  }

  claim(name: string): Claim {
    const gtid = [...this.sets.get(name)!].map(([writer, n]) => `${writer}:1-${n}`).join(',');
    return { kind: 'mysql', serverUuid: name, gtid, flavor: 'mysql' };
  }
}

test(`${SEEDS} seeds of MySQL: one writer at a time, and no change of it loses what a live one had`, () => {
  let takeovers = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const rnd = random(seed);
    const pick = () => SERVERS[Math.floor(rnd() * SERVERS.length)];
    const world = new Replicated();
    const up = new Set(SERVERS);
    const instance = new Instance();
    let ms = 0;
    let before: string | undefined;
    const answering = new Set<string>();
    for (let i = 0; i < STEPS; i++) {
      const [one, other] = [pick(), pick()];
      const dice = rnd();
      if (dice < 0.05) up.has(one) ? up.delete(one) : up.add(one);
      else if (dice < 0.1) world.primaries.add(one);
      else if (dice < 0.13 && world.primaries.size > 1) world.primaries.delete(one);
      else if (dice < 0.3) world.replicate(one, other);
      else if (dice < 0.45 && before !== undefined && up.has(before)) world.write(before);
      else if (up.has(one)) {
        const role = world.primaries.has(one) ? 'primary' : 'replica';
        if (role === 'primary') answering.add(one);
        else answering.delete(one);
        instance.matters(
          instance.arbiter.answered(one, { role, claim: world.claim(one), startedMs: ms, endedMs: ++ms }),
        );
      } else {
        answering.delete(one);
        instance.matters(instance.arbiter.failed(one, true));
      }
      const wasUp = before !== undefined && up.has(before) && world.primaries.has(before);
      const leaders = instance.leaders();
      assert.ok(leaders.length <= 1, `seed ${seed}: two writers: ${leaders}`);
      const [now] = leaders;
      if (now !== undefined && before !== undefined && now !== before && wasUp && answering.has(before)) {
        takeovers++;
        assert.ok(world.holds(now, before), `seed ${seed}: ${now} takes over from ${before} without its transactions`);
      }
      before = now ?? before;
    }
  }
  assert.ok(takeovers > 10, `${takeovers} happened`);
});
