/** Two primaries are never both used: stories of one group, told answer by answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arbiter } from '../../../src/core/role/arbiter.js';
import type { Claim, Role } from '../../../src/core/role/report.js';

const pg = (timeline: number, systemId = '7'): Claim => ({ kind: 'postgres', systemId, timeline, lsn: '0/0' });
const my = (server: string, gtid: string): Claim => ({ kind: 'mysql', serverUuid: server, gtid, flavor: 'mysql' });
const redis = (id: string, second = '0', offset = '1'): Claim => ({
  kind: 'redis',
  replicationId: id,
  secondReplicationId: second,
  offset,
});

/** One group, and a clock that goes on with each answer. */
class Story {
  readonly arbiter = new Arbiter((id) => id);
  private ms = 0;

  constructor(...ids: string[]) {
    this.arbiter.setMembers(ids);
  }

  says(id: string, role: Role, claim: Claim | null): this {
    this.ms += 10;
    this.arbiter.answered(id, { role, claim, startedMs: this.ms - 1, endedMs: this.ms });
    this.arbiter.decide();
    return this;
  }
  primary(id: string, claim: Claim): this {
    return this.says(id, 'primary', claim);
  }
  replica(id: string, claim: Claim | null = null): this {
    return this.says(id, 'replica', claim);
  }
  down(id: string): this {
    this.arbiter.failed(id, true);
    this.arbiter.decide();
    return this;
  }
  standing(id: string): string {
    return this.arbiter.decide().verdicts.get(id)?.standing ?? 'none';
  }
  why(id: string): string {
    return this.arbiter.decide().verdicts.get(id)?.reason ?? '';
  }
  get leaders(): string[] {
    return [...this.arbiter.decide().verdicts].filter(([, v]) => v.standing === 'leader').map(([id]) => id);
  }
}

const A = 'aaaaaaaa-0000-0000-0000-000000000000';
const B = 'bbbbbbbb-0000-0000-0000-000000000000';

test('nobody is used before everybody was asked once', () => {
  const story = new Story('a', 'b').primary('a', pg(1));
  assert.equal(story.standing('a'), 'waits');
  assert.deepEqual(story.replica('b').leaders, ['a']);
});

test('one that does not answer counts as asked', () => {
  const story = new Story('a', 'b').primary('a', pg(1));
  story.arbiter.failed('b', false);
  assert.deepEqual(story.leaders, ['a']);
});

test('a promoted standby is used at once, though the old primary still answers', () => {
  const story = new Story('a', 'b').primary('a', pg(1)).replica('b', pg(1)).primary('b', pg(2));
  assert.deepEqual(story.leaders, ['b']);
  assert.equal(story.why('a'), 'stale primary: timeline 1, b has timeline 2');
});

test('an old primary that returns while the new one is down stays out, until it steps down', () => {
  const story = new Story('a', 'b').primary('a', pg(1)).replica('b').down('a').primary('b', pg(2)).down('b');
  story.primary('a', pg(1));
  assert.deepEqual(story.leaders, []);
  assert.equal(story.why('a'), 'stale primary: timeline 1, b had timeline 2');
  story.replica('a', pg(2)).primary('a', pg(3));
  assert.deepEqual(story.leaders, ['a']);
});

test('a standby that follows a timeline proves it to whoever never saw its primary', () => {
  const story = new Story('a', 'b', 'c').primary('a', pg(1)).down('b').replica('c', pg(2));
  assert.deepEqual(story.leaders, []);
  assert.equal(story.why('a'), 'stale primary: timeline 1, c had timeline 2');
});

test('an operator lets the old primary in again: maintenance and back, or settle', () => {
  for (const settle of [
    (story: Story) => {
      story.arbiter.withdrawn('a');
      story.arbiter.returned('a', true);
    },
    (story: Story) => story.arbiter.settle('a'),
    (story: Story) => story.arbiter.settle(),
  ]) {
    const story = new Story('a', 'b')
      .primary('a', pg(1))
      .replica('b')
      .primary('b', pg(2))
      .down('b')
      .primary('a', pg(1));
    assert.deepEqual(story.leaders, []);
    settle(story);
    assert.deepEqual(story.primary('a', pg(1)).leaders, ['a']);
    // A better claim wins all the same, and the pardon is over by that.
    assert.deepEqual(story.primary('b', pg(2)).leaders, ['b']);
    assert.deepEqual(story.down('b').primary('a', pg(1)).leaders, []);
  }
});

test('a restart of the old primary is no stepping down', () => {
  const story = new Story('a', 'b')
    .primary('a', my(A, `${A}:1-5`))
    .replica('b')
    .down('a')
    .primary('b', my(B, `${A}:1-4`));
  story.says('a', 'unfit', null).primary('a', my(A, `${A}:1-5,${B}:9`));
  assert.deepEqual(story.leaders, ['b']);
});

test('of two on one timeline the incumbent stays', () => {
  const story = new Story('a', 'b').primary('a', pg(2)).replica('b').primary('b', pg(2));
  assert.deepEqual(story.leaders, ['a']);
  assert.match(story.why('b'), /^second primary \(timeline 2\): a \(timeline 2\) is in use and stays$/);
  assert.deepEqual(story.down('a').leaders, ['b']);
  assert.deepEqual(story.primary('a', pg(2)).leaders, ['b']);
  assert.match(story.why('a'), /^stale primary: b took over from it/);
});

test('without an incumbent, claims that cannot be ordered are all kept out until it is settled', () => {
  const story = new Story('a', 'b').primary('a', pg(2)).primary('b', pg(2));
  assert.deepEqual(story.leaders, []);
  assert.match(story.why('a'), /one of several primaries that cannot be ordered, beside b \(timeline 2\)/);
  story.arbiter.settle('b');
  assert.deepEqual(story.leaders, ['b']);
});

test('a primary of another cluster is kept out, even when the incumbent is down', () => {
  const story = new Story('a', 'b').primary('a', pg(1, '7')).replica('b').down('a').primary('b', pg(9, '8'));
  assert.deepEqual(story.leaders, []);
  assert.match(story.why('b'), /another cluster: system identifier 8, a had 7/);
});

test('MySQL: the old primary that was cut off has less than the new one', () => {
  const story = new Story('a', 'b')
    .primary('a', my(A, `${A}:1-5`))
    .replica('b')
    .down('a')
    .primary('b', my(B, `${A}:1-5`));
  assert.deepEqual(story.leaders, ['b']);
  story.primary('b', my(B, `${A}:1-5,${B}:1-3`)).primary('a', my(A, `${A}:1-5`));
  assert.deepEqual(story.leaders, ['b']);
  assert.deepEqual(story.down('b').primary('a', my(A, `${A}:1-6`)).leaders, []);
  assert.deepEqual(story.replica('a').primary('a', my(A, `${A}:1-6`)).leaders, ['a']);
});

test('MySQL: a failover that lost the last transactions is a failover all the same', () => {
  const story = new Story('a', 'b')
    .primary('a', my(A, `${A}:1-9`))
    .replica('b')
    .down('a')
    .primary('b', my(B, `${A}:1-7`));
  assert.deepEqual(story.leaders, ['b']);
});

test('MySQL: an incumbent is not judged by what it had before the other one spoke', () => {
  const story = new Story('a', 'b').replica('a').primary('b', my(B, `${A}:1-5`));
  story.primary('a', my(A, `${A}:1-7`));
  // b may have written since: it is asked again before it loses anything.
  assert.deepEqual(story.leaders, ['b']);
  assert.deepEqual(story.arbiter.decide().recheck, ['b']);
  assert.deepEqual(story.primary('b', my(B, `${A}:1-5,${B}:1`)).leaders, ['b']);
  assert.deepEqual(
    new Story('a', 'b')
      .replica('a')
      .primary('b', my(B, `${A}:1-5`))
      .primary('a', my(A, `${A}:1-7`))
      .primary('b', my(B, `${A}:1-5`)).leaders,
    ['a'],
  );
});

test('Redis: whoever was gone on from stays out, also after two failovers', () => {
  const story = new Story('a', 'b', 'c').primary('a', redis('r1')).replica('b').replica('c');
  story.down('a').primary('b', redis('r2', 'r1')).down('b').primary('c', redis('r3', 'r2')).down('c');
  assert.deepEqual(story.primary('a', redis('r1')).leaders, []);
  assert.deepEqual(story.primary('b', redis('r2', 'r1')).leaders, []);
  assert.deepEqual(story.primary('c', redis('r3', 'r2')).leaders, ['c']);
});

test('what a group knew is kept when a configuration joins it to another', () => {
  const before = new Story('a', 'b').primary('a', pg(1)).replica('b').primary('b', pg(2)).down('b');
  const after = new Story('a', 'b', 'c');
  after.arbiter.join(before.arbiter);
  assert.deepEqual(after.primary('a', pg(1)).leaders, []);
  assert.deepEqual(after.primary('c', pg(3)).leaders, ['c']);
});

test('a pardon is for what was known then: who falls behind later is out again', () => {
  for (const [first, stale, second] of [
    [pg(1), pg(1), pg(2)],
    [my(A, `${A}:1-5`), my(A, `${A}:1-6`), my(B, `${A}:1-5,${B}:1`)],
  ]) {
    const story = new Story('a', 'b').primary('a', first).replica('b');
    // Routine: the primary was in maintenance once.
    story.arbiter.withdrawn('a');
    story.arbiter.returned('a', true);
    assert.deepEqual(story.primary('a', first).leaders, ['a']);
    story.down('a').primary('b', second).down('b');
    assert.deepEqual(story.primary('a', stale).leaders, []);
    assert.match(story.why('a'), /^stale primary/);
  }
});

test('a standby that proves a later timeline ends a pardon that did not know of it', () => {
  const story = new Story('a', 'b', 'c').primary('a', pg(1)).replica('b').replica('c');
  story.arbiter.settle('a');
  assert.deepEqual(story.leaders, ['a']);
  assert.deepEqual(story.down('b').replica('c', pg(2)).primary('a', pg(1)).leaders, []);
});

test('nobody has looked at a server whose checks only paused', () => {
  const story = new Story('a', 'b').primary('a', pg(1)).replica('b').down('a').primary('b', pg(2)).down('b');
  story.arbiter.withdrawn('a');
  story.arbiter.returned('a', false);
  assert.deepEqual(story.primary('a', pg(1)).leaders, []);
});

test('what an operator settled holds for a successor', () => {
  const story = new Story('a', 'b').primary('a', pg(1)).replica('b').primary('b', pg(2)).down('b').primary('a', pg(1));
  story.arbiter.settle('a');
  assert.deepEqual(story.leaders, ['a']);
  const next = new Story('a', 'b');
  next.arbiter.recall(JSON.parse(JSON.stringify(story.arbiter.memory)));
  assert.deepEqual(next.down('b').primary('a', pg(1)).leaders, ['a']);
});

test('a reason stays the same while nothing but the number of transactions changes', () => {
  for (const grown of [
    (id: string, n: number) => my(id === 'a' ? A : B, `${id === 'a' ? A : B}:1-${n}`),
    (id: string, n: number) => redis(`history of ${id}`, '0', String(n)),
  ]) {
    const story = new Story('a', 'b').primary('a', grown('a', 1)).replica('b').primary('b', grown('b', 1));
    const verdict = story.arbiter.decide().verdicts.get('b');
    assert.equal(verdict?.standing, 'out');
    for (let n = 2; n < 10; n++) {
      story.primary('a', grown('a', n)).primary('b', grown('b', n));
      assert.equal(story.arbiter.decide().verdicts.get('b'), verdict);
    }
  }
});

test('of two Redis primaries that tell no replication id, the incumbent alone is used', () => {
  const story = new Story('a', 'b')
    .primary('a', redis('', '', '5'))
    .replica('b')
    .primary('b', redis('', '', '9'));
  assert.deepEqual(story.leaders, ['a']);
});

test('a server that tells of ever new histories does not fill the memory', () => {
  const story = new Story('a', 'b').primary('a', redis('r0')).replica('b');
  for (let n = 1; n < 3000; n++) story.replica('b', redis(`r${n + 1}`, `r${n}`));
  assert.ok(story.arbiter.memory.evidence.successors.length <= 1000);
  for (let n = 1; n < 3000; n++) story.replica('b', pg(n, `system ${n}`));
  assert.ok(story.arbiter.memory.evidence.best.length <= 1000);
});

test('clusters that a configuration parts do not hold their own primaries against each other', () => {
  const both = new Story('a', 'b').primary('a', pg(1, '7')).replica('b').primary('b', pg(1, '8'));
  assert.match(both.why('b'), /another cluster/);
  const parted = new Story('b');
  parted.arbiter.join(both.arbiter, (id) => id === 'a');
  assert.deepEqual(parted.primary('b', pg(1, '8')).leaders, ['b']);
  const moved = new Story('b');
  moved.arbiter.join(both.arbiter); // a is gone, and may come back at another address
  assert.deepEqual(moved.primary('b', pg(1, '8')).leaders, []);
});
