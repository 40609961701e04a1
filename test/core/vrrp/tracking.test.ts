/** core/vrrp/tracking, core/vrrp/script: keepalived's arithmetic, each row as keepalived 2.2.7 was seen to do it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptResult, scriptStart } from '../../../src/core/vrrp/script.js';
import { reach, type TrackedThing, track, type Weighted } from '../../../src/core/vrrp/tracking.js';

function thing(
  kind: TrackedThing['kind'],
  weight: number,
  up: boolean | null,
  more: Partial<TrackedThing> = {},
): TrackedThing {
  return { kind, name: 'x', weight, isReverse: false, up, ...more };
}
const script = (weight: number, up: boolean | null) => thing('script', weight, up);
const reverse = (of: TrackedThing): TrackedThing => ({ ...of, isReverse: true });
const file = (weight: number, number: number) => thing('file', weight, true, { number });

const ROWS: readonly [what: string, base: number, things: TrackedThing[], priority: number, faults?: string[]][] = [
  ['weight 10 adds while up', 100, [script(10, true)], 110],
  ['weight 10 adds nothing while down', 100, [script(10, false)], 100],
  ['weight -20 takes while down', 100, [script(-20, false)], 80],
  ['weight -9 takes nothing while up', 100, [script(-9, true)], 100],
  ['weight 7 reverse takes while up', 100, [reverse(script(7, true))], 93],
  ['weight -7 reverse adds while down', 100, [reverse(script(-7, false))], 107],
  ['unknown changes nothing', 100, [script(10, null), script(-10, null)], 100],
  ['never above 254', 250, [script(10, true)], 254],
  ['never below 1', 5, [script(-20, false)], 1],
  ['the owner stays the owner', 255, [script(-20, false)], 255],
  ['several add up before the bounds', 250, [script(10, true), script(-20, false)], 240],
  ['a file is multiplied', 100, [file(2, 3)], 106],
  ['a file in reverse is taken away', 100, [reverse(file(2, 3))], 94],
  ['a file adds 253 at most', 100, [file(1, 254), script(-200, false), thing('interface', 5, true)], 158],
  [
    'a file below -253 is a fault',
    100,
    [file(1, -300)],
    100,
    ['file x holds -300: with its weight that is below -253'],
  ],
  ['a file that cannot be read adds nothing', 100, [thing('file', 1, false)], 100],
  ['weight 0: a failed script is a fault', 100, [script(0, false)], 100, ['script x fails']],
  [
    'weight 0 reverse: a script that succeeds is a fault',
    100,
    [reverse(script(0, true))],
    100,
    ['script x succeeds (reverse)'],
  ],
  ['weight 0: unknown is a fault until it is known', 100, [script(0, null)], 100, ['script x: not known yet']],
  ['weight 0: a file that holds 0 is well', 100, [file(0, 0)], 100],
  ['weight 0: any other number is a fault', 100, [file(0, 3)], 100, ['file x holds 3']],
  [
    'weight 0 reverse: the other way round',
    100,
    [reverse(file(0, 0)), reverse(file(0, 3))],
    100,
    ['file x holds 0 (reverse)'],
  ],
  ['weight 0 holds for the owner as well', 255, [thing('interface', 0, false)], 255, ['interface x is down']],
  [
    'each kind has its words',
    100,
    [thing('process', 0, false), thing('frontend', 0, false), thing('proxy', 0, false)],
    100,
    ['process x does not run as it should', 'frontend x is down or has no usable server', 'the proxy is not well'],
  ],
];

for (const [what, base, things, priority, faults = []] of ROWS)
  test(`tracking: ${what}`, () => {
    const tracked = track(base, things);
    assert.deepEqual({ priority: tracked.priority, faults: tracked.faults }, { priority, faults });
  });

test('tracking: the effect of each thing is told', () =>
  assert.deepEqual(
    track(100, [script(10, true), script(0, false), file(2, -3)]).effects.map(({ effect }) => effect),
    [10, 0, -6],
  ));

const weighted = (weight: number, isReverse = false): Weighted => ({ kind: 'script', name: 'chk', weight, isReverse });

// our priority, its weight; what is left when it fails, and which priorities then take over
for (const [base, weight, isReverse, left, peers] of [
  [102, 2, false, 102, { from: 101, to: 101 }],
  [101, 2, false, 101, { from: 100, to: 100 }],
  [100, 1, false, 100, null],
  [100, 50, false, 100, { from: 51, to: 99 }],
  [100, -50, false, 50, { from: 51, to: 99 }],
  [100, -1, false, 99, null],
  [100, 0, false, 0, { from: 1, to: 99 }],
  [100, -253, false, 1, { from: 2, to: 99 }],
  [254, 10, false, 254, null],
  [100, 20, true, 80, { from: 81, to: 99 }],
  [255, -50, false, 255, null],
] as const)
  test(`priority ${base}, weight ${weight}${isReverse ? ' reverse' : ''}: moves to ${peers ? `${peers.from}..${peers.to}` : 'nobody'}`, () => {
    const [found] = reach(base, [weighted(weight, isReverse)]);
    assert.deepEqual([found.whenFailed, found.peers], [left, peers]);
  });

test('what one failure leaves counts what the others add', () => {
  const found = reach(100, [weighted(10), weighted(-30), { kind: 'file', name: 'f', weight: 1, isReverse: false }]);
  assert.deepEqual(
    found.map(({ whenWell, whenFailed, peers }) => [whenWell, whenFailed, peers?.from]),
    [
      [110, 100, 91],
      [110, 80, 71],
    ], // prettier-ignore
  );
});

// Results in their order, O well and F failed; after each: U up, D down.
for (const [results, rise, fall, isFailed, states] of [
  ['OOFFOFFFOOFOOOFF', 3, 3, false, 'UUUUUUUDDDDDDUUU'],
  ['FFO', 1, 3, false, 'DDU'],
  ['O', 3, 3, true, 'U'],
  ['FOO', 2, 1, true, 'DDU'],
  ['OFO', 1, 1, false, 'UDU'],
] as const)
  test(`script: ${results} with rise ${rise}, fall ${fall}${isFailed ? ', init_fail' : ''}`, () => {
    let state = scriptStart(isFailed);
    assert.equal(state.up, isFailed ? false : null);
    let seen = '';
    for (const result of results) {
      state = scriptResult(state, result === 'O', rise, fall);
      seen += state.up ? 'U' : 'D';
    }
    assert.equal(seen, states);
  });
