/** When silence counts: a row is a story of beats and of a clock that may jump, as it does for a process that is paused. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Watchdog } from '../../../src/vip/helper/watchdog.js';

let nowMs = 0;
let expired: number[] = [];
let watchdog: Watchdog;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  nowMs = 1000;
  expired = [];
  watchdog = new Watchdog(
    () => nowMs,
    (silentMs) => expired.push(silentMs),
  );
});

afterEach(() => {
  mock.timers.reset();
});

/** Time passes, and everybody runs. */
function pass(ms: number): void {
  for (let i = 0; i < ms; i++) {
    nowMs++;
    mock.timers.tick(1);
  }
}

/** Time passes, and nobody runs; timers that are due fire when it is over. */
function pause(ms: number): void {
  nowMs += ms;
  mock.timers.tick(ms);
}

test('silence for the limit', () => {
  watchdog.beat(60);
  pass(59);
  assert.deepEqual(expired, []);
  pass(2);
  assert.deepEqual(expired, [60]);
});

test('beats in time, for ever', () => {
  for (let i = 0; i < 100; i++) {
    watchdog.beat(60);
    pass(50);
  }
  assert.deepEqual(expired, []);
});

test('once per silence, and again after the next beat', () => {
  watchdog.beat(60);
  pass(1000);
  assert.equal(expired.length, 1);
  watchdog.beat(60);
  pass(1000);
  assert.equal(expired.length, 2);
});

test('no limit: no silence', () => {
  watchdog.beat(60);
  watchdog.beat(null);
  pass(1000);
  assert.deepEqual(expired, []);
});

test('a shorter limit counts at once, a longer one too', () => {
  watchdog.beat(5000);
  watchdog.beat(60);
  pass(61);
  assert.deepEqual(expired, [60]);
  watchdog.beat(60);
  watchdog.beat(5000);
  pass(4990);
  assert.equal(expired.length, 1);
});

test('a pause of everybody: half a limit more for the daemon to wake up', () => {
  watchdog.beat(60);
  pause(500);
  assert.deepEqual(expired, []);
  pass(29);
  watchdog.beat(60);
  pass(59);
  assert.deepEqual(expired, []);
});

test('a pause that the daemon does not survive: half a limit more, and no longer', () => {
  watchdog.beat(60);
  pause(500);
  pass(31);
  assert.deepEqual(expired, [530]);
});

test('pauses in a row give no more time than one', () => {
  watchdog.beat(60);
  pause(500);
  pause(500);
  pass(1);
  assert.equal(expired.length, 1);
});

test('stopped is stopped', () => {
  watchdog.beat(60);
  watchdog.stop();
  pass(1000);
  assert.deepEqual(expired, []);
});
