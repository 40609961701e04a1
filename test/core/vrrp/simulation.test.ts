/**
 * 10,000 worlds of two to five routers (`world.ts`), each from its seed: a time of faults, then a quiet one. A failing
 * seed is in the message, with the command that replays it and prints what happened.
 *
 * What must hold:
 * - Overlap: two routers that run and hear each other both own the address for no longer than one interval and the way of
 *   a packet; where packets are lost, until the first that is not. Across a partition VRRP cannot know; nor can a process
 *   that stands still, unless a watchdog takes the addresses from it.
 * - Gap: where some router is fit, the address has an owner after three intervals and the skew.
 * - Rest: in the quiet time there is exactly one owner, and the best one if it may preempt.
 * - Clients: where nothing is lost, the last announcement that a client has heard is that of the owner, as soon as he has
 *   been owner for the time of a refresh; without refresh, when partitions have healed, because who gives way says a last
 *   word.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouterSettings } from '../../../src/core/vrrp/types.js';
import { expectSettled } from './judge.js';
import { Random } from './random.js';
import { type Host, World, type WorldSettings } from './world.js';

const SEEDS = 10_000;
const SEEDS_PER_TEST = 500;
const CHAOS_INTERVALS = 50;

function settingsOf(random: Random): WorldSettings {
  const hosts = 2 + random.below(4);
  const version = random.pick([2, 3] as const);
  const intervalMs = version === 2 ? 1000 : random.pick([20, 50, 100, 250, 1000]);
  return {
    hosts,
    version,
    intervalMs,
    delayMsMax: intervalMs * random.pick([0.01, 0.05, 0.2]),
    loss: random.pick([0, 0, 0.02, 0.2]),
    duplicates: random.pick([0, 0, 0.1]),
    watchdogMs: random.pick([0, 2 * intervalMs]),
    refreshMs: random.pick([10 * intervalMs, 10 * intervalMs, 0]),
    secondBurstMs: 5 * intervalMs,
    router: routerOf(random, intervalMs),
    priorities: prioritiesOf(random, hosts),
  };
}

function routerOf(random: Random, intervalMs: number): Partial<RouterSettings> {
  return {
    preempt: random.chance(0.7),
    preemptDelayMs: random.pick([0, 0, 5 * intervalMs]),
    lowerPrioNoAdvert: random.chance(0.2),
    arbiter: random.pick(['off', 'off', 'warn', 'wait']),
  };
}

/** Sometimes equal ones, sometimes an owner. */
function prioritiesOf(random: Random, hosts: number): number[] {
  const priorities = Array.from({ length: hosts }, () => random.pick([50, 100, 1 + random.below(254)]));
  if (random.chance(0.15)) priorities[random.below(hosts)] = 255;
  return priorities;
}

type Fault = (world: World, host: Host) => void;

const FAULTS: readonly Fault[] = [
  (world, host) => world.crash(host),
  (world, host) => world.stop(host),
  restart((world, host) => world.crash(host)),
  restart((world, host) => world.stop(host)),
  (world, host) => world.upgrade(host),
  (world, host) => world.reload(host),
  (world, host) => world.freeze(host, world.random.between(0.2, 12) * world.settings.intervalMs),
  (world, host) => world.freeze(host, world.random.between(0.2, 12) * world.settings.intervalMs),
  (world, host) => world.failover(host),
  (world, host) => host.basePriority < 255 && world.setPriority(host, 1 + world.random.below(254)),
  (world, host) => linkFault(world, host),
  partition,
  partition,
];

function restart(end: Fault): Fault {
  return (world, host) => {
    end(world, host);
    world.at(world.random.between(0.1, 10) * world.settings.intervalMs, () => world.start(host));
  };
}

function linkFault(world: World, host: Host): void {
  world.setFault(host, true);
  world.at(world.random.between(1, 10) * world.settings.intervalMs, () => world.setFault(host, false));
}

function partition(world: World): void {
  const islands = world.hosts.map(() => world.random.below(2));
  world.setIslands(islands, world.random.below(2));
  world.at(world.random.between(1, 15) * world.settings.intervalMs, () => heal(world));
}

function heal(world: World): void {
  world.setIslands(
    world.hosts.map(() => 0),
    0,
  );
}

/** @throws Error that names the seed, and the command which replays it */
function simulate(seed: number): World {
  const random = new Random(seed);
  const world = new World(settingsOf(random), seed ^ 0x5bd1e995);
  const only = process.env.VRRP_SEED !== undefined;
  if (only) world.log = [JSON.stringify(world.settings)];
  try {
    chaos(world, random);
    rest(world);
  } catch (error) {
    const command = `VRRP_SEED=${seed} node --test dist/test/core/vrrp/simulation.test.js`;
    throw new Error(`seed ${seed}: ${(error as Error).message}\n  ${command}`, { cause: error });
  } finally {
    if (only) console.log(world.log?.join('\n'));
  }
  return world;
}

function chaos(world: World, random: Random): void {
  const { intervalMs } = world.settings;
  const chaosMs = CHAOS_INTERVALS * intervalMs;
  for (const host of world.hosts) world.at(random.between(0, 5) * intervalMs, () => world.start(host));
  for (let faults = 2 + random.below(6); faults > 0; faults--)
    world.at(random.between(0, 1) * chaosMs, () => random.pick(FAULTS)(world, random.pick(world.hosts)));
  world.runUntil(chaosMs);
}

/** All links, all hosts, nothing lost. What was frozen or faulty may take another 15 intervals to be back. */
function rest(world: World): void {
  const { intervalMs } = world.settings;
  world.loss = 0;
  heal(world);
  for (const host of world.hosts) world.start(host);
  world.runUntil(world.nowMs + 30 * intervalMs);
  for (const host of world.hosts) world.start(host);
  world.runUntil(world.nowMs + 15 * intervalMs);
  expectSettled(world);
  const owner = world.ownerOn(null);
  world.runUntil(world.nowMs + 12 * intervalMs);
  expectSettled(world);
  assert.equal(world.ownerOn(null), owner, 'the owner of a quiet world stays');
}

const only = process.env.VRRP_SEED;
const totals: { [what: string]: number } = {};

if (only !== undefined) test(`seed ${only}`, () => void simulate(Number(only)));
else {
  for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST)
    test(`seeds ${first} to ${first + SEEDS_PER_TEST - 1}`, () => {
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed++)
        for (const [what, count] of Object.entries(simulate(seed).counts)) totals[what] = (totals[what] ?? 0) + count;
    });

  test('all of it happened, and often', () => {
    const often = ['to MASTER', 'to FAULT', 'to STOP', 'overlap', 'watchdog', 'heard-lower', 'regained', 'remark'];
    for (const what of often) assert.ok(totals[what] > 100, `${what}: ${totals[what]}`);
  });

  /** One split that heals, and nobody repeats himself: clients depend on the last word of whoever gives way. */
  function wrongClients(higherPrioSendAdvert: boolean): number {
    let wrong = 0;
    for (let seed = 1; seed <= 1000; seed++) {
      const random = new Random(seed);
      const settings = settingsOf(random);
      const router = { ...settings.router, higherPrioSendAdvert };
      const world = new World({ ...settings, router, loss: 0, refreshMs: 0 }, seed);
      split(world, settings.intervalMs);
      if (world.clientSees !== world.ownerOn(null)) wrong++;
    }
    return wrong;
  }

  function split(world: World, intervalMs: number): void {
    for (const host of world.hosts) world.start(host);
    world.runUntil(15 * intervalMs);
    world.setIslands(
      world.hosts.map(() => world.random.below(2)),
      world.random.below(2),
    );
    world.runUntil((15 + world.random.between(1, 15)) * intervalMs);
    heal(world);
    world.runUntil(60 * intervalMs);
    expectSettled(world);
  }

  test('behind a split, without refresh: a last word of whoever gives way leaves no client behind', () =>
    assert.equal(wrongClients(true), 0));
  test('without that word, as keepalived has it where nothing is written, clients are left behind', () =>
    assert.ok(wrongClients(false) > 50));
}

// ── The judge sees what it is there for ─────────────────────────────────────────────────────────────────────────────

function quietWorld(): World {
  const world = new World(
    {
      hosts: 2,
      version: 3,
      intervalMs: 100,
      delayMsMax: 1,
      loss: 0,
      duplicates: 0,
      watchdogMs: 0,
      refreshMs: 1000,
      secondBurstMs: 500,
      router: {},
      priorities: [100, 90],
    },
    1,
  );
  for (const host of world.hosts) world.start(host);
  world.runUntil(2000);
  expectSettled(world);
  return world;
}

test('judge: a second owner', () => {
  const world = quietWorld();
  world.hosts[1].holds = true;
  assert.throws(() => world.runUntil(3000), /hosts 0 and 1 both own the address for 1\d\d/);
});

test('judge: nobody', () => {
  const world = quietWorld();
  world.hosts[0].holds = false;
  assert.throws(() => world.runUntil(3000), /nobody on island 0 owns the address for 4\d\d/);
});

test('judge: a client that was led astray', () => {
  const world = quietWorld();
  world.hosts[0].schedule.drop('VI_1');
  world.clientSees = 1;
  assert.throws(() => world.runUntil(5000), /and the client still believes host 1/);
});
