/** `fairlead vip status` as it is printed: golden files, with the places of colours marked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vipPicture, vipSummary } from '../../../src/control/vips/picture.js';
import type { Paint } from '../../../src/core/events/story.js';
import { PLAIN } from '../../../src/core/events/story.js';
import type { VipStatus } from '../../../src/core/vrrp/messages.js';
import { backup, disputed, faulty, master, NOW_MS, status } from '../vips.js';
import { golden } from './golden.js';

const clock = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
const MARKED: Paint = (as, text) => `<${as}>${text}</>`;

function drawn(of: VipStatus, isVerbose = false, paint = PLAIN): string {
  return vipPicture(of, { clock, paint, isVerbose });
}

test('a pair in good order, and what is wrong elsewhere', () => {
  golden('vip-status.txt', drawn(status([master(), backup(), disputed(), faulty()])));
});

test('with colours and everything that is known', () => {
  const transitions = Array.from({ length: 8 }, (_, i) => ({
    atMs: NOW_MS - 80_000 + 10_000 * i,
    from: i % 2 === 0 ? ('BACKUP' as const) : ('MASTER' as const),
    to: i % 2 === 0 ? ('MASTER' as const) : ('BACKUP' as const),
    why: `turn ${i}`,
  }));
  const old = { ...disputed().problems[0], lastMs: NOW_MS - 30_000, count: 1 };
  const thread = {
    rtPriority: 0,
    isMemoryLocked: false,
    reason: 'not permitted: CAP_SYS_NICE is missing',
    worstDelayMs: 12,
    worstDelayLastMinuteMs: 0,
    watchdogPid: 0,
  };
  const of = status(
    [
      backup({ transitions, preempt: false, accept: false, masterIntervalMs: 2000 }),
      disputed({
        problems: [old],
        priority: 90,
        addresses: [{ text: '10.0.0.130', interface: 'eth1', isHeld: false }],
      }),
      faulty({ sourceIp: '', interface: '', addresses: [], state: 'INIT', faults: [] }),
    ],
    { thread, refused: { 'vrid-unknown': 3, ttl: 0 } },
  );
  golden('vip-status-verbose.txt', drawn(of, true, MARKED));
  const short = drawn(of);
  assert.equal(short.includes('turn 2'), false);
  assert.ok(short.includes('turn 3') && short.includes('turn 7'), 'the last five');
});

test('the section of fairlead status', () => {
  const all = status([
    master(),
    backup({ name: 'VI_22', owner: null, ownerPriority: null }),
    disputed({ addresses: [...master().addresses, ...backup().addresses] }),
    faulty({ addresses: [] }),
  ]);
  golden('vip-summary.txt', vipSummary(all, PLAIN));
  assert.equal(vipSummary(status([]), PLAIN), '');
});
