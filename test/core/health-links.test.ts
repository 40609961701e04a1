/** A link that comes back: which servers are checked at once for it, and how soon again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Haste, isDownSince, LinkLosses } from '../../src/core/health/link-loss.js';
import { backend, START_S, server, World } from './health-world.js';

/** What is told of link 2, `+` running, `-` not, `x` removed, one a second; and how long it was away, ms, as the last of them says. */
for (const [told, away] of [
  ['+', null],
  ['-', null],
  ['-+', null],
  ['+-+', 1000],
  ['+--+', 2000],
  ['+-++', null],
  ['+-+-+', 1000],
  ['+-x+', null],
  ['+x-+', null],
] as const)
  test(`a link that was told as ${told} ${away === null ? 'has not come back' : `comes back after ${away} ms`}`, () => {
    const losses = new LinkLosses();
    let last: number | null = null;
    [...told].forEach((what, i) => {
      if (what === 'x') losses.removed(2);
      else last = losses.changed(2, what === '+', i * 1000);
    });
    assert.equal(last, away);
  });

test('a link that is away when watching begins may come back, one that runs has not', () => {
  const losses = new LinkLosses();
  const links = [
    { index: 2, isRunning: false },
    { index: 3, isRunning: true },
  ];
  losses.begin(links, 500);
  assert.deepEqual([losses.changed(2, true, 2000), losses.changed(3, true, 2000)], [1500, null]);
});

/** A server with rise 3 and fall 2, its checks one a second; the link was lost at second `lost`. */
for (const [results, lost, isDown] of [
  ['PPP', 1, false], // well
  ['PPF', 1, false], // not down yet: another failure would come sooner
  ['PFF', 1, true],
  ['PPPPFF', 5, true], // the failed checks began a little before the loss was told
  ['PFFFFFFF', 6, false], // down for long when the link was lost
  ['PFFFFFFFP', 6, true], // on its way up
] as const)
  test(`after ${results} and a link lost at ${lost} s a server is ${isDown ? '' : 'not '}looked at`, () => {
    const world = new World([backend('be', [server('a', { rise: 3, fall: 2 })])]);
    for (const result of results) {
      world.check('be/a', result);
      world.advance(1000);
    }
    assert.equal(isDownSince(world.server('be/a'), START_S * 1000 + lost * 1000), isDown);
  });

test('a server in maintenance, or whose checks are stopped, is not looked at', () => {
  const world = new World([backend('be', [server('a')])]);
  world.check('be/a', 'PFFF');
  const a = world.server('be/a');
  assert.ok(isDownSince(a, START_S * 1000));
  world.machine.setState(a, 'maint');
  assert.ok(!isDownSince(a, START_S * 1000));
  world.machine.setState(a, 'ready');
  world.check('be/a', 'F');
  world.machine.setChecks(a, false);
  assert.ok(!isDownSince(a, START_S * 1000));
});

/** Waits after each result, the configured ones being 1 s. */
for (const [results, waits] of [
  ['PPP', [50, 50, 1000]],
  ['FFFFFFF', [50, 100, 200, 400, 800, 1000, 1000]],
  ['FFPPP', [50, 100, 50, 50, 1000]],
  ['FFPFPPP', [50, 100, 50, 50, 50, 50, 1000]],
] as const)
  test(`in haste, after ${results} the waits were ${waits.join(', ')} ms`, () => {
    const world = new World([backend('be', [server('a', { rise: 3 })])]);
    world.check('be/a', 'PFFF');
    const a = world.server('be/a');
    const haste = new Haste<string>();
    haste.begin('a');
    const seen = [...results].map((result) => {
      world.check('be/a', result);
      return haste.shorten('a', a, 1000);
    });
    assert.deepEqual(seen, waits);
  });

test('haste is over when nobody checks any more, and was never there for others', () => {
  const world = new World([backend('be', [server('a')])]);
  world.check('be/a', 'PFFF');
  const a = world.server('be/a');
  const haste = new Haste<string>();
  haste.begin('a');
  assert.equal(haste.shorten('b', a, 1000), 1000);
  haste.end('a');
  assert.equal(haste.shorten('a', a, 1000), 1000);
});
