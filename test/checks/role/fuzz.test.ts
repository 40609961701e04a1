/** Whatever a server sends, in whatever pieces: no dialogue throws, loops, or says more than a line about it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Dialogue } from '../../../src/checks/role/dialogue.js';
import { MysqlDialogue } from '../../../src/checks/role/mysql-dialogue.js';
import { PatroniDialogue } from '../../../src/checks/role/patroni-dialogue.js';
import { PostgresDialogue } from '../../../src/checks/role/postgres-dialogue.js';
import { RedisDialogue } from '../../../src/checks/role/redis-dialogue.js';
import type { RoleCheck } from '../../../src/config/model.js';
import { type Course, converse } from './conversation.js';
import { CAPABILITIES, greeting, ok, resultSet } from './mysql-server.js';

const PASSWORD = 'quite-secret';
const check = (kind: RoleCheck['kind']): RoleCheck => ({ kind, user: 'checker', want: 'any', tls: 'off' }) as RoleCheck;

function frame(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
}

const MYSQL_VARIABLES = resultSet(
  ['n', 'v'],
  [
    ['read_only', 'OFF'],
    ['server_id', '1'],
  ],
  false,
  false,
);
const MYSQL_ANSWER = Buffer.concat([
  resultSet(['a', 'b'], [['0', '1']], false, true),
  resultSet(['Slave_IO_Running', 'Slave_SQL_Running', 'Seconds_Behind_Master'], [['Yes', 'Yes', '1']], false, false),
]);
const PG_SYSTEM = Buffer.concat([frame('D', '\0\x01\0\0\0\x0277'), frame('Z', 'I')]);
const PG_ANSWER = Buffer.concat([
  frame(
    'D',
    '\0\x09\0\0\0\x01f\0\0\0\x03off\0\0\0\x040/60\0\0\0\x09x00000001\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  ),
  frame('Z', 'I'),
]);
const REDIS_INFO = 'role:slave\r\nmaster_link_status:up\r\n';
const PATRONI_BODY = '{"state":"running","role":"replica","xlog":{"received_location":9,"replayed_location":9}}';

interface Kind {
  readonly name: string;
  readonly make: () => Dialogue;
  /** A conversation that goes well, to be spoilt; its last two replies are answers. */
  readonly good: readonly Buffer[];
  readonly outcome: string;
  /** Another answer, as long as those but for some. */
  readonly other: Buffer;
  readonly otherOutcome: string;
}

const MYSQL_OTHER = Buffer.concat([
  resultSet(['a', 'b'], [['0', '1']], false, true),
  resultSet(['Slave_IO_Running', 'Slave_SQL_Running', 'Seconds_Behind_Master'], [['Yes', 'Yes', '7']], false, false),
]);

const KINDS: readonly Kind[] = [
  {
    name: 'mysql',
    make: () => new MysqlDialogue(check('mysql'), PASSWORD),
    good: [
      greeting('10.11.6-MariaDB', CAPABILITIES.deprecateEof, 'mysql_native_password'),
      ok(2),
      MYSQL_VARIABLES,
      MYSQL_ANSWER,
      MYSQL_ANSWER,
    ],
    outcome: 'replica that is writable, 1 s behind',
    other: MYSQL_OTHER,
    otherOutcome: 'replica that is writable, 7 s behind',
  },
  {
    name: 'postgres',
    make: () => new PostgresDialogue(check('postgres'), PASSWORD, { caughtUp: null }, () => 'nonce'),
    good: [
      Buffer.alloc(0),
      Buffer.concat([frame('R', '\0\0\0\0'), frame('S', 'server_version\x0015\0'), frame('Z', 'I')]),
      PG_SYSTEM,
      Buffer.concat([frame('C', 'PREPARE\0'), frame('Z', 'I')]),
      PG_ANSWER,
      PG_ANSWER,
    ],
    outcome: 'primary, timeline 1 at 0/60',
    other: Buffer.from(PG_ANSWER.toString('latin1').replace('0/60', '0/F0'), 'latin1'),
    otherOutcome: 'primary, timeline 1 at 0/F0',
  },
  {
    name: 'redis',
    make: () => new RedisDialogue(check('redis'), PASSWORD),
    good: [
      Buffer.alloc(0),
      Buffer.from('+OK\r\n'),
      ...Array(2).fill(Buffer.from(`$${REDIS_INFO.length}\r\n${REDIS_INFO}\r\n+PONG\r\n`)),
    ],
    outcome: 'replica',
    other: Buffer.from('$13\r\nrole:master\r\n\r\n+PONG\r\n'),
    otherOutcome: 'primary',
  },
  {
    name: 'patroni',
    make: () => new PatroniDialogue(check('patroni'), PASSWORD, 'h'),
    good: [
      Buffer.alloc(0),
      ...Array(2).fill(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${PATRONI_BODY.length}\r\n\r\n${PATRONI_BODY}`)),
    ],
    outcome: 'replica, PostgreSQL running, caught up',
    other: Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Length: ${PATRONI_BODY.length}\r\n\r\n${PATRONI_BODY.replace('replica', 'primary')}`,
    ),
    otherOutcome: 'primary, PostgreSQL running, caught up',
  },
];

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

function holds(course: Course): void {
  for (const { text } of course.findings) {
    assert.match(text, /^[\x20-\x7e]{1,200}$/);
    assert.ok(!text.includes(PASSWORD), text);
  }
}

for (const { name, make, good, outcome, other, otherOutcome } of KINDS)
  describe(name, () => {
    test('the good conversation, in any pieces', () =>
      fc.assert(
        fc.property(sizes, (cut) => {
          const course = converse(make(), good, cut);
          assert.deepEqual(
            course.findings.map(({ text }) => text),
            [outcome, outcome],
          );
        }),
        { numRuns: 200 },
      ));

    test('answers that stay and answers that change, in any pieces', () =>
      fc.assert(
        fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), sizes, (changes, cut) => {
          const replies = [
            ...good.slice(0, -2),
            ...changes.map((isOther) => (isOther ? other : good[good.length - 1])),
          ];
          const texts = converse(make(), replies, cut).findings.map(({ text }) => text);
          assert.deepEqual(
            texts,
            changes.map((isOther) => (isOther ? otherOutcome : outcome)),
          );
        }),
        { numRuns: 300 },
      ));

    test('any bytes, any pieces', () =>
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), sizes, (replies, cut) =>
          holds(
            converse(
              make(),
              replies.map((bytes) => Buffer.from(bytes)),
              cut,
            ),
          ),
        ),
        { numRuns: 500 },
      ));

    test('a good conversation with bytes changed, lost and added', () =>
      fc.assert(
        fc.property(
          fc.array(
            fc.record({ reply: fc.nat(), at: fc.nat(), lost: fc.nat(9), put: fc.uint8Array({ maxLength: 9 }) }),
            { minLength: 1, maxLength: 4 },
          ),
          sizes,
          (changes, cut) => {
            const spoilt = [...good];
            for (const { reply, at, lost, put } of changes) {
              const which = reply % spoilt.length;
              const from = at % (spoilt[which].length + 1);
              spoilt[which] = Buffer.concat([
                spoilt[which].subarray(0, from),
                put,
                spoilt[which].subarray(from + lost),
              ]);
            }
            holds(converse(make(), spoilt, cut));
          },
        ),
        { numRuns: 2000 },
      ));

    test('a server that repeats what it is told', () => {
      const dialogue = make();
      dialogue.begin(false);
      const said: string[] = [];
      for (let step = dialogue.next(), turns = 0; turns < 20; step = dialogue.next(), turns++) {
        if (step.do === 'send') dialogue.feed(Buffer.from(step.bytes));
        else if (step.do === 'ready') dialogue.feed(Buffer.from(dialogue.ask(0)));
        else if (step.do === 'found' || step.do === 'failed') said.push(step.finding.text);
        if (step.do === 'wait' || step.do === 'failed') break;
      }
      assert.ok(
        said.every((text) => !text.includes(PASSWORD)),
        said.join('\n'),
      );
    });
  });
