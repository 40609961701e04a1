/** Who has the address when both could: preemption and its limits, priorities that scripts change, reloads. */
import assert from 'node:assert/strict';
import { run } from '../../lab/support/sandbox.js';
import { sleep } from '../../lab/support/wait.js';
import type { Program } from '../../lab/vip/programs.js';
import { systemTest } from '../support/peers.js';
import { type Router, Routers, VIP, VIP_NEEDS } from './vip-routers.js';

const NEEDS = { ...VIP_NEEDS, timeoutMs: 90_000 };
const CAPTURING = { ...NEEDS, commands: [...NEEDS.commands, 'dumpcap', 'tshark'] };
/** Start of a Node on a busy machine. */
const WITHIN_MS = 20_000;
const TENTHS: Router = { version: 3, family: 4, transport: 'multicast', intervalS: 0.1, priority: 100 };

const BOTH: readonly (readonly [high: Program, low: Program])[] = [
  ['fairlead', 'keepalived'],
  ['keepalived', 'fairlead'],
];

systemTest('nopreempt: a Fairlead with the higher priority leaves the address where it is', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  routers.start('b', 'keepalived', routers.fileFor('b', TENTHS, []));
  await routers.untilHeldBy(['b'], WITHIN_MS);
  routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, priority: 200, more: '  nopreempt' }, []));
  await routers.untilStatus(
    'a',
    'waits as backup',
    WITHIN_MS,
    ({ state, owner }) => state === 'BACKUP' && owner !== null,
  );
  await sleep(1000);
  assert.deepEqual(routers.holders(), ['b']);
  routers.signal('b', 'keepalived', 'SIGTERM');
  await routers.untilHeldBy(['a'], WITHIN_MS);
});

systemTest('preempt_delay: it waits, and then takes the address', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  routers.start('b', 'keepalived', routers.fileFor('b', TENTHS, []));
  await routers.untilHeldBy(['b'], WITHIN_MS);
  routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, priority: 200, more: '  preempt_delay 2' }, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  const { transitions } = routers.instance('a');
  const [backup, master] = ['BACKUP', 'MASTER'].map((state) => transitions.find(({ to }) => to === state)?.atMs ?? 0);
  assert.ok(master - backup > 1900, `it took the address after ${master - backup} ms as backup`);
});

/** `-e`: well while the file is there. */
const WELL =
  'vrrp_script chk_well {\n  script "/usr/bin/test -e /run/well"\n  interval 1\n  fall 1\n  rise 1\n  WEIGHT\n}\n';
const TRACKED = '  track_script {\n    chk_well\n  }';

for (const [high, low] of BOTH)
  systemTest(`a script moves the address from ${high} to ${low} and back`, NEEDS, async (t) => {
    const routers = await Routers.open(t, ['a', 'b']);
    const before = WELL.replace('WEIGHT', 'weight -60');
    for (const place of ['a', 'b'] as const) routers.host(place).run('touch', ['/run/well']);
    routers.start('a', high, routers.fileFor('a', { ...TENTHS, priority: 150, before, more: TRACKED }, []));
    routers.start('b', low, routers.fileFor('b', { ...TENTHS, before, more: TRACKED }, []));
    await routers.untilHeldBy(['a'], WITHIN_MS);
    routers.host('a').run('rm', ['/run/well']);
    await routers.untilHeldBy(['b'], WITHIN_MS);
    routers.host('a').run('touch', ['/run/well']);
    await routers.untilHeldBy(['a'], WITHIN_MS);
  });

systemTest('a script without a weight is a fault while it fails', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a']);
  const before = WELL.replace('WEIGHT', '');
  routers.host('a').run('touch', ['/run/well']);
  routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, before, more: TRACKED }, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  routers.host('a').run('rm', ['/run/well']);
  await routers.untilHeldBy([], WITHIN_MS);
  const { state, faults } = routers.instance('a');
  assert.equal(state, 'FAULT');
  assert.match(faults.join(), /chk_well/);
  routers.host('a').run('touch', ['/run/well']);
  await routers.untilHeldBy(['a'], WITHIN_MS);
});

systemTest('an interface that is tracked, and not its own, is a fault while it is down', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  const ip = (...words: string[]) => run('ip', ['-n', routers.host('a').namespace, ...words]);
  routers.addInterface('a', 'up0');
  const more = '  track_interface {\n    up0\n  }';
  routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, priority: 150, more }, []));
  routers.start('b', 'keepalived', routers.fileFor('b', TENTHS, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  ip('link', 'set', 'dev', 'up0', 'down');
  await routers.untilHeldBy(['b'], WITHIN_MS);
  assert.match(routers.instance('a').faults.join(), /up0/);
  ip('link', 'set', 'dev', 'up0', 'up');
  await routers.untilHeldBy(['a'], WITHIN_MS);
});

systemTest('a reload keeps mastership: no transition, no late advertisement', CAPTURING, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  const master = { ...TENTHS, priority: 200 };
  routers.start('a', 'fairlead', routers.fileFor('a', master, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  routers.start('b', 'keepalived', routers.fileFor('b', TENTHS, []));
  await sleep(1500);
  const before = routers.instance('a');
  const capture = await routers.capture('a');
  for (let n = 0; n < 3; n++) {
    routers.signal('a', 'fairlead alone', 'SIGHUP');
    await sleep(1000);
  }
  await capture.end();
  const after = routers.instance('a');
  assert.deepEqual([after.state, after.sinceMs, after.transitions], [before.state, before.sinceMs, before.transitions]);
  const times = capture.fields('vrrp', ['frame.time_epoch']).map(([at]) => Number(at) * 1000);
  const worst = Math.max(...times.slice(1).map((at, i) => at - times[i]));
  t.diagnostic(`longest time between two of ${times.length} advertisements: ${worst.toFixed(1)} ms`);
  assert.ok(worst < 250, `${worst} ms between two advertisements at 100 ms`);

  routers.writeFile('a', routers.fileFor('a', { ...master, addresses: [VIP[4], '10.0.0.131'] }, []));
  routers.writeFile('b', routers.fileFor('b', { ...TENTHS, addresses: [VIP[4], '10.0.0.131'] }, []));
  for (const [place, what] of [
    ['a', 'fairlead alone'],
    ['b', 'keepalived'],
  ] as const)
    routers.signal(place, what, 'SIGHUP');
  await routers.untilHeldBy(['a'], WITHIN_MS, '10.0.0.131');
  await routers.untilHeldBy(['a'], WITHIN_MS);

  routers.writeFile('a', routers.fileFor('a', { ...master, priority: 50, addresses: [VIP[4], '10.0.0.131'] }, []));
  routers.signal('a', 'fairlead alone', 'SIGHUP');
  await routers.untilHeldBy(['b'], WITHIN_MS);
});

/** Version 2 discards what has another interval, so both are masters, and neither knows why: unless it is said. */
systemTest('two routers with one id and different intervals are named, with what to correct', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  const seconds = { ...TENTHS, version: 2, priority: 100 } as const;
  routers.start('a', 'fairlead', routers.fileFor('a', { ...seconds, intervalS: 1 }, []));
  routers.start('b', 'keepalived', routers.fileFor('b', { ...seconds, intervalS: 2 }, []));
  await routers.untilHeldBy(['a', 'b'], 15_000);
  const { problems } = await routers.untilStatus('a', 'names the other interval', WITHIN_MS, (one) =>
    one.problems.some(({ code }) => code === 'interval-differs'),
  );
  const problem = problems.find(({ code }) => code === 'interval-differs')!;
  assert.match(`${problem.text} ${problem.remedy}`, /10\.0\.0\.102/);
  assert.match(problem.remedy, /advert_int/);
});

systemTest('fairlead vip failover: keepalived takes over, and gives back when the time is over', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, priority: 200 }, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  routers.start('b', 'keepalived', routers.fileFor('b', TENTHS, []));
  await sleep(1500);
  routers.fairlead('a', ['vip', 'failover', '--hold', '6s']);
  await routers.untilHeldBy(['b'], 5000);
  await sleep(500);
  assert.deepEqual(routers.holders(), ['b']);
  await routers.untilHeldBy(['a'], WITHIN_MS);
});
