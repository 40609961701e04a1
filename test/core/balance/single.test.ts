/** `balance single` in the data plane: every worker follows the choice that stands in the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as T from '../../../src/core/table.js';
import { type Fixture, fixture, held, nameOf, type ServerSpec, sequence } from './table.js';

function single(specs: readonly ServerSpec[], chosen: number): Fixture {
  const made = fixture({ algorithm: 'single' }, specs);
  for (const [i, row] of made.rows.entries()) row.set(T.S_TOKEN, 100 + i);
  choose(made, chosen);
  return made;
}

/** As the health thread does it: no new generation is needed. */
function choose({ backend, rows }: Fixture, index: number): void {
  backend.set(T.B_CHOSEN, index < 0 ? 0 : rows[index].get(T.S_TOKEN));
}

const picked = (made: Fixture) => nameOf(made.balancer.pick(0, -1, () => 0));

test('all connections go to the chosen one, whatever the weights', () => {
  const { balancer } = single([{ weight: 9 }, { weight: 1 }, { backup: true }], 1);
  assert.equal(sequence(balancer, 5), 'BBBBB');
});

test('a worker that has no news of a change but the table follows it at the next connection', () => {
  const made = single([{}, {}, {}], 0);
  const other = made.another();
  assert.equal(sequence(made.balancer, 2) + sequence(other, 2), 'AAAA');
  choose(made, 2);
  assert.equal(sequence(made.balancer, 2) + sequence(other, 2), 'CCCC');
});

test('a backup can be the chosen one', () => {
  const made = single([{}, { backup: true }], 1);
  assert.equal(picked(made), 'B');
});

test('a full server makes the others wait, and nobody goes elsewhere', () => {
  const { balancer } = single([{ maxconn: 2 }, {}], 0);
  assert.equal(held(balancer, 4), 'AA--');
});

test('while the choice is open, or the chosen one has just fallen, connections wait; with nobody left they fail', () => {
  const made = single([{}, {}], -1);
  assert.equal(picked(made), '-');
  choose(made, 0);
  made.reweigh(0, 0);
  assert.equal(picked(made), '-');
  made.reweigh(1, 0);
  assert.equal(picked(made), '!');
});

test('those that wait are served by the chosen one alone', () => {
  const { balancer } = single([{}, {}], 1);
  assert.deepEqual([balancer.serves(0), balancer.serves(1)], [false, true]);
  const others = fixture({ algorithm: 'leastconn' }, [{}, {}]).balancer;
  assert.deepEqual([others.serves(0), others.serves(1)], [true, true]);
});

test('a failed connection has somewhere else to go only once the choice has moved', () => {
  const made = single([{}, {}], 0);
  assert.equal(made.balancer.hasOther(0), false);
  choose(made, 1);
  assert.equal(made.balancer.hasOther(0), true);
});

test('a choice that this worker does not know (a reload is under way) makes connections wait', () => {
  const made = single([{}, {}], 0);
  made.backend.set(T.B_CHOSEN, 999);
  assert.equal(picked(made), '-');
});

// `primary-as-fallback`: who stands in serves after the active ones and after the backups. Servers, who serves.
for (const [what, specs, standIn, up, expected] of [
  ['a replica serves, the primary does not', [{}, {}], 1, [0, 1], 'AAA'],
  ['no replica is fit: the primary serves', [{}, {}], 1, [1], 'BBB'],
  ['a backup replica comes before the primary', [{}, {}, { backup: true }], 1, [1, 2], 'CCC'],
  ['every replica has its turn', [{}, {}, {}], 1, [0, 1, 2], 'ACA'],
] as const)
  test(`among readers: ${what}`, () => {
    const made = fixture({ algorithm: 'roundrobin' }, specs);
    made.rows[standIn].set(T.S_IS_FALLBACK, 1);
    for (const i of specs.keys()) made.reweigh(i, (up as readonly number[]).includes(i) ? 16 : 0);
    assert.equal(sequence(made.balancer, 3), expected);
  });
