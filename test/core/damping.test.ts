/** Flap damping: the arithmetic by tables, the rules on a farm with a clock of its own, and in thousands of random histories. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyProxy } from '../../src/config/defaults.js';
import type { FlapDamping, Proxy } from '../../src/config/model.js';
import { CALM, cameUp, DEFAULT_FLAP_DAMPING, holdMs, isHeld, wentDown } from '../../src/core/health/damping.js';
import * as T from '../../src/core/table.js';
import { backend, START_S, server, World } from './health-world.js';

const S = 1000;

// Level, milliseconds held: doubling from 5 s, never over a minute.
for (const [level, ms] of [
  [1, 5 * S],
  [2, 10 * S],
  [3, 20 * S],
  [4, 40 * S],
  [5, 60 * S],
  [6, 60 * S],
  [5000, 60 * S],
] as const)
  test(`level ${level} is held for ${ms} ms`, () => assert.equal(holdMs(DEFAULT_FLAP_DAMPING, level), ms));

/** Goes down at each time and comes up when it may, a second later at the earliest. @returns level and hold after each */
function play(downsS: readonly number[], settings = DEFAULT_FLAP_DAMPING): [level: number, heldS: number][] {
  let state = CALM;
  return downsS.map((at) => {
    state = wentDown(state, settings, at * S);
    const heldS = state.heldUntilMs === 0 ? 0 : state.heldUntilMs / S - at;
    const level = state.level;
    state = cameUp(state, Math.max(state.heldUntilMs, at * S + 1 * S));
    return [level, heldS];
  });
}

// Times of going down in s; then level and seconds held after each. Defaults: more than 3 in 60 s, 5 s doubling to 60 s.
for (const [name, downs, expected] of [
  ['one restart', [10], [[0, 0]]],
  [
    'a restart that needs a second try',
    [10, 14],
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    'three times in a minute is still let pass',
    [10, 20, 30],
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  ],
  [
    'a rolling restart each minute, for ever',
    [0, 61, 122, 183, 244, 305],
    [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  ],
  [
    'the fourth time is held',
    [10, 20, 30, 40],
    [
      [0, 0],
      [0, 0],
      [0, 0],
      [1, 5],
    ],
  ],
  [
    'each further time is held twice as long',
    [1, 5, 9, 13, 20, 35, 60, 110],
    [
      [0, 0],
      [0, 0],
      [0, 0],
      [1, 5],
      [2, 10],
      [3, 20],
      [4, 40],
      [5, 60],
    ],
  ],
  [
    'up for a whole minute: forgotten',
    [1, 5, 9, 13, 80, 85],
    [
      [0, 0],
      [0, 0],
      [0, 0],
      [1, 5],
      [0, 0],
      [0, 0],
    ],
  ],
] as [string, number[], [number, number][]][])
  test(name, () => assert.deepEqual(play(downs), expected));

test('random histories: never longer than the limit, never held while within the rules', () => {
  const settings = fc.record<FlapDamping>({
    flaps: fc.integer({ min: 1, max: 5 }),
    windowMs: fc.integer({ min: 1000, max: 100_000 }),
    holdMs: fc.integer({ min: 1, max: 10_000 }),
    maxHoldMs: fc.integer({ min: 10_000, max: 50_000 }),
  });
  const gaps = fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 1, max: 200_000 })), {
    maxLength: 50,
  });
  fc.assert(
    fc.property(settings, gaps, (rules, histories) => {
      let [state, now] = [CALM, 0];
      const downs: number[] = [];
      for (const [downMs, upMs] of histories) {
        state = wentDown(state, rules, now);
        downs.push(now);
        const recent = downs.filter((at) => now - at < rules.windowMs).length;
        assert.ok(state.heldUntilMs - now <= rules.maxHoldMs);
        if (downs.length <= rules.flaps) assert.equal(state.level, 0);
        if (recent > rules.flaps) assert.ok(state.level > 0);
        assert.ok(state.downsMs.length <= rules.flaps + 1);
        now = Math.max(now + downMs, state.heldUntilMs);
        assert.equal(isHeld(state, now), false);
        state = cameUp(state, now);
        now += upMs;
      }
    }),
  );
});

// ── On a farm ───────────────────────────────────────────────────────────────────────────────────────────────────────

const QUICK: FlapDamping = { flaps: 2, windowMs: 60_000, holdMs: 5000, maxHoldMs: 60_000 };
const ONE_EACH = { rise: 1, fall: 1 };

function farm(servers: string[], options: Partial<Proxy> = { flapDamping: QUICK }): World {
  const world = new World([
    backend(
      'be',
      servers.map((name) => server(name, ONE_EACH)),
      options,
    ),
  ]);
  for (const name of servers) world.check(`be/${name}`, 'P');
  return world;
}

function flap(world: World, name: string, times: number): void {
  for (let i = 0; i < times; i++) {
    world.advance(100);
    world.check(name, 'F');
    world.advance(100);
    world.check(name, 'P');
  }
}

function isUp(world: World, name: string): boolean {
  return world.server(name).isUsable;
}

test('a flapping server is held although its checks pass, and comes back with the first check after that', () => {
  const world = farm(['a', 'b']);
  flap(world, 'be/a', 3);
  assert.equal(isUp(world, 'be/a'), false);
  assert.equal(
    world.server('be/a').row.get(T.S_HELD_UNTIL),
    START_S + 6,
    'until 5 s after the last time down, rounded up',
  );
  world.advance(4899);
  world.check('be/a', 'P');
  assert.equal(isUp(world, 'be/a'), false);
  world.advance(1);
  world.check('be/a', 'P');
  assert.equal(isUp(world, 'be/a'), true);
  assert.equal(world.server('be/a').row.get(T.S_HELD_UNTIL), 0);
});

test('the operator hears of it: one line when it begins', () => {
  const world = farm(['a', 'b']);
  flap(world, 'be/a', 3);
  const lines = world.lines().filter((line) => line.includes('held down'));
  assert.deepEqual(lines, [
    'notice Server be/a keeps going up and down: it is held down for 5s, unless it is the last one.',
  ]);
});

test('the only server of a backend is never held', () => {
  const world = farm(['a']);
  flap(world, 'be/a', 9);
  assert.equal(isUp(world, 'be/a'), true);
  assert.deepEqual(
    world.lines().filter((line) => line.includes('held down')),
    [],
  );
});

test('whoever is held comes back in the same moment in which the last other one goes', () => {
  const world = farm(['a', 'b']);
  flap(world, 'be/a', 3);
  world.check('be/b', 'F');
  assert.equal(isUp(world, 'be/a'), true);
  assert.equal(world.backend('be').get(T.B_UP), 1);
});

test('only one of several that are held comes back so', () => {
  const world = farm(['a', 'b', 'c']);
  flap(world, 'be/a', 3);
  flap(world, 'be/b', 3);
  world.machine.setState(world.server('be/c'), 'maint');
  world.machine.flush();
  assert.deepEqual([isUp(world, 'be/a'), isUp(world, 'be/b')], [true, false]);
});

test('one that is not well does not come back so', () => {
  const world = farm(['a', 'b']);
  flap(world, 'be/a', 2);
  world.check('be/a', 'F');
  world.check('be/b', 'F');
  assert.equal(isUp(world, 'be/a'), false);
  world.check('be/a', 'P');
  assert.equal(isUp(world, 'be/a'), true, 'and once it is well, at once: nobody else is left');
});

for (const [name, lift] of [
  ['clear damping', (w: World) => w.machine.undamp(w.server('be/a'))],
  ['set server health up', (w: World) => w.machine.setHealth(w.server('be/a'), 'up')],
] as const)
  test(`${name} lets it back, and forgets`, () => {
    const world = farm(['a', 'b']);
    flap(world, 'be/a', 3);
    lift(world);
    assert.equal(isUp(world, 'be/a'), true);
    flap(world, 'be/a', 2);
    assert.equal(isUp(world, 'be/a'), true);
    flap(world, 'be/a', 1);
    assert.equal(isUp(world, 'be/a'), false);
  });

test('set server health down stays down, damping or not', () => {
  const world = farm(['a', 'b']);
  flap(world, 'be/a', 3);
  world.machine.setHealth(world.server('be/a'), 'down');
  world.check('be/b', 'F');
  assert.equal(isUp(world, 'be/a'), false);
});

test('what an operator or a tracked server does is no flap', () => {
  const world = farm(['a', 'b']);
  for (let i = 0; i < 9; i++) {
    world.machine.setHealth(world.server('be/a'), 'down');
    world.machine.setHealth(world.server('be/a'), 'up');
    world.machine.setState(world.server('be/a'), 'maint');
    world.machine.setState(world.server('be/a'), 'ready');
  }
  assert.equal(isUp(world, 'be/a'), true);
});

test('a reload keeps it held', () => {
  const world = farm(['a', 'b']);
  flap(world, 'be/a', 3);
  world.apply([backend('be', [server('a', ONE_EACH), server('b', ONE_EACH)], { flapDamping: QUICK })]);
  world.check('be/a', 'P');
  assert.equal(isUp(world, 'be/a'), false);
});

// Which checks are damped by default: those that know the role; what HAProxy knows too behaves as HAProxy.
for (const [name, options, damped] of [
  ['plain checks', {}, false],
  ['plain checks, asked for', { flapDamping: QUICK }, true],
  ['role checks', { check: { type: 'role', steps: [], role: { kind: 'postgres' } } }, true],
  [
    'role checks, switched off',
    { check: { type: 'role', steps: [], role: { kind: 'postgres' } }, flapDamping: false },
    false,
  ],
] as [string, Partial<Proxy>, boolean][])
  test(`${name}: ${damped ? 'damped' : 'not damped'}`, () => {
    const world = new World([
      backend('be', [server('a', ONE_EACH), server('b', ONE_EACH)], { ...emptyProxy('backend', 'be', 2), ...options }),
    ]);
    for (const each of ['be/a', 'be/b']) world.check(each, 'P');
    flap(world, 'be/a', 9);
    assert.equal(isUp(world, 'be/a'), !damped);
  });
