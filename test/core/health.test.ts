/** The health machine against the manual (`rise`, `fall`, `inter`, `slowstart`, `on-error`, `init-state`) and HAProxy 2.6's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Server } from '../../src/config/model.js';
import { firstDelay, nextInterval } from '../../src/core/health/schedule.js';
import * as T from '../../src/core/table.js';
import { backend, START_S, server, World } from './health-world.js';

function one(settings: Partial<Server> = {}, options = {}): World {
  return new World([backend('be', [server('a', settings)], options)]);
}

// rise 2, fall 3: the counter runs 0..4, up from 2. Results, health, state (0 down, 2 up, 3 stopping), failed checks.
for (const [results, health, state, fails] of [
  ['', 2, 2, 0],
  ['P', 4, 2, 0],
  ['F', 0, 0, 1],
  ['PF', 3, 2, 1],
  ['PFF', 2, 2, 2],
  ['PFFF', 0, 0, 3],
  ['PFFP', 4, 2, 2],
  ['PFFPFF', 2, 2, 4],
  ['FP', 1, 0, 1],
  ['FPF', 0, 0, 1],
  ['FPP', 4, 2, 1],
  ['FFFF', 0, 0, 1],
  ['PC', 4, 3, 0],
  ['PCP', 4, 2, 0],
  ['PCFFF', 0, 0, 3],
  ['C', 4, 3, 0],
  ['FC', 0, 0, 1],
  ['FPC', 1, 0, 1],
] as const)
  test(`rise 2 fall 3: after '${results}' health is ${health} and the state ${state}`, () => {
    const world = one();
    world.check('be/a', results);
    const s = world.server('be/a');
    assert.deepEqual([s.health, s.state, s.row.get(T.S_CHECK_FAILS)], [health, state, fails]);
    assert.equal(s.row.get(T.S_EWEIGHT), state === T.STATE_RUNNING ? 16 : 0);
  });

// `init-state`: counter and state before the first check, and after one result.
for (const [initState, health, state, result, then] of [
  ['up', 2, 2, 'F', 0],
  ['down', 1, 0, 'P', 2],
  ['fully-up', 4, 2, 'F', 2],
  ['fully-down', 0, 0, 'P', 0],
] as const)
  test(`init-state ${initState} starts at ${health}`, () => {
    const world = one({ initState });
    const s = world.server('be/a');
    assert.deepEqual([s.health, s.state], [health, state]);
    world.check('be/a', result);
    assert.equal(s.state, then);
  });

test('init-state holds again when a server leaves maintenance', () => {
  const world = one({ initState: 'fully-down' });
  world.check('be/a', 'PP');
  world.machine.setState(world.server('be/a'), 'maint');
  world.machine.setState(world.server('be/a'), 'ready');
  assert.match(world.lines().at(-1)!, /DOWN\/READY \(leaving forced maintenance\)\.$/);
  assert.equal(world.server('be/a').state, T.STATE_STOPPED);
});

// Manual, table of `inter`: up or down for good, or on the way.
for (const [results, interval] of [
  ['', 20],
  ['P', 10],
  ['PF', 20],
  ['PFFF', 30],
  ['FP', 20],
  ['FPP', 10],
] as const)
  test(`after '${results}' the next check is ${interval} ms later`, () => {
    const world = one({ interMs: 10, fastinterMs: 20, downinterMs: 30 });
    world.check('be/a', results);
    assert.equal(nextInterval(world.server('be/a'), 0, 0.9), interval);
  });

test('fastinter and downinter default to inter', () => {
  const world = one({ interMs: 70 });
  for (const results of ['', 'P', 'FFF', 'P']) {
    world.check('be/a', results);
    assert.equal(nextInterval(world.server('be/a'), 0, 0), 70);
  }
});

test('spread-checks moves a check by up to its percentage', () => {
  const s = one({ interMs: 1000 }).server('be/a');
  assert.deepEqual(
    [0, 0.5, 0.999999].map((random) => Math.round(nextInterval(s, 20, random))),
    [800, 1000, 1200],
  );
});

test('first checks are spread over the shortest interval, or over max-spread-checks', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => firstDelay(i, 4, 1000, 0)),
    [0, 250, 500, 750],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => firstDelay(i, 4, 1000, 100)),
    [0, 25, 50, 75],
  );
});

test('log lines of going down and up, with the reason', () => {
  const world = new World([backend('be', [server('a'), server('k', { backup: true })])]);
  world.check('be/a', 'PFFF');
  world.check('be/k', 'F');
  world.check('be/k', 'PP');
  world.check('be/a', 'PP');
  assert.deepEqual(world.lines(), [
    'alert Server be/a is DOWN, reason: Layer7 wrong status, code: 503, info: "Unavailable", check duration: 1ms. 0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.',
    'alert Backup Server be/k is DOWN, reason: Layer7 wrong status, code: 503, info: "Unavailable", check duration: 1ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
    'emerg backend be has no server available!',
    'notice Backup Server be/k is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. 0 active and 1 backup servers online. Running on backup. 0 sessions requeued, 0 total in queue.',
    'notice Server be/a is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. 1 active and 1 backup servers online. 0 sessions requeued, 0 total in queue.',
  ]);
});

test('log-health-checks: a line for each change of status or counter, none for the same again', () => {
  const world = one({}, { options: { logHealthChecks: true } });
  world.check('be/a', 'PPFFFFP');
  assert.deepEqual(
    world.lines().map((line) => line.replace(/, check duration: 1ms|, info: "Unavailable"/g, '')),
    [
      'notice Health check for server be/a succeeded, reason: Layer7 check passed, code: 200, status: 3/3 UP.',
      'notice Health check for server be/a failed, reason: Layer7 wrong status, code: 503, status: 2/3 UP.',
      'notice Health check for server be/a failed, reason: Layer7 wrong status, code: 503, status: 1/3 UP.',
      'notice Health check for server be/a failed, reason: Layer7 wrong status, code: 503, status: 0/2 DOWN.',
      'alert Server be/a is DOWN. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
      'emerg backend be has no server available!',
      'notice Health check for server be/a succeeded, reason: Layer7 check passed, code: 200, status: 1/2 DOWN.',
    ],
  );
});

// As HAProxy 2.6: weight 10 over 5 s, in sixteenths of the weight, rounded up where it is shown.
test('slowstart: weights 1 3 5 7 9 then 10, and a line when it is over', () => {
  const world = one({ weight: 10, slowstartMs: 5000 });
  world.check('be/a', 'PFFFPP');
  const shown = [];
  for (let second = 0; second < 6; second++) {
    shown.push(Math.ceil(world.server('be/a').row.get(T.S_EWEIGHT) / 16));
    world.seconds(1);
  }
  assert.deepEqual(shown, [1, 3, 5, 7, 9, 10]);
  assert.equal(
    world.lines().at(-1),
    'notice Server be/a is UP. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
  );
  assert.equal(world.server('be/a').row.get(T.S_STATE), T.STATE_RUNNING);
});

test('slowstart does not apply at the start of the program', () => {
  const world = one({ weight: 10, slowstartMs: 5000 });
  world.check('be/a', 'P');
  assert.equal(world.server('be/a').row.get(T.S_EWEIGHT), 160);
});

test('slowstart does not apply to static algorithms', () => {
  const world = one({ weight: 10, slowstartMs: 5000 }, { balance: { algorithm: 'static-rr' } });
  world.check('be/a', 'PFFFPP');
  assert.equal(world.server('be/a').row.get(T.S_EWEIGHT), 160);
});

// `on-error`: counter after the limit was reached, starting from 4 (rise 2, fall 3).
for (const [onError, health, state] of [
  ['fastinter', 4, 2],
  ['fail-check', 3, 2],
  ['sudden-death', 2, 2],
  ['mark-down', 0, 0],
] as const)
  test(`on-error ${onError}: health ${health}, and a check soon`, () => {
    const world = one({ observe: 'layer4', onError, errorLimit: 5, fastinterMs: 100 });
    world.check('be/a', 'P');
    world.machine.observedLimit(world.server('be/a'), 5);
    const s = world.server('be/a');
    assert.deepEqual([s.health, s.state, world.soon], [health, state, [['be/a', 100]]]);
  });

test('observation that marks a server down says what it saw', () => {
  const world = one({ observe: 'layer4', onError: 'mark-down' });
  world.machine.observedLimit(world.server('be/a'), 10);
  assert.match(
    world.lines()[0],
    /is DOWN, reason: Health analyze, info: "Detected 10 consecutive errors, last one was: L4 unsuccessful connection"\. 0 active/,
  );
});

test('a server that is down or in maintenance is not observed', () => {
  const world = one({ observe: 'layer4', onError: 'mark-down' });
  world.check('be/a', 'F');
  world.lines();
  world.machine.observedLimit(world.server('be/a'), 10);
  world.machine.setState(world.server('be/a'), 'maint');
  world.machine.observedLimit(world.server('be/a'), 10);
  assert.equal(world.lines().length, 1);
});

// `set server … weight`, initial weight 4.
for (const [algorithm, weight, isRelative, outcome] of [
  ['roundrobin', 0, false, 0],
  ['roundrobin', 256, false, 256],
  ['roundrobin', 257, false, 'Absolute weight can only be between 0 and 256 inclusive.'],
  ['roundrobin', 50, true, 2],
  ['roundrobin', 300, true, 12],
  ['roundrobin', 10_000, true, 256],
  ['roundrobin', 10, true, 0],
  ['static-rr', 5, false, "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."],
  ['static-rr', 0, false, 0],
  ['static-rr', 100, true, 4],
  ['static-rr', 101, true, 4],
] as const)
  test(`${algorithm}: weight ${weight}${isRelative ? '%' : ''} of 4 gives ${outcome}`, () => {
    const world = one({ weight: 4 }, { balance: { algorithm } });
    const error = world.machine.setWeight(world.server('be/a'), weight, isRelative);
    assert.equal(error ?? world.server('be/a').row.get(T.S_UWEIGHT), outcome);
  });

test('weight 0 of the only server takes the backend down, and back', () => {
  const world = one();
  world.machine.setWeight(world.server('be/a'), 0, false);
  world.machine.flush();
  assert.deepEqual(world.lines(), ['emerg backend be has no server available!']);
  assert.equal(world.backend('be').get(T.B_UP), 0);
  world.machine.setWeight(world.server('be/a'), 100, true);
  world.machine.flush();
  assert.equal(world.backend('be').get(T.B_UP), 1);
});

test('a tracking server refuses a health of its own; enabling checks that are not there is refused', () => {
  const world = new World([backend('be', [server('a'), server('t', { track: 'a' })])]);
  assert.equal(world.machine.setHealth(world.server('be/t'), 'up'), 'cannot change health on a tracking server.');
  assert.equal(
    world.machine.setChecks(world.server('be/t'), true),
    'Health check was not configured on this server, cannot enable.',
  );
});

test('on-marked-down shutdown-sessions: once when it goes down, also by maintenance', () => {
  const world = one({ onMarkedDown: 'shutdown-sessions' });
  const epoch = () => world.server('be/a').row.get(T.S_SHUTDOWN_EPOCH);
  world.check('be/a', 'PFFFF');
  assert.equal(epoch(), 1);
  world.check('be/a', 'PP');
  world.machine.setState(world.server('be/a'), 'maint');
  assert.equal(epoch(), 2);
});

test('on-marked-up shutdown-backup-sessions: the backups let go, not while the server has no weight', () => {
  const world = new World([
    backend('be', [
      server('a', { onMarkedUp: 'shutdown-backup-sessions' }),
      server('k', { backup: true }),
      server('l', { backup: true }),
    ]),
  ]);
  world.check('be/a', 'FPP');
  const epochs = () => ['k', 'l', 'a'].map((name) => world.server(`be/${name}`).row.get(T.S_SHUTDOWN_EPOCH));
  assert.deepEqual(epochs(), [1, 1, 0]);
  assert.equal(world.server('be/k').row.get(T.S_SHUTDOWN_REASON), T.SHUTDOWN_BACKUP);
  world.machine.setWeight(world.server('be/a'), 0, false);
  world.check('be/a', 'FFFPP');
  assert.deepEqual(epochs(), [1, 1, 0]);
});

test('downtime: counted while down and in drain, not in maintenance', () => {
  const world = one();
  const row = () => world.server('be/a').row;
  world.check('be/a', 'F');
  world.seconds(7);
  world.check('be/a', 'PP');
  assert.deepEqual([row().get(T.S_DOWNTIME), row().get(T.S_LAST_CHANGE)], [7, START_S + 7]);
  world.machine.setState(world.server('be/a'), 'maint');
  world.seconds(5);
  world.machine.setState(world.server('be/a'), 'ready');
  assert.deepEqual([row().get(T.S_DOWNTIME), row().get(T.S_LAST_CHANGE)], [7, START_S + 12]);
  world.machine.setState(world.server('be/a'), 'drain');
  world.seconds(3);
  world.machine.setState(world.server('be/a'), 'ready');
  assert.equal(row().get(T.S_DOWNTIME), 10);
  assert.deepEqual([world.backend('be').get(T.B_DOWNTIME), world.backend('be').get(T.B_DOWN_TRANS)], [10, 3]);
});

test('checks report their flags as show servers state has them', () => {
  const world = one();
  const flags = () => world.server('be/a').row.get(T.S_CHECK_STATE);
  const seen = [flags()];
  world.machine.checkStarted(world.server('be/a'));
  seen.push(flags());
  world.machine.checkCancelled(world.server('be/a'));
  world.machine.setState(world.server('be/a'), 'maint');
  seen.push(flags());
  world.machine.setState(world.server('be/a'), 'ready');
  world.machine.setChecks(world.server('be/a'), false);
  seen.push(flags());
  assert.deepEqual(seen, [6, 7, 14, 2]);
});

test('a result that comes after maintenance began is not counted', () => {
  const world = one();
  world.machine.checkStarted(world.server('be/a'));
  world.machine.setState(world.server('be/a'), 'maint');
  world.lines();
  world.machine.checkEnded(world.server('be/a'), { status: 15, code: 200, durationMs: 1, text: '' });
  assert.deepEqual(world.lines(), []);
  assert.equal(world.server('be/a').health, 0);
});

test('a name that does not resolve keeps the server out until it does', () => {
  const world = one();
  world.machine.setResolved(world.server('be/a'), false);
  assert.equal(world.server('be/a').row.get(T.S_EWEIGHT), 0);
  assert.equal(world.server('be/a').row.get(T.S_ADMIN), T.ADMIN_RMAINT);
  world.machine.setResolved(world.server('be/a'), true);
  assert.match(world.lines().at(-1)!, /Server be\/a is UP\/READY \(resolves again\)\.$/);
});
