/** Agents in the health machine, on a virtual clock: whose word counts when, and the log lines that tell it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CheckStatus } from '../../src/core/check-status.js';
import { serverNow } from '../../src/core/health/detail.js';
import * as T from '../../src/core/table.js';
import { backend, server, World } from './health-world.js';

const ASKED = { agentCheck: true as const, agentPort: 9, weight: 100 };

function world(settings = {}, options = {}): World {
  return new World([
    backend('b', [server('s', { ...ASKED, ...settings })], { options }),
    backend('t', [server('t', { check: false, track: 'b/s' })]),
  ]);
}

function say(w: World, ...lines: string[]): void {
  for (const line of lines) {
    const s = w.server('b/s');
    w.machine.agents.started(s);
    w.machine.agents.answered(s, `${line}\n`, 1);
  }
  w.machine.flush();
}

/** `STATE/admin/weight`. */
function shown(w: World): string {
  const row = w.row(T.rowKey.server('b', 's'));
  const state = ['DOWN', 'STARTING', 'UP', 'STOPPING'][row.get(T.S_STATE)];
  return `${state}/${row.get(T.S_ADMIN)}/${row.get(T.S_UWEIGHT)}`;
}

const LEFT = '0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.';
const ONLINE = '1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.';

test('down takes it down whatever its check says, and only up brings it back', () => {
  const w = world();
  w.check('b/s', 'P');
  say(w, 'down # too hot');
  assert.equal(shown(w), 'DOWN/0/100');
  w.check('b/s', 'PPP');
  say(w, '50%', '', 'ready');
  assert.equal(shown(w), 'DOWN/0/50', 'nothing was said about up or down');
  say(w, 'up');
  assert.equal(shown(w), 'UP/0/50');
  assert.deepEqual(
    w.lines().filter((line) => line.includes(' b/s ')),
    [
      `alert Server b/s is DOWN, reason: Layer7 wrong status, code: 0, info: "via agent : down (too hot)", check duration: 1ms. ${LEFT}`,
      `notice Server b/s is UP, reason: Layer7 check passed, code: 0, info: "via agent : up", check duration: 1ms. ${ONLINE}`,
    ],
  );
});

test('both must agree that it is up', () => {
  const w = world({ rise: 2, fall: 1 });
  w.check('b/s', 'F');
  say(w, 'up');
  assert.equal(shown(w), 'DOWN/0/100', 'its check says no');
  say(w, 'down');
  w.check('b/s', 'PP');
  assert.equal(shown(w), 'DOWN/0/100', 'its agent says no');
  say(w, 'up');
  assert.equal(shown(w), 'UP/0/100');
});

test('a tracking server follows', () => {
  const w = world();
  say(w, 'down');
  assert.equal(w.row(T.rowKey.server('t', 't')).get(T.S_STATE), T.STATE_STOPPED);
  say(w, 'up drain');
  assert.equal(w.row(T.rowKey.server('t', 't')).get(T.S_ADMIN), T.ADMIN_IDRAIN);
});

test('drain, maint and ready are the operator’s own flags', () => {
  const w = world();
  say(w, 'drain');
  assert.equal(shown(w), `UP/${T.ADMIN_FDRAIN}/100`);
  say(w, 'maint');
  assert.equal(shown(w), `DOWN/${T.ADMIN_FMAINT}/100`);
  say(w, 'up');
  assert.equal(shown(w), `DOWN/${T.ADMIN_FMAINT}/100`, 'up does not end a maintenance');
  say(w, 'ready');
  assert.equal(shown(w), 'UP/0/100');
  w.machine.setState(w.server('b/s'), 'drain');
  say(w, 'ready');
  assert.equal(shown(w), 'UP/0/100');
});

test('whose word the administrative state is', () => {
  const w = world();
  const isAgents = () => w.row(T.rowKey.server('b', 's')).get(T.S_AGENTS_WORD) === 1;
  const operator = (state: 'ready' | 'drain' | 'maint') => w.machine.setState(w.server('b/s'), state);
  for (const [name, speak, expected] of [
    ['nobody has spoken', () => say(w, 'up'), false],
    ['ready, which it is', () => say(w, 'ready'), false],
    ['its agent: maint', () => say(w, 'maint'), true],
    ['its agent: ready', () => say(w, 'ready'), true],
    ['the operator: maint', () => operator('maint'), false],
    ['its agent: maint, which it is', () => say(w, 'maint'), false],
    ['its agent: ready', () => say(w, 'ready'), true],
    ['its agent: maint', () => say(w, 'maint'), true],
    ['the operator: maint, which it is', () => operator('maint'), false],
    ['the operator: ready', () => operator('ready'), false],
    ['its agent: ready, which it is', () => say(w, 'ready'), false],
  ] as const) {
    speak();
    assert.equal(isAgents(), expected, name);
  }
});

test('what it said in maintenance holds when that ends', () => {
  const w = world();
  say(w, 'maint', 'down', 'ready');
  assert.equal(shown(w), 'DOWN/0/100');
  assert.ok(w.lines().includes('notice Server b/s is DOWN/READY (leaving forced maintenance).'));
  say(w, 'up');
  assert.equal(shown(w), 'UP/0/100');
});

test('a failure to ask changes nothing, and is told once', () => {
  const w = world({}, { logHealthChecks: true });
  say(w, 'down');
  w.lines();
  const s = w.server('b/s');
  const refused = { status: CheckStatus.L4CON, code: 0, durationMs: 0, text: 'Connection refused' };
  for (let i = 0; i < 3; i++) w.machine.agents.failed(s, refused);
  assert.equal(shown(w), 'DOWN/0/100');
  assert.deepEqual(w.lines(), [
    'notice Agent check for server b/s failed, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms, status: 0/1 DOWN.',
  ]);
});

test('a weight in percent is one of the initial weight; the same again is no news', () => {
  const w = world();
  say(w, '75%');
  assert.equal(shown(w), 'UP/0/75');
  w.machine.setWeight(w.server('b/s'), 30, false);
  say(w, '50%');
  assert.equal(shown(w), 'UP/0/50');
  const before = w.changes;
  say(w, '50%');
  assert.equal(w.changes, before);
  say(w, '0%');
  assert.ok(w.lines().includes('emerg backend b has no server available!'));
});

test('maxconn is what the data plane reads', () => {
  const w = world();
  say(w, 'maxconn:30');
  assert.equal(w.row(T.rowKey.server('b', 's')).get(T.I_MAXCONN), 30);
});

test('an operator may force it, and stop and start it', () => {
  const w = world();
  const { agents } = w.machine;
  const s = w.server('b/s');
  assert.equal(agents.force(s, false), null);
  assert.equal(shown(w), 'DOWN/0/100');
  assert.equal(agents.force(s, true), null);
  assert.equal(shown(w), 'UP/0/100');
  say(w, 'down');
  assert.equal(agents.enable(s, false), null);
  w.check('b/s', 'P');
  assert.equal(shown(w), 'UP/0/100', 'its check alone counts now');
  say(w, 'down 5%');
  assert.equal(shown(w), 'UP/0/100', 'nobody listens');
  assert.equal(agents.force(s, false), 'agent checks are not enabled on this server.');
  assert.equal(agents.enable(s, true), null);
  const t = w.server('t/t');
  assert.equal(agents.enable(t, true), 'Agent was not configured on this server, cannot enable.');
  assert.equal(agents.enable(t, false), null);
});

test('a reload keeps its word; without agent or check the server is up again', () => {
  const w = world();
  say(w, 'down');
  w.machine.agents.retarget(w.server('b/s'), { port: 7 });
  w.apply([backend('b', [server('s', ASKED)])]);
  assert.equal(shown(w), 'DOWN/0/100');
  assert.equal(w.server('b/s').agent?.port, 7, 'its line is the same');
  w.apply([backend('b', [server('s', { weight: 100, check: false })])]);
  assert.equal(shown(w), 'UP/0/100');
});

test('its story says whose word is missing', () => {
  const w = world();
  say(w, 'down # too hot');
  const now = serverNow(w.server('b/s'), 0, 0);
  assert.deepEqual(now.agent, { isDown: true, text: 'via agent : down (too hot)' });
  assert.equal(w.events.find((event) => event.kind === 'server-down')?.detail?.cause.by, 'agent');
});

test('whatever happens in whatever order: up only where nobody has said down since', () => {
  const event = fc.constantFrom('check P', 'check F', 'up', 'down', 'drain', 'maint', 'ready', '50%', 'nonsense');
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const w = world({ rise: 1, fall: 1 });
      let isWanted = true;
      for (const each of events) {
        w.advance(100);
        if (each.startsWith('check ')) {
          // In maintenance nobody checks.
          if (w.server('b/s').wantsChecks) w.check('b/s', each.slice(6));
        } else say(w, each);
        if (each === 'up' || each === 'down') isWanted = each === 'up';
        const s = w.server('b/s');
        if (!isWanted) assert.equal(s.state, T.STATE_STOPPED, `after ${each}`);
        assert.equal(w.row(T.rowKey.server('b', 's')).get(T.S_AGENT_HEALTH), isWanted ? 1 : 0);
      }
    }),
  );
});
