/** The codecs of HAProxy's own checks alone: tables, answers cut anywhere, random bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Codec } from '../../src/checks/builtin/finding.js';
import { judgeBind } from '../../src/checks/builtin/ldap.js';
import { judgeGreeting, judgeLogin, loginPackets } from '../../src/checks/builtin/mysql.js';
import { clientHello, HELLO_TIME_AT } from '../../src/checks/builtin/ssl-hello.js';
import { evaluate } from '../../src/checks/expect.js';
import { compileCheck, type ExpectStep } from '../../src/checks/plan.js';
import { emptyProxy } from '../../src/config/defaults.js';
import type { CheckSpec } from '../../src/config/model.js';
import { checkStatus } from '../../src/core/check-status.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function say(codec: Codec, bytes: Uint8Array, isFinal = false): string {
  const found = codec(Buffer.from(bytes), isFinal);
  return found === null ? 'wait' : `${checkStatus(found.status).name} ${found.code} ${found.text}`.trimEnd();
}

const GREETING = hex('0a000000 0a 31302e3100 00000000');
const ANSWER = hex('07000002 00000002000000');
const REFUSAL = hex('09000002 ff 1504 23 32 38 30 30 30');

// MySQL protocol, connection phase: bytes, and what is made of them.
for (const [name, codec, bytes, expected] of [
  ['a greeting', judgeGreeting, GREETING, 'L7OK 0 10.1'],
  ['an error in place of a greeting', judgeGreeting, REFUSAL, 'L7STS 1045 #28000'],
  ['a greeting and no answer', judgeLogin, GREETING, 'wait'],
  ['a greeting and an answer', judgeLogin, Buffer.concat([GREETING, ANSWER]), 'L7OK 0 10.1'],
  ['a greeting and a refusal', judgeLogin, Buffer.concat([GREETING, REFUSAL]), 'L7STS 1045 #28000'],
  ['an empty packet', judgeGreeting, hex('00000000'), 'L7OK 0'],
  ['an error without a number', judgeGreeting, hex('01000000 ff'), 'L7STS 0'],
  ['a packet longer than what may come', judgeGreeting, hex('ffffff00 0a 31'), 'wait'],
  // RFC 4511 §4.2.2
  ['success', judgeBind, hex('300c02010161070a010004000400'), 'L7OK 0 Success'],
  ['success in long form', judgeBind, hex('308400000010 020101 618400000007 0a010004000400'), 'L7OK 0 Success'],
  [
    'invalid credentials',
    judgeBind,
    hex('300c02010161070a013104000400'),
    'L7STS 49 See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9',
  ],
  ['another message', judgeBind, hex('300c02010261070a010004000400'), 'L7RSP 0 Not LDAPv3 protocol'],
  ['a length of 5 bytes', judgeBind, hex('3085000000000c02010161070a010004000400'), 'wait'],
  ['a result of no bytes', judgeBind, hex('300c02010161070a000004000400'), 'L7RSP 0 Not LDAPv3 protocol'],
] as const)
  test(`${name}: ${expected}`, () => assert.equal(say(codec, bytes), expected));

const WHOLE: readonly [string, Codec, Buffer][] = [
  ['greeting', judgeGreeting, GREETING],
  ['answer', judgeLogin, Buffer.concat([GREETING, ANSWER])],
  ['bind', judgeBind, hex('300c02010161070a010004000400')],
];
for (const [name, codec, bytes] of WHOLE)
  test(`a ${name} cut anywhere is waited for, and is garbage at the end`, () => {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(say(codec, bytes.subarray(0, length)), 'wait', `after ${length} bytes`);
      assert.match(say(codec, bytes.subarray(0, length), true), /^L7RSP/, `after ${length} bytes`);
    }
    assert.match(say(codec, bytes), /^L7OK/);
  });

test('random bytes never throw, and at the end there is always a verdict', () => {
  const starts = fc.constantFrom(Buffer.alloc(0), GREETING, hex('300c020101'), hex('ff'), hex('3084'), hex('020000'));
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (start, tail, isFinal) => {
      const bytes = Buffer.concat([start, tail]);
      for (const codec of [judgeGreeting, judgeLogin, judgeBind]) {
        const found = codec(bytes, isFinal);
        assert.ok(found !== null || !isFinal);
      }
    }),
    { numRuns: 1000 },
  );
});

test('every kind of check judges random bytes without a throw', () => {
  const specs: Pick<CheckSpec, 'type' | 'builtin'>[] = [
    { type: 'mysql-handshake' },
    { type: 'mysql-handshake', builtin: { user: 'x' } },
    { type: 'pgsql-startup', builtin: { user: 'x' } },
    { type: 'redis-ping' },
    { type: 'smtp' },
    { type: 'ldap' },
    { type: 'ssl-hello' },
  ];
  const address = { kind: 'inet' as const, family: 4 as const, host: '127.0.0.1', port: 1 };
  const plans = specs.map((spec) =>
    compileCheck(
      { ...emptyProxy('backend', 'be', 2), check: { ...spec, steps: [] } },
      { name: 's', id: 1, address, portMode: 'fixed', check: true },
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom('', '220 ', 'R\0\0\0\b', '+PONG\r\n', '\x16\x03'), fc.uint8Array(), (head, tail) => {
      const received = Buffer.concat([Buffer.from(head, 'latin1'), tail]);
      for (const plan of plans)
        for (const step of plan.steps)
          if (step.do === 'expect')
            assert.notEqual(evaluate(plan, step as ExpectStep, received, true, true).outcome, 'wait');
    }),
    { numRuns: 500 },
  );
});

test('the login of a user of any length frames itself', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.boolean(), (user, pre41) => {
      const bytes = Buffer.from(loginPackets(user, pre41), 'latin1');
      const length = bytes.readUIntLE(0, 3);
      assert.equal(bytes[3], 1);
      // Behind it stands COM_QUIT, a packet of one byte.
      assert.equal(bytes.subarray(4 + length).toString('hex'), '0100000001');
      assert.ok(bytes.subarray(4, 4 + length).includes(Buffer.from(`${user}\0`, 'utf8')));
    }),
  );
});

test('a ClientHello says its own lengths', () => {
  const bytes = Buffer.from(clientHello(), 'latin1');
  assert.equal(bytes.readUInt16BE(3), bytes.length - 5);
  assert.equal(bytes.readUIntBE(6, 3), bytes.length - 9);
  assert.equal(bytes.readUInt32BE(HELLO_TIME_AT), 0);
  assert.equal(bytes.readUInt16BE(HELLO_TIME_AT + 33), 2 * 39, 'cipher suites');
});
