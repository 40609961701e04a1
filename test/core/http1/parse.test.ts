/**
 * Heads of RFC 9112. What is accepted leaves as the real HAProxy 2.6 writes it (test/compat/http-differential.test.ts
 * compares the two); what is refused is refused at the byte where it goes wrong.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BODY_IN_1_0,
  errorCode,
  errorStatus,
  errorText,
  NEED_MORE,
  UNKNOWN_CODING,
} from '../../../src/core/http1/errors.js';
import {
  BODY_CHUNKED,
  BODY_CLOSE,
  BODY_LENGTH,
  BODY_NONE,
  BODY_TUNNEL,
  HttpMessage,
} from '../../../src/core/http1/message.js';
import { parseRequest } from '../../../src/core/http1/parse.js';
import { bytesOf, outcome, request, response, written } from './support.js';

const GET = 'GET / HTTP/1.1\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';

// text, as it leaves
for (const [text, leaves] of [
  [
    'GET /a?b HTTP/1.1\r\nHost: a\r\nFoO:  bar \t \r\nX-Y:z\r\n\r\n',
    'GET /a?b HTTP/1.1\r\nhost: a\r\nfoo: bar\r\nx-y: z\r\n\r\n',
  ],
  ['\r\n\r\nGET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'],
  ['get / HTTP/1.0\r\n\r\n', 'get / HTTP/1.0\r\n\r\n'],
  ['GET / HTTP/1.2\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'],
  ['GET /"<>^`{|}\\ HTTP/1.1\r\n\r\n', 'GET /"<>^`{|}\\ HTTP/1.1\r\n\r\n'],
  ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['GET http://A/x HTTP/1.1\r\nHost: a\r\n\r\n', 'GET http://A/x HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['GET http://a:80/x HTTP/1.1\r\nHost: a\r\n\r\n', 'GET http://a/x HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['GET http://a:/x HTTP/1.1\r\nHost: a:80\r\n\r\n', 'GET http://a/x HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['GET https://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n', 'GET https://a/ HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['GET http://b/x HTTP/1.1\r\n\r\n', 'GET http://b/x HTTP/1.1\r\n\r\n'],
  ['GET /x HTTP/1.1\r\nHost: a:80\r\n\r\n', 'GET /x HTTP/1.1\r\nhost: a:80\r\n\r\n'],
  ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 'CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['CONNECT [::1]:90 HTTP/1.1\r\nHost: [::1]:90\r\n\r\n', 'CONNECT [::1]:90 HTTP/1.1\r\nhost: [::1]:90\r\n\r\n'],
  [`${GET}A:\r\nB: \r\n\r\n`, `${GET}a: \r\nb: \r\n\r\n`],
  [`${GET}A: \x80\xff\r\n\r\n`, `${GET}a: \x80\xff\r\n\r\n`],
  [`${GET}Connection: close\r\nA: b\r\n\r\n`, `${GET}a: b\r\n\r\n`],
  [`${GET}Connection: foo , Keep-Alive\r\n\r\n`, `${GET}connection: foo\r\n\r\n`],
  [
    `${GET}Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\n`,
    `${GET}connection: upgrade\r\ncontent-length: 3\r\n\r\n`,
  ],
  [`${GET}TE: trailers, gzip\r\nA: b\r\n\r\n`, `${GET}te: trailers\r\na: b\r\n\r\n`],
  [`${GET}TE: gzip\r\nA: b\r\n\r\n`, `${GET}a: b\r\n\r\n`],
  [`${GET}Connection: close,, foo\r\n\r\n`, `${GET}connection: foo\r\n\r\n`],
  [`${GET}Transfer-Encoding: Chunked\r\n\r\n`, `${GET}transfer-encoding: Chunked\r\n\r\n`],
] as const)
  test(`${JSON.stringify(text)} is forwarded`, () => assert.equal(outcome(request(text)), leaves));

// text, error and its position
for (const [text, error] of [
  ['\nGET / HTTP/1.1\r\n\r\n', 'BARE_LF@0'],
  ['\rGET', 'BARE_CR@0'],
  ['G@T / HTTP/1.1\r\n\r\n', 'BAD_METHOD@1'],
  [' GET / HTTP/1.1\r\n\r\n', 'BAD_METHOD@0'],
  ['GET\t/ HTTP/1.1\r\n\r\n', 'BAD_METHOD@3'],
  ['\x16\x03\x01\x02\x00\x01', 'BAD_METHOD@0'],
  ['GET  / HTTP/1.1\r\n\r\n', 'BAD_START_LINE@4'],
  ['GET /  HTTP/1.1\r\n\r\n', 'BAD_START_LINE@6'],
  ['GET / HTTP/1.1 \r\n\r\n', 'BAD_VERSION@14'],
  ['GET / HTTP/1.1\n\n', 'BARE_LF@14'],
  ['GET / HTTP/1.1\rX', 'BARE_CR@14'],
  ['GET /\r\n\r\n', 'BAD_VERSION@5'],
  ['GET / HTTP/2.0\r\n\r\n', 'BAD_VERSION@11'],
  ['GET / http/1.1\r\n\r\n', 'BAD_VERSION@6'],
  ['GET / HTTP/1.10\r\n\r\n', 'BAD_VERSION@14'],
  ['GET /a\x01 HTTP/1.1\r\n\r\n', 'BAD_TARGET@6'],
  ['GET /a#b HTTP/1.1\r\n\r\n', 'BAD_TARGET@6'],
  ['GET /\x80 HTTP/1.1\r\n\r\n', 'BAD_TARGET@5'],
  ['GET foo HTTP/1.1\r\n\r\n', 'BAD_TARGET@4'],
  ['GET * HTTP/1.1\r\n\r\n', 'BAD_TARGET@4'],
  ['GET http:///x HTTP/1.1\r\n\r\n', 'BAD_TARGET@11'],
  ['GET http://u@a/ HTTP/1.1\r\n\r\n', 'BAD_TARGET@12'],
  ['CONNECT a HTTP/1.1\r\n\r\n', 'BAD_TARGET@8'],
  ['CONNECT a: HTTP/1.1\r\n\r\n', 'BAD_TARGET@8'],
  ['CONNECT /:1 HTTP/1.1\r\n\r\n', 'BAD_TARGET@8'],
  ['GET http://a?x HTTP/1.1\r\n\r\n', 'BAD_TARGET@12'],
  ['GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\n', 'BODY_IN_1_0@0'],
  ['CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\n', 'CONNECT_WITH_BODY@0'],
  [`${GET}Host: a\r\nHost: a\r\n\r\n`, 'REPEATED_HOST@25'],
  [`${GET}Host: a b\r\n\r\n`, 'BAD_HOST@23'],
  [`${GET}Host: a/b\r\n\r\n`, 'BAD_HOST@23'],
  ['GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n', 'HOST_MISMATCH@30'],
  ['GET http://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n', 'HOST_MISMATCH@34'],
  [`${GET}A : b\r\n\r\n`, 'BAD_NAME@17'],
  [`${GET}A\t: b\r\n\r\n`, 'BAD_NAME@17'],
  [`${GET}A\r\n\r\n`, 'BAD_NAME@17'],
  [`${GET}: b\r\n\r\n`, 'BAD_NAME@16'],
  [`${GET}A(: b\r\n\r\n`, 'BAD_NAME@17'],
  [`${GET}A\0b: c\r\n\r\n`, 'BAD_NAME@17'],
  [`${GET} A: b\r\n\r\n`, 'FOLDED@16'],
  [`${GET}A: b\r\n\tc\r\n\r\n`, 'FOLDED@22'],
  [`${GET}A: \0\r\n\r\n`, 'BAD_VALUE@19'],
  [`${GET}A: \x7f\r\n\r\n`, 'BAD_VALUE@19'],
  [`${GET}A: a\rb\r\n\r\n`, 'BARE_CR@20'],
  [`${GET}A: a\nb\r\n\r\n`, 'BARE_LF@20'],
  [`${GET}A: a\r\n\n`, 'BARE_LF@22'],
  [`${GET}A: a\r\n\rb`, 'BARE_CR@22'],
  [`${GET}${'a: b\r\n'.repeat(101)}\r\n`, 'TOO_MANY_HEADERS@616'],
  [`${GET}Content-Length: +1\r\n\r\n`, 'BAD_LENGTH@32'],
  [`${GET}Content-Length: -1\r\n\r\n`, 'BAD_LENGTH@32'],
  [`${GET}Content-Length: 0x1\r\n\r\n`, 'BAD_LENGTH@33'],
  [`${GET}Content-Length: \r\n\r\n`, 'BAD_LENGTH@32'],
  [`${GET}Content-Length: 1 1\r\n\r\n`, 'BAD_LENGTH@33'],
  [`${GET}Content-Length: 1, 1\r\n\r\n`, 'BAD_LENGTH@33'],
  [`${GET}Content-Length: 9007199254740993\r\n\r\n`, 'BAD_LENGTH@47'],
  [`${GET}Content-Length: 99999999999999999999\r\n\r\n`, 'BAD_LENGTH@47'],
  [`${GET}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 'REPEATED_LENGTH@35'],
  [`${GET}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 'BOTH_LENGTHS@35'],
  [`${GET}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n`, 'BOTH_LENGTHS@44'],
  [`${GET}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'UNKNOWN_CODING@35'],
  [`${GET}Transfer-Encoding: ,chunked\r\n\r\n`, 'UNKNOWN_CODING@35'],
  [`${GET}Transfer-Encoding: gzip\r\n\r\n`, 'BAD_CODING@35'],
  [`${GET}Transfer-Encoding: chunked, gzip\r\n\r\n`, 'BAD_CODING@35'],
  [`${GET}Transfer-Encoding: chunked, chunked\r\n\r\n`, 'BAD_CODING@35'],
  [`${GET}Transfer-Encoding: xchunked\r\n\r\n`, 'BAD_CODING@35'],
  [`${GET}Transfer-Encoding: identity\r\n\r\n`, 'BAD_CODING@35'],
  [`${GET}Transfer-Encoding: chunked;q=1\r\n\r\n`, 'BAD_CODING@35'],
  [`${GET}Transfer-Encoding:\x0bchunked\r\n\r\n`, 'BAD_VALUE@34'],
  [`${GET}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 'BAD_CODING@44'],
  ['POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'CODING_IN_1_0@17'],
  [`${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 'BAD_UPGRADE@37'],
] as const)
  test(`${JSON.stringify(text).slice(0, 90)} is ${error}`, () => assert.equal(outcome(request(text)), error));

// response, method of the request, as it leaves or the error
for (const [text, method, expected] of [
  [`${OK}FoO:  b \r\n\r\n`, 'GET', `${OK}foo: b\r\n\r\n`],
  ['HTTP/1.1 200\r\n\r\n', 'GET', 'HTTP/1.1 200 \r\n\r\n'],
  ['HTTP/1.0 999 \x80 x\r\n\r\n', 'GET', 'HTTP/1.0 999 \x80 x\r\n\r\n'],
  ['HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n', 'GET', 'HTTP/1.1 204 No\r\n\r\n'],
  ['HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n', 'GET', 'HTTP/1.1 304 Same\r\ncontent-length: 2\r\n\r\n'],
  ['HTTP/1.1  200 OK\r\n\r\n', 'GET', 'BAD_STATUS@9'],
  ['HTTP/1.1 20 OK\r\n\r\n', 'GET', 'BAD_STATUS@9'],
  ['HTTP/1.1 2000 OK\r\n\r\n', 'GET', 'BAD_STATUS@12'],
  ['HTTP/1.1 099 OK\r\n\r\n', 'GET', 'BAD_STATUS@9'],
  ['HTTP/2.0 200 OK\r\n\r\n', 'GET', 'BAD_VERSION@5'],
  ['garbage', 'GET', 'BAD_VERSION@0'],
  ['HTTP/1.1 200 O\x01K\r\n\r\n', 'GET', 'BAD_START_LINE@14'],
  ['HTTP/1.1 200 OK\n\n', 'GET', 'BARE_LF@15'],
  ['HTTP/1.1 200\n\n', 'GET', 'BARE_LF@12'],
  ['HTTP/1.1 101 Sw\r\n\r\n', 'GET', 'UNASKED_UPGRADE@0'],
  [`${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\n`, 'GET', 'REPEATED_LENGTH@36'],
  ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET', 'CODING_IN_1_0@17'],
] as const)
  test(`${JSON.stringify(text)} to ${method}`, () => assert.equal(outcome(response(text, method)), expected));

// message, method of the request ('' = it is a request), how its body ends, whether the connection lives on
for (const [text, method, body, keeps] of [
  [`${GET}\r\n`, '', BODY_NONE, true],
  ['GET / HTTP/1.0\r\n\r\n', '', BODY_NONE, false],
  ['GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', '', BODY_NONE, true],
  [`${GET}Connection: a, close\r\n\r\n`, '', BODY_NONE, false],
  [`${GET}Connection: close, keep-alive\r\n\r\n`, '', BODY_NONE, false],
  [`${GET}Connection: keep-alive\r\nConnection: close\r\n\r\n`, '', BODY_NONE, false],
  [`${GET}Content-Length: 5\r\n\r\n`, '', BODY_LENGTH, true],
  [`${GET}Content-Length: 0\r\n\r\n`, '', BODY_LENGTH, true],
  [`${GET}Transfer-Encoding: chunked\r\n\r\n`, '', BODY_CHUNKED, true],
  [`${OK}\r\n`, 'GET', BODY_CLOSE, false],
  [`${OK}Content-Length: 2\r\n\r\n`, 'GET', BODY_LENGTH, true],
  [`${OK}Content-Length: 2\r\n\r\n`, 'HEAD', BODY_NONE, true],
  [`${OK}\r\n`, 'HEAD', BODY_NONE, true],
  [`${OK}Transfer-Encoding: chunked\r\n\r\n`, 'POST', BODY_CHUNKED, true],
  [`${OK}Content-Length: 2\r\n\r\n`, 'CONNECT', BODY_TUNNEL, false],
  ['HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n', 'CONNECT', BODY_LENGTH, true],
  ['HTTP/1.1 100 Go\r\n\r\n', 'POST', BODY_NONE, true],
  ['HTTP/1.1 204 No\r\n\r\n', 'GET', BODY_NONE, true],
  ['HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n', 'GET', BODY_NONE, true],
  ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n', 'GET', BODY_LENGTH, false],
] as const)
  test(`framing of ${JSON.stringify(text)} ${method}`, () => {
    const { message, length } = method === '' ? request(text) : response(text, method);
    assert.deepEqual([length, message.body, message.keepsAlive], [text.length, body, keeps]);
  });

test('101 after a request to upgrade begins a tunnel; one to websocket must answer the key', () => {
  const head = 'HTTP/1.1 101 Sw\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  const good = response(`${head}Sec-WebSocket-Accept: x\r\n\r\n`, 'GET', true);
  assert.equal(good.message.body, BODY_TUNNEL);
  assert.equal(outcome(response(`${head}\r\n`, 'GET', true)), 'BAD_UPGRADE@38');
});

test('what a request asks of its connection', () => {
  const upgrade = `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;
  assert.equal(request(upgrade).message.wantsUpgrade, true);
  assert.equal(request(`${GET}Connection: Upgrade\r\n\r\n`).message.wantsUpgrade, false);
  assert.equal(request(`${GET}Upgrade: x\r\n\r\n`).message.wantsUpgrade, false);
  assert.equal(request(`${GET}Expect: 100-Continue\r\n\r\n`).message.expectsContinue, true);
  assert.equal(request('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n').message.expectsContinue, false);
});

test('accept-invalid-http-request lets odd names, values and targets through, and no control over lines', () => {
  const odd = 'GET /\x80#"a HTTP/1.1\r\nA(b): \x01\r\n\r\n';
  assert.equal(outcome(request(odd, true)), 'GET /\x80#"a HTTP/1.1\r\na(b): \x01\r\n\r\n');
  const { oddity, oddAt } = request(odd, true).message;
  assert.deepEqual([errorCode(oddity), oddAt], ['BAD_TARGET', 5]);
  assert.equal(request(`${GET}\r\n`, true).message.oddity, 0);
  assert.equal(outcome(request(`${GET}A : b\r\n\r\n`, true)), 'BAD_NAME@17');
  assert.equal(outcome(request(`${GET}A: \0\r\n\r\n`, true)), 'BAD_VALUE@19');
  assert.equal(outcome(request(`${GET}A: b\r\n c\r\n\r\n`, true)), 'FOLDED@22');
});

test('a message is reused for the next one after reset', () => {
  const { message } = request(`POST /x HTTP/1.0\r\nConnection: foo, close\r\nContent-Length: 7\r\n\r\n`);
  message.reset();
  const bytes = bytesOf(`${GET}A: b\r\n\r\n`);
  assert.equal(parseRequest(message, bytes, 0, bytes.length), bytes.length);
  assert.equal(written(message), `${GET}a: b\r\n\r\n`);
  assert.deepEqual([message.body, message.keepsAlive, message.contentLength], [BODY_NONE, true, 0]);
});

test('heads stand where they stand in a larger buffer', () => {
  const bytes = bytesOf(`rest${GET}A: b\r\n\r\nbody`);
  const message = new HttpMessage();
  assert.equal(parseRequest(message, bytes, 4, bytes.length), bytes.length - 8);
  assert.deepEqual([message.headFrom, message.headEnd], [4, bytes.length - 4]);
});

test('every error has a name, a text and a status', () => {
  const codes = new Set<string>();
  for (let error = -1; error >= -30; error--) {
    codes.add(errorCode(error));
    assert.ok(errorText(error).length > 5);
    assert.equal(errorStatus(error), error === UNKNOWN_CODING ? 422 : error === BODY_IN_1_0 ? 413 : 400);
  }
  assert.equal(codes.size, 30);
  assert.equal(NEED_MORE, 0);
});
