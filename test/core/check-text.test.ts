/** Texts and codes of checks: sample fetches, converters, log-format (manual §7.3, §8.2.4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CheckSample, compileExpression } from '../../src/core/check-text/expression.js';
import { compileCheckText, compileStatusCode, keptText } from '../../src/core/check-text/text.js';

const SAMPLE: CheckSample = {
  received: '554  two words\r\nmore\r\n',
  serverName: 'db1',
  serverId: 3,
  backendName: 'pg',
  backendId: 7,
  response: {
    status: 503,
    version: '1.1',
    headers: [
      ['x-role', 'a, b'],
      ['x-role', 'c,d'],
    ],
    body: 'hello',
  },
};

function textOf(format: string): string {
  const { text } = compileCheckText(format);
  return typeof text === 'string' ? text : text(SAMPLE);
}

for (const [format, expected] of [
  ['plain', 'plain'],
  ['100%% sure', '100% sure'],
  ['%[res.payload(0,3)]', '554'],
  ["%[res.payload(4,0),ltrim(' '),cut_crlf]", 'two words'],
  ['[%[res.payload(4,999)]]', '[]'],
  ['%[res.len] %[res.payload(5,3),upper,hex]', '22 54574F'],
  ['%[int(5),add(3),mul(2),sub(1),div(4),mod(2)]', '1'],
  ['%[int(5),div(0)]', '5'],
  ['%s in %b', 'db1 in pg'],
  ['%[srv_name]/%[srv_id] %[be_name]/%[be_id]', 'db1/3 pg/7'],
  ['%[status] %[res.ver] %[res.body,bytes(1,3)] %[res.body_len]', '503 1.1 ell 5'],
  ['%[res.hdr(X-Role)] %[res.fhdr(x-role)] [%[res.hdr(none)]]', 'd c,d []'],
  ["%[res.payload(0,0),cut_crlf,word(2,' ')]", 'two'],
  ["%[str('a:b:c'),field(2,:)] %[str(a:b:c),field(-1,:)]", 'b c'],
  ['%[str(abc),length] %[bool(true)]', '3 1'],
  ["%[str('x, y'),rtrim(y)]", 'x, '],
] as const)
  test(`${format} is ${expected}`, () => {
    assert.deepEqual(compileCheckText(format).problems, []);
    assert.equal(textOf(format), expected);
  });

for (const [format, problem] of [
  ['%[nothing]', "sample fetch 'nothing' is not available in checks"],
  ['%[res.len,nothing]', "converter 'nothing' is not available in checks"],
  ['%[res.len', "a ']' is missing"],
  ['%ci', "'%ci' has no value in checks"],
  ['%[res len]', "'res len' is not a sample expression"],
] as const)
  test(`${format}: ${problem}`, () => assert.deepEqual(compileCheckText(format).problems, [problem]));

test('a code is the leading number of a value', () => {
  assert.equal(compileStatusCode('res.payload(0,3)').code(SAMPLE), 554);
  assert.equal(compileStatusCode('res.body').code(SAMPLE), 0);
  assert.equal(compileStatusCode('res.hdr(none)').code(SAMPLE), undefined);
});

test('what is kept of a text is a C string of 127 bytes', () => {
  assert.equal(keptText('a\0b'), 'a');
  assert.equal(keptText('y'.repeat(300)).length, 127);
});

test('no text and no sample makes it throw', () => {
  const word = fc.constantFrom(
    'res.payload',
    'int',
    'ltrim',
    'bytes',
    'hex',
    '(',
    ')',
    ',',
    "'",
    '1',
    '-1',
    ' ',
    '%[',
    ']',
    '%',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.string(), (words, received) => {
      const format = words.join('');
      const { text } = compileCheckText(format);
      if (typeof text === 'function') text({ ...SAMPLE, received, response: undefined });
      const expression = compileExpression(format);
      if (typeof expression === 'function') expression({ ...SAMPLE, received, response: undefined });
    }),
  );
});
