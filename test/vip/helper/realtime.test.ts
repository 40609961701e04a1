/** Real-time scheduling is the helper's alone: what it starts is scheduled as usual. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { script, settings, TestHelper, Workshop } from './support.js';

const policyOf = (pid: number) =>
  execFileSync('ps', ['-o', 'cls=,rtprio=', '-p', String(pid)], { encoding: 'utf8' }).trim();

test('SCHED_RR where it is asked for, and ordinary scheduling again', async (t) => {
  const helper = new TestHelper();
  const shop = new Workshop();
  t.after(async () => {
    await helper.abandon();
    shop.remove();
  });
  const looks = shop.program('looks', `ps -o cls= -p $$ > ${shop.at('seen')}`);
  helper.plan({
    rtPriority: 10,
    settings: settings({ noSwap: true }),
    scripts: [script('looks', [looks], { intervalMs: 60_000 })],
  });
  await helper.hear('tracked');
  assert.match(policyOf(helper.process.pid!), /^RR +10$/);
  assert.equal(shop.read('seen').trim(), 'TS');
  helper.plan({ rtPriority: 0 });
  helper.say({ type: 'startup' });
  await helper.hear('started');
  assert.match(policyOf(helper.process.pid!), /^TS/);
  assert.deepEqual(helper.logs(), []);
});
