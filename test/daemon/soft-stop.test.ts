/** A soft stop in mode http: who is told, who is closed, and when (manual: `close-spread-time`, `grace`, `option idle-close-on-response`). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fairlead, file, freePort, type Running, until, workDirectory } from './program.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A program whose frontend answers by itself. */
async function started(t: TestContext, global: string, frontend: string) {
  const port = await freePort();
  const directory = workDirectory(t);
  const text = `global
  nbthread 1
  stats socket ${join(directory, 's.sock')} level admin
  ${global}
defaults
  mode http
  timeout client 20s
frontend web
  bind 127.0.0.1:${port}
  ${frontend}
  http-request return status 200 content-type text/plain string ok
`;
  const program = fairlead(t, 'run', '-f', file(directory, 'a.cfg', text));
  await until('ready', () => program.output().includes('ready'));
  return { port, program };
}

interface Client {
  readonly socket: Socket;
  received: string;
  endedAtMs: number;
}

async function client(t: TestContext, port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  const made: Client = { socket, received: '', endedAtMs: 0 };
  t.after(() => socket.destroy());
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    made.received += String(chunk);
  });
  socket.on('close', () => {
    made.endedAtMs = performance.now();
  });
  await once(socket, 'connect');
  return made;
}

/** A connection that has had an answer and waits. */
async function idleClient(t: TestContext, port: number): Promise<Client> {
  const made = await client(t, port);
  made.socket.write(GET);
  await until('an answer', () => made.received.endsWith('ok'));
  assert.doesNotMatch(made.received, /connection: close/i);
  made.received = '';
  return made;
}

const stop = (program: Running) => process.kill(program.pid, 'SIGUSR1');

test('requests that were there before the stop: one more is answered, and told that it is the last', async (t) => {
  const { port, program } = await started(t, '', '');
  const clients = await Promise.all(Array.from({ length: 10 }, () => client(t, port)));
  for (const { socket } of clients) socket.write(GET.repeat(200_000));
  await until('answers', () => clients.every(({ received }) => received.length > 1000));
  stop(program);
  await until('the end', () => clients.every(({ endedAtMs }) => endedAtMs > 0), 15_000);
  for (const { received } of clients) {
    const last = received.slice(received.lastIndexOf('HTTP/1.1 '));
    assert.match(last, /\r\nconnection: close\r\n/i);
  }
});

test('connections at rest are closed at once', async (t) => {
  const { port, program } = await started(t, '', '');
  const idle = await idleClient(t, port);
  stop(program);
  assert.equal(await program.ended, 0);
  await until('the end', () => idle.endedAtMs > 0);
  assert.equal(idle.received, '');
});

test('option idle-close-on-response: they wait for one more request', async (t) => {
  const { port, program } = await started(t, '', 'option idle-close-on-response');
  const idle = await idleClient(t, port);
  stop(program);
  await sleep(700);
  assert.equal(idle.endedAtMs, 0);
  idle.socket.write(GET);
  assert.equal(await program.ended, 0);
  assert.match(idle.received, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*connection: close\r\n/i);
});

test('close-spread-time: they end one after the other, and all within the time', async (t) => {
  const { port, program } = await started(t, 'close-spread-time 2s', '');
  const idle = await Promise.all(Array.from({ length: 40 }, () => idleClient(t, port)));
  const beganMs = performance.now();
  stop(program);
  assert.equal(await program.ended, 0);
  await until('the end', () => idle.every(({ endedAtMs }) => endedAtMs > 0));
  const endedMs = idle.map(({ endedAtMs }) => endedAtMs - beganMs).sort((a, b) => a - b);
  assert.ok(endedMs[39] - endedMs[0] > 500, `all within ${endedMs[39] - endedMs[0]} ms`);
  assert.ok(endedMs[39] < 4000, `the last after ${endedMs[39]} ms`);
});

test('grace: new connections are served for a while, and monitors hear of the end', async (t) => {
  const { port, program } = await started(t, 'grace 1500ms', 'monitor-uri /alive\n  monitor fail if { stopping }');
  stop(program);
  await sleep(500);
  await idleClient(t, port);
  const monitor = await client(t, port);
  monitor.socket.write('GET /alive HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('the monitor', () => monitor.received.startsWith('HTTP/1.1 503 '));
  assert.equal(await program.ended, 0);
});
