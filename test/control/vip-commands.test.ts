/** `show vips`, `failover vip`, and virtual routers in `show events` and `show explain`. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startControlHttp } from '../../src/control/http/server.js';
import { toHistoryEvent } from '../../src/core/events/vip-event.js';
import { downEvent } from './events.js';
import { FakeEngine, model, proxy, server } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';
import { backup, disputed, faulty, instance, master, NOW_MS, status, vipConfig, vipEvent } from './vips.js';

const GROUP = {
  name: 'G1',
  instances: ['VI_3'],
  track: { interfaces: [], scripts: [], files: [], processes: [], frontends: [] },
  notify: { any: [] },
};
const config = vipConfig([instance(), instance({ name: 'VI_2' }), instance({ name: 'VI_3' })], { groups: [GROUP] });
const engine = new FakeEngine({
  // A backend may have the name of a virtual router.
  ...model([proxy('backend', 'be', 2, { servers: [server('s1', 1, 1)] }), proxy('backend', 'VI_2', 3)]),
  vips: config,
});
let socket: TestSocket;
before(async () => {
  socket = await openSocket(engine);
  engine.tell(downEvent('be', 's1'));
  engine.tell(toHistoryEvent(vipEvent({ from: 'INIT', to: 'BACKUP', atMs: NOW_MS - 3_603_600, text: 'started' })));
  engine.tell(toHistoryEvent(vipEvent()));
  engine.tell(
    toHistoryEvent(vipEvent({ name: 'VI_2', from: 'MASTER', to: 'MASTER', level: 'alert', text: 'two owners' })),
  );
  engine.tell(downEvent('VI_2', null));
});
after(() => socket.close());
beforeEach(() => {
  engine.vipStatus = status([master(), disputed(), faulty()]);
  engine.calls.length = 0;
  engine.failoverError = null;
});

const HEAD = '# name state since vrid interface priority owner owner_priority held addresses problems faults\n';
const TABLE = `${HEAD}VI_1 MASTER 2026-11-21T11:00:00.000Z 51 eth1 103 10.0.0.101 103 1/1 10.0.0.130 - 0
VI_2 MASTER 2026-11-21T11:00:00.000Z 52 eth1 103 10.0.0.101 103 1/1 10.0.0.130 two-masters 0
VI_3 FAULT 2026-11-21T11:59:48.000Z 53 eth1 91 - - 0/1 10.0.0.132/24 - 1
`;

test('show vips: one line each, also where there are none', async () => {
  assert.equal(await socket.ask('show vips'), `${TABLE}\n`);
  assert.deepEqual(JSON.parse(await socket.ask('show vips json')), engine.vipStatus);
  engine.vipStatus = null;
  assert.equal(await socket.ask('show vips'), `${HEAD}\n`);
  assert.equal(await socket.ask('show vips json'), 'null\n\n');
});

// command, answer, order
const HOLD = "'hold' expects a time such as 60s or 10m, at most 24h.\n\n";
for (const [command, answer, ...calls] of [
  ['failover vip', 'VI_1\nVI_2\n\n', 'failover null 60000'],
  ['failover vip VI_1', 'VI_1\n\n', 'failover VI_1 60000'],
  ['failover vip VI_1 hold 10m', 'VI_1\n\n', 'failover VI_1 600000'],
  ['failover vip hold 0', 'VI_1\nVI_2\n\n', 'failover null 0'],
  ['failover vip VI_3', 'VI_3 is FAULT here and has nothing to hand over.\n\n'],
  ['failover vip G1', 'no virtual router is MASTER here: there is nothing to hand over.\n\n'],
  ['failover vip VI_11', "there is no virtual router 'VI_11'; did you mean 'VI_1'?\n\n"],
  ['failover vip nonsense', "there is no virtual router 'nonsense'; there is VI_1, VI_2, VI_3, G1\n\n"],
  ['failover vip VI_1 hold', HOLD],
  ['failover vip VI_1 hold soon', HOLD],
  ['failover vip VI_1 hold 25h', HOLD],
  ['failover vip VI_1 10m', "expects 'failover vip [<name>] [hold <time>]'.\n\n"],
  ['failover vip VI_1 hold 1s more', "expects 'failover vip [<name>] [hold <time>]'.\n\n"],
] as const)
  test(command, async () => {
    assert.equal(await socket.ask(command), answer);
    assert.deepEqual(engine.calls, calls);
  });

test('a router that stands by names the owner, and what the thread refuses is told', async () => {
  engine.vipStatus = status([backup()]);
  const text = 'VI_1 is BACKUP here and has nothing to hand over; its owner is 10.0.0.101.\n\n';
  assert.equal(await socket.ask('failover vip VI_1'), text);
  engine.vipStatus = status([master()]);
  engine.failoverError = 'it is stopping.';
  assert.equal(await socket.ask('failover vip VI_1'), 'it is stopping.\n\n');
  engine.vipStatus = null;
  assert.match(await socket.ask('failover vip'), /^this process has no virtual routers;/);
});

test('only an admin hands over; the order tells where it came from', async () => {
  const operator = await openSocket(engine, 'operator');
  try {
    assert.match(await operator.ask('failover vip'), /Permission denied/);
    assert.equal(await operator.ask('show vips'), `${TABLE}\n`);
  } finally {
    await operator.close();
  }
  await socket.ask('failover vip VI_1');
  assert.match(engine.orderedBy.at(-1)!, /^failover vip VI_1, over /);
});

// ── The past ────────────────────────────────────────────────────────────────────────────────────────────────────────

test('show events finds a virtual router by its name, and leaves it to backends of that name', async () => {
  const all = await socket.ask('show events');
  assert.equal(all.trimEnd().split('\n').length, 5);
  const own = await socket.ask('show events VI_1');
  assert.equal(
    own,
    '2026-11-21T10:59:56.400Z <notice> vip VI_1: INIT -> BACKUP: started\n' +
      '2026-11-21T11:00:00.000Z <notice> vip VI_1: BACKUP -> MASTER: no advertisement of 10.0.0.102 for 3.6 s\n\n',
  );
  assert.equal((await socket.ask('show events be')).includes('vip'), false);
  assert.match(await socket.ask('show events VI_2'), /^[^\n]*backend VI_2 has no server available!\n\n$/);
  assert.equal(await socket.ask('show events VI_9'), "there is no virtual router 'VI_9'; did you mean 'VI_1'?\n\n");
});

test('show events json: the change and how long it lasted', async () => {
  const lines = (await socket.ask('show events VI_1 json')).trimEnd().split('\n');
  const { vip, kind, proxy: name, server: of, heldMs } = JSON.parse(lines[1]);
  assert.deepEqual(
    { vip, kind, name, of, heldMs },
    {
      vip: { from: 'BACKUP', to: 'MASTER', why: 'no advertisement of 10.0.0.102 for 3.6 s' },
      kind: 'vip',
      name: 'VI_1',
      of: null,
      heldMs: 3600,
    },
  );
});

test('show explain: the story of a router, and which to name of a group', async () => {
  const text = await socket.ask('show explain VI_1');
  assert.match(text, /^VI_1 \(vrid 51 on eth1, VRRPv2, advert every 1 s\) is MASTER since /);
  assert.match(text, /BACKUP -> MASTER, after 3.6 s\n {4}why +no advertisement of 10.0.0.102 for 3.6 s\n/);
  assert.equal(await socket.ask('show explain G1'), 'name an instance of it: VI_3\n\n');
  const { vip, events } = JSON.parse(await socket.ask('show explain VI_1 json'));
  assert.deepEqual([vip.name, events.length], ['VI_1', 2]);
  engine.vipStatus = null;
  assert.equal(await socket.ask('show explain VI_1'), 'VI_1 does not run.\n\n');
});

test('over HTTP: events by name, server-sent ones named vip, and the story', async (t) => {
  const endpoint = await startControlHttp(engine, { kind: 'inet', family: 4, host: '127.0.0.1', port: 0 }, 'token');
  t.after(() => endpoint.close());
  const ask = (path: string, accept = '*/*') =>
    fetch(`http://127.0.0.1:${endpoint.port}${path}`, { headers: { authorization: 'Bearer token', accept } });
  const lines = (await (await ask('/v1/events?vip=VI_1')).text()).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).vip.to),
    ['BACKUP', 'MASTER'],
  );
  const stream = (await ask('/v1/events?vip=VI_1', 'text/event-stream')).body!.getReader();
  assert.match(new TextDecoder().decode((await stream.read()).value), /^id: 2\nevent: vip\ndata: \{"seq":2,/);
  await stream.cancel();
  const { vip } = (await (await ask('/v1/explain/VI_1')).json()) as { vip: { state: string } };
  assert.equal(vip.state, 'MASTER');
  for (const path of ['/v1/explain/VI_9', '/v1/explain/be', '/v1/events?vip=VI_9'])
    assert.equal((await ask(path)).status, 404, path);
});
