/** The shared table of stick entries against a plain map, and its rates against counting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import type { StickTable } from '../../../src/config/model.js';
import { writeKey } from '../../../src/core/stick/key.js';
import { layOutTable } from '../../../src/core/stick/layout.js';
import { createStickMemory, StickStore } from '../../../src/core/stick/store.js';

function open(table: Partial<StickTable> = {}): StickStore {
  const layout = layOutTable({ type: 'string', keyLength: 8, size: 4, store: [{ name: 'gpc0' }], ...table }, false);
  return new StickStore(layout, createStickMemory(layout));
}

const claim = (store: StickStore, key: string, nowMs: number) =>
  store.hold(writeKey(key, 'string', store.scratch), nowMs);
const find = (store: StickStore, key: string, nowMs: number) =>
  store.find(writeKey(key, 'string', store.scratch), nowMs);
const keys = (store: StickStore, nowMs: number) =>
  store
    .list(nowMs)
    .map((entry) => Buffer.from(store.keyOf(entry)).toString())
    .sort();

test('an entry is found under its key, cut to the longest', () => {
  const store = open();
  const entry = claim(store, 'abcdefghij', 0);
  assert.equal(find(store, 'abcdefgh', 0), entry);
  assert.equal(find(store, 'abcdefg', 0), 0);
});

test('a full table gives up what was touched longest ago and is not held', () => {
  const store = open();
  for (const key of ['a', 'b', 'c', 'd']) claim(store, key, 0);
  for (const key of ['b', 'c']) store.release(find(store, key, 0), 0);
  store.touch(find(store, 'b', 0), 0);
  assert.notEqual(claim(store, 'e', 0), 0);
  assert.deepEqual(keys(store, 0), ['a', 'b', 'd', 'e']);
});

test('with nopurge a full table takes nobody', () => {
  const store = open({ noPurge: true });
  for (const key of ['a', 'b', 'c', 'd']) store.release(claim(store, key, 0), 0);
  assert.equal(claim(store, 'e', 0), 0);
});

test('entries expire, those that are held later', () => {
  const store = open({ expireMs: 100 });
  const held = claim(store, 'held', 0);
  store.release(claim(store, 'left', 0), 0);
  assert.deepEqual(keys(store, 100), ['held']);
  store.release(held, 150);
  assert.deepEqual(keys(store, 249), ['held']);
  assert.deepEqual(keys(store, 250), []);
});

test('a rate counts its period, and of the one before what still weighs', () => {
  const store = open({ store: [{ name: 'conn_rate', periodMs: 1000 }] });
  const entry = claim(store, 'k', 10_000);
  const { at, periodMs } = store.figure('conn_rate')!;
  for (const nowMs of [10_000, 10_100, 10_900]) store.add(entry, at, periodMs, 1, nowMs);
  assert.equal(store.read(entry, at, periodMs, 10_950), 3);
  store.add(entry, at, periodMs, 1, 11_000);
  assert.equal(store.read(entry, at, periodMs, 11_000), 4);
  assert.equal(store.read(entry, at, periodMs, 11_500), 2);
  assert.equal(store.read(entry, at, periodMs, 13_100), 0);
});

test('gpc0, gpc1 and gpt0 are the first elements of the arrays', () => {
  const store = open({
    store: [
      { name: 'gpc', elements: 2 },
      { name: 'gpt', elements: 1 },
      { name: 'gpc_rate', elements: 2, periodMs: 9 },
    ],
  });
  assert.deepEqual(store.figure('gpc1'), store.figure('gpc', 1));
  assert.deepEqual(store.figure('gpc1_rate'), store.figure('gpc_rate', 1));
  assert.deepEqual(store.figure('gpt0'), store.figure('gpt', 0));
  assert.equal(store.figure('gpc', 2), undefined);
  assert.equal(store.figure('conn_cnt'), undefined);
});

test('any history is that of a map with an order of touching', () => {
  const step = fc.record({
    do: fc.constantFrom('hold', 'release', 'touch', 'remove', 'add'),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = open();
      const model = new Map<string, { uses: number; value: number }>();
      for (const [n, { do: what, key }] of steps.entries()) apply(store, model, what, key, n);
      assert.deepEqual(keys(store, steps.length), [...model.keys()].sort());
      for (const [key, { uses, value }] of model) {
        const entry = find(store, key, steps.length);
        assert.equal(store.usesOf(entry), uses);
        assert.equal(store.read(entry, store.figure('gpc0')!.at, 0, 0), value);
      }
    }),
    { numRuns: 500 },
  );
});

type World = Map<string, { uses: number; value: number }>;

function apply(store: StickStore, model: World, what: string, key: string, nowMs: number): void {
  const known = model.get(key);
  const entry = find(store, key, nowMs);
  assert.equal(entry !== 0, known !== undefined, key);
  const last = (value: { uses: number; value: number }) => {
    model.delete(key);
    model.set(key, value);
  };
  if (what === 'hold') {
    if (known === undefined && model.size === 4) {
      const oldest = [...model].find(([, { uses }]) => uses === 0);
      assert.equal(claim(store, key, nowMs) !== 0, oldest !== undefined);
      if (oldest === undefined) return;
      model.delete(oldest[0]);
    } else assert.notEqual(claim(store, key, nowMs), 0);
    last({ uses: (known?.uses ?? 0) + 1, value: known?.value ?? 0 });
  } else if (known === undefined) return;
  else if (what === 'release' && known.uses > 0) {
    store.release(entry, nowMs);
    last({ ...known, uses: known.uses - 1 });
  } else if (what === 'touch') {
    store.touch(entry, nowMs);
    last(known);
  } else if (what === 'remove') {
    assert.equal(store.remove(entry), known.uses === 0);
    if (known.uses === 0) model.delete(key);
  } else if (what === 'add') {
    known.value = store.add(entry, store.figure('gpc0')!.at, 0, 3, nowMs);
  }
}

test('two threads and this one count in the same entries without losing one', async () => {
  const layout = layOutTable({ type: 'string', keyLength: 8, size: 16, store: [{ name: 'gpc0' }] }, false);
  const memory = createStickMemory(layout);
  const store = new StickStore(layout, memory);
  const code = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ StickStore }) => {
      const store = new StickStore(workerData.layout, workerData.memory);
      const { at } = store.figure('gpc0');
      for (let n = 0; n < 20000; n++) {
        store.scratch[0] = 97 + (n % 5);
        const entry = store.hold(1, n);
        store.add(entry, at, 0, 1, n);
        store.release(entry, n);
      }
    });`;
  const module = new URL('../../../src/core/stick/store.js', import.meta.url).href;
  const threads = [0, 1].map(() => new Worker(code, { eval: true, workerData: { module, layout, memory } }));
  await Promise.all(threads.map((thread) => new Promise((done) => thread.on('exit', done))));
  const { at } = store.figure('gpc0')!;
  assert.deepEqual(keys(store, 0), ['a', 'b', 'c', 'd', 'e']);
  for (const entry of store.list(0)) {
    assert.equal(store.read(entry, at, 0, 0), 8000);
    assert.equal(store.usesOf(entry), 0);
  }
});
