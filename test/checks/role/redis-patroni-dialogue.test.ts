/** The Redis and Patroni clients, led by scripted servers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PatroniDialogue } from '../../../src/checks/role/patroni-dialogue.js';
import { RedisDialogue } from '../../../src/checks/role/redis-dialogue.js';
import type { RoleCheck } from '../../../src/config/model.js';
import { converse, outcomes } from './conversation.js';

const PASSWORD = 'geheim';
const NONE = Buffer.alloc(0);

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

describe('redis', () => {
  const dialogue = (settings: Partial<RoleCheck> = {}, password: string | null = PASSWORD) =>
    new RedisDialogue({ kind: 'redis', ...settings } as RoleCheck, password);
  const answer = Buffer.from(`${bulk('role:master\r\nconnected_slaves:1\r\n')}+PONG\r\n`);
  const OK = Buffer.from('+OK\r\n');

  test('in pieces of any size', () => {
    for (const sizes of [[65_536], [1], [5, 2]]) {
      const course = converse(dialogue(), [NONE, OK, answer, answer], sizes);
      assert.deepEqual(outcomes(course), ['L7OK primary with 1 replica', 'L7OK primary with 1 replica']);
    }
  });

  test('AUTH with and without a user; none without a password', () => {
    const first = (settings: Partial<RoleCheck>, password: string | null) =>
      converse(dialogue(settings, password), []).sent[0].toString();
    assert.equal(first({}, PASSWORD), '*2\r\n$4\r\nAUTH\r\n$6\r\ngeheim\r\n');
    assert.equal(first({ user: 'checker' }, PASSWORD), '*3\r\n$4\r\nAUTH\r\n$7\r\nchecker\r\n$6\r\ngeheim\r\n');
    assert.match(first({}, null), /^\*2\r\n\$4\r\nINFO\r\n/);
  });

  for (const [name, replies, password, expected] of [
    [
      'wrong password',
      [NONE, '-WRONGPASS invalid username-password pair\r\n'],
      PASSWORD,
      'L7STS access denied for the default user: check its password',
    ],
    ['wrong password, Redis 5', [NONE, '-ERR invalid password\r\n'], PASSWORD, /access denied/],
    [
      'no password given',
      [NONE, '-NOAUTH Authentication required.\r\n'],
      null,
      'L7STS the server requires a password, and the check has none',
    ],
    [
      'no password needed',
      [NONE, '-ERR Client sent AUTH, but no password is set\r\n', answer],
      PASSWORD,
      'L7OK primary with 1 replica',
    ],
    [
      'may not ask',
      [NONE, '+OK\r\n', "-NOPERM this user has no permissions to run the 'info' command\r\n"],
      PASSWORD,
      /missing privilege: ACL SETUSER .* \+info \+ping/,
    ],
    [
      'loading',
      [NONE, '+OK\r\n', `${bulk('role:master\r\n')}-LOADING Redis is loading the dataset in memory\r\n`],
      PASSWORD,
      'L7STS loading its data set',
    ],
    [
      'protected mode',
      ['-DENIED Redis is running in protected mode\r\n'],
      null,
      'L7STS refused: DENIED Redis is running in protected mode',
    ],
    ['full', ['-ERR max number of clients reached\r\n'], null, 'L7STS refused: ERR max number of clients reached'],
    ['HTTP', ['HTTP/1.1 400 Bad Request\r\n'], null, "L7RSP not the Redis protocol: 'HTTP/1.1 400 Bad Request.'"],
    ['an array', [NONE, '*1\r\n+x\r\n'], null, /not the Redis protocol/],
    ['a text too long', [NONE, '$99999\r\n'], null, /not the Redis protocol/],
    ['a line without end', [NONE, `+${'x'.repeat(3000)}`], null, /not the Redis protocol/],
    [
      'an echo of the password',
      [NONE, `*2\r\n$4\r\nAUTH\r\n$6\r\n${PASSWORD}\r\n`],
      PASSWORD,
      "L7RSP not the Redis protocol: '*2.$4.AUTH.$6.***.'",
    ],
  ] as const)
    test(name, () => {
      const bytes = replies.map((reply) => Buffer.from(reply));
      const last = outcomes(converse(dialogue({}, password), bytes)).at(-1) ?? 'nothing';
      if (typeof expected === 'string') assert.equal(last, expected);
      else assert.match(last, expected);
    });
});

describe('patroni', () => {
  const dialogue = () => new PatroniDialogue({ kind: 'patroni' } as RoleCheck, null, '127.0.0.1');
  const body = '{"state":"running","role":"primary"}';
  const http = (head: string, text = body) => Buffer.from(`${head}\r\n\r\n${text}`);
  const length = `Content-Length: ${body.length}`;

  test('the request', () =>
    assert.equal(
      converse(dialogue(), []).sent[0].toString(),
      'GET /primary HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: fairlead\r\n\r\n',
    ));

  for (const [name, reply, isKept] of [
    ['HTTP/1.1 keeps the connection', http(`HTTP/1.1 200 OK\r\n${length}`), true],
    ['unless it says otherwise', http(`HTTP/1.1 200 OK\r\nConnection: close\r\n${length}`), false],
    ['HTTP/1.0 closes it', http(`HTTP/1.0 200 OK\r\n${length}`), false],
    [
      'chunks',
      http('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
      false,
    ],
  ] as const)
    test(name, () => {
      for (const sizes of [[65_536], [1], [7, 3]]) {
        const course = converse(dialogue(), [NONE, reply], sizes);
        assert.deepEqual(outcomes(course), ['L7OK primary, PostgreSQL running']);
        assert.equal(course.isEnded, !isKept);
      }
    });

  test('an answer without a length ends with the connection', () => {
    const patroni = dialogue();
    assert.deepEqual(outcomes(converse(patroni, [NONE, http('HTTP/1.0 503 Service Unavailable')])), []);
    assert.equal(patroni.ended().text, 'primary, PostgreSQL running: does not hold the leader lock');
  });

  for (const [name, reply, expected] of [
    ['a database', Buffer.from('\x4a\0\0\0\x0a8.0.36\0'), /L7RSP no HTTP answer: 'J/],
    [
      'something else over HTTP',
      http('HTTP/1.1 200 OK\r\nContent-Length: 2', 'ok'),
      /without the JSON that Patroni answers with/,
    ],
    ['a login page', http('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0', ''), /the REST API wants a login/],
    ['an impossible length', http('HTTP/1.1 200 OK\r\nContent-Length: -1'), /no HTTP answer/],
    ['broken chunks', http('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'zz\r\n'), /chunks are broken/],
    ['an endless answer', http('HTTP/1.1 200 OK', 'x'.repeat(70_000)), /more than 65536 bytes/],
  ] as const)
    test(name, () =>
      assert.match(outcomes(converse(dialogue(), [NONE, reply], [50_000])).at(-1) ?? 'nothing', expected),
    );
});
