/** core/vrrp/announce: bursts, second bursts, refresh and distance; with the times keepalived was seen to keep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnnounceSchedule, type AnnounceSettings } from '../../../src/core/vrrp/announce.js';

function settings(fields: Partial<AnnounceSettings> = {}): AnnounceSettings {
  return {
    masterDelayMs: 5000,
    masterRepeat: 5,
    lowerPrioDelayMs: 1000,
    lowerPrioRepeat: 2,
    refreshMs: 0,
    refreshRepeat: 1,
    extraMs: 0,
    garpIntervalUs: 0,
    gnaIntervalUs: 0,
    targets: [{ address: '10.0.0.100', interface: 'eth0' }],
    ...fields,
  };
}

const both = [
  { address: '10.0.0.100', interface: 'eth0' },
  { address: '10.0.0.101', interface: 'eth0' },
];

/** `time: how many of why`, for as long as told. */
function run(schedule: AnnounceSchedule, untilMs: number): string[] {
  const lines: string[] = [];
  for (let now = schedule.nextMs; now <= untilMs; now = schedule.nextMs) {
    const sent = schedule.take(now);
    assert.ok(sent.length > 0 || schedule.nextMs > now, 'nextMs leads somewhere');
    lines.push(`${now}: ${sent.length} ${sent[0]?.why}`);
  }
  return lines;
}

function announced(
  fields: Partial<AnnounceSettings>,
  why: 'became-master' | 'heard-lower' | 'regained' = 'became-master',
) {
  const schedule = new AnnounceSchedule();
  schedule.announce('VI_1', settings(fields), why, 0);
  return schedule;
}

test('a new master: 5 at once, 5 after 5 s', () =>
  assert.deepEqual(run(announced({}), 60_000), ['0: 5 became-master', '5000: 5 second-burst']));

test('without a delay there is no second burst', () =>
  assert.deepEqual(run(announced({ masterDelayMs: 0 }), 60_000), ['0: 5 became-master']));

test('a lower priority heard has its own numbers', () =>
  assert.deepEqual(run(announced({}, 'heard-lower'), 60_000), ['0: 2 heard-lower', '1000: 2 second-burst']));

test('a rival that goes on does not put the second burst off', () => {
  const schedule = announced({}, 'heard-lower');
  schedule.take(0);
  schedule.announce('VI_1', settings(), 'heard-lower', 700);
  assert.deepEqual(run(schedule, 60_000), ['0: 2 heard-lower', '1000: 2 second-burst']);
});

test('refresh: one every second, while it is master', () => {
  const schedule = announced({ masterDelayMs: 0, refreshMs: 1000 });
  assert.deepEqual(run(schedule, 2500), ['0: 5 became-master', '1000: 1 refresh', '2000: 1 refresh']);
  schedule.drop('VI_1');
  assert.equal(schedule.nextMs, Number.POSITIVE_INFINITY);
  assert.deepEqual(schedule.take(9000), []);
});

test('garp_extra_if: only addresses on other interfaces', () => {
  const targets = [...both, { address: '10.9.0.1', interface: 'eth9', isExtra: true }];
  const schedule = announced({ masterDelayMs: 0, masterRepeat: 1, extraMs: 3000, targets });
  schedule.take(0);
  assert.deepEqual(
    schedule.take(3000).map(({ interface: link }) => link),
    ['eth9'],
  );
});

test('addresses take turns', () =>
  assert.deepEqual(
    announced({ masterRepeat: 2, targets: both })
      .take(0)
      .map(({ address }) => address),
    ['10.0.0.100', '10.0.0.101', '10.0.0.100', '10.0.0.101'],
  ));

test('packets of one interface keep their distance, also those of another router', () => {
  const schedule = announced({ masterRepeat: 2, masterDelayMs: 0, garpIntervalUs: 500, targets: both });
  schedule.announce('VI_2', settings({ masterRepeat: 1, masterDelayMs: 0, garpIntervalUs: 500 }), 'regained', 0);
  assert.deepEqual(run(schedule, 100), [
    '0: 1 became-master',
    '0.5: 1 became-master',
    '1: 1 became-master',
    '1.5: 1 became-master',
    '2: 1 regained',
  ]);
});

test('IPv6 has a distance of its own', () => {
  const targets = [
    { address: 'fd00::1', interface: 'eth0' },
    { address: '10.0.0.100', interface: 'eth0' },
  ];
  const schedule = announced({ masterRepeat: 2, masterDelayMs: 0, gnaIntervalUs: 1000, targets });
  assert.deepEqual(
    schedule.take(0).map(({ address }) => address),
    ['fd00::1', '10.0.0.100', '10.0.0.100'],
  );
  assert.deepEqual(
    schedule.take(1).map(({ address }) => address),
    ['fd00::1'],
  );
});

test('however often it is asked for, one burst is due at a time', () => {
  const schedule = announced({ masterDelayMs: 0, garpIntervalUs: 1000 });
  for (let i = 0; i < 1000; i++)
    schedule.announce('VI_1', settings({ masterDelayMs: 0, garpIntervalUs: 1000 }), 'regained', 0);
  assert.equal(run(schedule, 1_000_000).length, 5);
});

test('other addresses after a reload', () => {
  const schedule = announced({ refreshMs: 1000 });
  schedule.take(0);
  schedule.change('VI_1', settings({ refreshMs: 1000, targets: both }), 100);
  assert.deepEqual(
    schedule.take(1100).map(({ address }) => address),
    ['10.0.0.100', '10.0.0.101'],
  );
  schedule.change('VI_2', settings(), 100);
  assert.equal(schedule.nextMs, 2100, 'one that is no master has nothing to refresh');
});
