/** `balance single`: who is chosen, when the choice moves, and whose sessions end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Server } from '../../src/config/model.js';
import * as T from '../../src/core/table.js';
import { backend, server, World } from './health-world.js';

const SHORT: Partial<Server> = { rise: 1, fall: 1 };

class SingleWorld extends World {
  chosen(): string {
    const token = this.backend('be').get(T.B_CHOSEN);
    const all = [...this.farm.servers.values()];
    return token === 0 ? 'none' : (all.find((s) => s.row.get(T.S_TOKEN) === token)?.name ?? 'unknown');
  }

  /** `a+` passes a check, `a-` fails one, a number lets ms pass. @returns who is chosen after each */
  play(script: string): string {
    return script
      .split(' ')
      .map((word) => {
        if (/^\d+$/.test(word)) this.advance(Number(word));
        else this.check(`be/${word[0]}`, word[1] === '+' ? 'P' : 'F');
        return this.chosen();
      })
      .join(' ');
  }
}

function three(settings: Partial<Server> = {}, failback?: boolean): SingleWorld {
  const balance = { algorithm: 'single' as const, ...(failback ? { failback } : {}) };
  const each = { ...SHORT, ...settings };
  return new SingleWorld([backend('be', [server('a', each), server('b', each), server('c', each)], { balance })]);
}

// Events, and who is chosen after each. Servers start up (`init-state up`), as HAProxy's do.
for (const [what, failback, script, chosen] of [
  ['the first in order', false, 'a+ b+ c+', 'a a a'],
  ['the next when it fails', false, 'a+ b+ c+ a-', 'a a a b'],
  ['whoever took over stays', false, 'a+ b+ c+ a- a+', 'a a a b b'],
  ['the first usable one again when that fails too', false, 'a+ b+ c+ a- a+ b-', 'a a a b b a'],
  ['nobody when all fail', false, 'a- b- c-', 'b c none'],
  ['whoever comes back first', false, 'a- b- c- c+', 'b c none c'],
  ['an earlier one that follows soon', false, 'a- b- c- c+ 1000 a+', 'b c none c c a'],
  ['not an earlier one that follows late', false, 'a- b- c- c+ 2500 a+', 'b c none c c c'],
  ['no way back for one that fails in between', false, 'a- b- c- c+ a+ 10 a- 10 a+', 'b c none c a a c c c'],
  ['failback: the first one whenever it is there', true, 'a+ a- b+ 9000 a+', 'a b b b a'],
  ['failback: an earlier one, not the latest', true, 'a- b- c+ 9000 b+ a+', 'b c c c b a'],
] as const)
  test(what, () => assert.equal(three({}, failback).play(script), chosen));

test('servers that start down: nobody is chosen before all in front of it have been checked', () => {
  const world = three({ initState: 'down' });
  assert.equal(world.chosen(), 'none');
  assert.equal(world.play('c+ b+ a-'), 'none none b');
  assert.equal(three({ initState: 'down' }).play('c+ a+ b+'), 'none a a');
});

test('a role check tells why with its first failure, once; others are as quiet as HAProxy', () => {
  const told = (role: boolean, initState: 'down' | 'up') => {
    const check = { type: 'role' as const, steps: [], role: { kind: 'redis' as const } };
    const world = new World([backend('be', [server('a', { ...SHORT, initState })], role ? { check } : {})]);
    for (let i = 0; i < 3; i++) world.check('be/a', 'F');
    return world.lines().filter((line) => line.includes('Health check for')).length;
  };
  assert.deepEqual([told(true, 'down'), told(true, 'up'), told(false, 'down')], [1, 0, 0]);
});

test('a first result that changes no state settles the choice too', () => {
  const world = three({ initState: 'fully-down' });
  world.check('be/b', 'P');
  assert.equal(world.chosen(), 'none');
  world.machine.flush();
  world.check('be/a', 'F');
  assert.equal(world.chosen(), 'b');
});

test('a server that leaves by drain, maintenance or weight gives the traffic up', () => {
  for (const leave of [
    (w: World) => w.machine.setState(w.server('be/a'), 'drain'),
    (w: World) => w.machine.setState(w.server('be/a'), 'maint'),
    (w: World) => void w.machine.setWeight(w.server('be/a'), 0, false),
  ]) {
    const world = three();
    leave(world);
    world.machine.flush();
    assert.equal(world.chosen(), 'b');
    world.machine.setState(world.server('be/a'), 'ready');
    world.machine.flush();
    assert.equal(world.chosen(), 'b');
  }
});

test('backups come last, wherever they stand', () => {
  const servers = [server('a', { ...SHORT, backup: true }), server('b', SHORT), server('c', SHORT)];
  const world = new SingleWorld([backend('be', servers, { balance: { algorithm: 'single' } })]);
  assert.equal(world.play('b- c- b+'), 'c a a');
});

test('a reload keeps the choice: order, names in front and new servers do not matter', () => {
  const world = three();
  world.play('a- a+');
  assert.equal(world.chosen(), 'b');
  const balance = { algorithm: 'single' as const };
  const again = ['n', 'a', 'c', 'b'].map((name, i) => server(name, { ...SHORT, id: i + 1 }));
  world.apply([backend('be', again, { balance })]);
  assert.equal(world.chosen(), 'b');
  world.apply([backend('be', again.slice(0, 3), { balance })]);
  assert.equal(world.chosen(), 'n');
  world.apply([backend('be', again.slice(0, 3))]);
  assert.equal(world.play('a-'), 'n'); // another algorithm takes no notice
});

test('failback shuts the sessions of the stand-in where that is configured, and only there', () => {
  for (const [settings, shut] of [
    [{}, 0],
    [{ onMarkedDown: 'shutdown-sessions' }, 1],
    [{ onMarkedUp: 'shutdown-backup-sessions' }, 1],
  ] as const) {
    const world = three(settings, true);
    world.play('a-');
    const row = world.server('be/b').row;
    const before = row.get(T.S_SHUTDOWN_EPOCH);
    world.play('a+');
    assert.equal(world.chosen(), 'a');
    assert.equal(row.get(T.S_SHUTDOWN_EPOCH) - before, shut);
    if (shut) assert.equal(row.get(T.S_SHUTDOWN_REASON), T.SHUTDOWN_BACKUP);
  }
});

test('an operator moves the traffic, and it stays; to a server that is not usable it does not go', () => {
  const world = three();
  const choose = (name: string) => {
    const error = world.machine.choose(world.server(`be/${name}`));
    world.machine.flush();
    return `${error ?? 'ok'} ${world.chosen()}`;
  };
  assert.equal(choose('c'), 'ok c');
  assert.equal(world.play('a+ 5000 b+'), 'c c c');
  world.check('be/b', 'F');
  assert.match(choose('b'), /takes no new sessions.* c$/);
  const other = new SingleWorld([backend('be', [server('a', SHORT)])]);
  assert.match(String(other.machine.choose(other.server('be/a'))), /no 'balance single'/);
});

test('with failback an operator moves nothing for long', () => {
  const world = three({}, true);
  world.machine.choose(world.server('be/c'));
  world.machine.flush();
  assert.equal(world.chosen(), 'a');
});

test('the log says who is chosen and why', () => {
  const world = three({}, true);
  world.play('a- a+');
  const lines = world.lines().filter((line) => line.includes('chosen'));
  assert.deepEqual(lines, [
    'notice Server be/a is chosen (balance single).',
    'notice Server be/b is chosen (balance single): it takes over from be/a.',
    'notice Server be/a is chosen (balance single): it takes over from be/b.',
  ]);
});

// What the check asks for, what the file says, whether sessions end when the server goes down.
for (const [role, onMarkedDown, shut] of [
  [{ kind: 'postgres' }, undefined, 1],
  [{ kind: 'mysql', want: 'primary' }, undefined, 1],
  [{ kind: 'mysql', want: 'primary' }, 'none', 0],
  [{ kind: 'redis', want: 'replica' }, undefined, 0],
  [{ kind: 'redis', want: 'replica' }, 'shutdown-sessions', 1],
  [{ kind: 'galera' }, undefined, 0],
  [{ kind: 'exec' }, undefined, 0],
] as const)
  test(`a ${role.kind} server, ${JSON.stringify(role)}, ${onMarkedDown}: ${shut ? 'its sessions end' : 'they go on'}`, () => {
    const check = { type: 'role' as const, steps: [], role };
    const world = new World([backend('be', [server('a', { ...SHORT, initState: 'up', onMarkedDown })], { check })]);
    world.check('be/a', 'F');
    assert.equal(world.server('be/a').row.get(T.S_SHUTDOWN_EPOCH), shut);
  });

test('the primary among readers counts as a stand-in', () => {
  const world = new World([backend('be', [server('a', SHORT), server('b', SHORT)])]);
  world.machine.setFallback(world.server('be/a'), true);
  world.machine.flush();
  const counts = () => [world.backend('be').get(T.B_ACTIVE), world.backend('be').get(T.B_BACKUP)];
  assert.deepEqual(counts(), [1, 1]);
  world.check('be/b', 'F');
  assert.deepEqual(counts(), [0, 1]);
  assert.equal(world.backend('be').get(T.B_UP), 1);
  world.machine.setFallback(world.server('be/a'), false);
  world.machine.flush();
  assert.deepEqual(counts(), [1, 0]);
});

/** mulberry32. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Two instances see the same servers, each with its own delay of up to a second; outages are further apart than that. */
function instances(seed: number, failback: boolean, isSecondLate: boolean): [string, string] {
  const random = randomOf(seed);
  const worlds = [three({ initState: 'down' }, failback), three({ initState: 'down' }, failback)];
  const isUp = { a: random() < 0.7, b: true, c: random() < 0.7 };
  const see = (world: SingleWorld) => {
    const names = ['a', 'b', 'c'].sort(() => random() - 0.5);
    for (const name of names) world.check(`be/${name}`, isUp[name as 'a'] ? 'P' : 'F');
  };
  const rounds = 12;
  for (let n = 0; n < rounds; n++) {
    for (const [i, world] of worlds.entries()) if (i === 0 || !isSecondLate || n > 5) see(world);
    for (const world of worlds) world.advance(3000);
    const name = ['a', 'b', 'c'][Math.floor(random() * 3)] as 'a';
    isUp[name] = !isUp[name];
  }
  for (const world of worlds) see(world);
  return [worlds[0].chosen(), worlds[1].chosen()];
}

test('instances that saw the same states chose the same server, whichever answer came first', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const [one, other] = instances(seed, false, false);
    assert.equal(one, other, `seed ${seed}`);
  }
});

test('with failback, instances that started at different times choose the same server', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const [one, other] = instances(seed, true, true);
    assert.equal(one, other, `seed ${seed}`);
  }
});
