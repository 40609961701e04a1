/** Our own commands about the past: what they answer, how a feed goes on and ends, and who is kept as the one who asked. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { choicesOf } from '../../src/control/stats-client.js';
import { downEvent, UP_NOW } from './events.js';
import { FakeEngine, model, proxy, server } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';

const checked = { check: true };
const engine = new FakeEngine(
  model([
    proxy('backend', 'be', 2, {
      servers: [server('s1', 1, 1, checked), server('s2', 2, 2, checked), server('plain', 3, 3)],
    }),
    proxy('backend', 'idle', 3, { servers: [server('x', 1, 4)] }),
  ]),
);
let socket: TestSocket;
before(async () => {
  socket = await openSocket(engine);
  engine.tell(downEvent('be', 's1'));
  engine.tell(downEvent('be', null));
  engine.tell(downEvent('idle', 'x'));
});
after(() => socket.close());

const LINE = '2023-11-14T22:13:20.000Z <alert> ';

// command, answer
for (const [command, answer] of [
  [
    'show events',
    `${LINE}Server be/s1 is DOWN.\n${LINE}backend be has no server available!\n${LINE}Server idle/x is DOWN.\n\n`,
  ],
  ['show events be', `${LINE}Server be/s1 is DOWN.\n${LINE}backend be has no server available!\n\n`],
  ['show events be/s1', `${LINE}Server be/s1 is DOWN.\n\n`],
  ['show events #3/#1 after 1', `${LINE}Server idle/x is DOWN.\n\n`],
  ['show events since 1h', '\n'],
  ['show events -n', '\n'],
  ['show events after 3', '\n'],
  ['show events after x', "'after' expects the number of an event.\n\n"],
  ['show events since', "'since' expects a time such as 30s, 10m, 2h.\n\n"],
  ['show events bee', "there is no backend 'bee'; did you mean 'be'?\n\n"],
  ['show events s2', "there is no backend 's2'; did you mean 'be/s2'?\n\n"],
  ['show events be/s3', "backend 'be' has no server 's3'; did you mean 'be/s1'?\n\n"],
  ['show explain', "Require 'backend/server'.\n\n"],
  ['show explain be', 'name a server of it: be/s1, be/s2, be/plain\n\n'],
  ['show explain idle/y', "backend 'idle' has no server 'y'; did you mean 'idle/x'?\n\n"],
  ['recheck be', 'be/s1\nbe/s2\n\n'],
  ['recheck be/s2', 'be/s2\n\n'],
  ['recheck idle', "backend 'idle' has no server with checks of its own.\n\n"],
  ['recheck', "Require 'backend' or 'backend/server'.\n\n"],
  ['clear damping be/s1', '\n'],
  ['clear damping nope', "there is no backend 'nope'; there is be, idle\n\n"],
] as const)
  test(command, async () => assert.equal(await socket.ask(command), answer));

test('a number from another history begins at its start', async () => {
  assert.match(await socket.ask('show events after 99999'), /be\/s1.*\n.*\n.*idle/);
});

test('show events json: one document a line', async () => {
  const lines = (await socket.ask('show events json')).trimEnd().split('\n');
  const [first] = lines.map((line) => JSON.parse(line) as { [key: string]: unknown });
  assert.equal(lines.length, 3);
  assert.deepEqual(first, {
    seq: 1,
    time: '2023-11-14T22:13:20.000Z',
    atMs: 1_700_000_000_000,
    proxy: 'be',
    server: 's1',
    kind: 'server-down',
    level: 'alert',
    text: 'Server be/s1 is DOWN.',
    heldMs: null,
    who: null,
  });
});

test('which of several daemons: each socket with the configuration it has', async () => {
  engine.files = ['/etc/fairlead/a.cfg', '/etc/fairlead/b.yaml'];
  const silent = await openSocket(new FakeEngine(engine.model));
  try {
    assert.equal(
      await choicesOf([socket.path, silent.path, '/nowhere.sock']),
      `  -s ${socket.path}  (/etc/fairlead/a.cfg, /etc/fairlead/b.yaml)\n  -s ${silent.path}\n  -s /nowhere.sock`,
    );
  } finally {
    await silent.close();
  }
});

test('show explain: a story without an empty line, or one document', async () => {
  engine.now = UP_NOW;
  assert.match(await socket.ask('show explain be/s1'), /^be\/s1 \(127\.0\.0\.1:1\) is UP.*\n(.+\n)+\n$/);
  const x = JSON.parse(await socket.ask('show explain be/s1 json')) as { server: string; events: unknown[] };
  assert.deepEqual([x.server, x.events.length], ['s1', 2]);
  engine.now = null;
  assert.equal(await socket.ask('show explain be/s1'), 'be/s1 does not run.\n\n');
});

test('history keeps the command and the socket it came over', async () => {
  engine.calls.length = 0;
  engine.orderedBy.length = 0;
  await socket.ask('set server be/s1 state maint');
  await socket.ask('recheck be/s1');
  const why = `recheck be/s1, over ${socket.path}`;
  assert.deepEqual(engine.calls, [
    'admin be/s1 {"do":"state","state":"maint"}',
    `admin be/s1 ${JSON.stringify({ do: 'recheck', why })}`,
  ]);
  assert.deepEqual(engine.orderedBy, [`set server be/s1 state maint, over ${socket.path}`, undefined]);
});

test('who may: the past is for everybody, a recheck for operators, damping for administrators', async () => {
  const levels = ['user', 'operator', 'admin'] as const;
  const denied: string[] = [];
  for (const level of levels) {
    const own = await openSocket(engine, level);
    for (const command of ['show events', 'recheck be/s1', 'clear damping be/s1'])
      if ((await own.ask(command)) === 'Permission denied\n\n') denied.push(`${level}: ${command}`);
    await own.close();
  }
  assert.deepEqual(denied, ['user: recheck be/s1', 'user: clear damping be/s1', 'operator: clear damping be/s1']);
});

// ── Feeds ───────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Follower {
  readonly socket: Socket;
  text(): string;
  sees(what: RegExp): Promise<void>;
}

async function follow(command: string): Promise<Follower> {
  const client = createConnection({ path: socket.path, allowHalfOpen: true });
  let text = '';
  client.on('data', (chunk) => {
    text += String(chunk);
  });
  const before = engine.followers;
  client.write(`${command}\n`);
  await until(() => engine.followers > before);
  const sees = (what: RegExp) => until(() => what.test(text));
  return { socket: client, text: () => text, sees };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; !isTrue(); i++) {
    assert.ok(i < 500, 'it did not come true within 5 s');
    await sleep(10);
  }
}

test('-w goes on with what happens, also after the time limit of idle clients', async () => {
  const follower = await follow('set timeout cli 1;show events -w -n be');
  engine.tell(downEvent('idle', 'x'));
  engine.tell(downEvent('be', 's2'));
  await follower.sees(/be\/s2 is DOWN/);
  await sleep(1300);
  engine.tell(downEvent('be', 's1'));
  await follower.sees(/be\/s1 is DOWN/);
  assert.doesNotMatch(follower.text(), /idle/);
  follower.socket.destroy();
  await until(() => engine.followers === 0);
});

test('a feed ends when the client closes its sending side: it gets what there is', async () => {
  assert.match(await socket.ask('show events -w'), /be\/s1 is DOWN/);
  await until(() => engine.followers === 0);
});

test('a feed ends with the next line of the client, which is answered', async () => {
  const follower = await follow('prompt;show events -w -n');
  follower.socket.write('show cli level\n');
  await follower.sees(/admin\n/);
  assert.equal(engine.followers, 0);
  follower.socket.destroy();
});

test('a feed ends when the socket closes for a reload', async () => {
  const own = await openSocket(engine);
  const client = createConnection(own.path);
  client.resume();
  client.write('show events -w -n\n');
  await until(() => engine.followers === 1);
  await own.close();
  await once(client, 'close');
  assert.equal(engine.followers, 0);
});

test('a reader that reads nothing holds no more than a piece, and hears what it missed', async () => {
  const follower = await follow('show events -w -n json be/s1');
  follower.socket.pause();
  for (let i = 0; i < 20_000; i++) engine.tell(downEvent('be', 's1', i));
  await sleep(50);
  follower.socket.resume();
  await follower.sees(/"missed":\d+/);
  await follower.sees(new RegExp(`"seq":${engine.history.lastSeq},`));
  follower.socket.destroy();
});
