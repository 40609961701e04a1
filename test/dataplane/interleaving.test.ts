/**
 * Many clients at once, each with a byte stream of its own, in random pieces, with pauses, half-closes and resets: every
 * client must get back exactly its own bytes, through small copies, bulk splices and kept remainders alike.
 * A failure prints the seed that replays it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

/** mulberry32: small, seeded, good enough to vary a test. */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function stream(seed: number, length: number): Buffer {
  const random = generator(seed);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = random() * 256;
  return bytes;
}

let proxy: RunningProxy;
let port: number;
const echo = await serve((s) => {
  s.pipe(s);
});
echo.server.unref();

before(async () => {
  port = await freePort();
  proxy = await startProxy(
    'fairlead',
    `global
  nbthread 2
  maxconn 500
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 20s
  timeout server 20s
listen l
  bind 127.0.0.1:${port}
  server s1 127.0.0.1:${echo.port}
`,
    [port],
  );
});
after(() => proxy?.stop());

/** @returns the bytes that came back */
async function talk(seed: number): Promise<void> {
  const random = generator(seed);
  const length = Math.floor(random() ** 3 * 1_500_000) + 1;
  const bytes = stream(seed, length);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  let at = 0;
  const chunks: Buffer[] = [];
  socket.on('data', (d) => {
    chunks.push(d);
    if (random() < 0.05) {
      socket.pause();
      setTimeout(() => socket.resume(), random() * 30);
    }
  });
  if (random() < 0.15) {
    socket.on('error', () => undefined); // our own reset
    socket.write(bytes.subarray(0, Math.floor(length / 2)));
    await sleep(random() * 20);
    socket.resetAndDestroy();
    checkPrefix(seed, Buffer.concat(chunks), bytes);
    return;
  }
  while (at < length) {
    const size = Math.min(length - at, Math.floor(random() ** 2 * 200_000) + 1);
    if (!socket.write(bytes.subarray(at, at + size))) await once(socket, 'drain');
    at += size;
    if (random() < 0.1) await sleep(random() * 10);
  }
  socket.end();
  await once(socket, 'end');
  const got = Buffer.concat(chunks);
  assert.equal(got.length, length, `seed ${seed}: ${got.length} of ${length} bytes`);
  checkPrefix(seed, got, bytes);
}

function checkPrefix(seed: number, got: Buffer, sent: Buffer): void {
  assert.ok(got.equals(sent.subarray(0, got.length)), `seed ${seed}: bytes that this client did not send`);
}

const SEED = Number(process.env.SEED ?? 1);

test(`every client gets its own bytes (SEED=${SEED})`, { timeout: 120_000 }, async () => {
  for (let round = 0; round < 8; round++) {
    const seeds = Array.from({ length: 25 }, (_, i) => SEED * 10_000 + round * 100 + i);
    await Promise.all(seeds.map(talk));
  }
});
