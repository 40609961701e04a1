/** What a poller asks, from whatever it sends: HTTP of any version, garbage, nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HEAD_BYTES_MAX, PLAIN, readRequest } from '../../src/agents/request.js';

const request = (method: string, path: string, query = '', wantsJson = false) => ({ method, path, query, wantsJson });

// bytes, what they ask; undefined = more must come
for (const [bytes, expected] of [
  ['OPTIONS / HTTP/1.0\r\n\r\n', request('OPTIONS', '/')],
  ['HEAD /primary HTTP/1.1\r\nHost: a\r\n\r\n', request('HEAD', '/primary')],
  ['GET /replica?lag=5s HTTP/1.1\r\nhost: a\r\n\r\n', request('GET', '/replica', 'lag=5s')],
  ['GET http://db1:9200/health HTTP/1.1\r\n\r\n', request('GET', '/health')],
  ['GET / HTTP/1.1\r\nAccept: application/json\r\n\r\n', request('GET', '/', '', true)],
  ['GET / HTTP/1.1\r\naccept: text/html, application/json;q=0.5\r\n\r\n', request('GET', '/', '', true)],
  ['GET / HTTP/1.1\r\nAccept: application/json;q=0\r\n\r\n', request('GET', '/')],
  ['GET / HTTP/1.1\r\nAccept: application/jsonp\r\n\r\n', request('GET', '/')],
  ['OPTIONS * HTTP/1.1\n\n', request('OPTIONS', '/')],
  ['GET /primary\r\n', request('', '/primary')],
  ['\r\n', PLAIN],
  ['hello there, who are you\r\n', { ...PLAIN, path: 'there,' }],
  ['\x16\x03\x01\x02\x00\x01\x00', PLAIN],
  ['', undefined],
  ['GET', undefined],
  ['GET / HTTP/1.1\r\n', undefined],
  ['GET / HTTP/1.1\r\nHost: a\r\n', undefined],
  [`GET / HTTP/1.1\r\nX: ${'x'.repeat(HEAD_BYTES_MAX)}`, request('GET', '/')],
  [`GET /${'x'.repeat(HEAD_BYTES_MAX + 1)}`, PLAIN],
] as const)
  test(JSON.stringify(bytes.slice(0, 60)), () => assert.deepEqual(readRequest(bytes), expected));

test('any bytes are a request or wait for more, and never wait beyond the bound', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isLong) => {
      const head = Buffer.from(bytes).toString('latin1') + (isLong ? 'x'.repeat(HEAD_BYTES_MAX) : '');
      const found = readRequest(head);
      if (isLong) assert.notEqual(found, undefined);
    }),
    { numRuns: 500 },
  );
});
