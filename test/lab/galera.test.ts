/** The Galera lab, in its quick form: real nodes fail and return behind Fairlead, and no acknowledged write is lost. */
import assert from 'node:assert/strict';
import { systemTest } from '../support/peers.js';
import { reportOf, runLab } from './run-lab.js';

const NEEDS = {
  commands: ['mariadbd', 'mariadb-install-db', 'rsync', 'ip', 'nft'],
  root: true,
  timeoutMs: 280_000,
};
/** A fault costs the group's own time to evict a node or to agree again (the floor), and then the proxy's; never this. */
const GAP_OVER_FLOOR_MS_MAX = 2000;
/** A changed state is seen at the next check: here with patience for a busy machine. */
const USED_FOR_MS_MAX = 2000;

systemTest('a Galera cluster behind Fairlead loses no acknowledged write', NEEDS, async (t) => {
  const { faults, totals, missed } = reportOf(await runLab(['galera', '--quick', '--json'], t.signal));
  for (const line of missed) t.diagnostic(`the lab says: ${line}`);
  const { fairlead } = totals;
  assert.equal(fairlead.lostWrites, 0);
  assert.equal(fairlead.nonPrimaryWrites, 0);
  assert.ok(fairlead.acknowledged > 1000, `only ${fairlead.acknowledged} writes were acknowledged`);
  for (const { fault, ways, explained, explanation } of faults) {
    const { fresh } = ways.fairlead;
    t.diagnostic(`${fault}: gap ${fresh.gapMs} ms, used for ${fresh.usedForMs} ms, ${fresh.failed} failed`);
    assert.notEqual(explained, false, `${fault}: the cause is not named in: ${explanation}`);
    const floorMs = ways.floor.fresh.gapMs;
    assert.ok(
      fresh.gapMs < floorMs + GAP_OVER_FLOOR_MS_MAX,
      `${fault}: ${fresh.gapMs} ms without a write, and ${floorMs} ms straight to the database`,
    );
    if (/is desynced|is drained/.test(fault))
      assert.ok((fresh.usedForMs ?? 0) < USED_FOR_MS_MAX, `${fault}: used for ${fresh.usedForMs} ms`);
  }
  assert.equal(faults.filter(({ fault }) => /is killed|is desynced|is drained|is cut off/.test(fault)).length, 4);
});
