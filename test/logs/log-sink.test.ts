/** logs/log-sink on real sockets: what arrives, what is counted as dropped, and that nothing blocks or throws. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogTarget } from '../../src/config/model.js';
import { LogSink } from '../../src/logs/log-sink.js';
import { systemTest } from '../support/peers.js';

const IDENTITY = { tag: 'fl', pid: 1, sendHostname: undefined, hostname: 'vm' };
const RAW = { format: 'raw', facility: 'local0' } as const;

test('lines go to every UDP target, IPv4 and IPv6, and levels are kept apart', async () => {
  const sockets = [createSocket('udp4').bind(0, '127.0.0.1'), createSocket('udp6').bind(0, '::1')];
  const got: string[][] = [[], []];
  for (const [i, s] of sockets.entries()) s.on('message', (m) => got[i].push(m.toString()));
  await Promise.all(sockets.map((s) => once(s, 'listening')));
  const targets = sockets.map((s, i): LogTarget => {
    const { address, port } = s.address();
    return { ...RAW, target: { kind: 'udp', host: address, port }, level: i === 0 ? 'err' : undefined };
  });
  const sink = new LogSink(targets, IDENTITY);
  sink.send('info', 'für alle', Date.now());
  sink.send('err', 'error', Date.now());
  while (got[0].length < 1 || got[1].length < 2) await new Promise((r) => setTimeout(r, 5));
  assert.deepEqual(got, [['error\n'], ['für alle\n', 'error\n']]);
  assert.equal(sink.dropped, 0);
  sink.close();
  for (const s of sockets) s.close();
});

test('a UDP port that nobody holds costs dropped lines and no more', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  const sink = new LogSink([{ ...RAW, target: { kind: 'udp', host: '127.0.0.1', port } }], IDENTITY);
  for (let i = 0; i < 10; i++) sink.send('info', 'x', Date.now());
  assert.ok(sink.dropped >= 4, `${sink.dropped} dropped`);
  sink.close();
});

systemTest('a unix receiver that goes away and returns is found again', { commands: ['socat'] }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fl-log-'));
  const path = join(dir, 'log');
  const sink = new LogSink([{ ...RAW, target: { kind: 'unix', path } }], IDENTITY);
  let now = 1_000_000;
  sink.send('info', 'nobody there', now);
  assert.equal(sink.dropped, 1);
  for (const round of ['first', 'second']) {
    const receiver = spawn('socat', ['-u', `UNIX-RECVFROM:${path},unlink-early`, `CREATE:${join(dir, round)}`]);
    const ended = once(receiver, 'exit');
    // Bound when the path appears; the second one replaces the first one's leftover.
    for (let i = 0; i < 200 && receiver.exitCode === null; i++) {
      now += 2000;
      sink.send('info', round, now);
      await Promise.race([ended, new Promise((r) => setTimeout(r, 25))]);
    }
    await ended;
    assert.equal(readFileSync(join(dir, round), 'utf8'), `${round}\n`);
  }
  sink.close();
  rmSync(dir, { recursive: true });
});

test('a pipe that is not read fills up, drops lines, never blocks, and goes on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fl-pipe-'));
  const path = join(dir, 'p');
  await once(spawn('mkfifo', [path]), 'exit');
  const reader = openSync(path, 'r+');
  const writer = openSync(path, 'w'); // blocking mode, as a supervisor hands it over
  const sink = new LogSink([{ ...RAW, len: 8000, target: { kind: 'fd', fd: writer } }], IDENTITY);
  for (let i = 0; i < 100; i++) sink.send('info', `${i} ${'x'.repeat(6000)}`, Date.now());
  assert.ok(sink.dropped > 50 && sink.dropped < 100, `${sink.dropped} dropped`);
  closeSync(writer);
  closeSync(reader);
  sink.send('info', 'the reader is gone', Date.now());
  rmSync(dir, { recursive: true });
});

test('a file descriptor target gets whole lines', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fl-file-'));
  const fd = openSync(join(dir, 'f'), 'w');
  const sink = new LogSink([{ ...RAW, format: 'short', target: { kind: 'fd', fd } }], IDENTITY);
  sink.send('notice', 'one', Date.now());
  sink.send('info', 'two', Date.now());
  assert.equal(readFileSync(join(dir, 'f'), 'utf8'), '<5>one\n<6>two\n');
  closeSync(fd);
  rmSync(dir, { recursive: true });
});
