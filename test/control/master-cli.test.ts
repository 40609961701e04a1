/** The master CLI (management guide §9.4): one process answers as master and as worker. Forms observed on HAProxy 2.6. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { REPORTED_VERSION } from '../../src/control/version.js';
import { FakeEngine, model, proxy } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';
import { talk } from './talk.js';

const engine = new FakeEngine(model([proxy('backend', 'be', 2)]));
const PID = engine.pid;
let socket: TestSocket;
before(async () => {
  socket = await openSocket(engine, 'admin', 'master');
});
after(() => socket.close());

// sent, answer
const ANSWERS: readonly (readonly [sent: string, answer: string])[] = [
  ['show version', `${REPORTED_VERSION}\n\n`],
  ['@1 show backend', '# name\nbe\n\n'],
  [`@!${PID} show backend`, '# name\nbe\n\n'],
  ['@1; show cli level; show backend', 'admin\n\n# name\nbe\n\n'],
  ['@master show cli level', 'admin\n\n'],
  ['@ show cli level', 'admin\n\n'],
  ['@2 show backend', "Can't find the target PID matching the prefix '@2'\n"],
  ['@!999999 show backend', "Can't find the target PID matching the prefix '@!999999'\n"],
  ['@1', ''],
  ['prompt\n@1\nshow backend\n@\nquit', `master> ${PID}> # name\nbe\n\n${PID}> master> `],
  ['prompt\noperator\nshow cli level\n@1 show cli level', 'master> master> operator\n\nmaster> operator\n\nmaster> '],
];

for (const [sent, answer] of ANSWERS)
  test(`answers ${JSON.stringify(sent)}`, async () => {
    assert.equal(await talk({ path: socket.path }, `${sent}\n`), answer);
  });

test('show proc lists the process as master and as worker, in columns', async () => {
  const lines = (await socket.ask('show proc')).split('\n');
  assert.equal(lines[0], '#<PID>          <type>          <reloads>       <uptime>        <version>      ');
  assert.match(lines[1], new RegExp(`^${PID} +master {10}0 \\[failed: 0\\] {3}0d00h00m\\d\\ds {5}${REPORTED_VERSION}`));
  assert.equal(lines[2], '# workers');
  assert.match(lines[3], new RegExp(`^${PID} +worker {10}0 {15}0d00h00m`));
  assert.equal(lines[4], '# programs');
});

test('a command of the worker is unknown to the master', async () => {
  assert.match(await socket.ask('show info'), /^Unknown command, but maybe .*\n[\s\S]*show version/);
});

test('reload says how it went, and a failed one shows in the prompt', async () => {
  assert.equal(await socket.ask('reload'), 'Success=1\n--\napplied\n\n');
  engine.reloads = { ...engine.reloads, count: 2, lastOk: false };
  assert.equal(await talk({ path: socket.path }, 'prompt\n'), 'master[ReloadFailed]> ');
  assert.match(await socket.ask('show proc'), /master {10}2 \[failed: 1\]/);
});
