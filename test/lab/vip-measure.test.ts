/** What the VIP lab concludes from what it has seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, type Record, seenBetween } from '../../lab/vip/measure.js';
import { addressOf, type PlaceName } from '../../lab/vip/network.js';
import type { Attempt } from '../../lab/vip/probe.js';
import { parseAddress, parseNeighbour } from '../../lab/vip/recorder.js';
import { missedBars } from '../../lab/vip/report.js';

const SPAN = { fromMs: 1000, toMs: 2000 };

function went(startedAt: number, by: PlaceName): Attempt {
  return { startedAt, endedAt: startedAt + 2, by: addressOf(by), error: '' };
}

function failed(startedAt: number, error: string): Attempt {
  return { startedAt, endedAt: startedAt + 500, by: '', error };
}

/** Host a has the address at first, and the client knows. */
function seen(changes: Partial<Record>): Record {
  const holders = new Map([['a', [{ atMs: 0, isHeld: true }]] as const]);
  return { attempts: [], pings: [], neighbours: [{ atMs: 0, host: 'a' }], holders, ...changes };
}

const every100 = (fromMs: number, toMs: number, by: PlaceName) =>
  Array.from({ length: (toMs - fromMs) / 100 }, (_, n) => went(fromMs + n * 100, by));

test('nothing happens: no failure, no gap but that between two attempts, settled from the beginning', () => {
  const { gapMs, failedConnects, twoHoldersMs, noHolderMs, staleArpMs, settledMs } = seenBetween(
    seen({ attempts: every100(900, 2100, 'a') }),
    SPAN,
    'a',
  );
  assert.deepEqual([gapMs, failedConnects, twoHoldersMs, noHolderMs, staleArpMs, settledMs], [100, 0, 0, 0, 0, 0]);
});

test('a takeover: the gap, the failures by kind, and when it was over', () => {
  const attempts = [
    ...every100(900, 1200, 'a'),
    failed(1200, 'connect timeout'),
    failed(1300, 'exchange ECONNRESET'),
    ...every100(1400, 2100, 'b'),
  ];
  const holders = new Map([
    [
      'a',
      [
        { atMs: 0, isHeld: true },
        { atMs: 1250, isHeld: false },
      ],
    ],
    ['b', [{ atMs: 1350, isHeld: true }]],
  ] as const);
  const neighbours = [
    { atMs: 0, host: 'a' },
    { atMs: 1360, host: 'b' },
  ] as const;
  const pings = [1100, 1200, 1500, 1900];
  const figures = seenBetween(seen({ attempts, holders, neighbours, pings }), SPAN, 'b');
  assert.deepEqual(figures, {
    gapMs: 300,
    pingGapMs: 400,
    attempts: 10,
    failedConnects: 1,
    failedExchanges: 1,
    twoHoldersMs: 0,
    noHolderMs: 100,
    staleArpMs: 10,
    settledMs: 360,
  });
});

test('two hosts have the address: for as long as both do', () => {
  const holders = new Map([
    [
      'a',
      [
        { atMs: 0, isHeld: true },
        { atMs: 1700, isHeld: false },
      ],
    ],
    ['b', [{ atMs: 1500, isHeld: true }]],
  ] as const);
  const neighbours = [{ atMs: 1600, host: 'b' }] as const;
  const { twoHoldersMs, settledMs } = seenBetween(seen({ holders, neighbours }), SPAN, 'b');
  assert.deepEqual([twoHoldersMs, settledMs], [200, 700]);
  assert.equal(
    seenBetween(seen({ holders, neighbours }), SPAN, null).settledMs,
    0,
    'where that is to be expected, it is not wrong',
  );
});

test('the wrong proxy answers: not settled until it does no more', () => {
  const attempts = [...every100(900, 1500, 'b'), ...every100(1500, 2100, 'a')];
  assert.equal(seenBetween(seen({ attempts }), SPAN, 'a').settledMs, 402);
});

// ip-monitor(8) with -ts
for (const [line, expected] of [
  ['[2026-11-21T17:42:35.402813] 3: d0    inet 10.0.0.130/32 scope global d0', true],
  ['[2026-11-21T17:42:35.410577] Deleted 3: d0    inet 10.0.0.130/32 scope global d0', false],
  ['[2026-11-21T17:42:35.410577] Deleted 3: d0    inet 10.0.0.13/32 scope global d0', undefined],
  ['       valid_lft forever preferred_lft forever', undefined],
] as const)
  test(`address list: ${line.trim()}`, () => {
    const found = parseAddress(line, '10.0.0.130');
    assert.equal(found?.isHeld, expected);
    if (found) assert.equal(new Date(found.atMs).getSeconds(), 35);
  });

for (const [line, expected] of [
  ['[2026-11-21T17:42:35.404766] 10.0.0.130 dev eth1 lladdr 02:00:0a:00:00:65 REACHABLE ', 'a'],
  ['[2026-11-21T17:42:35.404766] 10.0.0.130 lladdr 02:00:0a:00:00:66 STALE ', 'b'],
  ['[2026-11-21T17:42:35.404766] 10.0.0.130 FAILED ', ''],
  ['[2026-11-21T17:42:35.404766] Deleted 10.0.0.130 lladdr 02:00:0a:00:00:66 STALE ', ''],
  ['[2026-11-21T17:42:35.404766] 10.0.0.20 lladdr 02:00:0a:00:00:65 REACHABLE ', undefined],
] as const)
  test(`neighbour: ${line.trim()}`, () => assert.equal(parseNeighbour(line)?.host, expected));

test('the median is one of the values, and the lower of two', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1]), 1);
});

test('bars: of the median, of the worst, and of Fairlead alone', () => {
  const of = (gapMs: number) => ({ ...seenBetween(seen({}), SPAN, 'a'), gapMs });
  const rows = [{ half: 'cut off', bar: { gapMs: [100, 150] as const }, rounds: [of(90), of(120), of(160)] }];
  assert.deepEqual(missedBars([{ contestant: 'fairlead', isJudged: true, rows }]), [
    'fairlead, cut off: median gap 120 ms, bar 100 ms',
    'fairlead, cut off: worst gap 160 ms, bar 150 ms',
  ]);
  assert.deepEqual(missedBars([{ contestant: 'keepalived', isJudged: false, rows }]), []);
});
