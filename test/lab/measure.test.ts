/** What the lab concludes from the writer's record: gaps, failures, lost writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostWrites, seenBetween, staleWrites, usedForMs, wellAfterMs } from '../../lab/support/measure.js';
import type { Attempt } from '../../lab/support/writer.js';

/** Start and end in ms, id by position; negative end: failed then. */
function attempts(...spans: readonly (readonly [number, number])[]): Attempt[] {
  return spans.map(([startedAt, end], i) =>
    end < 0
      ? { id: i + 1, kind: 'new' as const, startedAt, endedAt: -end, acknowledged: false, error: 'refused' }
      : { id: i + 1, kind: 'new' as const, startedAt, endedAt: end, acknowledged: true },
  );
}

// attempts, from, to, gap, attempts inside, failed
const ROWS = [
  ['acknowledged all along', attempts([0, 10], [20, 30], [40, 50]), 0, 60, 20, 3, 0],
  ['silence at the start counts', attempts([90, 95]), 0, 100, 95, 1, 0],
  ['silence at the end counts', attempts([0, 5]), 0, 100, 95, 1, 0],
  ['no answer at all', attempts([10, -20], [30, -40]), 0, 100, 100, 2, 2],
  ['answers out of order', attempts([0, 50], [20, 30]), 0, 60, 30, 2, 0],
  ['one that began before is not an attempt of this stretch', attempts([0, 120], [110, -130]), 100, 200, 80, 1, 1],
] as const;

for (const [name, record, from, to, gapMs, count, failed] of ROWS)
  test(`gap: ${name}`, () => {
    const seen = seenBetween(record, from, to);
    assert.deepEqual([seen.gapMs, seen.attempts, seen.failed], [gapMs, count, failed]);
  });

test('lost: acknowledged and absent, not failed and absent', () => {
  const record = attempts([0, 1], [0, 1], [0, -1]);
  assert.deepEqual(lostWrites(record, new Set([2])), [1]);
});

// attempts, able at, well after ms
const WELL = [
  ['at the first acknowledgement', attempts([0, 10], [20, -30], [40, 70]), 50, 20],
  ['a failure of an attempt that began before does not count', attempts([40, -90], [45, 60]), 50, 10],
  ['not before the last failure', attempts([40, 60], [80, -90], [100, 110]), 50, 30],
  ['never', attempts([40, -60], [80, -90]), 50, null],
] as const;

for (const [name, record, ableMs, expected] of WELL)
  test(`well again: ${name}`, () => assert.equal(wellAfterMs(record, ableMs, 200), expected));

test('stale: acknowledged by the old primary after the new one was able, also when it began before', () => {
  const by = (name: string, record: Attempt[]) => record.map((one) => ({ ...one, by: name }));
  const reigns = [
    { server: 'old', fromMs: 0, toMs: 100 },
    { server: 'new', fromMs: 100, toMs: null },
  ];
  const old = by('old', attempts([10, 20], [90, 120], [90, 300], [200, 210]));
  const next = by('new', attempts([110, 120]));
  assert.deepEqual(
    staleWrites([...old, ...next], reigns).map((one) => one.startedAt),
    [90, 200],
  );
});

test('used for: the start of the last attempt that the server took', () => {
  const record = attempts([10, 20], [90, 120], [130, -140]).map((one) => ({ ...one, by: 'db1' }));
  assert.equal(usedForMs(record, 'db1', 5, 200), 85);
  assert.equal(usedForMs(record, 'db2', 5, 200), null);
});
