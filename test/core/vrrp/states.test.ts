/** core/vrrp/machine: the state tables of RFC 9568 §6.4 and RFC 3768 §6.4, one row per clause, and keepalived's FAULT. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { downMs, skewMs } from '../../../src/core/vrrp/timers.js';
import type { RouterSettings } from '../../../src/core/vrrp/types.js';
import { Host, R, settings } from './host.js';

const A = '10.0.0.1'; // smaller than ours, 10.0.0.5
const B = '10.0.0.9'; // greater

// RFC 9568 §6.1, RFC 3768 §6.1: version, own priority, interval, skew and how long a backup waits.
for (const [version, priority, intervalMs, skew, waits] of [
  [3, 254, 1000, 7.8125, 3007.8125],
  [3, 100, 1000, 609.375, 3609.375],
  [3, 100, 20, 12.1875, 72.1875],
  [3, 255, 1000, 3.90625, 3003.90625],
  [2, 100, 1000, 609.375, 3609.375],
  [2, 100, 10_000, 609.375, 30_609.375],
] as const)
  test(`version ${version}, priority ${priority}, ${intervalMs} ms: skew ${skew} ms, down after ${waits} ms`, () => {
    assert.equal(skewMs(version, priority, intervalMs), skew);
    assert.equal(downMs(version, priority, intervalMs, 3), waits);
  });

type Scenario = (host: Host) => Host;
type Row = [sentence: string, scenario: Scenario, said: string[], Partial<RouterSettings>?];

function table(title: string, rows: readonly Row[], prepare: Scenario = (host) => host): void {
  for (const [sentence, scenario, said, own = {}] of rows)
    test(`${title}: ${sentence}`, () => {
      const host = prepare(new Host([settings(own)]));
      host.take();
      assert.deepEqual(scenario(host).take(), said);
    });
}

function started(own: Partial<RouterSettings>, faults: string[] = []): string[] {
  return new Host([settings(own)], { [R]: { faults } }).take();
}

// RFC 9568 §6.4.1
test('Initialize: the owner is master at once', () =>
  assert.deepEqual(started({ basePriority: 255 }), [
    'advertise 255',
    'take',
    'INIT→MASTER: started; owner of the addresses (priority 255)',
    'announce (became-master)',
  ]));
test('Initialize: any other waits, also with `state MASTER`', () =>
  assert.deepEqual(started({ initialState: 'MASTER' }), ['INIT→BACKUP: started']));
test('Initialize: with something missing it is in fault', () =>
  assert.deepEqual(started({}, ['interface eth0 is down', 'no address']), [
    'INIT→FAULT: interface eth0 is down; no address',
  ]));
test('Initialize: an inherited master goes on', () =>
  assert.deepEqual(new Host([settings()], { [R]: { isInherited: true, priority: 101 } }).take(), [
    'advertise 101',
    'take',
    'INIT→MASTER: master in the process before',
    'announce (became-master)',
  ]));

const TAKEN = (why: string, priority = 100) => [
  `advertise ${priority}`,
  'take',
  `BACKUP→MASTER: ${why}`,
  'announce (became-master)',
];

// RFC 9568 §6.4.2
table('Backup', [
  ['it waits 3 intervals and the skew', (h) => h.until(3609), []],
  ['then it takes over', (h) => h.until(3610), TAKEN('no advertisement heard for 3.6 s')],
  [
    'down_timer_adverts is the number of intervals',
    (h) => h.until(5610),
    TAKEN('no advertisement heard for 5.6 s'),
    { downTimerAdverts: 5 },
  ],
  ['a higher priority starts the wait anew', (h) => h.until(3000).hear(101, A).until(6609), []],
  ['its silence is named', (h) => h.until(3000).hear(101, A).until(6610), TAKEN(`no advertisement of ${A} for 3.6 s`)],
  ['an equal priority is followed too', (h) => h.until(3000).hear(100, A).until(6609), []],
  [
    'a lower priority is discarded: the timer runs on',
    (h) => h.until(3000).hear(99, A).until(3610),
    TAKEN(`priority 100 is higher than 99 of ${A}`),
  ],
  ['not without preemption', (h) => h.until(3000).hear(99, A).until(6609), [], { preempt: false }],
  [
    'without preemption silence is still silence',
    (h) => h.until(3000).hear(99, A).until(6610),
    TAKEN(`no advertisement of ${A} for 3.6 s`),
    { preempt: false },
  ],
  [
    'version 3 learns the interval of the master',
    (h) => h.hear(101, A, 20).until(73),
    TAKEN(`no advertisement of ${A} for 72 ms`),
  ],
  [
    'priority 0 leaves the skew',
    (h) => h.hear(101, A).until(1000).hear(0, A).until(1610),
    TAKEN(`${A} said goodbye (priority 0)`),
  ],
  [
    'priority 0 of another than the master changes nothing',
    (h) => h.hear(101, A).until(500).hear(0, B).until(3609),
    [],
  ],
  [
    'priority 0 never makes the wait longer',
    (h) => h.until(3500).hear(0, A).until(3610),
    TAKEN(`${A} said goodbye (priority 0)`),
  ],
  [
    'a new master after a goodbye is followed',
    (h) => h.hear(101, A).hear(0, A).until(500).hear(102, B).until(4109),
    [],
  ],
  [
    'preempt_delay follows a lower priority until it is over',
    (h) => h.hear(90, A).until(1990).hear(90, A).until(2010).hear(90, A).until(5599),
    [],
    { preemptDelayMs: 2000 },
  ],
  [
    'then lets the timer run out',
    (h) => h.hear(90, A).until(1990).hear(90, A).until(2010).hear(90, A).until(5600),
    TAKEN(`priority 100 is higher than 90 of ${A}`),
    { preemptDelayMs: 2000 },
  ],
  [
    'nopreempt means nothing with `state MASTER`',
    (h) => h.until(3000).hear(99, A).until(3610),
    TAKEN(`priority 100 is higher than 99 of ${A}`),
    { preempt: false, initialState: 'MASTER' },
  ],
  [
    'nor does preempt_delay',
    (h) => h.until(3000).hear(99, A).until(3610),
    TAKEN(`priority 100 is higher than 99 of ${A}`),
    { preemptDelayMs: 9000, initialState: 'MASTER' },
  ],
  [
    'the owner by configuration is master at once',
    (h) => h.event({ type: 'priority', router: R, priority: 255, why: 'reload' }),
    ['priority 255: reload', ...TAKEN('reload; owner of the addresses (priority 255)', 255)],
  ],
  [
    'a better priority shortens the wait',
    (h) => h.event({ type: 'priority', router: R, priority: 228, why: 'script ok' }).until(3110),
    ['priority 228: script ok', ...TAKEN('no advertisement heard for 3.1 s', 228)],
  ],
  [
    'a lost address is none of its business',
    (h) => h.event({ type: 'address-lost', router: R, address: '10.0.0.100' }),
    [],
  ],
]);

const master: Scenario = (host) => host.until(3610);
const LOWER = (source: string, priority: number) => [
  'advertise 100',
  `heard-lower ${priority} of ${source}`,
  'announce (heard-lower)',
];
const GIVES_WAY = (why: string) => ['release', 'advertise 100', `MASTER→BACKUP: ${why}`];

// RFC 9568 §6.4.3
table(
  'Active',
  [
    ['it advertises every interval', (h) => h.until(5610), ['advertise 100', 'advertise 100']],
    ['lateness does not add up', (h) => h.freezeUntil(4900).until(5610), ['advertise 100', 'advertise 100']],
    [
      'priority 0 is answered at once, and the addresses announced',
      (h) => h.hear(0, A),
      ['advertise 100', 'announce (heard-lower)'],
    ],
    [
      'a higher priority is given way to, with a last advertisement',
      (h) => h.hear(101, A),
      GIVES_WAY(`${A} advertises priority 101, higher than 100`),
    ],
    [
      'which can be switched off',
      (h) => h.hear(101, A),
      ['release', `MASTER→BACKUP: ${A} advertises priority 101, higher than 100`],
      { higherPrioSendAdvert: false },
    ],
    [
      'whom it gave way to it follows',
      (h) => h.hear(101, A).until(7218),
      GIVES_WAY(`${A} advertises priority 101, higher than 100`),
    ],
    [
      'of equals the greater address stays: the other',
      (h) => h.hear(100, B),
      GIVES_WAY(`${B} advertises priority 100 too, and the higher address stays`),
    ],
    ['of equals the greater address stays: ours', (h) => h.hear(100, A), LOWER(A, 100)],
    ['a lower priority is answered, and the addresses announced again', (h) => h.hear(99, A), LOWER(A, 99)],
    [
      'lower_prio_no_advert: only announced',
      (h) => h.hear(99, A),
      [`heard-lower 99 of ${A}`, 'announce (heard-lower)'],
      { lowerPrioNoAdvert: true },
    ],
    ['an answer moves the next advertisement', (h) => h.until(4110).hear(99, A).until(5100), LOWER(A, 99)],
    [
      'a changed priority is said at once',
      (h) => h.event({ type: 'priority', router: R, priority: 90, why: 'script failed' }),
      ['priority 90: script failed', 'advertise 90'],
    ],
    [
      'a lost address: goodbye, and the skew decides',
      (h) => h.event({ type: 'address-lost', router: R, address: '10.0.0.100' }).until(4220),
      [
        'goodbye',
        'release',
        'MASTER→BACKUP: 10.0.0.100 was removed from this host by somebody else',
        ...TAKEN('no advertisement heard for 609 ms'),
      ],
    ],
    [
      'regained: announced at once',
      (h) => h.event({ type: 'regained', router: R, why: 'eth0 has its carrier again' }),
      ['advertise 100', 'announce (regained)', 'notice: announcing the addresses again: eth0 has its carrier again'],
    ],
  ],
  master,
);

test('Active: the owner gives way to nobody but an owner of a greater address', () => {
  const host = new Host([settings({ basePriority: 255 })]);
  host.take();
  assert.deepEqual(host.hear(254, B).take(), ['advertise 255', `heard-lower 254 of ${B}`, 'announce (heard-lower)']);
  assert.deepEqual(host.hear(255, B).take(), [
    'release',
    'advertise 255',
    `MASTER→BACKUP: ${B} advertises priority 255 too, and the higher address stays: only one router may be the owner (priority 255)`,
  ]);
});

test('Backup: an owner that gave way comes back, whatever nopreempt says', () => {
  const host = new Host([settings({ basePriority: 255, preempt: false })]).hear(255, B).until(500).hear(90, A);
  assert.deepEqual(host.until(5000).view().state, 'MASTER');
});

test('Active: not knowing its own address it loses every tie', () => {
  const host = master(new Host([settings({ sourceIp: '' })]));
  assert.equal(host.hear(100, A).view().state, 'BACKUP');
  const knows = master(new Host([settings({ sourceIp: '' })]));
  knows.event({ type: 'source', router: R, sourceIp: '10.0.0.5' });
  assert.equal(knows.hear(100, A).view().state, 'MASTER');
});

test('Active: a flood of lower priorities is not answered with a flood', () => {
  const host = master(new Host());
  host.take();
  for (let i = 0; i < 100; i++) host.hear(90, A);
  assert.equal(host.take().filter((line) => line.startsWith('advertise')).length, 4);
  host.until(4610).take();
  assert.deepEqual(host.hear(90, A).take(), LOWER(A, 90));
});

test('Active: a rival that goes on is told of once', () => {
  const host = master(new Host());
  const alerts = () => host.take().filter((line) => line.startsWith('alert'));
  for (const at of [4000, 5000]) host.until(at).hear(90, A);
  assert.deepEqual(alerts(), []);
  for (const at of [6000, 7000, 8000]) host.until(at).hear(90, A);
  assert.deepEqual(alerts(), [
    `alert: two masters: ${A} goes on with priority 90 although 100 of 10.0.0.5 wins; it does not hear our advertisements, or refuses them`,
  ]);
  for (const at of [20_000, 21_000, 22_000]) host.until(at).hear(90, A);
  assert.equal(alerts().length, 1, 'a new episode after a silence');
});

table('Fault', [
  [
    'a backup goes there',
    (h) => h.event({ type: 'fault', router: R, reasons: ['eth0 is down'] }).until(9000),
    ['BACKUP→FAULT: eth0 is down'],
  ],
  [
    'a master says goodbye and releases at once',
    (h) =>
      h
        .until(3610)
        .event({ type: 'fault', router: R, reasons: ['eth0 is down'] })
        .until(9000),
    [...TAKEN('no advertisement heard for 3.6 s'), 'goodbye', 'release', 'MASTER→FAULT: eth0 is down'],
  ],
  [
    'another reason is no transition',
    (h) =>
      h.event({ type: 'fault', router: R, reasons: ['a'] }).event({ type: 'fault', router: R, reasons: ['a', 'b'] }),
    ['BACKUP→FAULT: a'],
  ],
  [
    'it hears nothing there',
    (h) =>
      h
        .event({ type: 'fault', router: R, reasons: ['a'] })
        .hear(90, A)
        .hear(0, A),
    ['BACKUP→FAULT: a'],
  ],
  [
    'without a reason left it starts anew',
    (h) =>
      h
        .event({ type: 'fault', router: R, reasons: ['a'] })
        .until(2000)
        .event({ type: 'fault', router: R, reasons: [] })
        .until(5609),
    ['BACKUP→FAULT: a', 'FAULT→BACKUP: nothing is in the way any more'],
  ],
  [
    'the owner is master at once',
    (h) => h.event({ type: 'fault', router: R, reasons: ['a'] }).event({ type: 'fault', router: R, reasons: [] }),
    [
      'goodbye',
      'release',
      'MASTER→FAULT: a',
      'advertise 255',
      'take',
      'FAULT→MASTER: nothing is in the way any more; owner of the addresses (priority 255)',
      'announce (became-master)',
    ],
    { basePriority: 255 },
  ],
]);
