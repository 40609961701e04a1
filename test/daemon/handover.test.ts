/** From one process to the next: sockets between the real HAProxy and Fairlead in both directions, and our own state. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTest } from '../support/peers.js';
import {
  ask,
  BIN,
  file,
  freePort,
  listenConfig,
  nameServer,
  serves,
  start,
  traffic,
  until,
  workDirectory,
} from './program.js';

async function setUp(t: TestContext) {
  const directory = workDirectory(t);
  const fairlead = join(directory, 'haproxy');
  symlinkSync(BIN, fairlead);
  const [one, two, port] = [await nameServer(t, 'one'), await nameServer(t, 'two'), await freePort()];
  const socket = join(directory, 's.sock');
  const stats = `  stats socket ${socket} level admin expose-fd listeners`;
  return { directory, fairlead, one, two, port, socket, stats };
}

/** One command on a stats socket. */
function command(socket: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect(socket, () => client.end(`${text}\n`));
    let answer = '';
    client.on('data', (chunk) => {
      answer += String(chunk);
    });
    client.on('error', reject);
    client.on('close', () => resolve(answer));
  });
}

/** @returns columns of `show stat` by name for one row */
async function stat(socket: string, proxy: string, server: string): Promise<{ [column: string]: string }> {
  const [head, ...rows] = (await command(socket, 'show stat')).trim().split('\n');
  const names = head.replace(/^# /, '').split(',');
  const row = rows.map((text) => text.split(',')).find(([px, sv]) => px === proxy && sv === server);
  assert.ok(row, `no row ${proxy}/${server}`);
  return Object.fromEntries(names.map((name, i) => [name, row[i]]));
}

for (const [from, to] of [
  ['haproxy', 'fairlead'],
  ['fairlead', 'haproxy'],
] as const)
  systemTest(`-x: ${to} takes the sockets of ${from}; no connection fails`, { commands: ['haproxy'] }, async (t) => {
    const { directory, fairlead, one, port, socket, stats } = await setUp(t);
    const program = { haproxy: '/usr/sbin/haproxy', fairlead };
    // No SO_REUSEPORT: without the old sockets the new process could not listen.
    const path = file(directory, 'a.cfg', listenConfig(port, [one], `${stats}\n  noreuseport`));
    const old = start(t, [program[from], '-db', '-f', path]);
    await until('ready', serves(port));
    const load = traffic(port, 200, 3);
    await sleep(500);
    const next = start(t, [program[to], '-db', '-f', path, '-x', socket, '-sf', String(old.pid)]);
    assert.equal(await old.ended, 0, old.output() + next.output());
    assert.deepEqual(await load, new Map([['one\n', 600]]), next.output());
  });

test('-sf: figures and what the operator decided survive', { timeout: 40_000 }, async (t) => {
  const { directory, fairlead, one, two, port, socket, stats } = await setUp(t);
  const path = file(directory, 'a.cfg', listenConfig(port, [one, two, one], stats));
  const old = start(t, [fairlead, '-db', '-f', path]);
  await until('ready', serves(port));
  for (let i = 0; i < 5; i++) await ask(port);
  await command(socket, 'set server a/s1 state maint');
  await command(socket, 'set server a/s2 weight 7');
  await command(socket, `set server a/s3 addr 127.0.0.1 port ${two}`);
  const before = await stat(socket, 'a', 'FRONTEND');
  const next = start(t, [fairlead, '-db', '-f', path, '-sf', String(old.pid)]);
  assert.equal(await old.ended, 0, next.output());
  await until('the new socket', () => existsSync(socket));
  const after = await stat(socket, 'a', 'FRONTEND');
  assert.equal(after.stot, before.stot);
  assert.ok(Number(before.stot) >= 6);
  assert.equal((await stat(socket, 'a', 's1')).status, 'MAINT');
  assert.equal((await stat(socket, 'a', 's2')).weight, '7');
  assert.equal((await stat(socket, 'a', 's3')).weight, '1');
  for (let i = 0; i < 8; i++) assert.equal(await ask(port), 'two\n');
  assert.match(await command(socket, 'show info'), new RegExp(`^Pid: ${next.pid}$`, 'm'));
});

test('unix sockets, inherited descriptors and ports of a stats socket change hands too', {
  timeout: 40_000,
}, async (t) => {
  const { directory, fairlead, one, port } = await setUp(t);
  const [front, statsPort] = [join(directory, 'front.sock'), await freePort()];
  const text = listenConfig(port, [one], `  stats socket 127.0.0.1:${statsPort} level admin`);
  const path = file(directory, 'a.cfg', text.replace('bind ', `bind ${front} mode 600\n  bind `));
  const old = start(t, [fairlead, '-db', '-f', path]);
  await until('ready', serves(port));
  assert.equal(await command(front, ''), 'one\n');
  const next = start(t, [fairlead, '-db', '-f', path, '-sf', String(old.pid)]);
  assert.equal(await old.ended, 0, next.output());
  assert.equal(await command(front, ''), 'one\n');
  await until('statistics', async () => (await ask(statsPort, 300)) !== 'ECONNREFUSED');
  next.child.kill('SIGTERM');
  await next.ended;
  assert.equal(existsSync(front), false, 'the path goes with the last process');
});

test('-sf: the choice of balance single survives', { timeout: 40_000 }, async (t) => {
  const { directory, fairlead, one, two, port, socket, stats } = await setUp(t);
  const path = file(directory, 'a.cfg', `${listenConfig(port, [one, two], stats)}  # fairlead: balance single\n`);
  const old = start(t, [fairlead, '-db', '-f', path]);
  await until('ready', serves(port));
  assert.equal(await ask(port), 'one\n');
  await command(socket, 'choose server a/s2');
  assert.equal(await ask(port), 'two\n');
  const next = start(t, [fairlead, '-db', '-f', path, '-sf', String(old.pid)]);
  assert.equal(await old.ended, 0, old.output() + next.output());
  assert.equal(await ask(port), 'two\n');
});

test('-sf: a server that is held down for flapping stays held', { timeout: 40_000 }, async (t) => {
  const { directory, fairlead, one, port, socket, stats } = await setUp(t);
  const flapping = await freePort();
  const open = async () => {
    const server = createServer((client) => client.end('two\n')).listen(flapping, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server = await open();
  t.after(() => server.close());
  const path = file(
    directory,
    'a.cfg',
    `global
${stats}
defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
listen a
  bind 127.0.0.1:${port}
  # fairlead: flap-damping on flaps=1 hold=1m
  default-server check inter 50ms fall 1 rise 1
  server s1 127.0.0.1:${one}
  server s2 127.0.0.1:${flapping}
`,
  );
  const old = start(t, [fairlead, '-db', '-f', path]);
  await until('ready', serves(port));
  const status = async () => (await stat(socket, 'a', 's2')).status;
  for (let times = 0; times < 2; times++) {
    await until('up', async () => /^UP/.test(await status()));
    server.close();
    await until('down', async () => /^DOWN/.test(await status()));
    server = await open();
  }
  const next = start(t, [fairlead, '-db', '-f', path, '-sf', String(old.pid)]);
  assert.equal(await old.ended, 0, old.output() + next.output());
  await until('the new socket', () => existsSync(socket));
  for (const end = Date.now() + 500; Date.now() < end; ) assert.match(await status(), /^DOWN/);
  await command(socket, 'clear damping a/s2');
  await until('up again', async () => /^UP/.test(await status()));
});
