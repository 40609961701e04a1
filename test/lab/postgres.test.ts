/**
 * The PostgreSQL lab, in its quick form. Here it fails, and is never skipped, where its programs are missing. The lab's
 * own bars are for a quiet machine; what must hold on any machine is judged here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportOf, runLab } from './run-lab.js';

/** A busy machine starts processes late; it does not make a failover wait for a poll of seconds. */
const AFTER_ABLE_MS_MAX = 2000;

test('a PostgreSQL pair behind Fairlead: nothing lost, nothing on a stale primary', { timeout: 240_000 }, async (t) => {
  const { faults, totals, missed } = reportOf(await runLab(['postgres', '--quick', '--json'], t.signal));
  for (const line of missed) t.diagnostic(`the lab says: ${line}`);
  const { fairlead } = totals;
  assert.ok(fairlead.acknowledged > 1000, `only ${fairlead.acknowledged} writes were acknowledged`);
  const { lostWrites, nonPrimaryWrites, staleWrites } = fairlead;
  assert.deepEqual(
    { lostWrites, nonPrimaryWrites, staleWrites },
    { lostWrites: 0, nonPrimaryWrites: 0, staleWrites: 0 },
  );
  for (const { fault, ways, explained, explanation } of faults) {
    const { fresh } = ways.fairlead;
    t.diagnostic(`${fault}: gap ${fresh.gapMs} ms, well after ${fresh.afterAbleMs} ms, ${fresh.failed} failed`);
    assert.notEqual(explained, false, `${fault}: the cause is not named in: ${explanation}`);
    if (fresh.afterAbleMs !== null)
      assert.ok(fresh.afterAbleMs < AFTER_ABLE_MS_MAX, `${fault}: ${fresh.afterAbleMs} ms`);
    if (/stale|rejoins|none/.test(fault)) assert.equal(fresh.failed, 0, `${fault}: failed attempts`);
  }
  assert.equal(faults.filter(({ fault }) => /is killed|is frozen|roles change/.test(fault)).length, 3);
});
