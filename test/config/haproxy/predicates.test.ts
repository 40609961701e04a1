/** The answers of `haproxy -cc` 2.6 to the same texts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatePredicate } from '../../../src/config/haproxy/predicates.js';

const ctx = { env: { HOME: '/root' }, version: '2.6.12' };

for (const text of [
  ...[
    '1',
    '12',
    '-1',
    '1&&1',
    '1||0&&0',
    '!!1',
    '(1)',
    '( 1 )',
    'defined(HOME)',
    'streq(a,a)',
    'streq("a","a")',
    'streq(,)',
  ],
  ...[
    'strneq(a,b)',
    'version_atleast(2.6)',
    'version_atleast(2.6.12)',
    'version_atleast(2.6-dev3)',
    'version_atleast(x)',
  ],
  ...['version_before(3.0)', 'streq(a,a) && !streq(a,b)', 'streq(a,b)||1', '(streq(a,b)||1)&&1', 'feature(EPOLL)'],
])
  test(`${text} is true`, () => assert.deepEqual(evaluatePredicate(text, ctx), { ok: true, value: true }));

for (const text of [
  ...[
    '',
    '0',
    '00',
    '1 && 0',
    '!1',
    '! 1',
    'defined()',
    'defined( HOME )',
    'feature(openssl)',
    'feature(foo)',
    'streq(a, a)',
  ],
  ...['version_atleast(2.6.13)', 'version_atleast(3)', 'version_atleast(2.6.12-1)', 'version_before()', 'defined'],
  ...['enabled(nothing)', 'strstr(abc,d)'],
])
  test(`'${text}' is false`, () => assert.deepEqual(evaluatePredicate(text, ctx), { ok: true, value: false }));

for (const text of [
  ...[
    'defined(HOME) 1',
    '1 1',
    'abc',
    'streq(a,a,b)',
    'streq(a',
    'streq(a)',
    '2x',
    '1 &&',
    '|| 1',
    '(1',
    '1)',
    '!',
    'foo(1)',
  ],
  '('.repeat(5000),
])
  test(`'${text.slice(0, 20)}' is an error`, () => assert.equal(evaluatePredicate(text, ctx).ok, false));
