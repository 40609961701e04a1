/** `show errors` without a proxy: whose errors are shown, and how bytes are (management manual, "show errors"). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dump } from '../../src/control/commands/show-errors.js';

// bytes, lines: as the real HAProxy 2.6 showed them
for (const [bytes, lines] of [
  ['GET / HTTP/1.1\r\n\r\n', ['  00000  GET / HTTP/1.1\\r\\n', '  00016  \\r\\n']],
  ['X: \\a\t\x1b\x01\xe9\r\nbody', ['  00000  X: \\\\a\\t\\e\\x01\\xE9\\r\\n', '  00011  body']],
  [
    `GET /${'y'.repeat(150)} HTTP/1.1\r\n`,
    [`  00000  GET /${'y'.repeat(65)}`, `  00070+ ${'y'.repeat(70)}`, `  00140+ ${'y'.repeat(15)} HTTP/1.1\\r\\n`],
  ],
  ['', []],
] as const)
  test(`dump of ${JSON.stringify(bytes).slice(0, 40)}`, () => {
    assert.deepEqual(dump(new Uint8Array(Buffer.from(bytes, 'latin1'))), lines);
  });
