/** Where control sockets listen: unix paths with owner and mode, stale ones, abstract names, TCP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, StatsSocket } from '../../src/config/model.js';
import { type ControlServer, startStatsSocket } from '../../src/control/stats-socket.js';
import { REPORTED_VERSION } from '../../src/control/version.js';
import { FakeEngine, model } from './fake-engine.js';
import { talk } from './talk.js';

const dir = mkdtempSync(join(tmpdir(), 'fl-listen-'));
const engine = new FakeEngine(model([]));
const opened: ControlServer[] = [];
after(async () => {
  for (const server of opened) await server.close();
  rmSync(dir, { recursive: true });
});

async function open(address: Address, more: Partial<StatsSocket> = {}): Promise<ControlServer> {
  const server = await startStatsSocket(engine, { address, level: 'admin', ...more });
  opened.push(server);
  return server;
}

const unix = (name: string) => ({ kind: 'unix', path: join(dir, name) }) as const;

test('a unix socket has the mode and the owner that were asked for', async () => {
  await open(unix('mode'), { mode: 0o640, gid: process.getgid!() });
  assert.equal(statSync(join(dir, 'mode')).mode & 0o777, 0o640);
  await open(unix('plain'));
  assert.equal(statSync(join(dir, 'plain')).mode & 0o777, 0o666 & ~process.umask());
});

test('a user that does not exist is named', async () => {
  await assert.rejects(open(unix('user'), { user: 'no-such-user' }), /no user 'no-such-user' in \/etc\/passwd/);
  assert.ok(!existsSync(join(dir, 'user')));
});

test('a stale socket is replaced without a moment in which nobody answers', async () => {
  const path = join(dir, 'stale');
  const old = createServer();
  await new Promise<void>((resolve) => old.listen(path, resolve));
  const before = statSync(path).ino;
  await open(unix('stale'));
  assert.notEqual(statSync(path).ino, before);
  assert.equal(await talk({ path }, 'show version\n'), `${REPORTED_VERSION}\n\n`);
  old.close();
});

test('a command that arrives in pieces is one command', async () => {
  await open(unix('pieces'));
  const socket = connect(join(dir, 'pieces'));
  let answer = '';
  socket.on('data', (d) => {
    answer += d;
  });
  const closed = once(socket, 'close');
  for (const piece of ['show v', 'ersi', 'on\n']) {
    socket.write(piece);
    await sleep(20);
  }
  await closed;
  assert.equal(answer, `${REPORTED_VERSION}\n\n`);
});

test('a file that is no socket stays', async () => {
  writeFileSync(join(dir, 'file'), 'precious');
  await assert.rejects(open(unix('file')), /file exists and is no socket; remove it/);
});

test('a path that is too long is refused before anything is made', async () => {
  await assert.rejects(open(unix('x'.repeat(110))), /too long; 107 bytes at most/);
});

test('closing removes the path, unless another process put its own there', async () => {
  const [first, second] = [await open(unix('twice')), await open(unix('twice'))];
  await first.close();
  assert.equal(await talk({ path: join(dir, 'twice') }, 'show version\n'), `${REPORTED_VERSION}\n\n`);
  await second.close();
  assert.ok(!existsSync(join(dir, 'twice')));
});

test('closing ends the clients', async () => {
  const server = await open(unix('clients'));
  const client = connect(join(dir, 'clients'));
  const closed = new Promise((resolve) => client.on('close', resolve));
  await new Promise((resolve) => client.on('connect', resolve));
  client.resume();
  await server.close();
  await closed;
});

test('closing while a client is answered: it gets its answer', async () => {
  const server = await open(unix('busy'));
  const asked = talk({ path: join(dir, 'busy') }, 'prompt\nreload\nshow version\n', false);
  engine.reload = async () => {
    await server.close();
    return { ok: true, text: 'this socket is gone\n' };
  };
  assert.equal(await asked, `\n> Success=1\n--\nthis socket is gone\n\n> ${REPORTED_VERSION}\n\n> `);
});

test('TCP and abstract sockets answer, and are listed with the others', async () => {
  const tcp = await open({ kind: 'inet', family: 4, host: '127.0.0.1', port: 0 }, { level: 'operator' });
  const name = `fairlead-test-${process.pid}`;
  await open({ kind: 'abns', name }, { level: 'user' });
  assert.equal(await talk({ host: '127.0.0.1', port: tcp.port! }, 'show cli level\n'), 'operator\n\n');
  assert.equal(await talk({ path: `\0${name}` }, 'show cli level\n'), 'user\n\n');
  const list = await talk({ path: `\0${name}` }, 'show cli sockets\n');
  assert.match(list, /^# socket lvl processes\n/);
  assert.ok(list.includes(`\nipv4@127.0.0.1:${tcp.port} operator all\n`));
  assert.ok(list.includes(`\nabns@${name} user all\n`));
});

test('a port that is taken says so', async () => {
  const taken = await open({ kind: 'inet', family: 4, host: '127.0.0.1', port: 0 });
  const address = { kind: 'inet', family: 4, host: '127.0.0.1', port: taken.port! } as const;
  await assert.rejects(open(address), /cannot open 127\.0\.0\.1:\d+: another process listens there already/);
});
