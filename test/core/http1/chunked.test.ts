/** Chunked bodies (RFC 9112 §7.1): where they end, and the byte at which a broken one breaks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkScanner } from '../../../src/core/http1/chunked.js';
import { errorCode } from '../../../src/core/http1/errors.js';
import { bytesOf } from './support.js';

// body with what follows it, where it ends or the error and its position
for (const [body, expected] of [
  ['5\r\nhello\r\n0\r\n\r\nGET', 15],
  ['0\r\n\r\n', 5],
  ['000A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', 38],
  ['5;a=b;c="d\\"e;";f\r\nhello\r\n0;x\r\n\r\n', 33],
  ['5\r\nhello\r\n0\r\nFoO: bar\r\nB:\r\n\r\n', 29],
  ['', 'more@0'],
  ['5\r\nhel', 'more@6'],
  ['5\r\nhello\r\n0\r\nA: b\r\n', 'more@19'],
  [' 5\r\n', 'BAD_CHUNK_SIZE@0'],
  ['5 \r\n', 'BAD_CHUNK_SIZE@1'],
  ['0x5\r\n', 'BAD_CHUNK_SIZE@1'],
  ['-5\r\n', 'BAD_CHUNK_SIZE@0'],
  ['\r\n', 'BAD_CHUNK_SIZE@0'],
  ['g\r\n', 'BAD_CHUNK_SIZE@0'],
  ['5\nhello', 'BARE_LF@1'],
  ['5\rhello', 'BARE_CR@2'],
  ['5\r\nhello\n0', 'BAD_CHUNK_END@8'],
  ['5\r\nhello0', 'BAD_CHUNK_END@8'],
  ['5\r\nhello\r0', 'BAD_CHUNK_END@9'],
  ['10000000000001\r\n', 'BAD_CHUNK_SIZE@13'],
  ['ffffffffffffffff\r\n', 'BAD_CHUNK_SIZE@13'],
  ['00000000000000005\r\n', 'BAD_CHUNK_SIZE@16'],
  ['5;a\nb\r\nhello', 'BARE_LF@3'],
  ['5;a\rb\r\nhello', 'BARE_CR@4'],
  ['5;\x01\r\nhello', 'BAD_CHUNK_EXTENSION@2'],
  ['5;a="\r\n', 'BAD_CHUNK_EXTENSION@5'],
  [`5;${'a'.repeat(2000)}`, 'BAD_CHUNK_EXTENSION@1026'],
  ['0\n\n', 'BARE_LF@1'],
  ['0\r\n\n', 'BARE_LF@3'],
  ['0\r\n\rX', 'BARE_CR@4'],
  ['0\r\nbad trailer\r\n\r\n', 'BAD_TRAILER@6'],
  ['0\r\nA : b\r\n\r\n', 'BAD_TRAILER@4'],
  ['0\r\n: b\r\n\r\n', 'BAD_TRAILER@3'],
  ['0\r\nA: b\r\n c\r\n\r\n', 'BAD_TRAILER@9'],
  ['0\r\nA: \0\r\n\r\n', 'BAD_TRAILER@6'],
  ['0\r\nContent-Length: 5\r\n\r\n', 'BAD_TRAILER@17'],
  ['0\r\nTRANSFER-encoding: x\r\n\r\n', 'BAD_TRAILER@20'],
  ['0\r\nHost: x\r\n\r\n', 'BAD_TRAILER@7'],
  [`0\r\n${'A: b\r\n'.repeat(3000)}`, 'TRAILERS_TOO_LARGE@16387'],
] as const)
  test(`${JSON.stringify(body).slice(0, 60)}: ${expected}`, () => {
    for (const step of [body.length || 1, 1, 3]) assert.equal(scan(body, step), expected);
  });

/** Scans in pieces of `step` bytes. */
function scan(body: string, step: number): number | string {
  const scanner = new ChunkScanner();
  const bytes = bytesOf(body);
  let at = 0;
  while (at < bytes.length && !scanner.isDone) {
    const end = scanner.scan(bytes, at, Math.min(at + step, bytes.length));
    if (end < 0) return `${errorCode(end)}@${scanner.errorAt}`;
    at = end;
  }
  return scanner.isDone ? at : `more@${at}`;
}

test('data may pass without being looked at', () => {
  const scanner = new ChunkScanner();
  const head = bytesOf('100000\r\nab');
  assert.equal(scanner.scan(head, 0, head.length), head.length);
  assert.equal(scanner.dataLeft, 0x100000 - 2);
  scanner.skip(1000);
  scanner.skip(scanner.dataLeft);
  const rest = bytesOf('\r\n0\r\n\r\nnext');
  assert.equal(scanner.scan(rest, 0, rest.length), 7);
  assert.deepEqual([scanner.isDone, scanner.dataBytes], [true, 0x100000]);
  scanner.reset();
  assert.deepEqual([scanner.isDone, scanner.dataBytes, scanner.dataLeft], [false, 0, 0]);
});

test('names of trailers are put into lower case where they stand', () => {
  const bytes = bytesOf('0\r\nFoO-Bar: BaZ\r\n\r\n');
  new ChunkScanner().scan(bytes, 0, bytes.length);
  assert.equal(Buffer.from(bytes).toString('latin1'), '0\r\nfoo-bar: BaZ\r\n\r\n');
});
