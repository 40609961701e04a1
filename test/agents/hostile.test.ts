/** Pollers that mean no good, and many that mean well: everybody is bounded, and nobody else notices. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../lab/support/ports.js';
import { ask, get, poll, startAgents, until } from './support.js';

const FLOOD = fileURLToPath(new URL('./flood.js', import.meta.url));

/** An endpoint whose answer comes from `true`, which is always fit. */
async function serve(t: TestContext, settings: string) {
  const port = await freePort();
  const yaml = `agents: { a: { bind: "127.0.0.1:${port}", type: exec, command: [/bin/true], ${settings} } }\n`;
  const agents = await startAgents(t, { 'a.yaml': yaml });
  await until('an answer', async () => (await get(port)).status === 200 || settings.includes('only-from'));
  return { port, agents };
}

/** Connections that are open and send what they are told; they go when the test ends. */
async function openMany(t: TestContext, port: number, count: number, send = ''): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.on('error', () => resolve());
          socket.on('connect', () => {
            if (send !== '') socket.write(send);
            resolve();
          });
        }),
    ),
  );
  return sockets;
}

const closed = (sockets: readonly Socket[]) => sockets.filter((s) => s.destroyed || s.readableEnded).length;

test('silent connections are answered and closed; others are served meanwhile', async (t) => {
  const { port } = await serve(t, 'maxconn: 600');
  const silent = await openMany(t, port, 500);
  for (const socket of silent) socket.resume();
  const heard = await get(port);
  assert.equal(heard.status, 200);
  assert.ok(heard.ms < 1500, `${heard.ms} ms`);
  await until('the silent ones to be closed', () => closed(silent) === silent.length);
});

test('a head that never ends is answered within its time, and one that is too long at once', async (t) => {
  const { port } = await serve(t, 'maxconn: 100');
  const slow = connect(port, '127.0.0.1');
  t.after(() => slow.destroy());
  let bytes = '';
  slow.on('data', (chunk) => (bytes += String(chunk)));
  slow.on('error', () => slow.destroy());
  const drip = setInterval(() => slow.write('x'), 50);
  t.after(() => clearInterval(drip));
  slow.write('GET / HTTP/1.1\r\nX: ');
  await until('an answer', () => bytes.includes('200 OK'), 3000);
  const huge = await poll(port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`);
  assert.equal(huge.status, 200);
  const body = await poll(port, `POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(2_000_000)}`);
  assert.ok(body.status === 200 || body.error !== '', 'answered, or cut off');
});

test('more than maxconn at a time are told so and counted', async (t) => {
  const { port, agents } = await serve(t, 'maxconn: 20');
  await openMany(t, port, 20, 'GET / HTTP/1.1\r\n');
  const heard = await get(port);
  assert.equal(heard.status, 503);
  assert.match(heard.body, /too many pollers at a time/);
  await until('a line in the log', () => /agent a: refused \d+ connections?: too many at a time/.test(agents.output()));
  await until('room again', async () => (await get(port)).status === 200);
});

test('one address may take no more than its share', async (t) => {
  const { port } = await serve(t, 'per-source: 3');
  await openMany(t, port, 3, 'GET / HTTP/1.1\r\n');
  assert.match((await get(port)).body, /per-source/);
  const other = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' });
  t.after(() => other.destroy());
  let bytes = '';
  other.on('data', (chunk) => (bytes += String(chunk)));
  other.write('GET / HTTP/1.0\r\n\r\n');
  await until('an answer to the other address', () => bytes.includes('200 OK'));
});

test('who may not ask hears nothing', async (t) => {
  const { port, agents } = await serve(t, 'only-from: 127.0.0.9');
  const heard = await get(port);
  assert.equal(heard.bytes, '');
  await until('a line in the log', () =>
    /refused \d+ connections?: not allowed to ask \(last from 127\.0\.0\.1\)/.test(agents.output()),
  );
});

test('faster than the rate: a pause, then served again', async (t) => {
  const { port } = await serve(t, 'connection-rate: { per-second: 20, pause: 1s }');
  await sleep(1100); // a second of its own
  const heard = await Promise.all(Array.from({ length: 60 }, () => get(port)));
  const served = heard.filter(({ status }) => status === 200).length;
  assert.ok(served >= 15 && served <= 40, `${served} of 60 served`);
  assert.equal((await get(port)).bytes, '');
  await until('served again', async () => (await get(port)).status === 200);
});

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

test('thousands of polls a second from few questions, in bounded memory', async (t) => {
  const { port, agents } = await serve(t, 'share: 100ms');
  const run = promisify(execFile);
  const flood = async (ms: number) => {
    const { stdout } = await run(process.execPath, [FLOOD, String(port), String(ms)]);
    return JSON.parse(stdout) as { polls: number; wrong: number };
  };
  await flood(1000);
  const before = residentMb(agents.child.pid!);
  const { polls, wrong } = await flood(3000);
  const grown = residentMb(agents.child.pid!) - before;
  t.diagnostic(`${Math.round(polls / 3)} polls a second, memory grew by ${grown.toFixed(1)} MiB`);
  assert.equal(wrong, 0);
  assert.ok(polls > 1500, `${polls} polls in 3 s`);
  assert.ok(grown < 60, `${grown} MiB more`);
  assert.equal((await ask(port)).status, 200);
});

test('a server that ends each session behind its answer is not asked again at once, for ever', async (t) => {
  const info = 'role:master\r\n';
  let sessions = 0;
  const server = createServer((socket) => {
    sessions++;
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(`$${info.length}\r\n${info}\r\n+PONG\r\n`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const [port, target] = [await freePort(), (server.address() as AddressInfo).port];
  const yaml = `agents: { a: { bind: "127.0.0.1:${port}", type: redis, target: "127.0.0.1:${target}" } }\n`;
  await startAgents(t, { 'a.yaml': yaml });
  const before = sessions;
  for (const end = Date.now() + 1000; Date.now() < end; ) assert.equal((await get(port)).status, 200);
  assert.ok(sessions - before < 30, `${sessions - before} sessions in a second`);
});
