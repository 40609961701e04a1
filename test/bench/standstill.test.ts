/** What the machine's own standstills are taken for, and what they take off a delay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coresOf, standstillsOf, standstillWithin } from '../../bench/support/standstill.js';

test('a late wake-up is a standstill that ended there', () => {
  assert.deepEqual(standstillsOf('1000 2.500\n1010 4\ndone\n'), [
    { fromMs: 997.5, toMs: 1000 },
    { fromMs: 1006, toMs: 1010 },
  ]);
  assert.deepEqual(standstillsOf('done\n'), []);
});

test('a sleeper that did not end says nothing', () => {
  assert.throws(() => standstillsOf('1000 2.5\n'), /did not run to its end/);
  assert.throws(() => standstillsOf('Error: SCHED_RR: errno 1\n'), /errno 1/);
});

// Standstills from 10 to 14 on one core, 12 to 20 on another, and 30 to 31.
for (const [from, to, within] of [
  [0, 9, 0],
  [0, 40, 11],
  [11, 13, 2],
  [13, 18, 5],
  [19, 30.5, 1.5],
  [21, 29, 0],
] as const)
  test(`from ${from} to ${to} any core stood still for ${within} ms`, () => {
    const standstills = [
      { fromMs: 10, toMs: 14 },
      { fromMs: 12, toMs: 20 },
      { fromMs: 30, toMs: 31 },
    ];
    assert.equal(standstillWithin(standstills, from, to), within);
  });

for (const [list, cores] of [
  ['0', ['0']],
  ['0-1', ['0', '1']],
  ['0-2,6', ['0', '1', '2', '6']],
] as const)
  test(`Cpus_allowed_list ${list} is cores ${cores.join(' ')}`, () =>
    assert.deepEqual(coresOf(`Name:\tnode\nCpus_allowed_list:\t${list}\n`), cores));
