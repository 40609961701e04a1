/** Metrics of virtual routers: all of them as one file, and what holds for the format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vipMetrics } from '../../../src/control/prometheus/vip-metrics.js';
import { bind, FakeEngine, model, proxy } from '../fake-engine.js';
import { tell } from '../stats-page/ask.js';
import { backup, disputed, faulty, instance, master, status, vipConfig } from '../vips.js';
import { golden } from './golden.js';

test('all metrics', () => {
  golden(
    'metrics.txt',
    vipMetrics(status([master(), disputed(), faulty(), backup({ name: 'VI_9' })], { refused: { 'vrid-unknown': 7 } })),
  );
});

test('a problem of a while ago is 0, so that an alert ends', () => {
  const [problem] = disputed().problems;
  const text = vipMetrics(status([disputed({ problems: [{ ...problem, lastMs: problem.lastMs - 60_000 }] })]));
  assert.match(text, /^fairlead_vip_problem\{instance="VI_2",code="two-masters"\} 0$/m);
});

test('names are escaped, each metric is declared once, before its samples', () => {
  const text = vipMetrics(status([master({ name: 'a"b\\c\nd' }), backup()]));
  assert.ok(text.includes('fairlead_vip_is_master{instance="a\\"b\\\\c\\nd"} 1\n'));
  let declared = '';
  const names = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, type] = /^# TYPE (\S+) (gauge|counter)$/.exec(line) ?? [];
    if (type !== undefined) {
      declared = type;
      assert.equal(names.has(type), false, `${type} twice`);
      names.add(type);
    } else if (!line.startsWith('#')) assert.equal(/^(\w+)(\{.*\})? -?[\d.]+$/.exec(line)?.[1], declared, line);
  }
});

test('they are in the scrape where there are virtual routers, under the scope of the process', async () => {
  const engine = new FakeEngine({
    ...model([proxy('listen', 'stats', 2, { mode: 'http', binds: [bind(7000)] })]),
    vips: vipConfig([instance()]),
  });
  const scrape = async (query = '') => (await tell(engine, { service: 'prometheus', target: `/metrics${query}` })).text;
  assert.equal((await scrape()).includes('_vip_'), false);
  assert.equal((await scrape()).includes('keepalived'), false);
  engine.vipStatus = status([master()]);
  assert.match(await scrape(), /^fairlead_vip_is_master\{instance="VI_1"\} 1$/m);
  assert.match(await scrape('?scope=global'), /^fairlead_vip_is_master/m);
  assert.equal((await scrape('?scope=frontend')).includes('_vip_'), false);
});
