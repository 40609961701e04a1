/** Virtual routers in the journal: the event, its line, the story. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../../src/core/events/history.js';
import { eventText } from '../../../src/core/events/line.js';
import { PLAIN } from '../../../src/core/events/story.js';
import { toHistoryEvent } from '../../../src/core/events/vip-event.js';
import { vipStory } from '../../../src/core/events/vip-story.js';
import { backup, disputed, faulty, master, NOW_MS, vipEvent } from '../../control/vips.js';

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23);

test('an event of the thread as history keeps it', () => {
  assert.deepEqual(toHistoryEvent(vipEvent()), {
    type: 'health-event',
    kind: 'vip',
    proxy: 'VI_1',
    server: null,
    atMs: NOW_MS - 3_600_000,
    level: 'notice',
    text: 'vip VI_1: BACKUP -> MASTER: no advertisement of 10.0.0.102 for 3.6 s',
    vip: { from: 'BACKUP', to: 'MASTER', why: 'no advertisement of 10.0.0.102 for 3.6 s' },
  });
});

test('lines: the change and why, or a remark; who ordered it', () => {
  const history = new History();
  const line = (event: Parameters<typeof vipEvent>[0], who: string | null = null) =>
    eventText(history.add(toHistoryEvent(vipEvent(event)), who), 6, clock, PLAIN);
  assert.equal(line({}), '11:00:00.000  VI_1    BACKUP -> MASTER  no advertisement of 10.0.0.102 for 3.6 s');
  assert.equal(
    line({ from: 'MASTER', to: 'MASTER', text: 'sent an advert 12 ms late' }),
    '11:00:00.000  VI_1    -                 sent an advert 12 ms late',
  );
  assert.equal(
    line({ from: 'MASTER', to: 'BACKUP', text: 'handed over' }, 'failover vip, over unix@/run/fl.sock'),
    '11:00:00.000  VI_1    MASTER -> BACKUP  handed over, by an operator: failover vip, over unix@/run/fl.sock',
  );
});

test('history tells how long a state lasted, remarks do not end it, and a backend of that name is another subject', () => {
  const history = new History();
  const add = (event: Parameters<typeof vipEvent>[0]) => history.add(toHistoryEvent(vipEvent(event)), null).heldMs;
  assert.equal(add({ atMs: 1000 }), null);
  assert.equal(add({ atMs: 2000, from: 'MASTER', to: 'MASTER' }), null);
  assert.equal(add({ atMs: 5000, from: 'MASTER', to: 'FAULT' }), 4000);
  assert.equal(history.ofVip('VI_1').length, 3);
  assert.deepEqual(history.of('VI_1', null), []);
});

function storyOf(vip: ReturnType<typeof master>, events = new History().list()): string {
  return vipStory({ vip, atMs: NOW_MS, events }, clock);
}

test('the story of the owner', () => {
  const history = new History();
  history.add(
    toHistoryEvent(vipEvent({ from: 'INIT', to: 'BACKUP', atMs: NOW_MS - 3_603_600, text: 'started' })),
    null,
  );
  history.add(toHistoryEvent(vipEvent()), 'failover vip VI_1, over unix@/run/fl.sock');
  assert.equal(
    storyOf(master(), history.list()),
    `VI_1 (vrid 51 on eth1, VRRPv2, advert every 1 s) is MASTER since 11:00:00.000 (1 h)
  owner       10.0.0.101 (this router), priority 103
  last advert sent 400 ms ago
  addresses   10.0.0.130: held here
  priority    103 = 101 configured +2 chk_haproxy
  tracks      script chk_haproxy: up, weight +2
  gives up    when it hears a higher priority, is in fault, is stopped, or is told to (fairlead vip failover)
what happened, the oldest first:
  10:59:56.400  INIT -> BACKUP
    why         started
  11:00:00.000  BACKUP -> MASTER, after 3.6 s
    why         no advertisement of 10.0.0.102 for 3.6 s
    by          failover vip VI_1, over unix@/run/fl.sock
`,
  );
});

test('of one that stands by: what would make it take over, and its past from the thread itself', () => {
  assert.equal(
    storyOf(backup()),
    `VI_1 (vrid 51 on eth1, VRRPv2, advert every 1 s) is BACKUP since 11:00:00.000 (1 h)
  owner       10.0.0.101, priority 103
  last advert heard 400 ms ago, from 10.0.0.101
  addresses   10.0.0.130: not held here
  priority    100 as configured; chk_haproxy is down and adds no 2
  tracks      script chk_haproxy: down, weight +2
  takes over  when 10.0.0.101 is silent or says goodbye; 10.0.0.101 has 3 more priority
what happened, the oldest first:
  10:59:56.400  INIT -> BACKUP
    why         started
`,
  );
});

test('of one in fault, and of one with a rival', () => {
  assert.match(
    storyOf(faulty()),
    /is FAULT .*\n[\s\S]* {2}fault +interface eth2 is down\n[\s\S]*comes back +as BACKUP, once/,
  );
  assert.match(
    storyOf(disputed()),
    /problem +10\.0\.0\.103 says it is master, too, .*\(seen 60 times in 1 m, last 1 s ago\)\n {2}to correct +see whether/,
  );
});

// what it is, what follows for taking over
for (const [more, text] of [
  [{ owner: null, ownerPriority: null }, 'when no router is heard, or by its own priority'],
  [{ owner: null, ownerPriority: null, preempt: false }, 'when no router is heard (nopreempt)'],
  [{ ownerPriority: 90 }, 'when 10.0.0.101 is silent or says goodbye, or by its own priority'],
  [{ ownerPriority: 90, preempt: false }, 'when 10.0.0.101 is silent or says goodbye (nopreempt)'],
  [{ ownerPriority: 100 }, 'when 10.0.0.101 is silent or says goodbye; 10.0.0.101 has the same priority'],
] as const)
  test(`takes over ${text}`, () => {
    assert.ok(storyOf(backup(more)).includes(`  takes over  ${text}\n`), storyOf(backup(more)));
  });
