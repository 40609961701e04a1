import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseSize } from '../../src/config/units.js';

// Manual §2.5: text, milliseconds; `trailing` is what HAProxy 2.6 ignores with a warning.
for (const [text, ms, trailing] of [
  ['0', 0],
  ['2500', 2500],
  ['1us', 1],
  ['1001us', 2],
  ['7ms', 7],
  ['10s', 10_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
  ['2147483647', 2147483647],
  ['1h30m', 3_600_000, '30m'],
  ['5ms5', 5, '5'],
] as const)
  test(`${text} is ${ms} ms`, () => {
    assert.deepEqual(parseDuration(text), { ok: true, value: trailing ? { ms, trailing } : { ms } });
  });

for (const text of ['', 's', '-5', '+5', '1.5s', '5x', '5S', '2147483648', '25d', '99999999999999999999'])
  test(`'${text}' is not a duration`, () => assert.equal(parseDuration(text).ok, false));

test('a bare number takes the unit of its keyword', () => {
  assert.deepEqual(parseDuration('5', 's'), { ok: true, value: { ms: 5000 } });
  assert.deepEqual(parseDuration('5ms', 's'), { ok: true, value: { ms: 5 } });
});

for (const [text, bytes] of [
  ['0', 0],
  ['16384', 16384],
  ['64k', 65536],
  ['1M', 1048576],
  ['2g', 2147483648],
] as const)
  test(`${text} is ${bytes} bytes`, () => assert.deepEqual(parseSize(text), { ok: true, value: bytes }));

for (const text of ['', 'k', '-1', '1.5k', '1t', '99999999999g'])
  test(`'${text}' is not a size`, () => assert.equal(parseSize(text).ok, false));
