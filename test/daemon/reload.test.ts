/** Reload and replacement under traffic: not one connection may fail, and a wrong file changes nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ask,
  BIN,
  fairlead,
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

const PER_SECOND = 500;

test('500 connections a second through reloads in place: none fails', { timeout: 60_000 }, async (t) => {
  const directory = workDirectory(t);
  const [one, two, port, other] = [
    await nameServer(t, 'one'),
    await nameServer(t, 'two'),
    await freePort(),
    await freePort(),
  ];
  const path = file(directory, 'a.cfg', listenConfig(port, [one]));
  const program = fairlead(t, 'run', '-f', path);
  await until('ready', serves(port));
  const load = traffic(port, PER_SECOND, 4);
  for (let i = 0; i < 6; i++) {
    await sleep(500);
    // Servers, an extra listener and the name of the proxy come and go.
    const text = listenConfig(port, i % 2 ? [one] : [one, two]).replace('listen a', i % 3 ? 'listen a' : 'listen b');
    file(directory, 'a.cfg', i % 2 ? text : text.replace('bind ', `bind 127.0.0.1:${other}\n  bind `));
    program.child.kill('SIGHUP');
  }
  const answers = await load;
  assert.deepEqual(
    [...answers.keys()].sort(),
    ['one\n', 'two\n'],
    `${JSON.stringify([...answers])}\n${program.output()}`,
  );
  assert.equal((answers.get('one\n') ?? 0) + (answers.get('two\n') ?? 0), PER_SECOND * 4);
  assert.match(program.output(), /Configuration reloaded: revision 7/);
  program.child.kill('SIGTERM');
  assert.equal(await program.ended, 0);
});

test('500 connections a second while a new process takes over with -sf: none fails', { timeout: 60_000 }, async (t) => {
  const directory = workDirectory(t);
  const haproxy = join(directory, 'haproxy');
  symlinkSync(BIN, haproxy);
  const [one, port] = [await nameServer(t, 'one'), await freePort()];
  const path = file(directory, 'a.cfg', listenConfig(port, [one]));
  let program = start(t, [haproxy, '-db', '-f', path]);
  await until('ready', serves(port));
  const load = traffic(port, PER_SECOND, 5);
  for (let i = 0; i < 2; i++) {
    await sleep(600);
    const successor = start(t, [haproxy, '-db', '-f', path, '-sf', String(program.pid)]);
    assert.equal(await program.ended, 0, program.output());
    program = successor;
  }
  assert.deepEqual(await load, new Map([['one\n', PER_SECOND * 5]]));
  program.child.kill('SIGTERM');
  assert.equal(await program.ended, 'SIGTERM');
});

test('a wrong file is refused whole; the right one is taken afterwards', { timeout: 30_000 }, async (t) => {
  const directory = workDirectory(t);
  const [one, two, port, taken] = [
    await nameServer(t, 'one'),
    await nameServer(t, 'two'),
    await freePort(),
    await nameServer(t, 'x'),
  ];
  const path = file(directory, 'a.cfg', listenConfig(port, [one]));
  const program = fairlead(t, 'run', '-f', path);
  await until('ready', serves(port));
  file(directory, 'a.cfg', listenConfig(port, [two]).replace('timeout connect', 'timout connect'));
  program.child.kill('SIGUSR2');
  await until('refusal', () => /not reloaded[\s\S]*timout/.test(program.output()));
  assert.equal(await ask(port), 'one\n');
  // Right, but a port is taken: refused as well, and the other new listener is not left open.
  const free = await freePort();
  const extra = `listen c\n  bind 127.0.0.1:${free}\n  bind 127.0.0.1:${taken}\n  server s 127.0.0.1:${two}\n`;
  file(directory, 'a.cfg', `${listenConfig(port, [two])}${extra}`);
  program.child.kill('SIGUSR2');
  await until('refusal', () => /Address already in use/.test(program.output()));
  assert.equal(await ask(port), 'one\n');
  assert.equal(await ask(free), 'ECONNREFUSED');
  file(directory, 'a.cfg', listenConfig(port, [two]));
  program.child.kill('SIGUSR2');
  await until('reload', async () => (await ask(port)) === 'two\n');
});

test('sessions outlive a reload that removes their listener, and a soft stop waits for them', {
  timeout: 30_000,
}, async (t) => {
  const directory = workDirectory(t);
  const echo = createServer((s) => s.on('error', () => s.destroy()).pipe(s)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => echo.close());
  const { port: echoPort } = echo.address() as { port: number };
  const [port, next] = [await freePort(), await freePort()];
  const path = file(directory, 'a.cfg', listenConfig(port, [echoPort]));
  const program = fairlead(t, 'run', '-f', path);
  await until('ready', () => /ready: a/.test(program.output()));
  const client = connect(port, '127.0.0.1');
  client.write('1');
  await once(client, 'data');
  file(directory, 'a.cfg', listenConfig(next, [echoPort]));
  program.child.kill('SIGHUP');
  await until('old port closed', async () => (await ask(port, 200)) === 'ECONNREFUSED');
  client.write('2');
  assert.equal(String((await once(client, 'data'))[0]), '2');
  program.child.kill('SIGUSR1');
  await until('new port closed', async () => (await ask(next, 200)) === 'ECONNREFUSED');
  client.write('3');
  assert.equal(String((await once(client, 'data'))[0]), '3');
  client.end();
  assert.equal(await program.ended, 0);
});

test('a session outlives the server it is on, and ends without harm', { timeout: 30_000 }, async (t) => {
  const echo = createServer((s) => s.on('error', () => s.destroy()).pipe(s)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => echo.close());
  const { port: echoPort } = echo.address() as { port: number };
  const directory = workDirectory(t);
  const port = await freePort();
  const path = file(directory, 'a.cfg', listenConfig(port, [echoPort, echoPort, echoPort]));
  const program = fairlead(t, 'run', '-f', path);
  await until('ready', () => /ready: a/.test(program.output()));
  const clients = Array.from({ length: 9 }, () => connect(port, '127.0.0.1'));
  const says = async (text: string) => {
    for (const client of clients) {
      client.write(text);
      assert.equal(String((await once(client, 'data'))[0]), text);
    }
  };
  await says('1');
  for (const servers of [[echoPort], [echoPort, echoPort]]) {
    file(directory, 'a.cfg', listenConfig(port, servers));
    const before = program.output().length;
    program.child.kill('SIGHUP');
    await until('reloaded', () => /Configuration reloaded/.test(program.output().slice(before)));
    await says('2');
  }
  for (const client of clients) client.end();
  await Promise.all(clients.map((client) => once(client, 'close')));
  assert.match(await ask(port, 200), /LATE/);
  program.child.kill('SIGUSR1');
  assert.equal(await program.ended, 0, program.output());
});
