/** `fairlead explain`, `events` and `recheck` against a running Fairlead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredEvent } from '../../src/core/events/event.js';
import { BIN, start, until } from './program.js';
import { changes, command, setUp } from './two-nodes.js';

test('explain names the true cause, when, how long it took, who takes over, and what would change it', async (t) => {
  const { nodes, socket } = await setUp(t);
  nodes[0].fit = false;
  const asked = () => command(t, 'explain', 'pg/db1', '-S', socket);
  await until('db1 is down', async () => / is DOWN since /.test((await asked()).output));
  const { code, output } = await asked();
  assert.equal(code, 0);
  assert.match(output, /^pg\/db1 \(127\.0\.0\.1:\d+\) is DOWN since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \(/);
  assert.match(output, /last check .* ago said: L7STS\/503 "Service Unavailable" in \d+ ms\n/);
  assert.match(output, /comes back after 2 successful checks in a row, one every 50 ms\n/);
  assert.match(output, /UP -> DOWN\n {4}why +the check failed: L7STS\/503/);
  assert.match(output, /noticed +in \d+ ms: 2 failed checks in a row, the first began .*; the last good one ended /);
  assert.match(output, /then +db2 takes the traffic \(1 active, 0 backup\)\n/);
  assert.doesNotMatch(output, /\x1b/, 'colour is for terminals');
  const json = await command(t, 'explain', 'pg/db1', '--json', '-s', socket);
  const x = JSON.parse(json.output) as { status: string; events: StoredEvent[] };
  assert.deepEqual([x.status, changes(x.events)], ['DOWN', ['db1 up>down']]);
});

test('names that are none: a suggestion on the standard error, exit code 1', async (t) => {
  const { socket } = await setUp(t);
  for (const [args, said] of [
    [['explain', 'pg/dbl'], "fairlead explain: backend 'pg' has no server 'dbl'; did you mean 'pg/db1'?\n"],
    [['explain', 'db2'], "fairlead explain: there is no backend 'db2'; did you mean 'pg/db2'?\n"],
    [['explain', 'p g;show env'], "fairlead explain: there is no backend 'p g;show env'; there is pg\n"],
    [['events', 'gp'], "fairlead events: there is no backend 'gp'; did you mean 'pg'?\n"],
    [['events', '--since', 'noon'], "fairlead events: 'since' expects a time such as 30s, 10m, 2h.\n"],
    [['recheck', 'pg/db9'], "fairlead recheck: backend 'pg' has no server 'db9'; did you mean 'pg/db1'?\n"],
  ] as [string[], string][])
    assert.deepEqual(await command(t, ...args, '-s', socket), { code: 1, output: said });
  const gone = await command(t, 'events', '-s', `${socket}.not`);
  assert.equal(gone.code, 1);
  assert.match(gone.output, /^fairlead events: .*ENOENT/);
});

test('recheck: at once, whatever the interval', async (t) => {
  const { nodes, socket } = await setUp(t, '60s');
  await until('first checks are over', () => nodes[0].asked > 0);
  const before = nodes[0].asked;
  nodes[0].fit = false;
  assert.deepEqual(await command(t, 'recheck', 'pg/db1', '-s', socket), { code: 0, output: 'pg/db1\n' });
  await until('it was asked', () => nodes[0].asked > before, 1000);
});

test('a reader that has seen enough ends it without a word', async (t) => {
  const { nodes, socket, program } = await setUp(t);
  nodes[0].fit = false;
  await until('db1 is down', () => program.output().includes('pg/db1 is DOWN'));
  const pipe = start(t, ['sh', '-c', `"${process.execPath}" "${BIN}" events -f -s "${socket}" | head -n 1`]);
  nodes[0].fit = true;
  await until('db1 is up', () => program.output().includes('pg/db1 is UP'));
  // It learns that nobody reads when it writes again; what happens before it listens is not written to anybody.
  const flapping = setInterval(() => {
    nodes[1].fit = !nodes[1].fit;
  }, 500);
  t.after(() => clearInterval(flapping));
  assert.equal(await pipe.ended, 0);
  assert.match(pipe.output(), /^\S+ \S+ {2}pg\/db1 {2}UP -> DOWN {8}the check failed: .*\n$/);
});
