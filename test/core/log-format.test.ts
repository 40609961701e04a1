/** core/log-format: tables of lines as HAProxy 2.6.12 printed them, complaints, and the real HAProxy's lines. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { TCP_ALIASES } from '../../src/core/log-format/aliases.js';
import { LogDates } from '../../src/core/log-format/dates.js';
import { compileLogFormat, DEFAULT_LOG_TEXT, TCP_LOG_FORMAT } from '../../src/core/log-format/log-format.js';
import { type LogRecord, NO_HTTP } from '../../src/core/log-format/record.js';
import { systemTest } from '../support/peers.js';
import { freePort, serve, startProxy } from '../support/proxy.js';
import { sampleContext } from '../support/sample-context.js';

const RECORD: LogRecord = {
  clientIp: '127.0.0.1',
  clientPort: 33_530,
  frontendIp: '127.0.0.2',
  frontendPort: 443,
  backendIp: '',
  backendPort: 0,
  serverIp: '10.0.0.9',
  serverPort: 3306,
  frontend: 'fe',
  backend: 'be',
  server: 's]1',
  acceptedEpochMs: Date.UTC(2026, 10, 21, 6, 5, 7, 42),
  handshakeMs: 0,
  queueMs: 3,
  connectMs: 4,
  totalMs: 5007,
  bytesToClient: 212,
  bytesToServer: 33,
  termination: 'SD',
  http: NO_HTTP,
  activeConnections: 5,
  frontendConnections: 4,
  backendConnections: 3,
  serverConnections: 2,
  retries: 1,
  redispatched: false,
  serverQueue: 6,
  backendQueue: 7,
  logCount: 8,
  requestCount: 255,
  pid: 1221,
  hostname: 'host',
  early: false,
};

const CONTEXT = sampleContext({ src: '127.0.0.1', srcPort: 33_530 });

const line = (text: string, record: Partial<LogRecord> = {}, offsetMinutes = 0) =>
  compileLogFormat(text).format({ ...RECORD, ...record }, new LogDates(offsetMinutes), CONTEXT);

for (const [text, expected] of [
  [TCP_LOG_FORMAT, '127.0.0.1:33530 [21/Nov/2026:06:05:07.042] fe be/s]1 3/4/5007 212 SD 5/4/3/2/1 6/7'],
  [DEFAULT_LOG_TEXT, 'Connect from 127.0.0.1:33530 to 127.0.0.2:443 (fe/TCP)'],
  ['100%% of %b', '100% of be'],
  ['%{+Q}b %{+Q}B %{+Q}t', '"be" 212 21/Nov/2026:06:05:07.042'],
  ['%{+X}ci:%{+X}cp %{+X}pid %{+X}ms %{+X}B', '7F000001:82FA 04C5 2A 212'],
  ['%{+E}s %{+Q,+E}s %{+Q}s', 's\\]1 "s\\]1" "s]1"'],
  ['%{+Q}o %f %{-Q}s %b', '"fe" s]1 "be"'],
  ['%bi:%bp %{+Q}bi %{+X}bp', '-:- "" -'],
  ['%ID %{+Q}ID %sslv', '- "" -'],
  ['x %hr y', 'x y'],
  ['  a   b ', 'a b '],
  ['%{+Q}[src] %[src_port] %{+X}[src_port]', '"127.0.0.1" 33530 33530'],
  ['%[str(hi)] %[int(5)] %[always_true] %[str()]', 'hi 5 1 -'],
  ['%Td %Th %Ts', '5000 0 1795241107'],
] as const)
  test(`${JSON.stringify(text)} prints ${expected}`, () => {
    assert.deepEqual(compileLogFormat(text).problems, []);
    assert.equal(line(text), expected);
  });

test('a redispatch and a line that is early carry a plus', () => {
  assert.equal(line('%rc %Tt %B', { redispatched: true, early: true }), '+1 +5007 +212');
});

for (const [offset, local, zone] of [
  [0, '21/Nov/2026:06:05:07.042', '21/Nov/2026:06:05:07 +0000'],
  [60, '21/Nov/2026:07:05:07.042', '21/Nov/2026:07:05:07 +0100'],
  [-570, '20/Nov/2026:20:35:07.042', '20/Nov/2026:20:35:07 -0930'],
] as const)
  test(`${offset} minutes from UTC: ${zone}`, () => {
    assert.equal(line('%t %Tl %T', {}, offset), `${local} ${zone} 21/Nov/2026:06:05:07 +0000`);
  });

test('dates are those of Date, in every year until 2100', () => {
  const dates = new LogDates(0);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0) }), (ms) => {
      const [, day, month, year, time] = /^(..) (...) (....) (.*) GMT$/.exec(new Date(ms).toUTCString().slice(5))!;
      assert.equal(dates.gmt(ms), `${day}/${month}/${year}:${time} +0000`);
    }),
  );
});

for (const [text, message] of [
  ['%Tr', "format variable 'Tr' is reserved for HTTP mode"],
  ['%zz', /^no such format variable 'zz'/],
  ['%cix', /^no such format variable 'cix'/],
  ['100%', /without the name/],
  ['a % b', /without the name/],
  ['%{+Q', /no closing '}'/],
  ['%[src', /no closing ']'/],
  ['%{+Q} x', /flags and no variable/],
  ['%[rdp_cookie]', /'rdp_cookie' does not run/],
  ['%[toString]', /'toString' does not run/],
  ['%constructor', /no such format variable/],
] as const)
  test(`${text} is refused`, () => {
    const { problems } = compileLogFormat(`ok ${text}`);
    assert.equal(problems.length, 1);
    assert.match(problems[0].message, typeof message === 'string' ? new RegExp(`^${message}$`) : message);
    assert.equal(problems[0].offset, text === '100%' ? 6 : text === 'a % b' ? 5 : 3);
  });

test('all problems of a format are found at once', () => {
  assert.equal(compileLogFormat('%zz %ci %Tr %[rdp_cookie]').problems.length, 3);
});

test('no text makes the compiler throw', () => {
  fc.assert(fc.property(fc.stringMatching(/^[%{}[\]+QXEciTr ~o-]{0,30}$/), (text) => void line(text)));
});

// The flags of every variable against the real one: the raw values of its own line fill our record.
const NAMES = Object.keys(TCP_ALIASES);
const FORMS = NAMES.flatMap((n) => ['+Q', '+X', '+E', '+Q,+X', '+Q,+E', '-Q'].map((flags) => `%{${flags}}${n}`));

systemTest('every variable under every flag prints as in HAProxy', { commands: ['haproxy'] }, async () => {
  const back = await serve((socket) => socket.end('hello world'));
  const groups = Array.from({ length: 5 }, (_, i) => FORMS.filter((_, k) => k % 5 === i));
  const raw = NAMES.map((n) => `%${n}`).join('|');
  const ports = await Promise.all(groups.map(() => freePort()));
  const listens = groups.map((group, i) => {
    const format = `${raw}#${group.join('~')}`;
    return `listen l${i}\n bind 127.0.0.1:${ports[i]}\n log-format "${format}"\n server srv1 127.0.0.1:${back.port}`;
  });
  const text = `global\n nbthread 1\n log {LOG} len 8192 format raw local0\ndefaults\n mode tcp\n log global\n timeout connect 2s\n timeout client 3s\n timeout server 3s\n${listens.join('\n')}`;
  const proxy = await startProxy('haproxy', text, ports);
  try {
    for (const [i, group] of groups.entries()) {
      const socket = connect(ports[i], '127.0.0.1').resume();
      await once(socket, 'close');
      const [values, forms] = (await proxy.log(new RegExp(`\\|l${i}\\|.*#`))).split('#');
      const record = recordOf(values.split('|'));
      const real = forms.split('~');
      for (const [k, form] of group.entries())
        if (!form.endsWith('Td')) assert.equal(line(form, record, -new Date().getTimezoneOffset()), real[k], form);
    }
  } finally {
    await proxy.stop();
    back.close();
  }
});

function recordOf(values: readonly string[]): LogRecord {
  const v = (name: string) => values[NAMES.indexOf(name)];
  const n = (name: string) => Number(v(name));
  return {
    ...{ clientIp: v('ci'), clientPort: n('cp'), frontendIp: v('fi'), frontendPort: n('fp') },
    ...{ backendIp: v('bi'), backendPort: n('bp'), serverIp: v('si'), serverPort: n('sp') },
    ...{ frontend: v('f'), backend: v('b'), server: v('s'), acceptedEpochMs: n('Ts') * 1000 + n('ms') },
    ...{ handshakeMs: n('Th'), queueMs: n('Tw'), connectMs: n('Tc'), totalMs: n('Tt') },
    ...{
      bytesToClient: n('B'),
      bytesToServer: n('U'),
      termination: v('ts'),
      http: NO_HTTP,
      activeConnections: n('ac'),
    },
    ...{ frontendConnections: n('fc'), backendConnections: n('bc'), serverConnections: n('sc'), retries: n('rc') },
    ...{ redispatched: false, serverQueue: n('sq'), backendQueue: n('bq'), logCount: n('lc') },
    ...{ requestCount: n('rt'), pid: n('pid'), hostname: v('H'), early: false },
  };
}
