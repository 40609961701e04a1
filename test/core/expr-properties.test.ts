/** core/expr: what holds for any text: spans and strings agree, codes come back, hashes are those of others. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AclTest } from '../../src/config/model.js';
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from '../../src/core/expr/base64.js';
import { aclTestProblem, compileCondition, HOLDS } from '../../src/core/expr/condition.js';
import { compileExpression } from '../../src/core/expr/expression.js';
import { compileMatcher } from '../../src/core/expr/matchers.js';
import { parseExpression } from '../../src/core/expr/parse-expression.js';
import { PatternFiles } from '../../src/core/expr/pattern-files.js';
import { sha1, sha2 } from '../../src/core/expr/sha.js';
import { compileSpanMatcher } from '../../src/core/expr/span-matchers.js';
import { calendarOf } from '../../src/core/expr/strftime.js';
import { compileFormat } from '../../src/core/log-format/format.js';
import { sampleContext } from '../support/sample-context.js';

const bytes = (max = 60) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array).toString('latin1'));
const pathLike = fc.stringMatching(/^[aAbB/.?:]{0,12}$/);

for (const method of ['str', 'beg', 'end', 'sub', 'dir', 'dom', 'len', 'found'])
  test(`'-m ${method}' says the same of bytes and of strings`, () => {
    fc.assert(
      fc.property(pathLike, fc.array(pathLike, { minLength: 1, maxLength: 3 }), fc.boolean(), (text, all, isFolded) => {
        const patterns = method === 'len' ? ['3', '5:7'] : all;
        const byString = compileMatcher(method, patterns, isFolded);
        const bySpan = compileSpanMatcher(method, patterns, isFolded);
        assert.ok(typeof byString !== 'string' && bySpan !== undefined);
        const around = Buffer.from(`xx${text}yy`, 'latin1');
        const inBytes = { bytes: around, text: null, from: 2, to: 2 + text.length };
        const inText = { bytes: null, text: `x${text}yyy`, from: 1, to: 1 + text.length };
        assert.equal(bySpan(inBytes), byString(text));
        assert.equal(bySpan(inText), byString(text));
      }),
    );
  });

test('base64 comes back, and is that of Node', () => {
  fc.assert(
    fc.property(bytes(), (text) => {
      assert.equal(encodeBase64(text), Buffer.from(text, 'latin1').toString('base64'));
      assert.equal(decodeBase64(encodeBase64(text)), text);
      assert.equal(encodeBase64Url(text), Buffer.from(text, 'latin1').toString('base64url'));
      assert.equal(decodeBase64Url(encodeBase64Url(text)), text);
    }),
  );
});

test('secure hashes are those of OpenSSL', () => {
  fc.assert(
    fc.property(bytes(300), (text) => {
      const of = (name: string) => createHash(name).update(text, 'latin1').digest('binary');
      assert.equal(sha1(text), of('sha1'));
      for (const bits of [224, 256, 384, 512]) assert.equal(sha2(text, bits), of(`sha${bits}`));
    }),
    { numRuns: 50 },
  );
});

test('calendar days are those of Date', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10_000_000_000, max: 10_000_000_000 }), (second) => {
      const d = new Date(second * 1000);
      const own = calendarOf(second);
      assert.deepEqual(
        [own.year, own.month, own.day, own.hour, own.minute, own.second, own.weekday],
        [
          d.getUTCFullYear(),
          d.getUTCMonth(),
          d.getUTCDate(),
          d.getUTCHours(),
          d.getUTCMinutes(),
          d.getUTCSeconds(),
          d.getUTCDay(),
        ],
      );
    }),
  );
});

const NAMES = [
  'path',
  'hdr',
  'req.hdr',
  'var',
  'int',
  'str',
  'lower',
  'field',
  'regsub',
  'map',
  'json',
  'concat',
  'src',
  'ipmask',
];
const call = fc
  .tuple(fc.constantFrom(...NAMES), fc.array(fc.stringMatching(/^[a-z0-9.\\"'(/%-]{0,6}$/), { maxLength: 3 }))
  .map(([name, args]) => (args.length === 0 ? name : `${name}(${args.join(',')})`));
const expressionText = fc.array(call, { minLength: 1, maxLength: 4 }).map((calls) => calls.join(','));
const REQUEST = 'GET /a/b?c=d HTTP/1.1\r\nHost: x\r\n\r\n';

test('no expression makes compiling or evaluating throw', () => {
  fc.assert(
    fc.property(expressionText, (text) => {
      const parsed = parseExpression(text);
      const compiled = parsed && compileExpression(parsed.expression);
      if (typeof compiled === 'function') compiled(sampleContext({ request: REQUEST }));
      compileFormat(`a %[${text}] %{+Q}[${text}] b`)(sampleContext({ request: REQUEST }));
    }),
    { numRuns: 2000 },
  );
});

const HOSTILE = ['9'.repeat(400), `-${'9'.repeat(400)}`, '9223372036854775808', '-9223372036854775809', '1e400', ''];
const ON_NUMBERS =
  'add(1) sub(1) mul(3) div(3) div(0) mod(5) and(5) or(5) xor(5) cpl neg bool not even odd htonl hex ltime(%c) ' +
  'utime(%G-%V) ms_ltime(%c) us_utime(%c) http_date http_date(5,ms) iif(a,b) hex2i ipmask(8) base64';

test('numbers of any length a client sends stay within 64 bits', () => {
  const first = ['req.hdr(n)', "req.hdr(j),json_query('$.a','int')", 'req.hdr_val(n)', 'urlp_val(n)'];
  for (const number of HOSTILE)
    for (const fetch of first)
      for (const converter of ON_NUMBERS.split(' '))
        for (const last of ['hex', 'htonl,hex', 'add(1),sub(1),hex', 'mul(9),utime(%c)']) {
          const request = `GET /?n=${number} HTTP/1.1\r\nHost: x\r\nN: ${number}\r\nJ: {"a":${number || 0}}\r\n\r\n`;
          const format = compileFormat(`%[${fetch},${converter}] %[${fetch},${converter},${last}]`);
          assert.doesNotMatch(format(sampleContext({ request })), /NaN|Infinity|undefined/, `${fetch},${converter}`);
        }
});

// Observed from HAProxy: what is added, and what becomes of it.
for (const [number, sum] of [
  ['9223372036854775807', '9223372036854775807'],
  ['99999999999999999999', '9223372036854775807'],
  ['-99999999999999999999', '-9223372036854775808'],
  ['9007199254740992', '9007199254740992'],
  ['5x', '5'],
  ['x', '0'],
  ['', ''],
])
  test(`'${number}' as a number is '${sum}'`, () => {
    const request = `GET / HTTP/1.1\r\nHost: x\r\nN: ${number}\r\n\r\n`;
    assert.equal(compileFormat('%[req.hdr(n),add(0)]')(sampleContext({ request })), sum);
  });

test('the length of a list is no member of it', () => {
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nJ: {"a":[1,2]}\r\n\r\n';
  assert.equal(compileFormat("%[req.fhdr(j),json_query('$.a.length')]")(sampleContext({ request })), '');
  assert.equal(compileFormat("%[req.fhdr(j),json_query('$.a[1]')]")(sampleContext({ request })), '2');
});

test('no test makes compiling or evaluating throw', () => {
  const methods = fc.constantFrom('str', 'beg', 'reg', 'ip', 'int', 'bin', 'bool', 'found', undefined);
  fc.assert(
    fc.property(expressionText, methods, fc.array(fc.string(), { maxLength: 3 }), (text, match, patterns) => {
      const parsed = parseExpression(text);
      if (parsed === undefined) return;
      const acl: AclTest = { ...parsed.expression, flags: [], patterns, ...(match === undefined ? {} : { match }) };
      if (aclTestProblem(acl) !== null) return;
      compileCondition(
        { when: 'if', anyOf: [[{ negate: false, test: acl }]] },
        [],
      )(sampleContext({ request: REQUEST }));
    }),
    { numRuns: 2000 },
  );
});

test('a map that changes is seen by what was compiled before', () => {
  const parsed = parseExpression('path,map_beg(m,none)')!;
  const evaluate = compileExpression(parsed.expression);
  assert.ok(typeof evaluate === 'function');
  const context = sampleContext({ request: REQUEST });
  assert.equal(evaluate(context), 'none');
  const file = context.patternFiles.get('m');
  file.add('/a', 'one');
  file.add('/a/b', 'two');
  assert.equal(evaluate(context), 'two');
  file.set('/a/b', 'three');
  assert.equal(evaluate(context), 'three');
  file.delete('/a/b');
  assert.equal(evaluate(context), 'one');
});

test('lines of maps and of pattern files', () => {
  const files = new PatternFiles();
  files.load('m', '# no\n\n \t a  b c \t\r\nd\n #e f\n', true);
  assert.deepEqual(files.get('m').all, [
    { key: 'a', value: 'b c' },
    { key: 'd', value: '' },
    { key: '#e', value: 'f' },
  ]);
  files.load('p', 'x y\n#z\n', false);
  assert.deepEqual(files.get('p').all, [{ key: 'x y', value: '' }]);
});

test('text of the configuration is compared byte by byte with what clients send', () => {
  const request = Buffer.from('GET /caf\u00e9 HTTP/1.1\r\nHost: x\r\nName: Zo\u00eb\r\n\r\n', 'utf8').toString(
    'latin1',
  );
  const acl: AclTest = { fetch: 'hdr', args: ['name'], converters: [], flags: [], patterns: ['Zo\u00eb'] };
  const holds = compileCondition({ when: 'if', anyOf: [[{ negate: false, test: acl }]] }, []);
  assert.equal(holds(sampleContext({ request: request.replace('/caf\u00c3\u00a9', '/') })), HOLDS);
});
