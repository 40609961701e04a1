/** The PostgreSQL client, led by a scripted server. Real servers and every login method: postgres-session.test.ts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { PostgresDialogue } from '../../../src/checks/role/postgres-dialogue.js';
import type { RoleCheck } from '../../../src/config/model.js';
import { converse, outcomes } from './conversation.js';

const PASSWORD = 'geheim';
const NONE = Buffer.alloc(0);

function dialogue(settings: Partial<RoleCheck> = {}): PostgresDialogue {
  return new PostgresDialogue(
    { kind: 'postgres', user: 'checker', ...settings } as RoleCheck,
    PASSWORD,
    { caughtUp: null },
    () => 'abc',
  );
}

function message(type: string, ...parts: readonly (Buffer | string | readonly number[])[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part as Buffer))),
  );
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function row(values: readonly (string | null)[]): Buffer {
  const parts = values.map((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value), 0);
    return Buffer.concat([length, Buffer.from(value ?? '')]);
  });
  return message('D', [0, values.length], ...parts);
}

function problem(severity: string, code: string, text: string): Buffer {
  return message('E', `S${severity}\0V${severity}\0C${code}\0M${text}\0\0`);
}

const OK = message('R', [0, 0, 0, 0]);
const READY = message('Z', 'I');
const VERSION = message('S', 'server_version\x0015.4\0');
const LOGGED_IN = Buffer.concat([OK, VERSION, message('K', Buffer.alloc(8)), READY]);
const SYSTEM = Buffer.concat([row(['77']), message('C', 'SELECT 1\0'), READY]);
const PREPARED = Buffer.concat([message('C', 'PREPARE\0'), READY]);
const PRIMARY = Buffer.concat([
  message('T', [0, 0]),
  row(['f', 'off', '0/60', 'x00000003', null, null, null, null, null]),
  READY,
]);
const STANDBY = (received: string, ageMs: string, receivers = '1') =>
  Buffer.concat([row(['t', 'on', '0/60', '3', received, ageMs, receivers, null, 'f']), READY]);
const OFF = { tls: 'off' } as const;

describe('a whole conversation', () => {
  test('in pieces of any size', () => {
    const notice = message('N', 'SNOTICE\0\0');
    const replies = [NONE, LOGGED_IN, SYSTEM, PREPARED, PRIMARY, Buffer.concat([notice, PRIMARY])];
    for (const sizes of [[65_536], [1], [4, 9]]) {
      const course = converse(dialogue(OFF), replies, sizes);
      const primary = 'L7OK primary, timeline 3 at 0/60';
      assert.deepEqual(outcomes(course), [primary, primary]);
      assert.equal(course.findings[0].claim?.kind === 'postgres' && course.findings[0].claim.systemId, '77');
    }
  });

  test('who logs in, and where', () => {
    const [startup] = converse(dialogue({ ...OFF, database: 'shop' }), []).sent;
    const text = startup.toString('latin1', 8);
    assert.equal(text, 'user\0checker\0database\0shop\0application_name\0fairlead\0client_encoding\0UTF8\0\0');
  });

  test('TLS is asked for; one byte says whether', () => {
    assert.deepEqual(outcomes(converse(dialogue(), [NONE, Buffer.from('N'), LOGGED_IN, SYSTEM, PREPARED, PRIMARY])), [
      'L7OK primary, timeline 3 at 0/60',
    ]);
    const secured = converse(dialogue(), [NONE, Buffer.from('S'), LOGGED_IN, SYSTEM, PREPARED, PRIMARY]);
    assert.deepEqual(secured.sent.slice(1, 2).map(String), ['TLS']);
  });

  test('a standby seen caught up a moment ago is at most that moment behind', () => {
    const replies = [
      NONE,
      LOGGED_IN,
      SYSTEM,
      PREPARED,
      STANDBY('0/60', '3600000'),
      STANDBY('0/70', '3600200'),
      STANDBY('0/70', '3600400'),
    ];
    const course = converse(dialogue({ ...OFF, want: 'replica', maxLagMs: 300 }), replies);
    assert.deepEqual(outcomes(course), [
      'L7OK standby, caught up',
      'L7OK standby, 200 ms behind (16 bytes)',
      'L7STS standby, 400 ms behind (16 bytes): the limit is 300 ms',
    ]);
  });

  test('what was seen is known to the next session, and stays when the primary dies', () => {
    const history = { caughtUp: null };
    const open = () => new PostgresDialogue({ kind: 'postgres', want: 'replica', ...OFF } as RoleCheck, null, history);
    const login = [NONE, LOGGED_IN, SYSTEM, PREPARED];
    converse(open(), [...login, STANDBY('0/60', '254000')]);
    const course = converse(open(), [...login, STANDBY('0/60', '254100', '0'), STANDBY('0/60', '254300', '0')]);
    assert.deepEqual(outcomes(course), [
      'L7OK standby, caught up 0 ms ago, not streaming',
      'L7OK standby, caught up 200 ms ago, not streaming',
    ]);
  });

  test('behind a pooler that knows no prepared statements, the question is asked as it is', () => {
    const denied = Buffer.concat([problem('ERROR', '0A000', 'prepared statements are not supported'), READY]);
    const lost = Buffer.concat([problem('ERROR', '26000', 'prepared statement "fairlead" does not exist'), READY]);
    const primary = 'L7OK primary, timeline 3 at 0/60';
    const never = converse(dialogue(OFF), [NONE, LOGGED_IN, SYSTEM, denied, PRIMARY]);
    assert.deepEqual(outcomes(never), [primary]);
    const once = converse(dialogue(OFF), [NONE, LOGGED_IN, SYSTEM, PREPARED, lost, PRIMARY, PRIMARY]);
    assert.deepEqual(outcomes(once), [primary, primary]);
    const asked = once.sent.slice(3).map((bytes) => bytes.toString('latin1', 5, 12));
    assert.deepEqual(asked, ['EXECUTE', 'SELECT ', 'SELECT ']);
  });

  test('a server that sends one SCRAM challenge after another is not served', () => {
    const offer = message('R', [0, 0, 0, 10], 'SCRAM-SHA-256\0\0');
    const challenge = (salt: string) => message('R', [0, 0, 0, 11], `r=abcdef,s=${salt},i=200000`);
    const salts = Array.from({ length: 500 }, (_, i) => challenge(Buffer.from(String(i)).toString('base64')));
    for (const [flood, expected] of [
      [salts, 'L7RSP the server sent a second SCRAM challenge'],
      [salts.flatMap((salt) => [offer, salt]), 'L7RSP the server begins a SCRAM login again and again'],
    ] as const) {
      const course = converse(dialogue(OFF), [NONE, Buffer.concat([offer, ...flood])]);
      assert.deepEqual(outcomes(course), [expected]);
    }
  });

  test('md5', () => {
    const replies = [NONE, message('R', [0, 0, 0, 5, 1, 2, 3, 4]), LOGGED_IN, SYSTEM, PREPARED, PRIMARY];
    const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
    const inner = Buffer.from(md5(Buffer.from(`${PASSWORD}checker`)));
    const { sent } = converse(dialogue(OFF), replies);
    assert.equal(sent[1].toString('latin1', 5), `md5${md5(Buffer.concat([inner, Buffer.from([1, 2, 3, 4])]))}\0`);
  });
});

describe('refusals say what to do', () => {
  for (const [name, replies, settings, expected] of [
    [
      'wrong password',
      [NONE, problem('FATAL', '28P01', 'password authentication failed for user "checker"')],
      { ...OFF, password: { from: 'env', name: 'PGPASS' } },
      /^L7STS access denied for user 'checker': check the password in the environment variable PGPASS/,
    ],
    [
      'no rule',
      [NONE, problem('FATAL', '28000', 'no pg_hba.conf entry for host "10.0.0.1"')],
      OFF,
      /check pg_hba.conf .*no pg_hba.conf entry for host "10.0.0.1"/,
    ],
    [
      'no database',
      [NONE, problem('FATAL', '3D000', 'database "x" does not exist')],
      { ...OFF, database: 'x' },
      "L7STS there is no database 'x': set 'database' to one that the user may connect to",
    ],
    [
      'starting up',
      [NONE, problem('FATAL', '57P03', 'the database system is starting up')],
      OFF,
      'L7STS takes no connections now: the database system is starting up',
    ],
    [
      'full',
      [NONE, problem('FATAL', '53300', 'sorry, too many clients already')],
      OFF,
      'L7STS error 53300: sorry, too many clients already',
    ],
    [
      'a function is not for us',
      [
        NONE,
        LOGGED_IN,
        SYSTEM,
        PREPARED,
        Buffer.concat([problem('ERROR', '42501', 'permission denied for function pg_control_checkpoint'), READY]),
      ],
      OFF,
      'L7STS missing privilege: permission denied for function pg_control_checkpoint',
    ],
    [
      'shut down while nobody asks',
      [
        NONE,
        LOGGED_IN,
        SYSTEM,
        PREPARED,
        Buffer.concat([PRIMARY, problem('FATAL', '57P01', 'terminating connection due to administrator command')]),
      ],
      OFF,
      /^L7STS shutting down: terminating/,
    ],
    [
      'no TLS',
      [NONE, Buffer.from('N')],
      { tls: 'require' },
      'L7STS the server offers no TLS, and the check requires it',
    ],
    ['clear text', [NONE, message('R', [0, 0, 0, 3])], OFF, /in clear text: use scram-sha-256 in pg_hba.conf, or TLS$/],
    ['kerberos', [NONE, message('R', [0, 0, 0, 7])], OFF, /authentication that is not supported/],
    [
      'too old',
      [NONE, Buffer.concat([OK, message('S', 'server_version\x009.6.24\0')])],
      OFF,
      'L7STS PostgreSQL 9.6.24: this check needs 10 or later',
    ],
  ] as const)
    test(name, () => {
      const last = outcomes(converse(dialogue(settings as Partial<RoleCheck>), replies)).at(-1) ?? 'nothing';
      if (typeof expected === 'string') assert.equal(last, expected);
      else assert.match(last, expected);
    });

  test('a platform that hides the system identifier is still checked', () => {
    const denied = Buffer.concat([problem('ERROR', '42501', 'permission denied'), READY]);
    assert.deepEqual(outcomes(converse(dialogue(OFF), [NONE, LOGGED_IN, denied, PREPARED, PRIMARY])), [
      'L7OK primary, timeline 3 at 0/60',
    ]);
  });
});

describe('an impostor', () => {
  const sasl = message('R', [0, 0, 0, 10], 'SCRAM-SHA-256\0\0');
  const challenge = (text: string) => message('R', [0, 0, 0, 11], text);
  for (const [name, replies, expected] of [
    ['says yes without having been asked', [NONE, sasl, LOGGED_IN], /did not prove that it knows the password/],
    [
      'proves nothing',
      [
        NONE,
        sasl,
        challenge('r=abcdef,s=c2FsdA==,i=4096'),
        Buffer.concat([message('R', [0, 0, 0, 12], 'v=AAAA'), LOGGED_IN]),
      ],
      /did not prove/,
    ],
    ['repeats another login', [NONE, sasl, challenge('r=zzz,s=c2FsdA==,i=4096')], /a SCRAM login that is not ours/],
    ['keeps us busy', [NONE, sasl, challenge('r=abcdef,s=c2FsdA==,i=999999999')], /999999999 rounds of SCRAM/],
    ['makes no sense', [NONE, sasl, challenge('hello')], /makes no sense/],
    [
      'offers only what we have not',
      [NONE, message('R', [0, 0, 0, 10], 'SCRAM-SHA-256-PLUS\0\0')],
      /offers no SCRAM-SHA-256/,
    ],
  ] as const)
    test(name, () => assert.match(outcomes(converse(dialogue(OFF), replies)).at(-1) ?? 'nothing', expected));

  test('sends data before TLS has begun', () =>
    assert.match(outcomes(converse(dialogue(), [NONE, Buffer.from('SR')]))[0], /data where TLS was to begin/));
});

describe('what is no PostgreSQL', () => {
  for (const [name, replies, settings, expected] of [
    ['a MySQL server', [Buffer.from('\x4a\0\0\0\x0a8.0.36\0')], {}, "L7RSP not the PostgreSQL protocol: 'J.8.0.36.'"],
    [
      'an HTTP server',
      [NONE, Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
      {},
      "L7RSP not the PostgreSQL protocol: 'HTTP/1.1 400 Bad Request.'",
    ],
    ['a length beyond bounds', [NONE, Buffer.from('R\x7f\xff\xff\xff', 'latin1')], OFF, /not the PostgreSQL protocol/],
    ['a length below zero', [NONE, Buffer.from('R\xff\xff\xff\xff', 'latin1')], OFF, /not the PostgreSQL protocol/],
    ['a row that nobody asked for', [NONE, Buffer.concat([OK, row(['x'])])], OFF, /a row that nobody asked for/],
    [
      'a row cut off',
      [NONE, LOGGED_IN, SYSTEM, PREPARED, message('D', [0, 5, 0, 0, 0, 9, 65])],
      OFF,
      /a row that is cut off/,
    ],
    [
      'another row',
      [NONE, LOGGED_IN, SYSTEM, PREPARED, Buffer.concat([row(['f']), READY])],
      OFF,
      /something else than its row/,
    ],
    [
      'a request to copy',
      [NONE, LOGGED_IN, SYSTEM, PREPARED, message('G', [0, 0, 0])],
      OFF,
      /a message 'G' that nobody asked for/,
    ],
    [
      'notices without end',
      [NONE, LOGGED_IN, SYSTEM, PREPARED, Buffer.concat(Array(200).fill(message('N', 'x'.repeat(1000))))],
      OFF,
      /more than 65536 bytes/,
    ],
  ] as const)
    test(name, () => {
      const last = outcomes(converse(dialogue(settings), replies, [50_000])).at(-1) ?? 'nothing';
      if (typeof expected === 'string') assert.equal(last, expected);
      else assert.match(last, expected);
    });
});
