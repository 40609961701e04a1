/** `fairlead events --follow`: through reloads, from a process to its successor, and to its end. */
import assert from 'node:assert/strict';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredEvent } from '../../src/core/events/event.js';
import { BIN, fairlead, file, freePort, start, until, workDirectory } from './program.js';
import { changes, command, config, node, seen, setUp } from './two-nodes.js';

test('--follow: what was, what comes, through a reload; who did it', { timeout: 60_000 }, async (t) => {
  const { nodes, socket, port, path, program } = await setUp(t);
  nodes[0].fit = false;
  await until('db1 is down', () => program.output().includes('pg/db1 is DOWN'));
  const follower = fairlead(t, 'events', 'pg', '--follow', '--json', '-s', socket);
  const told = (event: string) => until(event, () => changes(seen(follower)).includes(event));
  await told('db1 up>down');
  nodes[0].fit = true;
  await told('db1 down>up');
  // The next configuration has another stats socket path for a moment, so that the follower must come again.
  writeFileSync(path, config(port, `${socket}.other`, nodes, '50ms'));
  assert.equal((await command(t, 'reload', '-s', socket)).code, 0);
  writeFileSync(path, config(port, socket, nodes, '50ms'));
  assert.equal((await command(t, 'reload', '-s', `${socket}.other`)).code, 0);
  nodes[1].fit = false;
  await told('db2 up>down');
  assert.equal(changes(seen(follower)).filter((each) => each === 'db1 up>down').length, 1, 'nothing is told twice');
  follower.child.kill('SIGINT');
  assert.equal(await follower.ended, 'SIGINT');
});

test('--follow goes from a process to its successor, and history with it', { timeout: 60_000 }, async (t) => {
  const directory = workDirectory(t);
  const nodes = [await node(t), await node(t)];
  const socket = join(directory, 's.sock');
  const name = join(directory, 'haproxy');
  symlinkSync(BIN, name);
  const path = file(directory, 'a.cfg', config(await freePort(), socket, nodes, '50ms'));
  const old = start(t, [process.execPath, name, '-f', path, '-db']);
  await until('the first runs', () => existsSync(socket) && nodes.every(({ asked }) => asked > 2));
  const follower = fairlead(t, 'events', '--follow', '--json', '-s', socket);
  nodes[0].fit = false;
  const told = (event: string) => until(event, () => changes(seen(follower)).includes(event), 15_000);
  await told('db1 up>down');
  start(t, [process.execPath, name, '-f', path, '-db', '-sf', String(old.pid)]);
  await old.ended;
  nodes[1].fit = false;
  await told('db2 up>down');
  const x = await command(t, 'explain', 'pg/db1', '--json', '-s', socket);
  const { events } = JSON.parse(x.output) as { events: StoredEvent[] };
  assert.equal(changes(events)[0], 'db1 up>down', 'what the first process saw');
  const seqs = seen(follower).map(({ seq }) => seq);
  const inOrder = [...new Set(seqs)].sort((a, b) => a - b);
  assert.deepEqual(seqs, inOrder, 'numbers go on, and nothing is told twice');
});

test('--follow ends with a reason when nobody answers any more', { timeout: 60_000 }, async (t) => {
  const { socket, program } = await setUp(t);
  const follower = fairlead(t, 'events', '--follow', '-s', socket);
  await sleep(1000);
  program.child.kill('SIGTERM');
  assert.equal(await follower.ended, 1);
  assert.match(follower.output(), /^fairlead events: .*(ENOENT|ECONNREFUSED)/);
});
