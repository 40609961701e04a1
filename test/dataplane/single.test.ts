/**
 * `balance single` and the closing of sessions, with the program itself: two workers, real sockets, an operator who
 * takes servers away. The pragma is read from a haproxy.cfg, as an existing installation would have it.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

const CLIENTS = 24;

/** Greets with its name, keeps the session, and remembers how each ended. */
async function named(name: string) {
  const fates: string[] = [];
  const server = await serve((socket) => {
    socket.write(`${name}\n`);
    socket.on('data', () => undefined);
    socket.on('end', () => fates.push('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => fates.push(error.code ?? error.message));
  });
  after(() => server.close());
  return { ...server, fates };
}

async function start(lines: string): Promise<{ proxy: RunningProxy; port: number }> {
  const port = await freePort();
  const text = `global
  nbthread 2
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 30s
  timeout server 30s
listen l
  bind 127.0.0.1:${port}
  log {LOG} local0
  option tcplog
${lines}`;
  const proxy = await startProxy('fairlead', text, [port]);
  after(() => proxy.stop());
  return { proxy, port };
}

/** Enough connections that both workers have some. @returns the names heard, sorted and once each */
async function heard(port: number): Promise<{ names: string; clients: Client[] }> {
  const clients = Array.from({ length: CLIENTS }, () => new Client(port));
  for (const client of clients) await client.until((c) => c.data.includes('\n') || c.ended || c.error !== '');
  const names = new Set(clients.map((c) => c.data.toString().trim()));
  return { names: [...names].sort().join(' '), clients };
}

function leave(clients: Client[]): void {
  for (const client of clients) client.destroy();
}

const a = await named('a');
const b = await named('b');
const c = await named('c');
const servers = (options = '') =>
  [a, b, c].map(({ port }, i) => `  server ${'abc'[i]} 127.0.0.1:${port} ${options}`).join('\n');

test('all workers use the chosen server; it changes when that goes, and stays when it comes back', async () => {
  const { proxy, port } = await start(`  balance leastconn\n  # fairlead: balance single\n${servers()}`);
  const names: string[] = [];
  for (const command of [
    '',
    'set server l/a state drain',
    'set server l/a state ready',
    'set server l/b state maint',
  ]) {
    if (command) await proxy.ask(command);
    const found = await heard(port);
    names.push(found.names);
    leave(found.clients);
  }
  assert.deepEqual(names, ['a', 'b', 'b', 'a']);
});

test('failback: sessions of the stand-in are shut where that is asked for, with code U', async () => {
  const options = 'on-marked-down shutdown-sessions';
  const { proxy, port } = await start(`  # fairlead: balance single failback\n${servers(options)}`);
  await proxy.ask('set server l/a state maint');
  const before = await heard(port);
  assert.equal(before.names, 'b');
  await proxy.ask('set server l/a state ready');
  for (const client of before.clients) await client.over();
  assert.match(await proxy.log(/ l l\/b /), / U- /);
  const now = await heard(port);
  assert.equal(now.names, 'a');
  leave([...before.clients, ...now.clients]);
});

test('a server that goes down: its sessions end with a reset, those of the clients with an end', async () => {
  const { proxy, port } = await start(`  # fairlead: balance single\n${servers('on-marked-down shutdown-sessions')}`);
  const { clients, names } = await heard(port);
  assert.equal(names, 'a');
  a.fates.length = 0;
  await proxy.ask('set server l/a state maint');
  for (const client of clients) await client.over();
  assert.deepEqual(new Set(clients.map((each) => `${each.ended} ${each.error}`)), new Set(['true ']));
  await new Client(port).until(() => a.fates.length >= CLIENTS);
  assert.deepEqual(new Set(a.fates), new Set(['ECONNRESET']));
  assert.match(await proxy.log(/ l l\/a /), / D- /);
  leave(clients);
});

test('a connection that is refused waits for the choice, and goes to the next server as soon as that is made', async () => {
  const dead = await freePort();
  const checked = 'check inter 300 fall 1 rise 1';
  const lines = `  retries 3\n  # fairlead: balance single\n  server x 127.0.0.1:${dead} ${checked}
  server b 127.0.0.1:${b.port} ${checked}`;
  const { proxy, port } = await start(lines);
  const began = performance.now();
  const client = await new Client(port).text('b\n');
  const took = performance.now() - began;
  assert.ok(took < 900, `${took} ms: a second would be HAProxy's pause`);
  client.destroy();
  assert.match(await proxy.ask('show stat'), /^l,x,.*DOWN/m);
});

test('a reload keeps the stand-in', async () => {
  const { proxy, port } = await start(`  # fairlead: balance single\n${servers()}`);
  await proxy.ask('set server l/a state maint');
  await proxy.ask('set server l/a state ready');
  const before = await heard(port);
  leave(before.clients);
  proxy.child.kill('SIGUSR2');
  for (let i = 0; i < 5; i++) {
    const now = await heard(port);
    assert.equal(now.names, 'b');
    leave(now.clients);
  }
});

test('choose server: the operator moves the traffic, for all workers', async () => {
  const { proxy, port } = await start(`  # fairlead: balance single\n${servers()}`);
  assert.equal((await proxy.ask('show chosen')).trim(), 'l a');
  assert.equal((await proxy.ask('choose server l/c')).trim(), '');
  assert.equal((await proxy.ask('show chosen')).trim(), 'l c');
  const found = await heard(port);
  assert.equal(found.names, 'c');
  leave(found.clients);
  assert.match(await proxy.ask('choose server l/x'), /has no server 'x'/);
});

test('under load no connection goes back to the former server once one has met the new one', async () => {
  const { proxy, port } = await start(`  # fairlead: balance single\n${servers()}`);
  const seen: { fromMs: number; toMs: number; name: string }[] = [];
  let isOver = false;
  const knock = async () => {
    while (!isOver) {
      const fromMs = performance.now();
      const client = await new Client(port).until((each) => each.data.includes('\n') || each.ended);
      seen.push({ fromMs, toMs: performance.now(), name: client.data.toString().trim() });
      client.destroy();
    }
  };
  const knocking = Array.from({ length: 8 }, knock);
  const count = (name: string) => seen.filter((each) => each.name === name).length;
  await until(() => count('a') > 100);
  await proxy.ask('choose server l/b');
  await until(() => count('b') > 100);
  await proxy.ask('set server l/b state maint');
  await until(() => seen.slice(-100).every(({ name }) => name === 'a'));
  isOver = true;
  await Promise.all(knocking);
  const firstB = Math.min(...seen.filter(({ name }) => name === 'b').map(({ toMs }) => toMs));
  const lastB = Math.max(...seen.filter(({ name }) => name === 'b').map(({ fromMs }) => fromMs));
  const strays = seen.filter(({ name, fromMs, toMs }) => name === 'a' && fromMs > firstB && toMs < lastB);
  assert.deepEqual(strays, []);
  assert.deepEqual(new Set(seen.map(({ name }) => name)), new Set(['a', 'b']));
});

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !isTrue(); await sleep(5)) assert.ok(Date.now() < end, 'not in time');
}
