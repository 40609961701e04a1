/**
 * Messages for the differential test: all that the parser's tables name, then some thousand that are put together from
 * pieces, most of them valid, the others with one thing wrong. The same seed gives the same messages.
 */
import type { Exchange } from './wire.js';

const HOST = 'Host: a\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}`;
const POST = `POST / HTTP/1.1\r\n${HOST}`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

const REQUEST_LINES = [
  'GET / HTTP/1.1', 'GET /a?b=c&d HTTP/1.1', 'HEAD / HTTP/1.1', 'get / HTTP/1.1', 'X-Y_Z / HTTP/1.1', 'DELETE /x HTTP/1.1',
  'GET / HTTP/1.0', 'GET / HTTP/1.2', 'GET / HTTP/1.9', 'OPTIONS * HTTP/1.1', 'TRACE / HTTP/1.1', 'GET //x HTTP/1.1',
  'GET http://a/x HTTP/1.1', 'GET http://A/x HTTP/1.1', 'GET http://a:80/x HTTP/1.1', 'GET http://a:/x HTTP/1.1',
  'GET https://a:443/x HTTP/1.1', 'GET http://a HTTP/1.1', 'GET ftp://a/x HTTP/1.1', 'GET /"<>^`{|}\\~ HTTP/1.1',
  'GET /%00%zz HTTP/1.1', 'GET http://b/x HTTP/1.1', 'GET http://a:443/x HTTP/1.1', 'GET http://a:81/x HTTP/1.1',
  'GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET / HTTP/1.1 ', ' GET / HTTP/1.1', 'GET\t/ HTTP/1.1', 'GET / HTTP/2.0',
  'GET / HTTP/3.0', 'GET / HTTP/11', 'GET / http/1.1', 'GET / HTTP/1.', 'GET / HTTP/1.1x', 'GET / HTTP/1.10', 'GET /',
  'GET', 'G@T / HTTP/1.1', 'GE\x80 / HTTP/1.1', 'GET foo HTTP/1.1', 'GET * HTTP/1.1', 'GET /a#b HTTP/1.1',
  'GET /\x80 HTTP/1.1', 'GET /a\x01 HTTP/1.1', 'GET /a\x00 HTTP/1.1', 'GET /a\x7f HTTP/1.1', 'GET http:///x HTTP/1.1',
  'GET http://u@a/x HTTP/1.1', 'GET http://a?x HTTP/1.1', 'OPTIONS a:1 HTTP/1.1', 'CONNECT a HTTP/1.1',
  'CONNECT / HTTP/1.1', 'CONNECT a: HTTP/1.1', '',
]; // biome-ignore format: a list of words

const FIELDS = [
  'FoO:  bar \t ', 'X-Y:z', 'A:', 'A: ', "!#$%&'*+-.^_`|~: odd", 'A: \x80\xff', 'A: "q', 'Cookie: a=b\r\nCookie: c=d',
  'Connection: close', 'Connection: Close', 'Connection: keep-alive', 'Connection: foo, keep-alive', 'Connection: foo,close',
  'Connection: close, foo', 'Connection: close\r\nConnection: keep-alive', 'Connection: x-a\r\nX-A: b', 'Connection: upgrade',
  'Upgrade: foo', 'Connection: TE\r\nTE: trailers', 'TE: trailers', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive',
  'Expect: foo', 'Content-Length: 0', 'Content-Length: 00', 'Content-Length: 000000000000000000000000000',
  'A : b', 'A\t: b', ' A: b', 'A: b\r\n c', 'A: b\r\n\tc', 'A', ': b', 'A: \x00', 'A: \x01', 'A: \x7f', 'A: a\rb', 'A: a\nb',
  'A\nB: c', '\xc4: b', 'A(: b', 'A"b: c', 'A\x00b: c', 'A@b: c', 'Host: a', 'Host: b', 'Host: a:80', 'Content-Length: +0',
  'Content-Length: -1', 'Content-Length: 0x0', 'Content-Length: ', 'Content-Length: 0 0', 'Content-Length: 0, 0',
  'Content-Length: 99999999999999999999', 'Content-Length: 0\r\nContent-Length: 0', 'Content-Length: 0\r\nContent-Length: 1',
  'Content-Length: "0"', 'Content_Length: 5', 'Transfer-Encoding: gzip', 'Transfer-Encoding: identity', 'Transfer-Encoding: ',
  'Connection: upgrade\r\nUpgrade: websocket', 'Content-Length : 5', 'Content-Length\x00: 5', 'Content-Length: 5\x0b',
]; // biome-ignore format: a list of words

const CODINGS = [
  'chunked', 'Chunked', 'gzip, chunked', 'gzip', 'chunked, gzip', 'chunked, chunked', 'foo, chunked', '"chunked"',
  'xchunked', '\x0bchunked', ',chunked', 'chunked,', 'chunked;q=1', 'chunked\r\nTransfer-Encoding: chunked',
  'chunked\r\nTransfer-Encoding: identity', 'chunked\r\nContent-Length: 5', 'identity, chunked', 'chun\tked', 'chunked\x00',
]; // biome-ignore format: a list of words

const CHUNKS = [
  '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n', 'A\r\n0123456789\r\n0\r\n\r\n', '0a\r\n0123456789\r\n0\r\n\r\n',
  '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', '0000000000000005\r\nhello\r\n0\r\n\r\n', '5;a=b\r\nhello\r\n0\r\n\r\n',
  '5;a="b\\"c";d\r\nhello\r\n0\r\n\r\n', '5;\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\nFoO: bar\r\n\r\n',
  '5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n', '5\r\nhello\r\n0;x\r\n\r\n', '000\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n', '5\t\r\nhello\r\n0\r\n\r\n', ' 5\r\nhello\r\n0\r\n\r\n', '0x5\r\nhello\r\n0\r\n\r\n',
  '5\nhello\r\n0\r\n\r\n', '5\r\nhello\n0\r\n\r\n', '5\r\nhello0\r\n\r\n', '5;a\nb\r\nhello\r\n0\r\n\r\n',
  '5;\x01\r\nhello\r\n0\r\n\r\n', '5;a\rb\r\nhello\r\n0\r\n\r\n', '00000000000000000005\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffff\r\nhello', '10000000000000000\r\nhello', '-5\r\nhello', '+5\r\nhello', 'g\r\n', '\r\n', '5\r\nhello\r\n0\r\nbad trailer\r\n\r\n',
  '5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n', '5\r\nhello\r\n0\r\nTransfer-Encoding: x\r\n\r\n',
  '5\r\nhello\r\n0\r\nHost: x\r\n\r\n', '5\r\nhello\r\n0\r\nA : b\r\n\r\n', '5\r\nhello\r\n0\n\n',
  '5\r\nhello\r\n0\r\nA: b\n\r\n', '5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n', '5\r\nhello\r\n0\r\nA: \x00\r\n\r\n', '5\r\nhello\r\nfoo',
]; // biome-ignore format: a list of words

const STATUS_LINES = [
  'HTTP/1.1 200 OK', 'HTTP/1.1 200 ', 'HTTP/1.1 200', 'HTTP/1.1 404 Not here at all', 'HTTP/1.1 500 x', 'HTTP/1.1 600 x',
  'HTTP/1.1 999 x', 'HTTP/1.0 200 OK', 'HTTP/1.1 200 O\x80K', 'HTTP/1.1 302 Found', 'HTTP/1.1 204 No', 'HTTP/1.1 304 Same',
  'HTTP/1.1 401 Who', 'HTTP/1.1 407 Who', 'HTTP/1.1 503 x', 'HTTP/1.9 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK', 'HTTP/1.1 099 OK', 'HTTP/2.0 200 OK', 'http/1.1 200 OK', 'HTTP/1.1\t200 OK', 'HTTP/1.1 200 O\x01K',
  'HTTP/1.1 -20 OK', 'HTTP/1.1 20x OK', 'HTTP/1.1 101 Sw', 'HTTP 200 OK', 'garbage', '220 smtp ESMTP', '',
]; // biome-ignore format: a list of words

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each thing that can be odd, once, in an otherwise plain message. */
export function plainRequests(): Exchange[] {
  const texts = [
    ...REQUEST_LINES.map((line) => `${line}\r\n${HOST}\r\n`),
    ...FIELDS.map((field) => `${GET}${field}\r\n\r\n`),
    ...FIELDS.map((field) => `${POST}Content-Length: 3\r\n${field}\r\n\r\nabc`),
    ...FIELDS.map((field) => `GET / HTTP/1.0\r\n${field}\r\n\r\n`),
    ...CODINGS.map((coding) => `${POST}Transfer-Encoding: ${coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    ...CHUNKS.map((chunks) => `${CHUNKED}${chunks}`),
    'GET / HTTP/1.1\r\n\r\n', '\r\n\r\nGET / HTTP/1.1\r\n\r\n', '\nGET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\nHost: a\n\n', `${GET}\n`,
    'GET / HTTP/1.1\r\nHost: \r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a_b.c:x\r\n\r\n', 'GET http://b/ HTTP/1.1\r\n\r\n',
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc',
    `${GET}Content-Length: 3\r\n\r\nabc`, `${GET}${'a: b\r\n'.repeat(99)}\r\n`, `${GET}${'a: b\r\n'.repeat(100)}\r\n`,
    `${GET}X: ${'x'.repeat(15_000)}\r\n\r\n`, `${GET}X: ${'x'.repeat(15_400)}\r\n\r\n`, `${GET}X: ${'x'.repeat(17_000)}\r\n\r\n`, `GET /${'x'.repeat(17_000)} HTTP/1.1\r\n\r\n`,
    `${GET}\r\n${GET}\r\n${POST}Content-Length: 2\r\n\r\nhi`, `${GET}\r\nG@T / HTTP/1.1\r\n\r\n`, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
    `${POST}Content-Length: 3\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nabc`,
    `${POST}Content-Length: 70000\r\n\r\n${'z'.repeat(70_000)}`, `${CHUNKED}${`3e8\r\n${'z'.repeat(1000)}\r\n`.repeat(50)}0\r\n\r\n`,
  ]; // biome-ignore format: a list of words
  return texts.map((request) => ({ request }));
}

export function plainAnswers(): Exchange[] {
  const bodies = ['Content-Length: 2\r\n\r\nok', '\r\nok', 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'];
  const texts = [
    ...STATUS_LINES.flatMap((line) => bodies.map((body) => `${line}\r\n${body}`)),
    ...FIELDS.filter((field) => !/^content.length/i.test(field)).map((field) => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${field}\r\n\r\nok`),
    ...FIELDS.filter((field) => !/^content.length/i.test(field)).map((field) => `HTTP/1.0 200 OK\r\nContent-Length: 2\r\n${field}\r\n\r\nok`),
    ...['+2', '-2', '0x2', '', '2 2', '2, 2', '2\r\nContent-Length: 2', '2\r\nContent-Length: 3', '99999999999999999999'].map(
      (length) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nok`,
    ),
    ...CODINGS.map((coding) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
    ...CHUNKS.map((chunks) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`),
    'HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok',
    'HTTP/1.1 100 Go\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokextra', 'HTTP/1.1 200', '',
    'HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n'.concat('z'.repeat(70_000)), `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok',
    `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(100)}\r\n`, `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(101)}\r\n`,
  ]; // biome-ignore format: a list of words
  return texts.map((text) => ({ request: `${GET}\r\n`, answer: { text, closes: true } }));
}

/** Valid for the most part: each piece is taken from the front of its list, where the valid ones are. */
export function mixedRequests(count: number, seed: number): Exchange[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => ({ request: damaged(mixedRequest(random), random) }));
}

function mixedRequest(random: () => number): string {
  const line = pick(REQUEST_LINES, random, 18);
  const fields = Array.from({ length: Math.floor(random() * 5) }, () => `${pick(FIELDS, random, 26)}\r\n`);
  const [header, body] = mixedBody(random);
  if (header !== '') fields.splice(Math.floor(random() * (fields.length + 1)), 0, header);
  return `${line}\r\n${HOST}${fields.join('')}\r\n${body}`;
}

function mixedBody(random: () => number): [string, string] {
  const kind = random();
  if (kind < 0.4) return ['', ''];
  if (kind < 0.7) return ['Content-Length: 5\r\n', 'hello'];
  return [`Transfer-Encoding: ${pick(CODINGS, random, 2)}\r\n`, pick(CHUNKS, random, 13)];
}

export function mixedAnswers(count: number, seed: number): Exchange[] {
  const random = randomFrom(seed);
  const methods = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS'];
  return Array.from({ length: count }, () => {
    const [header, body] = mixedBody(random);
    const fields = Array.from({ length: Math.floor(random() * 4) }, () => `${pick(FIELDS, random, 26)}\r\n`);
    const text = `${pick(STATUS_LINES, random, 15)}\r\n${header}${fields.join('')}\r\n${body}`;
    const method = methods[Math.floor(random() * methods.length)];
    const minor = random() < 0.2 ? 0 : 1;
    const request = `${method} / HTTP/1.${minor}\r\n${HOST}\r\n`;
    return { request, answer: { text: damaged(text, random), closes: true } };
  });
}

/** Nine times of ten one of the first `valid` ones. */
function pick(list: readonly string[], random: () => number, valid: number): string {
  const among = random() < 0.9 ? valid : list.length;
  return list[Math.floor(random() * among)];
}

/** Now and then one byte is another one, is missing, or is there twice. */
function damaged(text: string, random: () => number): string {
  if (random() > 0.15 || text === '') return text;
  const at = Math.floor(random() * text.length);
  const way = random();
  if (way < 0.3) return text.slice(0, at) + text.slice(at + 1);
  if (way < 0.6) return text.slice(0, at) + text[at] + text.slice(at);
  return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
}

/** The same, in up to five pieces. */
export function inPieces(exchanges: Exchange[], seed: number): Exchange[] {
  const random = randomFrom(seed);
  return exchanges.map((exchange) => {
    const length = Math.max(exchange.request.length, exchange.answer?.text.length ?? 0);
    const cuts = Array.from({ length: 4 }, () => Math.floor(random() * length)).sort((a, b) => a - b);
    return { ...exchange, cuts };
  });
}
