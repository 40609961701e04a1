/** core/balance by itself: tables of orders seen from HAProxy 2.6.12, and the properties that no table shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PICK_NONE } from '../../../src/core/balance/balancer.js';
import { hashSource } from '../../../src/core/balance/hash.js';
import { smoothRotation, turnAt } from '../../../src/core/balance/rotation.js';
import * as T from '../../../src/core/table.js';
import { fixture, held, nameOf, sequence } from './table.js';

const never = () => 0;

// Manual, `balance roundrobin` and `static-rr`: weights, the first turns.
for (const [algorithm, weights, turns] of [
  ['roundrobin', [1, 1, 1], 'ABCABCABC'],
  ['roundrobin', [1, 2], 'BBABBA'],
  ['roundrobin', [1, 2, 5], 'CCBCCACBCCBCCACB'],
  ['roundrobin', [2, 3, 3], 'BCBCABCBACBCABCB'],
  ['roundrobin', [7, 3, 3, 2, 1], 'ABACADBACAEABDAC'],
  ['roundrobin', [1, 0, 1], 'ACACAC'],
  ['static-rr', [1, 2], 'ABBABB'],
  ['static-rr', [3, 2, 1], 'AABABC'],
  ['static-rr', [10, 20, 30, 40], 'ABDCDBCDCD'],
] as const)
  test(`${algorithm} with weights ${weights} goes ${turns}`, () => {
    const { balancer } = fixture(
      { algorithm },
      weights.map((weight) => ({ weight })),
    );
    assert.equal(sequence(balancer, turns.length), turns);
  });

test('every server gets its share in each round, whatever the weights', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 9 }), (weights) => {
      const rotation = smoothRotation(weights);
      const round = rotation.turns.length - rotation.repeatFrom;
      const counts = weights.map(() => 0);
      for (let t = 0; t < round; t++) counts[turnAt(rotation, rotation.repeatFrom + t)]++;
      const sum = weights.reduce((a, b) => a + b);
      for (const [i, count] of counts.entries()) assert.equal(count / round, weights[i] / sum);
    }),
  );
});

test('a rotation stays bounded, and every server keeps a turn, when the weights have no common divisor', () => {
  const weights = Array.from({ length: 1000 }, (_, i) => 1 + ((i * 37) % 4096));
  const { turns } = smoothRotation(weights);
  assert.ok(turns.length <= 2 * 65_536);
  assert.equal(new Set(turns).size, 1000);
});

test('two workers share one rotation', () => {
  const { balancer, another } = fixture({}, [{}, {}, {}]);
  const second = another();
  const names = Array.from({ length: 6 }, (_, i) => nameOf((i % 2 ? second : balancer).pick(0, -1, never)));
  assert.equal(names.join(''), 'ABCABC');
});

test('the rotation goes on past 2^31 and 2^32 picks', () => {
  for (const start of [0x7ffffffe, -2]) {
    const { balancer, backend } = fixture({}, [{}, {}]);
    backend.set(T.B_RR_POS, start);
    assert.equal(sequence(balancer, 4), 'ABAB');
  }
});

test('a full server loses its turn and does not get it back', () => {
  const { balancer } = fixture({}, [{ maxconn: 1 }, {}, {}]);
  assert.equal(held(balancer, 1), 'A');
  assert.equal(sequence(balancer, 6), 'BCBCBC');
  balancer.releaseSlot(0);
  assert.equal(sequence(balancer, 4), 'ABCA');
});

test('leastconn counts an idle server 0 and another as if it had the next connection', () => {
  const { balancer } = fixture({ algorithm: 'leastconn' }, [{}, {}, { weight: 2 }]);
  assert.equal(sequence(balancer, 5), 'ABCAB');
  assert.equal(held(balancer, 16), 'CABCCABCCABCCABC');
  for (const server of [2, 2, 0, 0]) balancer.releaseSlot(server);
  assert.equal(held(balancer, 10), 'ACACCBACCB');
});

test('leastconn orders stamps across the 32-bit wrap', () => {
  const { balancer, backend, rows } = fixture({ algorithm: 'leastconn' }, [{}, {}]);
  backend.set(T.B_STAMP, 0x7ffffffe);
  for (const row of rows) row.set(T.S_STAMP, 0x7ffffffe);
  assert.equal(sequence(balancer, 6), 'ABABAB');
});

test('leastconn counts who waits in the queue of a server', () => {
  const { balancer, rows } = fixture({ algorithm: 'leastconn' }, [{}, {}]);
  rows[0].set(T.I_QUEUE, 3);
  assert.equal(held(balancer, 3), 'BBB');
});

test('first goes by id and moves on when a server is full', () => {
  const { balancer } = fixture({ algorithm: 'first' }, [{ id: 7, maxconn: 2 }, { id: 1, maxconn: 1 }, { id: 9 }]);
  assert.equal(held(balancer, 5), 'BAACC');
});

for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random'] as const) {
  test(`${algorithm}: none without usable servers, queue when all are full`, () => {
    const { balancer, reweigh } = fixture({ algorithm }, [{ maxconn: 1 }, { maxconn: 1 }]);
    assert.match(held(balancer, 3), /^(AB|BA)-$/);
    reweigh(0, 0);
    reweigh(1, 0);
    assert.equal(balancer.pick(0, -1, never), PICK_NONE);
  });
  test(`${algorithm}: the avoided server is used only when no other can take the connection`, () => {
    const { balancer } = fixture({ algorithm }, [{}, { maxconn: 1 }]);
    for (let i = 0; i < 8; i++) assert.equal(balancer.pick(0, 0, never), 1);
    balancer.takeSlot(1);
    assert.equal(balancer.pick(0, 0, never), 0);
  });
}

test('backups serve when no active server is usable: the first, or all', () => {
  const specs = [{}, { backup: true, maxconn: 1 }, { backup: true, weight: 2 }];
  const first = fixture({}, specs);
  assert.equal(sequence(first.balancer, 3), 'AAA');
  first.reweigh(0, 0);
  assert.equal(held(first.balancer, 2), 'B-');
  const all = fixture({ allBackups: true }, specs);
  all.reweigh(0, 0);
  assert.equal(sequence(all.balancer, 6), 'CCBCCB');
});

test('a full active server does not call a backup', () => {
  const { balancer } = fixture({}, [{ maxconn: 1 }, { backup: true }]);
  assert.equal(held(balancer, 2), 'A-');
});

test('a change of weight is seen by the next pick; static orders keep the configured weight', () => {
  const rr = fixture({}, [{ weight: 4 }, { weight: 4 }]);
  rr.reweigh(1, 16);
  assert.equal(sequence(rr.balancer, 10).replaceAll('B', '').length, 8);
  const map = fixture({ algorithm: 'static-rr' }, [{ weight: 4 }, { weight: 4 }]);
  map.reweigh(1, 16);
  assert.equal(sequence(map.balancer, 10), 'ABABABABAB');
});

// Manual, `minconn`: load of the backend, limit of a server with minconn 2, maxconn 8 and fullconn 20.
for (const [load, limit] of [
  [1, 2],
  [5, 2],
  [10, 4],
  [19, 7],
  [20, 8],
  [99, 8],
] as const)
  test(`minconn 2 maxconn 8 fullconn 20: ${limit} at a load of ${load}`, () => {
    const { balancer, backend } = fixture({ fullconn: 20 }, [{ minconn: 2, maxconn: 8 }]);
    backend.set(T.I_CUR_SESS, load);
    assert.equal(held(balancer, 12), 'A'.repeat(limit).padEnd(12, '-'));
  });

test('minconn without maxconn is the maxconn', () => {
  const { balancer } = fixture({}, [{ minconn: 2 }]);
  assert.equal(held(balancer, 3), 'AA-');
});

test('slowstart: the limit grows with the weight, from 1', () => {
  const { balancer, rows, reweigh } = fixture({}, [{ weight: 10, maxconn: 20 }]);
  rows[0].set(T.S_STATE, T.STATE_STARTING);
  reweigh(0, 1);
  assert.equal(held(balancer, 2), 'A-');
  reweigh(0, 80);
  assert.equal(held(balancer, 10), `${'A'.repeat(9)}-`);
});

test('a limit holds between workers, and a refused slot changes nothing', () => {
  const { balancer, another, rows } = fixture({}, [{ maxconn: 1 }]);
  assert.equal(balancer.takeSlot(0), true);
  assert.equal(another().takeSlot(0), false);
  assert.equal(rows[0].get(T.I_CUR_SESS), 1);
});

test('random draws by weight and prefers the less loaded of its draws', () => {
  const { balancer } = fixture({ algorithm: 'random', draws: 1 }, [{ weight: 3 }, { weight: 1 }]);
  assert.equal(nameOf(balancer.pick(0, -1, () => 0.74)), 'A');
  assert.equal(nameOf(balancer.pick(0, -1, () => 0.76)), 'B');
  const two = fixture({ algorithm: 'random' }, [{}, {}]);
  two.balancer.takeSlot(0);
  const draws = [0.1, 0.9];
  assert.equal(nameOf(two.balancer.pick(0, -1, () => draws.pop() ?? 0)), 'B');
});

test('source: one client, one server, whether it has room or not', () => {
  const { balancer } = fixture({ algorithm: 'source' }, [{ maxconn: 1 }, { maxconn: 1 }, { maxconn: 1 }]);
  const key = hashSource(Uint8Array.of(127, 0, 0, 1), 0, 4);
  assert.equal(sequence(balancer, 3, key), 'CCC');
  balancer.takeSlot(2);
  assert.equal(nameOf(balancer.pick(key, -1, never)), 'C');
  assert.notEqual(balancer.pick(key, 2, never), 2);
});

const consistent = { algorithm: 'source', hashType: { method: 'consistent' } } as const;

test('consistent: a server that leaves moves its own clients only, and returns to them', () => {
  const ring = fixture(
    consistent,
    Array.from({ length: 5 }, () => ({ weight: 10 })),
  );
  const pickAll = () => Array.from({ length: 2000 }, (_, key) => ring.balancer.pick(key, -1, never));
  const before = pickAll();
  ring.reweigh(2, 0);
  const without = pickAll();
  for (const [key, server] of before.entries()) assert.equal(without[key] === server, server !== 2);
  ring.reweigh(2, 160);
  assert.deepEqual(pickAll(), before);
});

test('consistent: shares follow the weights', () => {
  const { balancer } = fixture(consistent, [{ weight: 1 }, { weight: 3 }]);
  let second = 0;
  for (let key = 0; key < 20_000; key++) second += balancer.pick(key, -1, never);
  assert.ok(Math.abs(second / 20_000 - 0.75) < 0.08, `the server of weight 3 got ${second / 200} %`);
});

test('hash-balance-factor passes over a server above its share', () => {
  const { balancer, rows } = fixture({ algorithm: 'source', hashType: { method: 'consistent', balanceFactor: 150 } }, [
    {},
    {},
    {},
  ]);
  for (let i = 0; i < 30; i++) balancer.takeSlot(balancer.pick(1, -1, never));
  for (const row of rows) assert.ok(row.get(T.I_CUR_SESS) <= 15, `${row.get(T.I_CUR_SESS)} of 30 on one server`);
});
