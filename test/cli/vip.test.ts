/** `fairlead vip status` and `failover`, and what `status`, `explain` and `events` say of virtual addresses. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { toHistoryEvent } from '../../src/core/events/vip-event.js';
import type { VipInstanceStatus } from '../../src/core/vrrp/messages.js';
import { FakeEngine, model } from '../control/fake-engine.js';
import { openSocket } from '../control/sockets.js';
import { backup, disputed, faulty, instance, master, status, vipConfig, vipEvent } from '../control/vips.js';
import { BIN, start } from '../daemon/program.js';

interface Stage {
  readonly engine: FakeEngine;
  /** @returns exit code and what was printed, both streams */
  run(...args: string[]): Promise<{ code: unknown; text: string }>;
  readonly path: string;
}

async function stage(t: TestContext, ...instances: VipInstanceStatus[]): Promise<Stage> {
  const config = vipConfig(instances.map(({ name }) => instance({ name })));
  const engine = new FakeEngine({ ...model([]), vips: config });
  engine.vipStatus = instances.length > 0 ? status(instances) : null;
  const socket = await openSocket(engine);
  t.after(() => socket.close());
  const run = async (...args: string[]) => {
    const child = start(t, [process.execPath, BIN, ...args, '-s', socket.path], { TZ: 'UTC' });
    const code = await child.ended;
    return { code, text: child.output() };
  };
  return { engine, run, path: socket.path };
}

// routers, arguments, exit code, what is said
for (const [name, instances, args, code, said] of [
  ['all is well', [master(), backup({ name: 'VI_9' })], [], 0, /^VI_1 {2}MASTER since 2026-11-21 11:00:00 \(1 h\)\n/],
  ['one of them', [faulty(), master()], ['VI_1'], 0, /^VI_1 {2}MASTER [\s\S]*1 virtual router, 1 MASTER\n/],
  ['a sync group', [faulty(), master()], ['G1'], 2, /^VI_3 {2}FAULT [\s\S]*1 virtual router, 0 MASTER\n/],
  ['a fault', [master(), faulty()], [], 2, /interface eth2 is down/],
  ['two owners', [disputed()], [], 2, /10\.0\.0\.103 says it is master, too/],
  [
    'no such router',
    [master()],
    ['VI_2'],
    1,
    /^fairlead vip status: there is no virtual router 'VI_2'; there is VI_1\n$/,
  ],
  ['none at all', [], [], 1, /^fairlead vip status: the running daemon has no virtual routers in its configuration\n$/],
] as const)
  test(`vip status: ${name}`, async (t) => {
    const { run } = await stage(t, ...instances);
    const found = await run('vip', 'status', ...args);
    assert.match(found.text, said);
    assert.equal(found.code, code);
    assert.equal(found.text.includes('\x1b'), false, 'no colours where it is no terminal');
  });

test('two owners of a while ago are no reason for alarm', async (t) => {
  const problem = disputed().problems[0];
  const { run } = await stage(t, disputed({ problems: [{ ...problem, lastMs: problem.lastMs - 60_000 }] }));
  assert.equal((await run('vip', 'status')).code, 0);
});

test('vip status --json is what the thread said, and its exit code is the same', async (t) => {
  const { run, engine } = await stage(t, faulty());
  const { code, text } = await run('vip', 'status', '--json');
  assert.deepEqual([code, JSON.parse(text)], [2, engine.vipStatus]);
});

test('vip status --watch goes on until the daemon is gone', async (t) => {
  const { path } = await stage(t, master());
  const child = start(t, [process.execPath, BIN, 'vip', 'status', '--watch', '--json', '-s', path]);
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (child.output().split('\n').length < 3) return;
      clearInterval(look);
      resolve();
    }, 50);
  });
  assert.equal(JSON.parse(child.output().split('\n')[1]).hostname, 'lb1');
  child.child.kill('SIGINT');
  assert.equal(await child.ended, 'SIGINT');
});

test('nobody to ask: exit code 1', async (t) => {
  const child = start(t, [process.execPath, BIN, 'vip', 'status', '-s', '/nonexistent/fl.sock']);
  assert.equal(await child.ended, 1);
  assert.match(child.output(), /^fairlead vip status: .*ENOENT/);
});

test('colours on a terminal only, and not with NO_COLOR', async (t) => {
  const { path } = await stage(t, master());
  const line = `${process.execPath} ${BIN} vip status -s ${path}`;
  const [plain, coloured] = await Promise.all(
    [{ NO_COLOR: '1' }, { NO_COLOR: '' }].map(async (env) => {
      const child = start(t, ['script', '-qec', line, '/dev/null'], env);
      await child.ended;
      return child.output();
    }),
  );
  assert.equal(plain.includes('\x1b['), false);
  assert.ok(coloured.includes('\x1b[32mMASTER\x1b[0m'), coloured);
});

// ── Hand over ───────────────────────────────────────────────────────────────────────────────────────────────────────

test('vip failover: hands over, and says for how long', async (t) => {
  const { run, engine } = await stage(t, master(), backup({ name: 'VI_2' }));
  assert.deepEqual(await run('vip', 'failover', '--hold', '5m'), {
    code: 0,
    text: 'VI_1: handed over, not taken back for 5 m\n',
  });
  assert.deepEqual(engine.calls, ['failover null 300000']);
});

test('vip failover --wait: names the successor', async (t) => {
  const { run, engine } = await stage(t, master());
  engine.failoverVip = async (router, holdMs) => {
    engine.calls.push(`failover ${router} ${holdMs}`);
    engine.vipStatus = status([backup({ sourceIp: '10.0.0.101', owner: null, ownerPriority: null })]);
    setTimeout(() => {
      engine.vipStatus = status([backup({ sourceIp: '10.0.0.101', owner: '10.0.0.102', ownerPriority: 102 })]);
    }, 200);
    return null;
  };
  const { code, text } = await run('vip', 'failover', 'VI_1', '--wait');
  assert.match(text, /^VI_1: 10\.0\.0\.102 \(priority 102\) has it, seen (\d+ ms|1[.\d]* s) after the order\n$/);
  assert.equal(code, 0);
  assert.deepEqual(engine.calls, ['failover VI_1 60000']);
});

test('vip failover --wait: nobody takes over', async (t) => {
  const { run } = await stage(t, master({ advertIntervalMs: 20 }));
  const { code, text } = await run('vip', 'failover', '--wait');
  assert.match(text, /^VI_1: no other router took over within 5 s; it is MASTER here\n1 router without a successor: /);
  assert.equal(code, 3);
});

// arguments, what the engine says to it, what is said
for (const [args, error, said] of [
  [[], 'it is stopping.', /^fairlead vip failover: it is stopping\.\n$/],
  [['VI_7'], null, /^fairlead vip failover: there is no virtual router 'VI_7'; there is VI_1\n$/],
  [
    ['--hold', 'soon'],
    null,
    /^error: option '--hold <time>' argument 'soon' is invalid\. a time such as 30s or 10m\.\n$/,
  ],
] as const)
  test(`vip failover ${args.join(' ')} is refused`, async (t) => {
    const { run, engine } = await stage(t, master());
    engine.failoverError = error;
    const found = await run('vip', 'failover', ...args);
    assert.match(found.text, said);
    assert.equal(found.code, 1);
  });

// ── The other subcommands ───────────────────────────────────────────────────────────────────────────────────────────

test('status has a section on them; explain and events find them by name', async (t) => {
  const { run, engine } = await stage(t, master());
  engine.tell(toHistoryEvent(vipEvent()));
  assert.match((await run('status')).text, /^virtual addresses\n {2}VI_1 {2}MASTER {2}10\.0\.0\.130 {2}since 1 h\n/m);
  assert.match(
    (await run('explain', 'VI_1')).text,
    /^VI_1 \(vrid 51 on eth1.*\) is MASTER since [\s\S]*why +no advertisement of/,
  );
  assert.match(
    (await run('events', 'VI_1')).text,
    /^2026-11-21 11:00:00\.000 {2}VI_1 {2}BACKUP -> MASTER {2}no advertisement of 10\.0\.0\.102 for 3\.6 s\n$/,
  );
});
