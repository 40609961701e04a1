/** Track processes: who is meant (keepalived.conf(5), VRRP track processes), and how soon a change is told. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { TrackProcess } from '../../../src/config/model.js';
import { isCommandLine, isNamed } from '../../../src/vip/helper/process-match.js';
import { eventually, processNamed, TestHelper, Workshop } from './support.js';

const of = (command: string, parts: Partial<TrackProcess> = {}) => processNamed('p', command.split(' '), parts);

for (const [command, comm, isIt] of [
  ['haproxy', 'haproxy', true],
  ['ssh', 'sshd', false],
  ['a-name-of-more-than-15', 'a-name-of-more-', true],
] as const)
  test(`'${command}' and the name '${comm}': ${isIt}`, () => assert.equal(isNamed(of(command), comm), isIt));

for (const [definition, argv, isIt] of [
  [of('x a b'), 'x a b', true],
  [of('x a b'), 'x a', false],
  [of('x a b'), 'x a b c', false],
  [of('x a b'), '/bin/x a b', true], // its name is x
  [of('x a b', { fullCommand: true }), '/bin/x a b', false],
  [of('/bin/x a b', { fullCommand: true }), '/bin/x a b', true],
  [of('x a b', { paramMatch: 'partial' }), 'x a b c', true],
  [of('x a b', { paramMatch: 'partial' }), 'x a bc', false],
  [of('x a b', { paramMatch: 'initial' }), 'x a bcd', true],
  [of('x a b', { paramMatch: 'initial' }), 'x ab b', false],
  [of('x a b', { paramMatch: 'initial' }), 'x a bcd e', false],
  [of('x a b', { paramMatch: 'exact' }), 'x a b', true],
  [of('x', { paramMatch: 'initial' }), 'x', true],
  [of('x', { paramMatch: 'partial' }), 'x a', false],
  [of('x', { fullCommand: true }), 'x', true],
  [of('x', { fullCommand: true }), 'x a', false],
  [of('y a b'), 'x a b', false],
  [of('x a b'), '', false],
] as const)
  test(`${JSON.stringify({ ...definition, name: undefined })} and '${argv}': ${isIt}`, () =>
    assert.equal(isCommandLine(definition, 'x', argv === '' ? [] : argv.split(' ')), isIt));

describe('a helper that looks', () => {
  let helper: TestHelper;
  let shop: Workshop;
  let name: string;
  let program: string;
  const started: ChildProcess[] = [];

  beforeEach(() => {
    shop = new Workshop();
    helper = new TestHelper();
    name = `flp${process.pid}`;
    program = shop.at(name);
    copyFileSync('/bin/sleep', program);
  });

  afterEach(async () => {
    await helper.abandon();
    for (const child of started.splice(0)) child.kill('SIGKILL');
    shop.remove();
  });

  function start(seconds = '1000'): ChildProcess {
    const child = spawn(program, [seconds], { stdio: 'ignore' });
    started.push(child);
    return child;
  }

  const last = (value: boolean) => eventually(() => helper.valuesOf('p').at(-1) === value, `${value} of p`);

  test('a quorum that is lost is told within 200 ms, one that is regained within 1.5 s', async () => {
    const [a, b] = [start(), start()];
    helper.plan({ processes: [processNamed('p', [name], { quorum: 2 })] });
    await last(true);
    let fromMs = performance.now();
    a.kill('SIGKILL');
    await last(false);
    assert.ok(performance.now() - fromMs < 200, `lost after ${performance.now() - fromMs} ms`);
    fromMs = performance.now();
    start();
    await last(true);
    assert.ok(performance.now() - fromMs < 1500, `regained after ${performance.now() - fromMs} ms`);
    assert.deepEqual(helper.valuesOf('p'), [true, false, true]);
    b.kill('SIGKILL');
    await last(false);
    const { why } = await helper.hear('tracked', (one) => 'up' in one.value && !one.value.up);
    assert.equal(why, '1 running, 2 needed');
  });

  test('one of many that ends leaves the quorum untouched', async () => {
    const children = [start(), start(), start()];
    helper.plan({ processes: [processNamed('p', [name])] });
    await last(true);
    children[0].kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 400));
    children[1].kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual(helper.valuesOf('p'), [true]);
  });

  test('a maximum: too many is a failure, none allowed too', async () => {
    const first = start();
    helper.plan({
      processes: [processNamed('p', [name], { quorumMax: 1 }), processNamed('none', [name], { quorumMax: 0 })],
    });
    await last(true);
    assert.deepEqual(helper.valuesOf('none'), [false]);
    const second = start();
    await last(false);
    second.kill('SIGKILL');
    await last(true);
    first.kill('SIGKILL');
    await eventually(() => helper.valuesOf('none').at(-1) === true, 'none running');
  });

  test('parameters are looked at', async () => {
    start('1000');
    helper.plan({
      processes: [
        processNamed('p', [name, '1000']),
        processNamed('other', [name, '2000']),
        processNamed('full', [program, '1000'], { fullCommand: true }),
      ],
    });
    await last(true);
    assert.deepEqual(helper.valuesOf('other'), [false]);
    assert.deepEqual(helper.valuesOf('full'), [true]);
  });

  test('a zombie does not run', async () => {
    // Its parent never waits for it.
    const parent = spawn('sh', ['-c', `"$0" 2 & exec sleep 1000`, program], { stdio: 'ignore' });
    started.push(parent);
    helper.plan({ processes: [processNamed('p', [name])] });
    await last(true);
    await last(false);
  });

  test('terminate_delay: one that is back in time was never away', async () => {
    const first = start();
    helper.plan({ processes: [processNamed('p', [name], { terminateDelayMs: 2500 })] });
    await last(true);
    first.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const second = start();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.deepEqual(helper.valuesOf('p'), [true]);
    const fromMs = performance.now();
    second.kill('SIGKILL');
    await last(false);
    assert.ok(performance.now() - fromMs > 2300);
  });

  test('fork_delay: one that is gone at once was never there', async () => {
    helper.plan({ processes: [processNamed('p', [name], { forkDelayMs: 2500 })] });
    await last(false);
    const child = start();
    await new Promise((resolve) => setTimeout(resolve, 1300)); // seen by a scan
    child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.deepEqual(helper.valuesOf('p'), [false]);
  });
});
