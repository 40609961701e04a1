/** Signals above 31: heard in the event loop, however many threads there are, and fatal to nobody. */
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { onRealtimeSignal } from '../../src/linux/realtime-signals.js';

const EBUSY = 16;

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isTrue(); i++) await sleep(10);
  assert.ok(isTrue(), 'not within 2 s');
}

test('each is heard, also beside busy threads; those that come together count once or more', async () => {
  let heard = 0;
  assert.equal(
    onRealtimeSignal(36, () => heard++),
    0,
  );
  const workers = [0, 1].map(() => new Worker('for (;;) Math.sqrt(2);', { eval: true }));
  try {
    for (let i = 1; i <= 20; i++) {
      const before = heard;
      process.kill(process.pid, 36);
      await until(() => heard > before);
    }
    for (let i = 0; i < 1000; i++) process.kill(process.pid, 36);
    const before = heard;
    await until(() => heard > before);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});

test('two signals do not hear each other', async () => {
  const heard: number[] = [];
  for (const signal of [40, 63])
    assert.equal(
      onRealtimeSignal(signal, () => heard.push(signal)),
      0,
    );
  process.kill(process.pid, 63);
  await until(() => heard.length === 1);
  process.kill(process.pid, 40);
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [63, 40]);
});

test('a descriptor that is in use is left alone', () => {
  const opened: number[] = [];
  while (!opened.includes(50)) opened.push(openSync('/dev/null', 'r'));
  try {
    assert.equal(
      onRealtimeSignal(50, () => undefined),
      -EBUSY,
    );
  } finally {
    for (const fd of opened) closeSync(fd);
  }
});
