/** What 1,000 servers cost. Limits are CPU time, of the best of a few runs: other programs may use the machine, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bind, FakeEngine, model, proxy, server } from '../fake-engine.js';
import { tell, withPage } from './ask.js';

function thousand(): FakeEngine {
  const servers = Array.from({ length: 1000 }, (_, i) => server(`s${i}`, i + 1, 80, { check: true, weight: 100 }));
  const proxies = [
    proxy('listen', 'stats', 2, { mode: 'http', binds: [bind(7000)] }),
    proxy('backend', 'be', 3, { mode: 'http', servers }),
  ];
  return new FakeEngine(withPage(model(proxies), 'stats', { showsLegends: true }), 2);
}

async function bestMs(run: () => Promise<unknown>): Promise<number> {
  const times = [];
  for (let i = 0; i < 6; i++) {
    const began = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(began);
    times.push((user + system) / 1000);
  }
  return Math.min(...times);
}

// what, question, most ms of CPU
for (const [what, ask, limitMs] of [
  ['CSV', { target: '/stats;csv' }, 50],
  ['page', { isAdmin: true }, 150],
  ['metrics', { service: 'prometheus', target: '/metrics' }, 250],
] as const)
  test(`the ${what} of 1,000 servers takes less than ${limitMs} ms`, async () => {
    const engine = thousand();
    const ms = await bestMs(() => tell(engine, ask));
    assert.ok(ms < limitMs, `took ${ms} ms`);
  });
