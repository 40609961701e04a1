/**
 * What a client of the stats socket sees (management guide §9.3). The answers were observed on HAProxy 2.6; the
 * differential test asks the real one the same.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { REPORTED_VERSION } from '../../src/control/version.js';
import { FakeEngine, model, proxy, server } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';
import { talk } from './talk.js';

const V = REPORTED_VERSION;
const engine = new FakeEngine(
  model([proxy('backend', 'be', 2, { servers: [server('s1', 1, 1, { check: true })] })], {
    statsTimeoutMs: 400,
    statsMaxconn: 3,
  }),
);
let socket: TestSocket;
before(async () => {
  socket = await openSocket(engine);
});
after(() => socket.close());

// sent, answer: everything up to the end of the connection
const ANSWERS: readonly (readonly [sent: string, answer: string])[] = [
  ['show version\n', `${V}\n\n`],
  ['show version\r\n', `${V}\n\n`],
  ['show\tversion and more\n', `${V}\n\n`],
  ['show\0version\n', `${V}\n\n`],
  ['show version;show cli level\n', `${V}\n\nadmin\n\n`],
  ['show version\nshow cli level\n', `${V}\n\nadmin\n\n`],
  ['show version', ''],
  ['get weight be\\;x\n', "Require 'backend/server'.\n\n"],
  ['prompt\n', '\n> '],
  ['prompt\nshow version\n', `\n> ${V}\n\n> `],
  ['prompt;show version\nshow cli level\n', `\n> ${V}\n\n> admin\n\n> `],
  ['prompt\nquit\nshow version\n', '\n> '],
  ['prompt;prompt;show version\n', `\n> \n${V}\n\n`],
  ['quit;show version\n', ''],
  ['show cli level;show version <<\nabc\n\n', `admin\n\n${V}\n\n`],
  ['prompt\nshow version <<\nabc\ndef\n\n', `\n> + + + ${V}\n\n> `],
  ['show version <<\nabc\n', ''],
  ['_getsocks\n', ''],
  [
    'prompt\noperator\nshow cli level\nset weight be/s1 3\nset severity-output number\nset weight be/s1 3\n',
    '\n> \n> operator\n\n> Permission denied\n\n> \n> [3]: Permission denied\n\n> ',
  ],
  ['set severity-output string;get weight be/nope\n', '\n[err]: No such server.\n\n'],
  [`show version ${'a'.repeat(20_000)}\n`, ''],
  ['a'.repeat(20_000), ''],
];

for (const [sent, answer] of ANSWERS)
  test(`answers ${JSON.stringify(sent.slice(0, 60))}`, async () => {
    assert.equal(await talk({ path: socket.path }, sent), answer);
  });

test('an unknown command is answered with what it may have meant, and what there always is', async () => {
  const answer = await socket.ask('set maxconn');
  assert.match(answer, /^Unknown command, but maybe one of the following ones is a better match:\n/);
  assert.match(answer, /\n {2}set maxconn frontend <frontend> <value> : /);
  assert.match(answer, /\n {2}help \[<command>\] {24}: list matching or all commands\n {2}prompt .*\n {2}quit .*\n\n$/);
});

test('an empty line is answered with every command', async () => {
  const answer = await socket.ask('');
  assert.match(answer, /^Unknown command. Please enter one of the following commands only:\n/);
  assert.match(answer, /\n {2}show stat \[desc\|json\|no-maint\|typed\|up\]\*: /);
});

test('help lists what the level may use', async () => {
  const user = await openSocket(engine, 'user');
  assert.doesNotMatch(await user.ask('help'), /set server/);
  assert.match(await socket.ask('help'), /^The following commands are valid at this level:\n[\s\S]*set server <bk>/);
  await user.close();
});

describe('connections', () => {
  test('a client without a prompt is closed after its line without closing first', async () => {
    assert.equal(await talk({ path: socket.path }, 'show version\n', false), `${V}\n\n`);
  });

  test('an idle client is closed after the time limit', async () => {
    const began = Date.now();
    assert.equal(await talk({ path: socket.path }, 'prompt\n', false), '\n> ');
    assert.ok(Date.now() - began >= 380 && Date.now() - began < 3000);
  });

  test('set timeout cli lengthens the limit of this connection', async () => {
    const began = Date.now();
    await talk({ path: socket.path }, 'prompt\nset timeout cli 1\n', false);
    assert.ok(Date.now() - began >= 950);
  });

  test('clients beyond stats maxconn wait for their turn', async () => {
    const holders = [1, 2, 3].map(() => createConnection(socket.path));
    await Promise.all(holders.map((held) => once(held, 'connect')));
    await sleep(30);
    const late = talk({ path: socket.path }, 'show version\n');
    assert.equal(await Promise.race([late, sleep(100, 'waits')]), 'waits');
    for (const held of holders) held.destroy();
    assert.equal(await late, `${V}\n\n`);
  });

  test('a huge answer waits for a slow reader and arrives whole', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => server(`server-${i}`, i + 1, 1 + i, { check: true }));
    const big = new FakeEngine(model([proxy('backend', 'big', 2, { servers: many })], { statsTimeoutMs: 5000 }));
    const own = await openSocket(big);
    const client = createConnection({ path: own.path, allowHalfOpen: true });
    client.setEncoding('latin1');
    client.end('show stat json\n');
    await sleep(200);
    let answer = '';
    for await (const chunk of client) answer += chunk;
    assert.equal((JSON.parse(answer) as unknown[]).length, 3001);
    await own.close();
  });

  test('a client that goes away in the middle of an answer harms nobody', async () => {
    const client = createConnection(socket.path);
    client.write('prompt\n'.repeat(100));
    await sleep(20);
    client.destroy();
    assert.equal(await socket.ask('show version'), `${V}\n\n`);
  });

  test('_getsocks hands over the descriptor of the connection', async () => {
    const fds: number[] = [];
    const own = await openSocket(engine, 'admin', 'stats', { getSocks: (fd) => fds.push(fd) });
    assert.equal(await own.ask('_getsocks'), '');
    assert.ok(fds.length === 1 && fds[0] > 2);
    await own.close();
  });
});

test('whatever bytes come, the socket answers the next client', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
      const answer = await talk({ path: socket.path }, Buffer.from(bytes).toString('latin1'));
      assert.equal(typeof answer, 'string');
    }),
    { numRuns: 60 },
  );
  assert.equal(await socket.ask('show version'), `${V}\n\n`);
});
