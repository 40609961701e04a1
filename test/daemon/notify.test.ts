/** `POST /v1/notify` against a running Fairlead: the check comes at once; the example scripts as the databases call them. */
import assert from 'node:assert/strict';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemTest } from '../support/peers.js';
import { BIN, fairlead, file, freePort, start, until, workDirectory } from './program.js';
import { command, type Node, node } from './two-nodes.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/notify/', import.meta.url));
const TOKEN = 'correct-horse-battery';

function config(nodes: readonly Node[], ports: { listen: number; control?: number }, socket: string, token: string) {
  const control =
    ports.control === undefined ? '' : `control: { bind: 127.0.0.1:${ports.control}, token: { file: ${token} } }`;
  return `global: { threads: 1, max-spread-checks: 50ms, stats-sockets: [{ address: ${socket}, level: admin }] }
${control}
services:
  pg:
    bind: 127.0.0.1:${ports.listen}
    check: { type: http, interval: 60s, fall: 1, rise: 1 }
    timeouts: { connect: 1s, client: 5s, server: 5s, check: 1s }
    servers: { db1: 127.0.0.1:${nodes[0].port}, db2: 127.0.0.1:${nodes[1].port} }
`;
}

async function setUp(t: TestContext) {
  const directory = workDirectory(t);
  const nodes = [await node(t), await node(t)];
  const ports = { listen: await freePort(), control: await freePort() };
  const [socket, token] = [join(directory, 's.sock'), file(directory, 'token', `${TOKEN}\n`)];
  const path = file(directory, 'fairlead.yaml', config(nodes, ports, socket, token));
  const program = fairlead(t, 'run', '-f', path);
  await until('it runs', () => program.output().includes('ready: pg'));
  await until('first checks are over', () => nodes.every(({ asked }) => asked > 0), 15_000);
  return { directory, nodes, ports, socket, token, path, program };
}

async function post(port: number, body: string, token = TOKEN): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`http://127.0.0.1:${port}/v1/notify`, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
}

test('a notification brings the check at once, and the story says so', async (t) => {
  const { nodes, ports, socket, program } = await setUp(t);
  nodes[0].fit = false;
  const beganMs = performance.now();
  assert.deepEqual(await post(ports.control, `host=127.0.0.1:${nodes[0].port}&status=Donor`), {
    status: 200,
    text: '{"rechecked":["pg/db1"],"skipped":[]}\n',
  });
  await until('db1 is down', () => program.output().includes('pg/db1 is DOWN'), 2000);
  assert.ok(performance.now() - beganMs < 2000, 'not at its next interval, a minute later');
  assert.equal(nodes[1].asked, 1, 'the other server was not named');
  const { output } = await command(t, 'explain', 'pg/db1', '-s', socket);
  assert.match(output, /first sign notify from 127\.0\.0\.1: status=Donor, \d+ ms before\n/);
});

test('through reloads: another token, none any more, and a token that cannot be read', async (t) => {
  const { nodes, ports, socket, token, path } = await setUp(t);
  const reload = () => command(t, 'reload', '-s', socket);
  writeFileSync(token, 'another\n');
  assert.equal((await reload()).code, 0);
  assert.equal((await post(ports.control, '')).status, 401);
  assert.equal((await post(ports.control, '', 'another')).status, 200);
  rmSync(token);
  const refused = await reload();
  assert.equal(refused.code, 1);
  assert.match(refused.output, /fairlead\.yaml:2:\d+: error: cannot read the token file/);
  assert.equal((await post(ports.control, '', 'another')).status, 200, 'the old configuration stays in force');
  writeFileSync(path, config(nodes, { listen: ports.listen }, socket, token));
  assert.equal((await reload()).code, 0);
  await assert.rejects(post(ports.control, '', 'another'), 'nobody listens there any more');
});

test('-sf: the successor takes the port as soon as its predecessor lets it go', async (t) => {
  const { directory, ports, path, program } = await setUp(t);
  const name = join(directory, 'haproxy');
  symlinkSync(BIN, name);
  const next = start(t, [process.execPath, name, '-f', path, '-db', '-sf', String(program.pid)]);
  assert.equal(await program.ended, 0);
  await until('the successor answers', async () => (await post(ports.control, '').catch(() => null))?.status === 200);
  assert.equal(next.child.exitCode, null);
});

test('a port that is taken: it does not start, and says why, without the token', async (t) => {
  const directory = workDirectory(t);
  const nodes = [await node(t), await node(t)];
  const ports = { listen: await freePort(), control: nodes[0].port };
  const token = file(directory, 'token', TOKEN);
  const path = file(directory, 'fairlead.yaml', config(nodes, ports, join(directory, 's.sock'), token));
  const program = fairlead(t, 'run', '-f', path);
  assert.equal(await program.ended, 1);
  assert.match(program.output(), /control 127\.0\.0\.1:\d+: .*another process listens there already/);
  assert.doesNotMatch(program.output(), /correct-horse/);
});

// Script, its arguments as its caller gives them, environment beside URL and token, what history says.
for (const [script, args, env, told] of [
  [
    'wsrep-notify.sh',
    ['--status', 'Donor', '--uuid', 'a-b', '--primary', 'yes', '--members', 'x/n1/10.0.0.1', '--index', '0'],
    { FAIRLEAD_HOST: '127.0.0.1' },
    'status=Donor, primary=yes, index=0',
  ],
  [
    'patroni-callback.sh',
    ['on_role_change', 'replica', 'main'],
    { FAIRLEAD_BACKEND: 'pg' },
    'action=on_role_change, role=replica, scope=main',
  ],
  ['keepalived-notify.sh', ['INSTANCE', 'VI_1', 'MASTER', '100'], {}, 'INSTANCE=VI_1, state=MASTER, priority=100'],
] as [string, string[], { [name: string]: string }, string][])
  systemTest(`examples/notify/${script}`, { commands: ['curl'] }, async (t) => {
    const { nodes, ports, socket, token, program } = await setUp(t);
    nodes[0].fit = false;
    const urls = { FAIRLEAD_URLS: `http://127.0.0.1:${ports.control}`, FAIRLEAD_TOKEN_FILE: token };
    const run = start(t, ['sh', join(EXAMPLES, script), ...args], { ...urls, ...env });
    assert.equal(await run.ended, 0);
    assert.equal(run.output(), '');
    await until('db1 is down', () => program.output().includes('pg/db1 is DOWN'));
    const { output } = await command(t, 'explain', 'pg/db1', '-s', socket);
    assert.ok(output.includes(`notify from 127.0.0.1: ${told}, `), output);
  });

systemTest('a script whose Fairlead is not there neither fails nor waits', { commands: ['curl'] }, async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const beganMs = performance.now();
  const run = start(t, ['sh', join(EXAMPLES, 'wsrep-notify.sh'), '--status', 'Joined'], { FAIRLEAD_URLS: url });
  assert.equal(await run.ended, 0);
  assert.ok(performance.now() - beganMs < 1000);
});
