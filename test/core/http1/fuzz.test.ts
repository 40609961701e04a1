/**
 * Properties that hold for every byte sequence: the parser answers within the bytes it was given, says the same however
 * they arrive, and what it accepts leaves in a form that means the same to a second reader.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkScanner } from '../../../src/core/http1/chunked.js';
import { errorCode } from '../../../src/core/http1/errors.js';
import { headerName, headerValue } from '../../../src/core/http1/headers.js';
import { HttpMessage } from '../../../src/core/http1/message.js';
import { parseRequest, parseResponse } from '../../../src/core/http1/parse.js';
import { bytesOf, written } from './support.js';

const RUNS = 3000;

/** Pieces of which interesting messages are made, among them all that breaks lines and lengths. */
const PIECES = [
  'GET', 'POST', 'CONNECT', 'HEAD', ' ', '  ', '\t', '/', '/a?b', '*', 'http://a', 'a:80', '#', ' HTTP/1.1', ' HTTP/1.0',
  ' HTTP/2.0', 'HTTP/1.1 ', '200 OK', '101 Sw', '204 ', '99', '\r\n', '\r\n\r\n', '\r', '\n', '\0', '\x7f', '\x80', ':', ': ',
  'Host: a\r\n', 'Host: b:80\r\n', 'A: b\r\n', ' folded\r\n', 'X', 'Content-Length: 5\r\n', 'Content-Length: 0\r\n',
  'Content-Length: 5, 5\r\n', 'Content-Length: +5\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding : chunked\r\n', 'Connection: close\r\n', 'Connection: foo, keep-alive\r\n', 'Connection: Upgrade\r\n',
  'Upgrade: x\r\n', 'Upgrade: websocket\r\n', 'Expect: 100-continue\r\n', 'Cookie: a=b\r\n', '5\r\nhello\r\n', '0\r\n\r\n', ';a=b',
]; // biome-ignore format: a list of words

const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }).map((pieces) => pieces.join(''));
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^([!-~\x80-\xff]([ -~\t\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
const blanks = fc.stringMatching(/^[ \t]{0,3}$/);
const field = fc
  .tuple(token, blanks, value, blanks)
  .filter(([name]) => !/^(host|connection|content-length|transfer-encoding|upgrade)$/i.test(name));
const valid = fc.tuple(
  token.filter((method) => method !== 'CONNECT'),
  fc.stringMatching(/^\/[!"$-~]{0,20}$/),
  fc.constantFrom(0, 1),
  fc.array(field, { maxLength: 20 }),
);
/** A valid head with one byte changed, taken out or put in. */
const damaged = fc.tuple(valid, fc.nat(), fc.nat(255), fc.constantFrom(0, 1, 2)).map(([head, at, byte, way]) => {
  const text = headText(head);
  const i = at % text.length;
  return text.slice(0, i) + (way === 1 ? '' : String.fromCharCode(byte)) + text.slice(way === 2 ? i : i + 1);
});
const anything = fc.oneof(
  soup,
  noise,
  damaged,
  soup.map((text) => `GET / HTTP/1.1\r\n${text}`),
);

type Head = readonly [string, string, number, readonly (readonly [string, string, string, string])[]];

function headText([method, target, minor, fields]: Head): string {
  const lines = fields.map(([name, before, text, after]) => `${name}:${before}${text}${after}\r\n`);
  return `${method} ${target} HTTP/1.${minor}\r\n${lines.join('')}\r\n`;
}

/** Everything that a parse decided, after the bytes came in pieces that end at `cuts`. */
function parsed(text: string, cuts: number[], isResponse: boolean, method = 'GET') {
  const bytes = bytesOf(text);
  const message = new HttpMessage();
  let length = 0;
  for (const to of [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]) {
    if (length !== 0) break;
    length = isResponse ? parseResponse(message, bytes, 0, to, method, true) : parseRequest(message, bytes, 0, to);
  }
  const { body, contentLength, keepsAlive, wantsUpgrade, expectsContinue, status, errorAt } = message;
  const result = length < 0 ? `${errorCode(length)}@${errorAt}` : length;
  if (length <= 0) return { result, bytes, message };
  const state = { body, contentLength, keepsAlive, wantsUpgrade, expectsContinue, status };
  return { result, state, head: written(message), bytes, message };
}

const visible = ({ result, state, head }: ReturnType<typeof parsed>) => ({ result, state, head });

for (const isResponse of [false, true]) {
  const kind = isResponse ? 'responses' : 'requests';

  test(`${kind}: an answer lies within the bytes, and an error at one of them`, () => {
    fc.assert(
      fc.property(anything, (text) => {
        const { message, bytes, result } = parsed(text, [], isResponse);
        if (typeof result === 'number') assert.ok(result >= 0 && result <= bytes.length);
        else assert.ok(message.errorAt >= 0 && message.errorAt < bytes.length, `${message.errorAt}`);
      }),
      { numRuns: RUNS },
    );
  });

  test(`${kind}: the same however the bytes arrive`, () => {
    fc.assert(
      fc.property(anything, fc.array(fc.nat(200), { maxLength: 8 }), (text, cuts) => {
        assert.deepEqual(visible(parsed(text, cuts, isResponse)), visible(parsed(text, [], isResponse)));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${kind}: what leaves means the same to the next reader and leaves it unchanged`, () => {
    fc.assert(
      fc.property(anything, (text) => {
        const first = parsed(text, [], isResponse);
        if (first.head === undefined) return;
        const second = parsed(first.head, [], isResponse);
        assert.equal(second.head, first.head);
        assert.equal(second.message.body, first.message.body);
        assert.equal(second.message.contentLength, first.message.contentLength);
        assert.doesNotMatch(first.head, /[^\r]\n|\r[^\n]|\0|\r\n[ \t]/);
      }),
      { numRuns: RUNS },
    );
  });
}

test('every valid request is accepted and leaves as it should', () => {
  fc.assert(
    fc.property(valid, (head) => {
      const [method, target, minor, fields] = head;
      const found = parsed(headText(head), [], false);
      const lines = fields.map(([name, , text]) => `${name.toLowerCase()}: ${text}\r\n`);
      assert.equal(found.head, `${method} ${target} HTTP/1.${minor}\r\n${lines.join('')}\r\n`);
      fields.forEach(([name, , text], row) => {
        assert.equal(headerName(found.message, row), name.toLowerCase());
        assert.equal(headerValue(found.message, row), text);
      });
    }),
    { numRuns: RUNS },
  );
});

const chunk = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.constantFrom('', ';a', ';a=b', ';a="b;\\""'));

test('chunked bodies end where they end, however the bytes arrive and whether or not data is looked at', () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.array(fc.nat(300), { maxLength: 8 }),
      fc.boolean(),
      (chunks, cuts, skips) => {
        const data = chunks.map(([bytes, extension]) =>
          Buffer.concat([Buffer.from(`${bytes.length.toString(16)}${extension}\r\n`), bytes, Buffer.from('\r\n')]),
        );
        const body = Buffer.concat([...data, Buffer.from('0\r\nX: y\r\n\r\n')]);
        const bytes = new Uint8Array(Buffer.concat([body, Buffer.from('GET / ')]));
        const scanner = new ChunkScanner();
        let at = 0;
        for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
          if (skips && scanner.dataLeft > 0 && at < to) {
            const bulk = Math.min(scanner.dataLeft, Math.min(to, bytes.length) - at);
            scanner.skip(bulk);
            at += bulk;
          }
          if (at < to && !scanner.isDone) at = scanner.scan(bytes, at, Math.min(to, bytes.length));
        }
        assert.deepEqual([scanner.isDone, at], [true, body.length]);
        assert.equal(
          scanner.dataBytes,
          chunks.reduce((sum, [one]) => sum + one.length, 0),
        );
      },
    ),
    { numRuns: RUNS },
  );
});

test('chunked noise: an error at one of its bytes, or a wait', () => {
  const pieces = ['0', '5', 'a', 'f', ' ', ';', '=', '"', '\\', '\r\n', '\r', '\n', 'hello', 'A: b', '\0', ':', 'Host'];
  const text = fc.oneof(
    noise,
    fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, fc.nat(30), (body, cut) => {
      const run = (cuts: number[]) => {
        const bytes = bytesOf(body);
        const scanner = new ChunkScanner();
        let at = 0;
        for (const to of [...cuts, bytes.length]) {
          if (scanner.isDone || at < 0) break;
          if (to <= bytes.length) at = scanner.scan(bytes, at, Math.max(at, to));
        }
        if (at < 0) assert.ok(scanner.errorAt < bytes.length);
        return [at, at < 0 ? scanner.errorAt : 0, scanner.isDone, scanner.dataBytes];
      };
      assert.deepEqual(run([cut]), run([]));
    }),
    { numRuns: RUNS },
  );
});
