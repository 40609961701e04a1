/** What the operator does to servers and to those that track them. The lines are those HAProxy 2.6 logged for the same commands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as T from '../../src/core/table.js';
import { backend, server, World } from './health-world.js';

type Command = 'ready' | 'drain' | 'maint' | 'up' | 'down' | 'stopping';

function tracked(): World {
  return new World([
    backend('be', [server('a')]),
    backend('tr', [server('t1', { track: 'be/a', check: false }), server('t2', { track: 't1', check: false })]),
  ]);
}

function say(world: World, name: string, command: Command): string[] {
  const s = world.server(name);
  if (command === 'up' || command === 'down' || command === 'stopping') world.machine.setHealth(s, command);
  else world.machine.setState(s, command);
  world.machine.flush();
  return world.lines().map((line) => line.replace(/ \d+ active and.*/, ' …'));
}

// Commands in order, and the lines of the last one; `N` and `A` stand for notice and alert.
const NONE = ['E backend be has no server available!'];
const GONE = ['E backend tr has no server available!'];
const ROWS: [string, [string, Command][], string[]][] = [
  [
    'maintenance',
    [['be/a', 'maint']],
    [
      'A Server be/a is going DOWN for maintenance. …',
      ...NONE,
      'A Server tr/t1 is going DOWN for maintenance via be/a. …',
      'A Server tr/t2 is going DOWN for maintenance via tr/t1. …',
      ...GONE,
    ],
  ],
  [
    'out of maintenance',
    [
      ['be/a', 'maint'],
      ['be/a', 'ready'],
    ],
    [
      'N Server be/a is UP/READY (leaving forced maintenance).',
      'N Server tr/t1 is UP/READY (leaving maintenance).',
      'N Server tr/t2 is UP/READY (leaving maintenance).',
    ],
  ],
  [
    'maintenance of a server that is down',
    [
      ['be/a', 'down'],
      ['be/a', 'maint'],
    ],
    [
      'N Server be/a was DOWN and now enters maintenance.',
      'N Server tr/t1 was DOWN and now enters maintenance via be/a.',
      'N Server tr/t2 was DOWN and now enters maintenance via tr/t1.',
    ],
  ],
  [
    'from maintenance to drain',
    [
      ['be/a', 'maint'],
      ['be/a', 'drain'],
    ],
    [
      'N Server be/a is UP/DRAIN (leaving forced maintenance).',
      'N Server be/a remains in forced drain mode.',
      'N Server tr/t1 is UP/DRAIN (leaving maintenance).',
      'N Server tr/t1 is leaving forced drain but remains in drain mode via be/a.',
      'N Server tr/t2 is UP/DRAIN (leaving maintenance).',
      'N Server tr/t2 is leaving forced drain but remains in drain mode via tr/t1.',
    ],
  ],
  [
    'drain',
    [['be/a', 'drain']],
    [
      'N Server be/a enters drain state. …',
      ...NONE,
      'N Server tr/t1 enters drain state via be/a. …',
      'N Server tr/t2 enters drain state via tr/t1. …',
      ...GONE,
    ],
  ],
  [
    'drain and back',
    [
      ['be/a', 'drain'],
      ['be/a', 'ready'],
    ],
    [
      'N Server be/a is UP (leaving forced drain).',
      'N Server tr/t1 is UP (leaving forced drain).',
      'N Server tr/t2 is UP (leaving forced drain).',
    ],
  ],
  [
    'down while draining is no alarm',
    [
      ['be/a', 'drain'],
      ['be/a', 'down'],
    ],
    [
      'N Server be/a is DOWN, changed from CLI. …',
      'N Server be/a remains in forced drain mode.',
      'N Server tr/t1 is DOWN via be/a. …',
      'N Server tr/t1 is leaving forced drain but remains in drain mode via be/a.',
      'N Server tr/t2 is DOWN via tr/t1. …',
      'N Server tr/t2 is leaving forced drain but remains in drain mode via tr/t1.',
    ],
  ],
  [
    'from drain to maintenance is no alarm',
    [
      ['be/a', 'drain'],
      ['be/a', 'maint'],
    ],
    [
      'N Server be/a is going DOWN for maintenance. …',
      'N Server tr/t1 is going DOWN for maintenance via be/a. …',
      'N Server tr/t2 is going DOWN for maintenance via tr/t1. …',
    ],
  ],
  [
    'stopping',
    [['be/a', 'stopping']],
    [
      'N Server be/a is stopping, changed from CLI. …',
      ...NONE,
      'N Server tr/t1 is stopping via be/a. …',
      'N Server tr/t2 is stopping via tr/t1. …',
      ...GONE,
    ],
  ],
  [
    'maintenance of its own, under inherited maintenance',
    [
      ['be/a', 'maint'],
      ['tr/t1', 'maint'],
    ],
    [],
  ],
  [
    'inherited maintenance ends, its own remains',
    [
      ['be/a', 'maint'],
      ['tr/t1', 'maint'],
      ['be/a', 'ready'],
    ],
    ['N Server be/a is UP/READY (leaving forced maintenance).', 'N Server tr/t1 remains in forced maintenance.'],
  ],
  [
    'its own maintenance ends, the inherited remains',
    [
      ['be/a', 'maint'],
      ['tr/t1', 'maint'],
      ['tr/t1', 'ready'],
    ],
    ['N Server tr/t1 is leaving forced maintenance but remains in maintenance via be/a.'],
  ],
  [
    'drain of its own, under inherited drain',
    [
      ['be/a', 'drain'],
      ['tr/t1', 'drain'],
    ],
    ['N Server tr/t1 remains in forced drain mode.'],
  ],
  [
    'its own drain ends, the inherited remains',
    [
      ['be/a', 'drain'],
      ['tr/t1', 'drain'],
      ['tr/t1', 'ready'],
    ],
    ['N Server tr/t1 is leaving forced drain but remains in drain mode via be/a.'],
  ],
  [
    'back from maintenance, the tracked one being down',
    [
      ['tr/t1', 'maint'],
      ['be/a', 'down'],
      ['tr/t1', 'ready'],
    ],
    [
      'N Server tr/t1 is DOWN/READY (leaving forced maintenance).',
      'N Server tr/t2 is DOWN/READY (leaving maintenance).',
    ],
  ],
  [
    'health up of a server in maintenance says nothing',
    [
      ['be/a', 'maint'],
      ['be/a', 'up'],
    ],
    [],
  ],
];

for (const [name, commands, lines] of ROWS)
  test(name, () => {
    const world = tracked();
    let said: string[] = [];
    for (const [target, command] of commands) said = say(world, target, command);
    const short = said.map((line) =>
      line.replace(/^(\w)\w+ /, (_, letter) => `${letter.toUpperCase()} `).replace(/^A (backend)/, 'E $1'),
    );
    assert.deepEqual(
      short.map((line) => line.replace(/^E(?= Server)/, 'A')),
      lines,
    );
  });

test('a disabled server is in maintenance until it is made ready; the flag of its origin stays', () => {
  const world = new World([
    backend('be', [server('a', { disabled: true }), server('t', { track: 'a', check: false })]),
  ]);
  const cells = () => ['a', 't'].map((name) => world.server(`be/${name}`).row.get(T.S_ADMIN));
  assert.deepEqual(cells(), [T.ADMIN_FMAINT | T.ADMIN_CMAINT, T.ADMIN_IMAINT]);
  assert.equal(world.backend('be').get(T.B_UP), 0);
  assert.equal(world.server('be/t').state, T.STATE_STOPPED);
  world.machine.setState(world.server('be/a'), 'ready');
  world.machine.flush();
  assert.deepEqual(cells(), [T.ADMIN_CMAINT, 0]);
  assert.equal(world.backend('be').get(T.B_ACTIVE), 2);
});

// ── Reload ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('a reload keeps health, counters and what the operator decided', () => {
  const farm = () => [backend('be', [server('a'), server('b'), server('c')])];
  const world = new World(farm());
  world.check('be/a', 'PFFF');
  world.check('be/b', 'PF');
  world.machine.setState(world.server('be/c'), 'drain');
  world.machine.setWeight(world.server('be/b'), 7, false);
  world.machine.flush();
  const cells = () =>
    ['a', 'b', 'c'].map((name) =>
      [T.S_STATE, T.S_ADMIN, T.S_HEALTH, T.S_UWEIGHT, T.S_EWEIGHT, T.S_CHECK_FAILS, T.S_DOWN_TRANS].map((cell) =>
        world.server(`be/${name}`).row.get(cell),
      ),
    );
  const before = cells();
  world.lines();
  world.apply(farm());
  assert.deepEqual(cells(), before);
  assert.deepEqual(world.lines(), []);
  assert.equal(world.backend('be').get(T.B_WEIGHT), 7);
});

test('a server whose line changed starts anew in administration and weight, not in health', () => {
  const world = new World([backend('be', [server('a')])]);
  world.check('be/a', 'PFFF');
  world.machine.setWeight(world.server('be/a'), 7, false);
  world.machine.setState(world.server('be/a'), 'drain');
  world.apply([backend('be', [server('a', { weight: 3 })])]);
  const s = world.server('be/a');
  assert.deepEqual([s.state, s.health, s.admin, s.weight], [T.STATE_STOPPED, 0, 0, 3]);
});

// Counter and state before, new rise and fall, counter after: the side of `rise` is kept.
for (const [results, rise, fall, health] of [
  ['P', 3, 5, 7],
  ['PF', 3, 5, 6],
  ['PFF', 1, 1, 1],
  ['FP', 1, 3, 0],
  ['FP', 5, 3, 1],
] as const)
  test(`after '${results}' a reload with rise ${rise} fall ${fall} leaves ${health}`, () => {
    const world = new World([backend('be', [server('a')])]);
    world.check('be/a', results);
    const { state } = world.server('be/a');
    world.apply([backend('be', [server('a', { rise, fall })])]);
    assert.deepEqual([world.server('be/a').health, world.server('be/a').state], [health, state]);
  });

test('a server that loses its checks is up; one that gets them starts as configured', () => {
  const world = new World([backend('be', [server('a'), server('b', { check: false })])]);
  world.check('be/a', 'F');
  world.apply([backend('be', [server('a', { check: false }), server('b')])]);
  assert.deepEqual(
    ['a', 'b'].map((name) => [world.server(`be/${name}`).state, world.server(`be/${name}`).health]),
    [
      [T.STATE_RUNNING, 2],
      [T.STATE_RUNNING, 2],
    ],
  );
});

test('a server that leaves is gone, one that comes is as new', () => {
  const world = new World([backend('be', [server('a'), server('b')])]);
  world.check('be/a', 'F');
  world.apply([backend('be', [server('b'), server('c')])]);
  assert.equal(world.server('be/a'), undefined);
  assert.equal(world.backend('be').get(T.B_ACTIVE), 2);
});
