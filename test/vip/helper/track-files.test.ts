/** Track files: the number as keepalived 2.2 reads it (each row was seen there), and what happens to the file. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { numberIn } from '../../../src/vip/helper/track-files.js';
import { eventually, file, TestHelper, Workshop } from './support.js';

for (const [text, number] of [
  ['5\n', 5],
  ['5 abc', 5],
  ['', 0],
  ['abc', 0],
  ['-3', -3],
  ['+4', 4],
  ['0x10', 16],
  ['010', 8],
  ['  12\n', 12],
  ['1.5', 1],
  ['0', 0],
  ['-0', 0],
  ['08', 0],
  ['2147483647', 2147483647],
  ['2147483648', null],
  ['-2147483649', null],
  ['9999999999999999999999', null],
] as const)
  test(`${JSON.stringify(text)} is ${number}`, () => assert.equal(numberIn(text), number));

describe('a helper that watches', () => {
  let helper: TestHelper;
  let shop: Workshop;

  beforeEach(() => {
    shop = new Workshop();
    helper = new TestHelper();
  });

  afterEach(async () => {
    await helper.abandon();
    shop.remove();
  });

  const values = (expected: readonly number[]) =>
    eventually(
      () => JSON.stringify(helper.valuesOf('f')) === JSON.stringify(expected),
      `${JSON.stringify(expected)}; told ${JSON.stringify(helper.valuesOf('f'))}`,
    );

  test('a file that is written, replaced, emptied, removed and there again; a missing one is 0', async () => {
    const path = shop.at('number');
    helper.plan({ files: [file('f', path)] });
    await values([0]);
    const startedMs = performance.now();
    writeFileSync(path, '5\n');
    await values([0, 5]);
    assert.ok(performance.now() - startedMs < 500, 'seen by the watch, not by the slow look');
    writeFileSync(shop.at('new'), '-7\n');
    renameSync(shop.at('new'), path);
    await values([0, 5, -7]);
    rmSync(path);
    await values([0, 5, -7, 0]);
    writeFileSync(path, '3');
    await values([0, 5, -7, 0, 3]);
    writeFileSync(path, '');
    await values([0, 5, -7, 0, 3, 0]);
  });

  test('a folder that comes later, and is replaced by another', async () => {
    const path = shop.at('folder/number');
    helper.plan({ files: [file('f', path)] });
    await values([0]);
    mkdirSync(shop.at('folder'));
    writeFileSync(path, '1');
    await values([0, 1]);
    renameSync(shop.at('folder'), shop.at('old'));
    mkdirSync(shop.at('folder'));
    writeFileSync(path, '2');
    await eventually(() => helper.valuesOf('f').at(-1) === 2, 'the number in the new folder');
  });

  test('many writes in a row end at the last number, and the emptiness between them is not told', async () => {
    const path = shop.at('number');
    writeFileSync(path, '1000');
    helper.plan({ files: [file('f', path)] });
    await values([1000]);
    for (let i = 1; i <= 300; i++) {
      writeFileSync(path, '');
      await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(path, String(i));
    }
    await eventually(() => helper.valuesOf('f').at(-1) === 300, 'the last number');
    assert.ok(!helper.valuesOf('f').includes(0), `told ${JSON.stringify(helper.valuesOf('f'))}`);
  });

  test('init_file: made where it is missing, overwritten only where that is written, once', async () => {
    writeFileSync(shop.at('kept'), '9');
    writeFileSync(shop.at('lost'), '9');
    const files = [
      file('made', shop.at('made'), { init: { value: 7, overwrite: false } }),
      file('kept', shop.at('kept'), { init: { value: 7, overwrite: false } }),
      file('lost', shop.at('lost'), { init: { value: 7, overwrite: true } }),
    ];
    helper.plan({ files });
    for (const name of ['made', 'kept', 'lost']) await helper.hear('tracked', (one) => one.name === name);
    assert.deepEqual([shop.read('made'), shop.read('kept'), shop.read('lost')], ['7\n', '9', '7\n']);
    assert.equal(statSync(shop.at('made')).mode & 0o777, 0o600);
    writeFileSync(shop.at('lost'), '1');
    helper.plan({ files });
    await eventually(() => helper.valuesOf('lost').at(-1) === 1, 'the number that was written since');
    assert.equal(shop.read('lost'), '1');
  });

  test('a helper that replaces another writes nothing', async () => {
    writeFileSync(shop.at('number'), '9');
    const init = { value: 7, overwrite: true };
    helper.plan({ files: [file('f', shop.at('number'), { init })], isReplacement: true });
    await values([9]);
  });

  test('what cannot be read or is no number of 32 bits is said, once', async () => {
    helper.plan({ files: [file('f', shop.path), file('g', shop.at('big'))] });
    await values([0]);
    writeFileSync(shop.at('big'), '4');
    await eventually(() => helper.valuesOf('g').at(-1) === 4, 'the number');
    writeFileSync(shop.at('big'), '99999999999');
    await eventually(() => helper.logs().length === 2, 'both complaints');
    await new Promise((resolve) => setTimeout(resolve, 2200)); // two slow looks
    assert.deepEqual(helper.logs(), [
      `track file f: ${shop.path} cannot be read (EISDIR); it counts as 0`,
      'track file g: its number is beyond 32 bits and is ignored',
    ]);
    assert.deepEqual(helper.valuesOf('g'), [0, 4]);
  });
});
