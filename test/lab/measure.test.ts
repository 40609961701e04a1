/** What the lab concludes from the writer's record: gaps, failures, lost writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostWrites, seenBetween } from '../../lab/support/measure.js';
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
