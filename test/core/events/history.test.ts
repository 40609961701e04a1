/** Rings and history: the last of all, the last of each, numbers that rise, and cursors that say what they missed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Condition, EventDetail, StoredEvent } from '../../../src/core/events/event.js';
import { History } from '../../../src/core/events/history.js';
import { Ring } from '../../../src/core/events/ring.js';
import type { HealthEvent } from '../../../src/core/messages.js';

test('a ring keeps the last N in order, whatever was pushed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.integer(), { maxLength: 40 }), (capacity, values) => {
      const ring = new Ring<number>(capacity);
      for (const value of values) ring.push(value);
      const kept = values.slice(-capacity);
      assert.deepEqual(ring.list(), kept);
      assert.deepEqual(
        kept.map((_, i) => ring.at(i)),
        kept,
      );
      assert.equal(ring.size, kept.length);
      assert.equal(ring.last, kept.at(-1));
      assert.equal(ring.at(kept.length), undefined);
      assert.equal(ring.at(-1), undefined);
    }),
  );
});

function event(server: string | null, atMs: number, from: Condition = 'up', to: Condition = 'down'): HealthEvent {
  const detail: EventDetail = {
    cause: { by: 'check' },
    from,
    to,
    check: null,
    run: null,
    trigger: null,
    damping: null,
    sessions: 0,
    sessionsShut: false,
    usable: [],
    active: 0,
    backup: 0,
  };
  const kind = server === null ? 'backend-down' : 'server-down';
  return { type: 'health-event', proxy: 'be', server, atMs, kind, level: 'notice', text: `at ${atMs}`, detail };
}

test('a noisy server pushes nothing out of the story of a quiet one', () => {
  const history = new History({ all: 10, each: 3, subjects: 100 });
  history.add(event('quiet', 1), null);
  for (let i = 0; i < 50; i++) history.add(event('noisy', 2 + i), null);
  assert.deepEqual(
    history.of('be', 'quiet').map((e) => e.seq),
    [1],
  );
  assert.deepEqual(
    history.of('be', 'noisy').map((e) => e.seq),
    [49, 50, 51],
  );
  assert.equal(history.list().length, 10);
  assert.deepEqual(history.of('be', null), []);
});

test('lines of single checks push no transition out', () => {
  const history = new History({ all: 100, each: 2, subjects: 100 });
  history.add(event('a', 1), null);
  for (let i = 0; i < 9; i++) history.add({ ...event('a', 2 + i, 'up', 'up'), kind: 'check' }, null);
  assert.deepEqual(
    history.of('be', 'a').map((e) => e.seq),
    [1],
  );
  assert.equal(history.list().length, 10);
});

test('how long it was in a condition: since the change before, unknown before the first', () => {
  const history = new History();
  const held = (e: HealthEvent) => history.add(e, null).heldMs;
  assert.equal(held(event('a', 1000)), null);
  assert.equal(held(event('a', 1500, 'down', 'down')), null, 'nothing changed');
  assert.equal(held(event('a', 4000, 'down', 'up')), 3000);
  assert.equal(held(event('b', 5000)), null);
  assert.equal(held(event('a', 3900)), 0, 'the wall clock went back');
});

test('the subjects that were silent longest are forgotten', () => {
  const history = new History({ all: 100, each: 3, subjects: 2 });
  for (const name of ['a', 'b', 'a', 'c']) history.add(event(name, 1), null);
  assert.equal(history.of('be', 'b').length, 0);
  assert.equal(history.of('be', 'a').length, 2);
  assert.equal(history.of('be', 'c').length, 1);
});

test('a successor goes on with the numbers and the times', () => {
  const before = new History();
  before.add(event('a', 1000), 'somebody');
  before.add(event(null, 1000), null);
  const after = new History();
  after.restore(JSON.parse(JSON.stringify(before.list())) as StoredEvent[]);
  assert.deepEqual(after.list(), before.list());
  const next = after.add(event('a', 3000, 'down', 'up'), null);
  assert.deepEqual([next.seq, next.heldMs], [3, 2000]);
  after.restore(before.list());
  assert.equal(after.list().length, 3, 'what is known is not taken over again');
});

test('a cursor sees every event once, in order, and hears how many it missed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.oneof(fc.constant('add' as const), fc.constant('read' as const)), { maxLength: 80 }),
      (all, steps) => {
        const history = new History({ all, each: 2, subjects: 10 });
        let cursor = 0;
        let accounted = 0;
        const read = () => {
          for (let found = history.next(cursor); found; found = history.next(cursor)) {
            assert.ok(found.event.seq > cursor);
            accounted += 1 + found.missed;
            if (cursor > 0) assert.equal(found.event.seq, cursor + 1 + found.missed);
            else accounted = found.event.seq;
            cursor = found.event.seq;
          }
        };
        for (const [i, step] of steps.entries())
          if (step === 'add') history.add(event('a', i), null);
          else read();
        read();
        assert.equal(accounted, history.lastSeq);
      },
    ),
  );
});

test('what a predecessor of another version told is left out where it is no event', () => {
  const history = new History();
  const odd = [null, 7, {}, { seq: 3 }, { seq: 'x', proxy: 'be' }, { ...event('a', 5), seq: 9 }];
  history.restore(odd as unknown as StoredEvent[]);
  assert.deepEqual(
    history.list().map(({ seq }) => seq),
    [9],
  );
});

test('a restored history with holes is read on all the same', () => {
  const whole = new History();
  for (let i = 0; i < 9; i++) whole.add(event('a', i), null);
  const history = new History();
  history.restore(whole.list().filter(({ seq }) => ![2, 3, 7].includes(seq)));
  const seen: number[] = [];
  for (let found = history.next(0); found; found = history.next(found.event.seq)) seen.push(found.event.seq);
  assert.deepEqual(seen, [1, 4, 5, 6, 8, 9]);
  assert.equal(history.next(2)?.event.seq, 4);
  assert.equal(history.next(9), undefined);
});
