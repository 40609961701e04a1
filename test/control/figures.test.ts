/** Figures that are differences between two askings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SampledFigures } from '../../src/control/figures.js';
import * as T from '../../src/core/table.js';
import { FakeEngine, model } from './fake-engine.js';

// per worker: µs when its last turn began, µs of these asleep; percent idle after 10 s with two workers
for (const [first, second, idle] of [
  [[0, 0], [0, 0], 100],
  [[9_000_000, 9_000_000], [0, 0], 100],
  [[10_000_000, 5_000_000], [10_000_000, 10_000_000], 75],
  [[10_000_000, 0], [10_000_000, 0], 0],
  [[1_000_000, 0], [0, 0], 95],
] as const)
  test(`workers that turned and slept ${first} and ${second} are ${idle} % idle`, () => {
    const engine = new FakeEngine(model([]), 2);
    let nowMs = engine.startedAtMs;
    const figures = new SampledFigures(engine, () => nowMs);
    const { f64, counters } = engine.row('process')!;
    [first, second].forEach(([turnedUs, idleUs], worker) => {
      f64[counters + worker * T.COUNTER_CELLS + T.C_TURNED_US] = turnedUs;
      f64[counters + worker * T.COUNTER_CELLS + T.C_IDLE_US] = idleUs;
    });
    nowMs += 10_000;
    assert.equal(figures.idlePercent(), idle);
  });

test('two who ask within a second see the same', () => {
  const engine = new FakeEngine(model([]));
  let nowMs = engine.startedAtMs + 5000;
  const figures = new SampledFigures(engine, () => nowMs);
  assert.equal(figures.idlePercent(), 100);
  engine.row('process')!.fill(T.C_TURNED_US, 900_000);
  nowMs += 900;
  assert.equal(figures.idlePercent(), 100);
  nowMs += 100;
  assert.equal(figures.idlePercent(), 10);
});
