/** How long notifications may run, on a clock of the test: as long as they like, until somebody waits. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { Launcher, LaunchOptions } from '../../../src/vip/helper/launcher.js';
import { Notifications } from '../../../src/vip/helper/notify.js';

let nowMs = 0;
let log: string[] = [];
/** Those that were started and have not ended. */
let running: { what: string; options: LaunchOptions; isToEnd: boolean }[] = [];
let notifications: Notifications;

const launcher = {
  log: (_: string, text: string) => log.push(text),
  run: (what: string, _: unknown, options: LaunchOptions) => {
    const one = { what, options, isToEnd: false };
    running.push(one);
    return {
      end: () => {
        one.isToEnd = true;
      },
    };
  },
} as unknown as Launcher;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  nowMs = 0;
  log = [];
  running = [];
  notifications = new Notifications(launcher, () => nowMs);
});

afterEach(() => {
  mock.timers.reset();
});

function pass(ms: number): void {
  nowMs += ms;
  mock.timers.tick(ms);
}

function add(program: string): void {
  notifications.add({ kind: 'INSTANCE', name: 'VI', state: 'MASTER', priority: 1 }, [{ command: [program] }]);
}

/** What ran has ended. */
function over(): void {
  const [one] = running.splice(0, 1);
  one.options.done({ kind: 'exit', code: 0 });
  one.options.gone?.();
}

test('an hour, while nobody waits', () => {
  add('a');
  pass(3_600_000);
  assert.equal(running[0].isToEnd, false);
});

test('60 s from its start when one waits from the beginning', () => {
  add('a');
  add('b');
  pass(59_999);
  assert.equal(running[0].isToEnd, false);
  pass(1);
  assert.equal(running[0].isToEnd, true);
  over();
  assert.match(running[0].what, /\(b\)$/);
});

test('what has run for longer ends as soon as one waits', () => {
  add('a');
  pass(100_000);
  add('b');
  pass(1);
  assert.equal(running[0].isToEnd, true);
});

test('the next one has 60 s of its own, where another waits behind it', () => {
  add('a');
  add('b');
  add('c');
  pass(50_000);
  over();
  pass(59_999);
  assert.equal(running[0].isToEnd, false);
  pass(1);
  assert.equal(running[0].isToEnd, true);
});

test('at the end: what runs is given its time, then ended; what waits is not started, and that is said', async () => {
  add('a');
  add('b');
  let isFinished = false;
  const finished = notifications.finish(10_000).then(() => {
    isFinished = true;
  });
  pass(9_999);
  assert.equal(running[0].isToEnd, false);
  pass(1);
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(running[0].isToEnd, true);
  assert.deepEqual(log, ['instance VI: notification MASTER (b) is not run: there is no time left']);
  assert.equal(isFinished, false);
  over();
  await finished;
  assert.equal(running.length, 0);
});
