/** Timers fire in order of their time, whatever was armed, moved and cancelled between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Timed, TimerHeap } from '../../src/core/timer-heap.js';

class Timer implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  firedAt: number[] = [];
  onTimer(nowMs: number): void {
    this.firedAt.push(nowMs);
  }
}

type Step = ['arm', number, number] | ['cancel', number] | ['fire', number];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('arm' as const), fc.nat(19), fc.nat(1000)),
  fc.tuple(fc.constant('cancel' as const), fc.nat(19)),
  fc.tuple(fc.constant('fire' as const), fc.nat(1000)),
);

test('against a plain map: the same timers fire, the earliest is known', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new TimerHeap();
      const timers = Array.from({ length: 20 }, () => new Timer());
      const model = new Map<number, number>();
      for (const s of steps) {
        if (s[0] === 'arm') {
          heap.arm(timers[s[1]], s[2]);
          model.set(s[1], s[2]);
        } else if (s[0] === 'cancel') {
          heap.cancel(timers[s[1]]);
          model.delete(s[1]);
        } else {
          const due = [...model].filter(([, at]) => at <= s[1]);
          assert.equal(heap.fire(s[1], 1000), due.length);
          for (const [i] of due) {
            assert.equal(timers[i].firedAt.at(-1), s[1]);
            model.delete(i);
          }
        }
        assert.equal(heap.size, model.size);
        assert.equal(heap.nextMs, Math.min(Number.POSITIVE_INFINITY, ...model.values()));
      }
    }),
    { numRuns: 500 },
  );
});

test('a turn fires no more than its limit and leaves the rest due', () => {
  const heap = new TimerHeap();
  for (let i = 0; i < 10; i++) heap.arm(new Timer(), i);
  assert.equal(heap.fire(100, 4), 4);
  assert.equal(heap.nextMs, 4);
});
