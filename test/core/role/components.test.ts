/** Galera nodes: one component, told answer by answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Components, VIEW_CHANGE_MS } from '../../../src/core/role/components.js';
import type { Claim } from '../../../src/core/role/report.js';

const ONE = '11111111-0000-0000-0000-000000000000';
const TWO = '22222222-0000-0000-0000-000000000000';
const NODES = ['a', 'b', 'c'];

const view = (confId: string, size: number, clusterUuid = ONE, isPrimaryComponent = true): Claim => {
  return { kind: 'galera', clusterUuid, confId, isPrimaryComponent, size, lastCommitted: '1' };
};

class Story {
  readonly components = new Components((id) => id);
  ms = 0;

  constructor() {
    this.components.setMembers(NODES);
  }
  says(id: string, claim: Claim | null): this {
    this.components.answered(id, { role: 'primary', claim, startedMs: this.ms, endedMs: this.ms });
    this.components.decide(this.ms);
    return this;
  }
  all(claim: Claim): this {
    for (const id of NODES) this.says(id, claim);
    return this;
  }
  waits(ms: number): this {
    this.ms += ms;
    return this;
  }
  get out(): string[] {
    const { verdicts } = this.components.decide(this.ms);
    return NODES.filter((id) => verdicts.get(id)?.standing === 'out');
  }
  why(id: string): string {
    return this.components.decide(this.ms).verdicts.get(id)?.reason ?? '';
  }
}

test('nodes of one component all serve', () => assert.deepEqual(new Story().all(view('5', 3)).out, []));

test('nobody serves before everybody was asked once', () => {
  const story = new Story().says('a', view('5', 3));
  assert.equal(story.components.decide(0).verdicts.get('a')?.standing, 'waits');
});

test('a change of the view on its way takes nobody out', () => {
  const story = new Story()
    .all(view('5', 3))
    .waits(100)
    .says('a', view('6', 2))
    .waits(VIEW_CHANGE_MS / 2);
  assert.deepEqual(story.out, []);
  assert.deepEqual(
    story
      .says('b', view('6', 2))
      .says('c', null)
      .waits(VIEW_CHANGE_MS * 2).out,
    [],
  );
});

test('two components that last: the one that most nodes are in stays', () => {
  const story = new Story().all(view('5', 3)).waits(10).says('a', view('6', 2)).says('b', view('6', 2));
  story.says('c', view('6', 1)).waits(VIEW_CHANGE_MS);
  assert.deepEqual(story.out, ['c']);
  assert.match(story.why('c'), /^second primary component: cluster 11111111, view 6 of 1, a has .* view 6 of 2$/);
});

test('a node of another cluster is out at once', () => {
  const story = new Story().all(view('5', 3)).says('c', view('1', 1, TWO));
  assert.deepEqual(story.out, ['c']);
  assert.match(story.why('c'), /^node of another cluster: 22222222, in use is 11111111$/);
});

test('and stays out when all others are gone, until it is settled', () => {
  const story = new Story().all(view('5', 3)).says('c', view('1', 1, TWO));
  story.components.failed('a', true);
  story.components.failed('b', true);
  assert.deepEqual(story.out, ['c']);
  story.components.settle('c');
  assert.deepEqual(story.out, []);
});

test('a cluster made anew on most of the nodes is the one to serve', () => {
  const story = new Story().all(view('5', 3)).says('a', null).says('b', null).says('c', null);
  story.says('a', view('1', 1, TWO));
  assert.deepEqual(story.out, ['a']);
  assert.deepEqual(story.says('b', view('2', 2, TWO)).out, []);
});

test('without a past, of two clusters the larger one serves, and of equal ones neither', () => {
  const story = new Story()
    .says('a', view('1', 1))
    .says('b', view('1', 2, TWO))
    .says('c', view('1', 2, TWO));
  assert.deepEqual(story.out, ['a']);
  const even = new Story()
    .says('a', view('1', 1))
    .says('b', view('1', 1, TWO))
    .says('c', null);
  assert.deepEqual(even.out, ['a', 'b']);
});

test('a joining node without a cluster belongs to none', () => {
  const zero = '00000000-0000-0000-0000-000000000000';
  assert.deepEqual(new Story().all(view('5', 3)).says('c', view('1', 1, zero)).out, []);
});

test('the order of answers does not matter', () => {
  const answers: [string, Claim][] = [
    ['a', view('6', 2)],
    ['b', view('6', 2)],
    ['c', view('1', 1, TWO)],
  ];
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [2, 0, 1],
  ]) {
    const story = new Story();
    for (const i of order) {
      story.says(...answers[i]);
    }
    assert.deepEqual(story.waits(VIEW_CHANGE_MS * 2).out, ['c'], order.join());
  }
});
