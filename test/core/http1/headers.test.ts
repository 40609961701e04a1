/** Looking at headers and editing them; values of lists as `hdr` takes them apart (manual §7.3.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addHeader,
  findHeader,
  findKnown,
  headerName,
  headerValue,
  reasonOf,
  removeHeader,
  removeRow,
  replaceValue,
  setHeader,
  targetOf,
} from '../../../src/core/http1/headers.js';
import { H_COOKIE, H_HOST, type HttpMessage, MAX_ROWS } from '../../../src/core/http1/message.js';
import { HeaderValues } from '../../../src/core/http1/values.js';
import { request, response, written } from './support.js';

const GET = 'GET /a?b HTTP/1.1\r\n';
const withHeaders = (lines: string): HttpMessage => request(`${GET}${lines}\r\n`).message;

test('rows are found by name and by number, one after the other', () => {
  const message = withHeaders('Host: h\r\nX: 1\r\nCookie: c\r\nx: 2\r\nXX: 3\r\n');
  const first = findHeader(message, 'x');
  assert.deepEqual([first, findHeader(message, 'x', first), findHeader(message, 'x', 3)], [1, 3, -1]);
  assert.deepEqual(
    [findKnown(message, H_HOST), findKnown(message, H_COOKIE), findKnown(message, H_COOKIE, 2)],
    [0, 2, -1],
  );
  assert.deepEqual([headerName(message, 4), headerValue(message, 4)], ['xx', '3']);
  assert.equal(targetOf(message), '/a?b');
  assert.equal(reasonOf(response('HTTP/1.1 404 Not here\r\n\r\n').message), 'Not here');
});

test('added, set, removed and replaced', () => {
  const message = withHeaders('A: 1\r\nB: 2\r\nA: 3\r\nC: 4\r\n');
  assert.equal(setHeader(message, 'a', 'new'), true);
  assert.equal(addHeader(message, 'host', 'h'), true);
  assert.equal(removeHeader(message, 'nobody'), 0);
  replaceValue(message, findHeader(message, 'b'), 'two');
  removeRow(message, findHeader(message, 'c'));
  message.targetText = '/new';
  message.method = 'PUT';
  assert.equal(
    written(message, 'close'),
    'PUT /new HTTP/1.1\r\nb: two\r\na: new\r\nhost: h\r\nconnection: close\r\n\r\n',
  );
  assert.equal(findKnown(message, H_HOST), 5);
});

test('a rule that adds for ever is told so, and removed rows make room', () => {
  const message = withHeaders('A: 1\r\nB: 2\r\n');
  let added = 0;
  while (addHeader(message, 'x', 'y')) added++;
  assert.equal(added, MAX_ROWS - 2);
  removeHeader(message, 'a');
  assert.equal(addHeader(message, 'z', 'last'), true);
  assert.equal(addHeader(message, 'z', 'no'), false);
  assert.match(written(message), /^GET \/a\?b HTTP\/1\.1\r\nb: 2\r\nx: y\r\n(.*\r\n)+z: last\r\n\r\n$/);
});

test('a head that does not fit is not written', () => {
  const message = withHeaders(`A: ${'x'.repeat(40_000)}\r\n`);
  assert.equal(written(message).length, 32_767); // end is -1
});

// lines, values
for (const [lines, values] of [
  ['X: a\r\n', ['a']],
  ['X: a, b ,c\r\nY: n\r\nX:\td\r\n', ['a', 'b', 'c', 'd']],
  ['X: "a,b" , c\r\n', ['"a,b"', 'c']],
  ['X: "a\\",b", c\r\n', ['"a\\",b"', 'c']],
  ['X: a,,b\r\n', ['a', '', 'b']],
  ['X:\r\nX: b\r\n', ['', 'b']],
  ['X: "a\\\r\n', ['"a\\']],
  ['Y: a\r\n', []],
] as const)
  test(`values of ${JSON.stringify(lines)}`, () => {
    const message = withHeaders(lines);
    const cursor = new HeaderValues();
    const found: string[] = [];
    for (let more = cursor.first(message, 'x'); more; more = cursor.next()) found.push(cursor.string());
    assert.deepEqual(found, values);
    assert.equal(cursor.count(message, 'x'), values.length);
    assert.equal(cursor.next(), false);
    for (let n = 1; n <= values.length; n++) {
      assert.equal(cursor.nth(message, 'x', n) && cursor.string(), values[n - 1]);
      assert.equal(cursor.nth(message, 'x', -n) && cursor.string(), values[values.length - n]);
    }
    assert.equal(cursor.nth(message, 'x', values.length + 1), false);
    assert.equal(cursor.nth(message, 'x', -values.length - 1), false);
  });

test('values of text that a rule wrote', () => {
  const message = withHeaders('X: a\r\n');
  addHeader(message, 'x', ' b , c');
  const cursor = new HeaderValues();
  assert.equal(cursor.nth(message, 'x', 2) && cursor.string(), 'b');
  assert.equal(cursor.at(0), 'b'.charCodeAt(0));
  assert.equal(cursor.nth(message, 'x', -1) && cursor.string(), 'c');
});
