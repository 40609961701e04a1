/** The MySQL client, led by a scripted server: flavors, logins, refusals, and what is no MySQL. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { MysqlDialogue } from '../../../src/checks/role/mysql-dialogue.js';
import type { RoleCheck } from '../../../src/config/model.js';
import { converse, outcomes } from './conversation.js';
import { CAPABILITIES, error, greeting, ok, packetOf, resultSet, SCRAMBLE, switchTo } from './mysql-server.js';

const NATIVE = 'mysql_native_password';
const SHA2 = 'caching_sha2_password';
const PASSWORD = 'geheim';

function dialogue(settings: Partial<RoleCheck> = {}, password: string | null = PASSWORD): MysqlDialogue {
  return new MysqlDialogue({ kind: 'mysql', user: 'checker', ...settings } as RoleCheck, password);
}

const VARIABLES = (hasEof: boolean) =>
  resultSet(
    ['Variable_name', 'Value'],
    [
      ['read_only', 'OFF'],
      ['server_uuid', 'u'],
      ['gtid_executed', ''],
    ],
    hasEof,
    false,
  );

const ANSWER = (hasEof: boolean, readOnly = '0') =>
  Buffer.concat([
    resultSet(['a', 'b', 'c'], [[readOnly, 'u', 'u:1-7']], hasEof, true),
    resultSet(
      ['Replica_IO_Running', 'Replica_SQL_Running', 'Seconds_Behind_Source'],
      readOnly === '0' ? [] : [['Yes', 'Yes', '2']],
      hasEof,
      false,
    ),
  ]);

describe('a whole conversation', () => {
  for (const [name, capabilities, hasEof] of [
    ['with EOF packets', CAPABILITIES.old, true],
    ['with DEPRECATE_EOF', CAPABILITIES.deprecateEof, false],
  ] as const)
    test(name, () => {
      const replies = [
        greeting('8.0.36', capabilities, NATIVE),
        ok(2),
        VARIABLES(hasEof),
        ANSWER(hasEof),
        ANSWER(hasEof),
        ANSWER(hasEof, '1'),
      ];
      for (const sizes of [[65_536], [1], [3, 7, 1]]) {
        const course = converse(dialogue({ want: 'any' }), replies, sizes);
        assert.deepEqual(outcomes(course), ['L7OK primary', 'L7OK primary', 'L7OK replica, 2 s behind']);
        assert.deepEqual(course.findings[0].claim, { kind: 'mysql', serverUuid: 'u', gtid: 'u:1-7', flavor: 'mysql' });
        assert.match(
          course.sent[2].toString('latin1'),
          /SELECT @@global.read_only,@@global.server_uuid,@@global.gtid_executed;SHOW REPLICA STATUS$/,
        );
      }
    });

  test('a GTID set of many sources and gaps', () => {
    const gtids = Array.from({ length: 4000 }, (_, i) => `3e11fa47-71ca-11e1-9e33-c80aa94${i}:1-5:7-9`).join(',');
    const answer = Buffer.concat([
      resultSet(['a', 'b', 'c'], [['1', 'u', gtids]], true, true),
      resultSet(
        ['Replica_IO_Running', 'Replica_SQL_Running', 'Seconds_Behind_Source', 'Executed_Gtid_Set'],
        [['Yes', 'Yes', '2', gtids]],
        true,
        false,
      ),
    ]);
    const replies = [greeting('8.0.36', CAPABILITIES.old, NATIVE), ok(2), VARIABLES(true), answer];
    const [finding] = converse(dialogue({ want: 'any' }), replies).findings;
    assert.equal(finding.text, 'replica, 2 s behind');
    assert.ok(finding.claim?.kind === 'mysql' && finding.claim.gtid === gtids);
  });

  test('the login: user, native proof, database and plugin', () => {
    const { sent } = converse(dialogue({ database: 'shop' }), [greeting('8.0.36', CAPABILITIES.old, NATIVE), ok(2)]);
    const sha1 = (...parts: Buffer[]) => createHash('sha1').update(Buffer.concat(parts)).digest();
    const once = sha1(Buffer.from(PASSWORD));
    const mask = sha1(SCRAMBLE, sha1(once));
    const proof = Buffer.from(once.map((byte, i) => byte ^ mask[i]));
    const tail = Buffer.concat([Buffer.from('checker\0\x14'), proof, Buffer.from(`shop\0${NATIVE}\0`)]);
    assert.deepEqual(sent[0].subarray(-tail.length), tail);
    assert.equal(sent[0][3], 1, 'sequence number');
  });

  test('TLS is taken where it is offered, unless it is off', () => {
    const replies = [
      greeting('8.0.36', CAPABILITIES.tls, NATIVE),
      Buffer.alloc(0),
      ok(3),
      VARIABLES(false),
      ANSWER(false),
    ];
    const course = converse(dialogue(), replies);
    assert.equal(course.sent[0].length, 36, 'the request for TLS is the head of a login');
    assert.equal(course.sent[1].toString(), 'TLS');
    assert.equal(course.sent[2][3], 2, 'sequence number');
    assert.deepEqual(outcomes(course), ['L7OK primary']);
    const plain = converse(dialogue({ tls: 'off' }), [replies[0], ok(2), VARIABLES(false), ANSWER(false)]);
    assert.deepEqual(outcomes(plain), ['L7OK primary']);
  });

  test('a server that asks for one signature after another is not served', () => {
    const switches = Array.from({ length: 1000 }, () => switchTo(2, 'client_ed25519', Buffer.alloc(32, 'x')));
    const course = converse(dialogue(), [greeting('8.0.36', CAPABILITIES.old, NATIVE), Buffer.concat(switches)]);
    assert.deepEqual(outcomes(course), ['L7RSP the server asks for another login again and again']);
    assert.ok(course.sent.length < 10);
  });

  test('a switch to another plugin', () => {
    const challenge = Buffer.from('ABCDEFGHIJKLMNOPQRST');
    const replies = [
      greeting('8.0.36', CAPABILITIES.old, SHA2),
      switchTo(2, NATIVE, challenge),
      ok(4),
      VARIABLES(true),
      ANSWER(true),
    ];
    const course = converse(dialogue(), replies);
    assert.equal(course.sent[1].length, 24);
    assert.equal(course.sent[1][3], 3);
    assert.deepEqual(outcomes(course), ['L7OK primary']);
  });
});

describe('refusals say what to do', () => {
  const hello = greeting('8.0.36', CAPABILITIES.old, NATIVE);
  const secret = { from: 'file', path: '/etc/fairlead/password' } as const;
  for (const [name, replies, settings, expected] of [
    [
      'wrong password',
      [hello, error(2, 1045, "Access denied for user 'checker'@'h' (using password: YES)")],
      { password: secret },
      "L7STS access denied for user 'checker': check the password in /etc/fairlead/password and from where the user may log in",
    ],
    [
      'missing privilege',
      [
        hello,
        ok(2),
        VARIABLES(true),
        Buffer.concat([
          resultSet(['a', 'b', 'c'], [['0', 'u', '']], true, true),
          error(5, 1227, 'Access denied; you need …'),
        ]),
      ],
      {},
      "L7STS missing privilege: GRANT REPLICATION CLIENT ON *.* TO 'checker'",
    ],
    [
      'no room',
      [packetOf(0, [0xff, 0x10, 0x04], 'Too many connections')],
      {},
      'L7STS error 1040: Too many connections',
    ],
    [
      'TLS required and not there',
      [hello],
      { tls: 'require' },
      'L7STS the server offers no TLS, and the check requires it',
    ],
    [
      'unknown plugin',
      [hello, switchTo(2, 'authentication_windows_client', SCRAMBLE)],
      {},
      /plugin authentication_windows_client is not supported/,
    ],
    [
      'a password in clear text',
      [hello, switchTo(2, 'mysql_clear_password', Buffer.alloc(0))],
      {},
      /asks for the password in clear text/,
    ],
    ['a login of long ago', [hello, packetOf(2, [0xfe])], {}, /mysql_old_password is not supported/],
    [
      'shutting down while nobody asks',
      [hello, ok(2), VARIABLES(true), Buffer.concat([ANSWER(true), error(0, 1053, 'Server shutdown in progress')])],
      {},
      /shutting down/,
    ],
  ] as const)
    test(name, () => {
      const last = outcomes(converse(dialogue(settings as Partial<RoleCheck>), replies)).at(-1) ?? 'nothing';
      if (typeof expected === 'string') assert.equal(last, expected);
      else assert.match(last, expected);
    });

  test('full is not the last word, denied is', () => {
    const full = converse(dialogue(), [error(0, 1040, 'Too many connections')]).findings[0];
    const denied = converse(dialogue(), [hello, error(2, 1045, 'no')]).findings[0];
    assert.deepEqual([full.isDefinite, denied.isDefinite], [false, true]);
    assert.deepEqual([full.isLoginRefused, denied.isLoginRefused], [false, true]);
  });
});

describe('what is no MySQL', () => {
  const hello = greeting('8.0.36', CAPABILITIES.old, NATIVE);
  for (const [name, replies, expected] of [
    ['an SSH server', [Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')], "L7RSP not the MySQL protocol: 'SSH-2.0-OpenSSH_9.2.'"],
    ['an HTTP server', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], /not the MySQL protocol: 'HTTP\/1.1 400/],
    ['another protocol version', [packetOf(0, [9], '3.23\0')], /not the MySQL protocol 10/],
    ['an empty packet', [packetOf(0)], /not the MySQL protocol 10/],
    ['a greeting cut short', [packetOf(0, [10], '8.0\0abc')], /not the MySQL protocol 10/],
    ['a request for one of our files', [hello, ok(2), packetOf(1, [0xfb], '/etc/passwd')], /something else than rows/],
    [
      'a row too short',
      [hello, ok(2), Buffer.concat([resultSet(['a', 'b'], [['x']], true, false)])],
      /something else than rows/,
    ],
    ['a packet out of turn', [hello, ok(2), VARIABLES(true), Buffer.concat([ANSWER(true), ok(9)])], /nobody asked for/],
    [
      'more than an answer',
      [
        hello,
        ok(2),
        VARIABLES(true),
        Buffer.concat([
          resultSet(['a'], [['b']], true, true),
          ...Array(1100).fill(resultSet(['a'], [['x'.repeat(1000)]], true, true)),
        ]),
      ],
      /more than 1048576 bytes/,
    ],
  ] as const)
    test(name, () => {
      const last = outcomes(converse(dialogue(), replies, [50_000])).at(-1) ?? 'nothing';
      if (typeof expected === 'string') assert.equal(last, expected);
      else assert.match(last, expected);
    });

  test('what was told in confidence is not repeated', () => {
    const echo = packetOf(0, [0xff, 0x15, 0x04], `you said ${PASSWORD}`);
    const [outcome] = outcomes(converse(dialogue(), [echo]));
    assert.ok(!outcome.includes(PASSWORD), outcome);
    const [garbage] = outcomes(converse(dialogue(), [Buffer.from(`${PASSWORD}${PASSWORD}`)]));
    assert.ok(!garbage.includes(PASSWORD), garbage);
  });
});
