/**
 * HAProxy's own checks as the scripts they stand for: what is sent, what must come back, how the outcome is told. Step
 * numbers appear in messages, so the steps are those of HAProxy 2.6 (observed: bytes, order, statuses, texts).
 */
import type { BuiltinCheck, BuiltinType } from '../../config/builtin-model.js';
import type { CheckStep } from '../../config/model.js';
import type { Codec } from './finding.js';
import { BIND_REQUEST, judgeBind } from './ldap.js';
import { judgeGreeting, judgeLogin, loginPackets } from './mysql.js';
import { clientHello, HELLO_TIME_AT } from './ssl-hello.js';

/** A step as in a configuration, or what only these checks have. */
export type BuiltinStep =
  | CheckStep
  | { readonly do: 'judge'; readonly codec: Codec }
  /** A send with the time of day, 4 bytes, at an offset. */
  | { readonly do: 'send-timed'; readonly data: string; readonly timeAt: number };

type Expect = CheckStep & { do: 'expect' };

export function builtinScript(type: Exclude<BuiltinType, 'external'>, check: BuiltinCheck = {}): BuiltinStep[] {
  return SCRIPTS[type](check);
}

const SCRIPTS: { readonly [type in Exclude<BuiltinType, 'external'>]: (check: BuiltinCheck) => BuiltinStep[] } = {
  'mysql-handshake': mysqlScript,
  'pgsql-startup': pgsqlScript,
  'redis-ping': redisScript,
  smtp: smtpScript,
  ldap: () => [{ do: 'send', data: BIND_REQUEST }, judge(judgeBind)],
  'ssl-hello': sslScript,
};

const CONNECT: CheckStep = { do: 'connect', linger: true };

function judge(codec: Codec): BuiltinStep {
  return { do: 'judge', codec };
}

function expect(match: Expect['match'], pattern: string, more: Partial<Expect> = {}): Expect {
  return { do: 'expect', negate: false, match, pattern, ...more };
}

/** Without a user the greeting alone is looked at, and nothing is sent. */
function mysqlScript({ user, pre41 }: BuiltinCheck): BuiltinStep[] {
  if (user === undefined) return [CONNECT, judge(judgeGreeting)];
  return [CONNECT, { do: 'send', data: loginPackets(user, pre41 === true) }, judge(judgeGreeting), judge(judgeLogin)];
}

/** StartupMessage of protocol 3.0: its length, its version, the user, and the end of the list. */
function startupMessage(user: string): string {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0\0`, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + length.length);
  return Buffer.concat([length, body]).toString('latin1');
}

/** An ErrorResponse, or a request for authentication of a kind that there is (0 to 10 without 1 and 8). */
function pgsqlScript({ user = '' }: BuiltinCheck): BuiltinStep[] {
  return [
    CONNECT,
    { do: 'send', data: startupMessage(user) },
    expect('rstring', '^E', { negate: true, minRecv: 5, errorStatus: 'L7RSP', onError: '%[res.payload(6,0)]' }),
    expect('rbinary', '^52000000[0-9A-F]{2}000000(00|02|03|04|05|06|07|09|0A)', {
      minRecv: 9,
      errorStatus: 'L7STS',
      onError: 'PostgreSQL unknown error',
      onSuccess: 'PostgreSQL server is ok',
    }),
  ];
}

function redisScript(): BuiltinStep[] {
  return [
    { do: 'send', data: '*1\r\n$4\r\nPING\r\n' },
    expect('string', '+PONG\r\n', {
      errorStatus: 'L7STS',
      onError: '%[res.payload(0,0),cut_crlf]',
      onSuccess: 'Redis server is ok',
    }),
  ];
}

/** What stands behind the code. */
const SMTP_TEXT = "%[res.payload(4,0),ltrim(' '),cut_crlf]";
const SMTP_WRONG: Partial<Expect> = { errorStatus: 'L7STS', onError: SMTP_TEXT, statusCode: 'res.payload(0,3)' };

/** The greeting, the answer to the hello (of several lines to `EHLO`), and that to the goodbye (RFC 5321 §4.2). */
function smtpScript({ hello = 'HELO', domain = 'localhost' }: BuiltinCheck): BuiltinStep[] {
  return [
    CONNECT,
    expect('rstring', '^[0-9]{3}[ \\r]', { minRecv: 4, errorStatus: 'L7RSP', onError: '%[res.payload(0,0),cut_crlf]' }),
    expect('rstring', '^2[0-9]{2}[ \\r]', { ...SMTP_WRONG, minRecv: 4 }),
    { do: 'send', data: Buffer.from(`${hello} ${domain}\r\n`, 'utf8').toString('latin1') },
    expect('rstring', '^(2[0-9]{2}-[^\\r]*\\r\\n)*2[0-9]{2}[ \\r]', SMTP_WRONG),
    { do: 'send', data: 'QUIT\r\n' },
    expect('rstring', '^2[0-9]{2}[- \\r]', { ...SMTP_WRONG, onSuccess: SMTP_TEXT }),
  ];
}

function sslScript(): BuiltinStep[] {
  return [
    { do: 'send-timed', data: clientHello(), timeAt: HELLO_TIME_AT },
    expect('rbinary', '^1[56]', {
      minRecv: 5,
      okStatus: 'L6OK',
      errorStatus: 'L6RSP',
      timeoutStatus: 'L6TOUT',
      onError: '',
      onSuccess: '',
    }),
  ];
}
