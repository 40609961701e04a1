/** Databases that are well stay UP while every core is busy: the hour of the lab, shortened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLab } from './run-lab.js';

test('no server is marked down falsely under full CPU load', { timeout: 120_000 }, async (t) => {
  const { code, out, err } = await runLab(['no-false-down', '--minutes', '0.25', '--json'], t.signal);
  assert.equal(code, 0, err + out);
  const { downs, servers, failedChecks } = JSON.parse(out);
  assert.deepEqual(downs, []);
  assert.equal(servers, 3);
  t.diagnostic(`${failedChecks} checks failed, and no server went down for it`);
});
