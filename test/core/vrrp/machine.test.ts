/** core/vrrp/machine: what the RFC does not know: handing over, frozen hosts, the arbiter, sync groups, reload. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host, R, settings, transitions } from './host.js';

const A = '10.0.0.1';
const B = '10.0.0.9';

function master(own = {}): Host {
  const host = new Host([settings(own)]).until(3610);
  host.take();
  return host;
}

const failover = (host: Host, holdMs = 60_000) =>
  host.event({ type: 'failover', router: R, holdMs, why: 'operator root' });
const stop = (host: Host, graceMs: number) => host.event({ type: 'stop', graceMs, why: 'shutdown' });

// ── Handing over ────────────────────────────────────────────────────────────────────────────────────────────────────

test('failover: goodbye, the addresses stay until a successor is heard', () => {
  const host = failover(master());
  assert.deepEqual(host.take(), ['goodbye']);
  assert.equal(host.view().isHandingOver, true);
  host.until(4400);
  assert.deepEqual(host.take(), [], 'no advertisement meanwhile');
  assert.deepEqual(host.hear(90, A).take(), [
    'release',
    `MASTER→BACKUP: operator root; handed over to ${A} within 790 ms`,
  ]);
  assert.equal(host.view().isHandingOver, false);
});

// version, interval, how long a successor may take: its interval and the longest skew, at most 2 s
for (const [version, advertIntervalMs, limitMs] of [
  [2, 1000, 1996],
  [3, 1000, 1996],
  [3, 20, 40],
  [2, 10_000, 2000],
] as const)
  test(`failover: without a successor the addresses are given up after ${limitMs} ms (version ${version}, ${advertIntervalMs} ms)`, () => {
    const host = new Host([settings({ version, advertIntervalMs })]).until(50_000);
    failover(host);
    host.take();
    assert.deepEqual(host.until(50_000 + limitMs - 1).take(), []);
    const text = limitMs < 1000 ? `${limitMs} ms` : '2 s';
    assert.deepEqual(host.until(50_000 + limitMs + 1).take(), [
      'release',
      `MASTER→BACKUP: operator root; addresses given up, no successor heard within ${text}`,
    ]);
  });

test('failover: a lower master is left alone while the hold lasts, then preempted', () => {
  const host = failover(master());
  for (let at = 4000; at < 63_610; at += 1000) host.until(at).hear(90, A);
  assert.deepEqual(transitions(host.take()), [`MASTER→BACKUP: operator root; handed over to ${A} within 390 ms`]);
  for (let at = 64_000; at < 70_000; at += 1000) host.until(at).hear(90, A);
  assert.deepEqual(transitions(host.take()), [`BACKUP→MASTER: priority 100 is higher than 90 of ${A}`]);
});

test('failover: the hold does not keep it from taking over a silent master', () => {
  const host = failover(master()).until(4000).hear(90, A);
  host.take();
  assert.deepEqual(transitions(host.until(9000).take()), [`BACKUP→MASTER: no advertisement of ${A} for 3.6 s`]);
});

test('failover: a goodbye or another order changes nothing while it lasts', () => {
  const host = failover(master());
  host.take();
  assert.deepEqual(host.hear(0, A).take(), []);
  assert.deepEqual(failover(host).take(), ['notice: nothing to hand over: already handing over (operator root)']);
});

test('failover: of one that is no master nothing is handed over', () =>
  assert.deepEqual(failover(new Host()).take().slice(1), [
    'notice: nothing to hand over: BACKUP, not MASTER (operator root)',
  ]));

test('failover: a fault ends it at once', () => {
  const host = failover(master());
  host.take();
  host.event({ type: 'fault', router: R, reasons: ['eth0 is down'] });
  assert.deepEqual(host.until(20_000).take(), ['goodbye', 'release', 'MASTER→FAULT: eth0 is down']);
});

test('stop: a master waits for its successor', () => {
  const host = stop(master(), 500);
  assert.deepEqual(host.take(), ['goodbye']);
  assert.equal(host.machine.isStopped, false);
  assert.deepEqual(host.hear(90, A).take(), ['release', `MASTER→STOP: shutdown; handed over to ${A} within 0 ms`]);
  assert.equal(host.machine.isStopped, true);
  assert.equal(host.machine.nextMs, Number.POSITIVE_INFINITY);
});

test('stop: not for longer than the grace', () => {
  const host = stop(master(), 500);
  assert.deepEqual(host.until(4110).take(), [
    'goodbye',
    'release',
    'MASTER→STOP: shutdown; addresses given up, no successor heard within 500 ms',
  ]);
});

test('stop: without grace everything ends at once', () =>
  assert.deepEqual(stop(master(), 0).take(), ['goodbye', 'release', 'MASTER→STOP: shutdown']));

test('stop: a backup just ends, and a second stop changes nothing', () => {
  const host = stop(new Host(), 500);
  assert.deepEqual(stop(host, 500).take(), ['INIT→BACKUP: started', 'BACKUP→STOP: shutdown']);
});

test('stop: during a failover the router ends where it would have become backup', () => {
  const host = stop(failover(master()), 500);
  assert.deepEqual(host.take(), ['goodbye']);
  assert.deepEqual(transitions(host.until(4110).take()), [
    'MASTER→STOP: shutdown; addresses given up, no successor heard within 500 ms',
  ]);
});

// ── Frozen ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('a master that did not run for longer than its peers wait gives up', () => {
  const host = master().freezeUntil(3610 + 3610);
  assert.deepEqual(host.take(), ['goodbye', 'release', 'MASTER→BACKUP: did not run for 3.6 s; others have taken over']);
  assert.deepEqual(transitions(host.until(10_829).take()), [], 'a full wait');
  assert.deepEqual(transitions(host.until(10_830).take()), ['BACKUP→MASTER: no advertisement heard for 3.6 s']);
});

test('also where the first thing it learns is an advertisement', () => {
  const host = master();
  host.nowMs = 9000;
  assert.deepEqual(host.hear(90, A).take(), [
    'goodbye',
    'release',
    'MASTER→BACKUP: did not run for 5.4 s; others have taken over',
  ]);
});

test('one that was late for less goes on, and says so once a minute', () => {
  const host = master().freezeUntil(6900);
  const warning = 'warning: advertisement 2.3 s late: this host or its VIP thread did not run';
  assert.deepEqual(host.take(), [warning, 'advertise 100']);
  assert.deepEqual(host.freezeUntil(9900).take(), ['advertise 100']);
});

test('the owner has nobody to give way to: it announces again', () => {
  const host = new Host([settings({ basePriority: 255 })]);
  host.take();
  assert.deepEqual(host.freezeUntil(10_000).take(), [
    'warning: advertisement 9 s late: this host or its VIP thread did not run',
    'advertise 255',
    'alert: did not run for 10 s; others may have taken over: announcing the addresses again',
    'announce (regained)',
  ]);
});

test('but not if what it learns first ends its being master', () => {
  const host = new Host([settings({ basePriority: 255 })]);
  host.take();
  host.nowMs = 10_000;
  host.event({ type: 'address-lost', router: R, address: '10.0.0.100' });
  assert.deepEqual(host.take(), [
    'goodbye',
    'release',
    'MASTER→BACKUP: 10.0.0.100 was removed from this host by somebody else',
  ]);
});

test('a backup that did not run waits for what lies unread in its socket', () => {
  const host = new Host().hear(101, A);
  host.take();
  host.freezeUntil(20_000);
  assert.deepEqual(host.take(), ['warning: did not run for 16.4 s; waits another interval before it takes over']);
  assert.deepEqual(transitions(host.hear(101, A).until(23_600).take()), []);
});

test('and takes over if nothing lies there', () => {
  const host = new Host().hear(101, A).freezeUntil(20_000);
  host.take();
  assert.deepEqual(transitions(host.until(21_610).take()), [`BACKUP→MASTER: no advertisement of ${A} for 21.6 s`]);
});

// ── The arbiter ─────────────────────────────────────────────────────────────────────────────────────────────────────

const answer = (host: Host, answers: boolean) => host.event({ type: 'peer-answers', router: R, answers });

function silentMaster(arbiter: 'warn' | 'wait'): Host {
  const host = new Host([settings({ arbiter })]).hear(101, B);
  host.take();
  host.until(2609);
  assert.deepEqual(host.take(), []);
  host.until(2610);
  assert.deepEqual(host.take(), [`ask ${B}`], 'one interval before the timer ends');
  return host;
}

test('arbiter off: nobody is asked', () => {
  const host = new Host().hear(101, B);
  host.take();
  assert.deepEqual(host.until(3600).take(), []);
});

test('arbiter warn: a peer that answers is told of, and its addresses taken', () => {
  const host = answer(answer(silentMaster('warn'), true), true);
  assert.deepEqual(host.take(), [
    `warning: no advertisement of ${B} for 2.6 s, but its address answers: taking over all the same; ` +
      'look for a filter that drops protocol 112, or a VRRP daemon that hangs',
  ]);
  assert.deepEqual(transitions(host.until(3610).take()), [`BACKUP→MASTER: no advertisement of ${B} for 3.6 s`]);
});

test('arbiter wait: nothing is taken while the peer answers; it is asked every interval', () => {
  const host = answer(silentMaster('wait'), true).until(3610);
  assert.deepEqual(host.take(), [
    `alert: no advertisement of ${B} for 3.6 s, but its address answers: not taking over (arbiter wait)`,
    `ask ${B}`,
  ]);
  assert.deepEqual(answer(host, true).until(4610).take(), [`ask ${B}`]);
  answer(host, true).until(5500);
  assert.deepEqual(transitions(host.until(6700).take()), [
    `BACKUP→MASTER: ${B} does not answer any more; its last advertisement was 6.6 s ago`,
  ]);
});

test('arbiter wait: one that stops answering is replaced at once', () => {
  const host = answer(silentMaster('wait'), true).until(3610);
  host.take();
  assert.deepEqual(transitions(answer(host, false).take()), [
    `BACKUP→MASTER: ${B} does not answer any more; its last advertisement was 3.6 s ago`,
  ]);
});

test('arbiter wait: a master heard again is followed again', () => {
  const host = answer(silentMaster('wait'), true).until(3610).hear(101, B);
  host.take();
  assert.deepEqual(host.until(6209).take(), []);
  assert.deepEqual(host.until(6220).take(), [`ask ${B}`]);
});

test('arbiter wait: a weaker master that has stepped in is preempted, whether the silent one answers or not', () => {
  const host = answer(silentMaster('wait'), true).until(3610).hear(90, A);
  host.take();
  answer(host, true);
  assert.deepEqual(transitions(host.until(4610).take()), [`BACKUP→MASTER: priority 100 is higher than 90 of ${A}`]);
});

test('arbiter: no question after a goodbye, nor for one who is preempted', () => {
  const goodbye = new Host([settings({ arbiter: 'wait' })]).hear(101, B).hear(0, B).until(700);
  assert.deepEqual(transitions(goodbye.take()).slice(1), [`BACKUP→MASTER: ${B} said goodbye (priority 0)`]);
  const preempted = new Host([settings({ arbiter: 'wait' })]);
  for (const at of [0, 1000, 2000, 3000]) preempted.until(at).hear(90, B);
  assert.deepEqual(transitions(preempted.until(3700).take()).slice(1), [
    `BACKUP→MASTER: priority 100 is higher than 90 of ${B}`,
  ]);
});

test('arbiter: an answer that comes when it is master is of no use', () => {
  const host = silentMaster('wait').until(3700);
  host.take();
  assert.deepEqual(answer(host, true).take(), []);
});

// ── Sync groups ─────────────────────────────────────────────────────────────────────────────────────────────────────

const pair = (first = {}, second = {}) =>
  new Host([settings({ group: 'G', ...first }), settings({ name: 'VI_2', group: 'G', ...second })]);

test('group: all become master when the last timer has ended', () => {
  const host = pair({}, { basePriority: 50 });
  assert.deepEqual(host.take().at(-1), 'group G BACKUP');
  assert.deepEqual(host.until(3804).take(), [], 'the first one waits for the second');
  assert.deepEqual(host.until(3805).take(), [
    'VI_2: advertise 50',
    'VI_2: take',
    'VI_2: BACKUP→MASTER: no advertisement heard for 3.8 s',
    'VI_2: announce (became-master)',
    `${R}: advertise 100`,
    `${R}: take`,
    `${R}: BACKUP→MASTER: VI_2 of group G became MASTER`,
    `${R}: announce (became-master)`,
    'group G MASTER',
  ]);
});

test('group: one that still hears a master keeps the others waiting', () => {
  const host = pair();
  for (let at = 0; at <= 9000; at += 1000) host.until(at).hear(200, A, 1000, 'VI_2');
  assert.deepEqual(transitions(host.take()).slice(2), []);
  assert.deepEqual(transitions(host.until(12_610).take()), [
    `VI_2: BACKUP→MASTER: no advertisement of ${A} for 3.6 s`,
    `${R}: BACKUP→MASTER: VI_2 of group G became MASTER`,
  ]);
});

test('group: one that was ready and hears a master is so no more', () => {
  const host = pair({}, { basePriority: 50 }).until(3700).hear(200, A);
  host.take();
  assert.deepEqual(transitions(host.until(7309).take()), []);
  assert.deepEqual(transitions(host.until(7310).take()).length, 2);
});

test('group: one that gives way takes the other along', () => {
  const host = pair().until(3610);
  host.take();
  assert.deepEqual(host.hear(200, A, 1000, 'VI_2').take(), [
    'VI_2: release',
    'VI_2: advertise 100',
    `VI_2: MASTER→BACKUP: ${A} advertises priority 200, higher than 100`,
    `${R}: goodbye`,
    `${R}: release`,
    `${R}: MASTER→BACKUP: VI_2 of group G became BACKUP`,
    'group G BACKUP',
  ]);
});

test('group: one in fault takes all to FAULT, and all come back with it', () => {
  const host = pair().until(3610);
  host.take();
  host.event({ type: 'fault', router: 'VI_2', reasons: ['eth1 is down'] });
  assert.deepEqual(transitions(host.take()), [
    `${R}: MASTER→FAULT: VI_2 of group G: eth1 is down`,
    'VI_2: MASTER→FAULT: eth1 is down',
  ]);
  assert.deepEqual(host.view().faults, ['VI_2 of group G: eth1 is down']);
  host.event({ type: 'fault', router: 'VI_2', reasons: [] });
  assert.deepEqual(host.take(), [
    `${R}: FAULT→BACKUP: nothing is in the way any more`,
    'VI_2: FAULT→BACKUP: nothing is in the way any more',
    'group G BACKUP',
  ]);
});

test('group: a fault known at start is that of all', () => {
  const routers = [settings({ group: 'G' }), settings({ name: 'VI_2', group: 'G' })];
  assert.deepEqual(new Host(routers, { VI_2: { faults: ['eth1 is missing'] } }).take(), [
    `${R}: INIT→FAULT: VI_2 of group G: eth1 is missing`,
    'VI_2: INIT→FAULT: eth1 is missing',
    'group G FAULT',
  ]);
});

test('group: it is handed over as one', () => {
  const host = pair().until(3610);
  host.take();
  assert.deepEqual(failover(host).take(), [`${R}: goodbye`, 'VI_2: goodbye']);
  host.hear(90, A);
  assert.equal(host.view('VI_2').isHandingOver, true, 'the other waits for its own successor');
  host.take();
  assert.deepEqual(host.hear(90, A, 1000, 'VI_2').take().at(-1), 'group G BACKUP');
});

// ── Reload ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('reload: the same configuration changes nothing', () => {
  const host = master().until(4000);
  host.take();
  assert.deepEqual(host.apply([settings()]).until(4609).take(), []);
});

test('reload: a master with another interval says so at once and stays', () => {
  const host = master().until(4000);
  assert.deepEqual(
    host
      .apply([settings({ advertIntervalMs: 100 })])
      .until(4200)
      .take(),
    ['advertise 100', 'advertise 100', 'advertise 100'],
  );
});

test('reload: a backup in version 2 waits by the new interval, in version 3 by that of the master', () => {
  for (const [version, downAt] of [
    [2, 7218.75],
    [3, 4218.75],
  ] as const) {
    // prettier-ignore
    const host = new Host([settings({ version })]).hear(101, A).until(609.375).hear(101, A);
    host.apply([settings({ version, advertIntervalMs: 2000 })]);
    assert.equal(host.view().nextMs, downAt);
  }
});

test('reload: another priority is a change of priority', () => {
  assert.deepEqual(
    master()
      .apply([settings({ basePriority: 120 })])
      .take(),
    ['priority 120: configuration', 'advertise 120'],
  );
});

test('reload: the effective priority, where it is known, is not that of the file', () => {
  const host = master();
  host.event({ type: 'priority', router: R, priority: 90, why: 'script' });
  host.take();
  assert.deepEqual(host.apply([settings({ basePriority: 120 })], { [R]: { priority: 110 } }).take(), [
    'priority 110: configuration',
    'advertise 110',
  ]);
});

test('reload: one that is gone says goodbye', () => {
  const host = master();
  assert.deepEqual(host.machine.leaving([]), [R]);
  assert.deepEqual(host.apply([]).take(), ['goodbye', 'release', 'MASTER→STOP: not configured any more']);
  assert.throws(() => host.view(), /no virtual router VI_1/);
});

test('reload: another id is another router', () => {
  assert.deepEqual(
    master()
      .apply([settings({ vrid: 52 })])
      .take(),
    ['goodbye', 'release', 'MASTER→STOP: not configured any more', 'INIT→BACKUP: started'],
  );
});

test('reload: what was retired beforehand is not retired again', () => {
  const host = master();
  assert.equal(host.machine.retire([R], host.nowMs).length, 3);
  assert.deepEqual(host.apply([]).take(), []);
});

test('reload: a router that joins a group of masters becomes master with it', () => {
  const host = master({ group: 'G' });
  host.apply([settings({ group: 'G' }), settings({ name: 'VI_2', group: 'G' })]);
  assert.deepEqual(transitions(host.take()), [
    'VI_2: INIT→BACKUP: started',
    `VI_2: BACKUP→MASTER: ${R} of group G became MASTER`,
  ]);
  assert.equal(host.view().state, 'MASTER');
});

test('reload: who was ready, and is in no group any more, waits once more on its own', () => {
  const host = pair({}, { basePriority: 50 }).until(3700);
  host.apply([settings(), settings({ name: 'VI_2', basePriority: 50 })]);
  host.take();
  assert.deepEqual(transitions(host.until(7310).take()), [`${R}: BACKUP→MASTER: no advertisement heard for 3.6 s`]);
});

test('reload: who leaves a group leaves its faults there', () => {
  const host = pair().event({ type: 'fault', router: 'VI_2', reasons: ['eth1 is down'] });
  host.take();
  host.apply([settings(), settings({ name: 'VI_2' })]);
  assert.deepEqual(host.take(), [`${R}: FAULT→BACKUP: nothing is in the way any more`]);
});

test('reload: a fault that is known with it counts at once', () => {
  const host = master();
  host.apply([settings()], { [R]: { faults: ['eth0 is gone'] } });
  assert.deepEqual(host.take(), ['goodbye', 'release', 'MASTER→FAULT: eth0 is gone']);
});

test('reload: a member that is gone keeps nobody waiting', () => {
  const host = pair({}, { basePriority: 50 }).until(3700).hear(200, A, 1000, 'VI_2').until(4000);
  host.take();
  host.apply([settings({ group: 'G' })]);
  assert.deepEqual(transitions(host.take()), [
    'BACKUP→STOP: not configured any more',
    'BACKUP→MASTER: no advertisement heard for 4 s',
  ]);
});

test('the view tells whom it follows and when something happens next', () => {
  const host = new Host().until(500).hear(101, B, 200);
  const { master: who, masterPriority, masterIntervalMs, lastAdvertMs, nextMs, sinceMs } = host.view();
  assert.deepEqual(
    { who, masterPriority, masterIntervalMs, lastAdvertMs, nextMs, sinceMs },
    { who: B, masterPriority: 101, masterIntervalMs: 200, lastAdvertMs: 500, nextMs: 500 + 721.875, sinceMs: 0 },
  );
});
