/**
 * HAProxy's own checks against servers that answer well, refuse, break off, or speak something else: status, code, text,
 * log line and every byte the server sees are those of the real HAProxy 2.6.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { systemTest } from '../support/peers.js';
import { type Row, verdicts } from '../support/verdicts.js';

type Answer = string | Buffer | ((socket: Socket) => void) | undefined;

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const join = (...parts: (string | number[] | Buffer)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));
const close =
  (text: string | Buffer = '') =>
  (s: Socket) =>
    void s.end(text);
const reset = (s: Socket) => void s.resetAndDestroy();
const give = (s: Socket, answer: Answer) => {
  if (typeof answer === 'function') answer(s);
  else if (answer !== undefined) s.write(answer);
};

/** Answers at once, then to the first bytes it gets. */
const speaking = (first: Answer, second?: Answer) => (s: Socket) => {
  give(s, first);
  if (second !== undefined) s.once('data', () => give(s, second));
};
const answering = (answer: Answer) => speaking(undefined, answer ?? '');

const LOGS = 'option log-health-checks';
const rows = (option: string, answers: { [name: string]: (s: Socket) => void }): Row[] =>
  Object.entries(answers).map(([name, answer]) => ({ name, lines: [LOGS, option], answer }));

// ── MySQL ───────────────────────────────────────────────────────────────────────────────────────────────────────────
const packet = (sequence: number, ...parts: (string | number[] | Buffer)[]) => {
  const body = join(...parts);
  return join([body.length & 255, (body.length >> 8) & 255, body.length >> 16, sequence], body);
};
const GREETING = packet(
  0,
  [10],
  '8.0.33-log\0',
  [1, 0, 0, 0],
  '12345678\0',
  [255, 255, 8, 2, 0, 255, 193, 21],
  Buffer.alloc(10),
  '123456789012\0',
  'mysql_native_password\0',
);
const error = (code: number, text: string, sequence = 0) => packet(sequence, [255, code & 255, code >> 8], text);
const OK = packet(2, [0, 0, 0, 2, 0, 0, 0]);
const DENIED = error(1045, "#28000Access denied for user 'bob'@'localhost' (using password: NO)", 2);
const SWITCH = packet(2, [254], 'caching_sha2_password\0', '12345678901234567890\0');

const greetings = {
  my_version: speaking(GREETING),
  my_too_many: speaking(error(1040, 'Too many connections')),
  my_not_allowed: speaking(error(1130, "#HY000Host '1.2.3.4' is not allowed to connect")),
  my_cut: speaking(GREETING.subarray(0, 20)),
  my_cut_header: speaking(GREETING.subarray(0, 3)),
  my_closes: speaking(close()),
  my_cut_and_closes: speaking(close(GREETING.subarray(0, 20))),
  my_garbage: speaking('hello world this is no mysql server'),
  my_garbage_closes: speaking(close('hello world this is no mysql server')),
  my_error_cut: speaking(close(error(1040, 'Too many connections').subarray(0, 12))),
  my_short_error: speaking(packet(0, [255, 1, 2])),
  my_old: speaking(packet(0, [9], '4.0\0', Buffer.alloc(20))),
  my_no_end: speaking(packet(0, [10], '8.0.33-log')),
  my_long: speaking(join([255, 255, 255, 0, 10], 'x'.repeat(40))),
  my_silent: speaking(undefined),
};
const logins = {
  login_ok: speaking(GREETING, OK),
  login_denied: speaking(GREETING, DENIED),
  login_too_many: speaking(error(1040, 'Too many connections')),
  login_switch: speaking(GREETING, SWITCH),
  login_cut: speaking(GREETING, OK.subarray(0, 4)),
  login_garbage: speaking(GREETING, 'garbage garbage garbage'),
  login_garbage_closes: speaking(GREETING, close('garbage garbage garbage')),
  login_error_cut: speaking(GREETING, close(DENIED.subarray(0, 15))),
  login_closes: speaking(GREETING, close()),
  login_closes_at_once: speaking(close()),
  login_resets: speaking(GREETING, reset),
  login_silent: speaking(GREETING),
  login_more: speaking(GREETING, packet(2, [1, 4])),
  login_long_error: speaking(GREETING, error(1045, 'x'.repeat(400), 2)),
  login_after: answering(join(GREETING, OK)),
};
const oldLogins = {
  pre41_ok: speaking(GREETING, OK),
  pre41_denied: speaking(GREETING, error(1045, 'Access denied', 2)),
};

// ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────────────
const authentication = (kind: number, length = 8) => join('R', [0, 0, 0, length, 0, 0, 0, kind]);
const failure = (text: string) => join('E', [0, 0, 0, text.length + 4], text);
const startups = {
  pg_ok: answering(authentication(0)),
  pg_md5: answering(join(authentication(5, 12), [1, 2, 3, 4])),
  pg_scram: answering(join(authentication(10, 23), 'SCRAM-SHA-256\0\0')),
  ...Object.fromEntries([1, 2, 3, 4, 6, 7, 8, 9, 11, 12].map((n) => [`pg_${n}`, answering(authentication(n))])),
  pg_odd_length: answering(authentication(0, 255)),
  pg_denied: answering(failure('SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "bob"\0\0')),
  pg_too_many: answering(failure('SFATAL\0C53300\0Msorry, too many clients already\0\0')),
  pg_error_cut: answering('E'),
  pg_error_bare: answering(join('E', [0, 0, 0, 30])),
  pg_error_long: answering(failure(`${'x'.repeat(200)}`)),
  pg_old_error: answering('EFATAL:  unsupported frontend protocol\n\0'),
  pg_closes: answering(close()),
  pg_cut_and_closes: answering(close(join('R', [0, 0, 0]))),
  pg_short: answering('hello'),
  pg_garbage: answering('hello this is longer'),
  pg_no_tls: answering('N'),
  pg_silent: answering(undefined),
};

// ── Redis ───────────────────────────────────────────────────────────────────────────────────────────────────────────
const pings = {
  redis_ok: answering('+PONG\r\n'),
  redis_password: answering('-NOAUTH Authentication required.\r\n'),
  redis_password_closes: answering(close('-NOAUTH Authentication required.\r\nmore\r\n')),
  redis_cut: answering('+PON'),
  redis_in_garbage: answering('xx+PONG\r\n'),
  redis_other: answering('+PONGX\r\n'),
  redis_closes: answering(close()),
  redis_resets: answering(reset),
  redis_silent: answering(undefined),
};

// ── SMTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Greets, answers the hello, and closes with the answer to the goodbye. */
const mail =
  (banner: string | Buffer, hello: Answer = '250 hi\r\n', goodbye = '221 bye\r\n') =>
  (s: Socket) => {
    s.write(banner);
    s.once('data', () => give(s, hello));
    s.on('data', (data) => {
      if (String(data).includes('QUIT')) s.end(goodbye);
    });
  };
const helos = {
  smtp_ok: mail('220 hi there\r\n'),
  smtp_line_feeds: mail('220 hi\n', '250 hi\n', '221 x\n'),
  smtp_no_service: mail('554  two\r\nmore\r\n'),
  smtp_garbage: mail('hello world\r\n'),
  smtp_quotes: mail('"q\\\x01\r\nmore\r\n'),
  smtp_umlaut: mail(Buffer.from('554 für\r\n')),
  smtp_short: mail('22'),
  smtp_two_digits: mail('22\r\n'),
  smtp_glued: mail('220x\r\n'),
  smtp_no_end: mail('220 hi'),
  smtp_lines_first: mail('220-hi\r\n220 more\r\n'),
  smtp_long: mail(`554 ${'y'.repeat(900)}\r\n`),
  smtp_closes: speaking(close()),
  smtp_closes_after: speaking(close('220 x\r\n')),
  smtp_refuses: mail('220 b\r\n', '550 no\r\n'),
  smtp_refuses_closes: mail('220 b\r\n', close('550  no way\r\nzz\r\n')),
  smtp_no_goodbye: mail('220 b\r\n', '250 x\r\n', ''),
  smtp_odd_goodbye: mail('220 b\r\n', '250 x\r\n', '221  \t two  sp \r\n'),
  smtp_goodbye_lines: mail('220 b\r\n', '250 x\r\n', '221-a\r\n221 b\r\n'),
  smtp_bad_goodbye: mail('220 b\r\n', '250 x\r\n', '500 x\r\n'),
  smtp_cut_goodbye: mail('220 b\r\n', '250 x\r\n', '22'),
  smtp_silent: speaking(undefined),
};
const ehlos = Object.fromEntries(
  [
    '250-a\r\n250-b\r\n250 c\r\n',
    '250-a\r\n250 c',
    '250-a\n250 c\n',
    '250-a\r\n350 c\r\n',
    '250-a\r\n251 c\r\n',
    '250-a\r\n250\r\n',
    '250-\r\n250 ',
    '250',
    '250-a\r\njunk\r\n250 c\r\n',
    '250-a 250 c\r\n',
  ].map((hello, i) => [`ehlo_${i}`, mail('220 b\r\n', hello)]),
);

// ── LDAP ────────────────────────────────────────────────────────────────────────────────────────────────────────────
const binds = {
  ldap_ok: answering(hex('300c02010161070a010004000400')),
  ldap_long_form: answering(hex('308400000010 020101 618400000007 0a010004000400')),
  ldap_credentials: answering(hex('300c02010161070a013104000400')),
  ldap_protocol: answering(hex('300c02010161070a010204000400')),
  ldap_other_id: answering(hex('300c02010261070a010004000400')),
  ldap_search: answering(hex('300c02010165070a010004000400')),
  ldap_cut: answering(hex('300c0201')),
  ldap_one_short: answering(hex('300c02010161070a0100040004')),
  ldap_longer: answering(hex('30ff02010161070a010004000400')),
  ldap_longer_closes: answering(close(hex('303002010161070a010004000400'))),
  ldap_garbage: answering('hello there friend'),
  ldap_short_garbage: answering('hello'),
  ldap_closes: answering(close()),
  ldap_silent: answering(undefined),
};

// ── SSL ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
const hellos = {
  ssl_ok: answering(hex('160300004a0200004603005a')),
  ssl_tls: answering(hex('160303004a0200004603035a')),
  ssl_alert: answering(hex('15030000020228')),
  ssl_alert_closes: answering(close(hex('15030000020228'))),
  ssl_four_bytes: answering(hex('16030000')),
  ssl_http: answering('HTTP/1.0 400'),
  ssl_closes: answering(close()),
  ssl_resets: answering(reset),
  ssl_silent: answering(undefined),
};

const ROWS: Row[] = [
  ...rows('option mysql-check', greetings),
  ...rows('option mysql-check user bob', logins),
  ...rows('option mysql-check user bob pre-41', oldLogins),
  ...rows('option pgsql-check user bob', startups),
  ...rows('option redis-check', pings),
  ...rows('option smtpchk', helos),
  ...rows('option smtpchk EHLO my.dom', ehlos),
  ...rows('option smtpchk foo my.dom', { smtp_other_hello: mail('220 hi\r\n') }),
  ...rows('option ldap-check', binds),
  ...rows('option ssl-hello-chk', hellos),
  // Comments are steps; texts and codes are expressions.
  ...(
    [
      ['comment one', 'connect', 'send x', 'expect min-recv 1 string y'],
      ['connect comment c', 'comment two', 'send x', 'expect string y'],
      ['connect', 'comment two', 'expect string z', 'expect min-recv 1 string y'],
      ['connect', 'comment a', 'expect string z comment own', 'expect string q'],
      ['comment one', 'connect', 'comment two', 'comment three', 'expect min-recv 0 string b'],
      ['comment x'],
      ['connect', 'expect min-recv 2 string zzzz'],
      ['connect', 'expect min-recv 9 ! string ERR'],
      ['connect', 'expect min-recv 2 ! string ERR'],
      [
        'connect',
        'expect min-recv 1 on-error "E:%[res.payload(0,2)]:%[res.payload(1,0),upper]:%[srv_name]%[be_id]" rstring ^P',
      ],
      ['connect', 'expect on-success "%[res.len] %[int(5),add(3)] %% %s" status-code int(7) rstring z'],
      ['connect', 'expect min-recv 1 on-error "für %[res.payload(0,1)]" string P'],
      ['connect', 'expect error-status L7STS status-code int(9) on-error no string P'],
    ] as const
  ).map((rules, i) => ({
    name: `script_${i}`,
    lines: [LOGS, 'option tcp-check', ...rules.map((rule) => `tcp-check ${rule}`)],
    answer: (s: Socket) => void (i === 12 ? s.end('zz') : s.write('zzz')),
  })),
  ...(
    [
      'expect status 200 status-code int(77) on-success "ok %[status] %[res.hdr(x-a)] %[res.ver]"',
      'expect status 300 status-code res.hdr(x-a) on-error "bad %[status] %[res.body] %[res.hdr(x-a),upper]"',
      'expect string foo on-error "bad %[status] %[res.body,bytes(0,3)]"',
      'expect status 200 status-code res.hdr(x-b)',
      'expect status 200 status-code res.hdr(x-c)',
    ] as const
  ).map((rule, i) => ({
    name: `http_${i}`,
    lines: [LOGS, 'option httpchk GET /', `http-check ${rule}`],
    answer: answering(close('HTTP/1.1 200 OK\r\nX-A: b\r\nX-C: 12\r\nContent-Length: 5\r\n\r\nhello')),
  })),
];

/** HAProxy forgets what it has just logged about a success of these two; Fairlead keeps it as `last_chk`. */
const KEPT: { readonly [name: string]: string } = {
  my_version: '8.0.33-log',
  my_old: '4.0',
  my_no_end: '8.0.33-log',
  login_ok: '8.0.33-log',
  login_switch: '8.0.33-log',
  login_more: '8.0.33-log',
  login_after: '8.0.33-log',
  pre41_ok: '8.0.33-log',
  ldap_ok: 'Success',
  ldap_long_form: 'Success',
};

systemTest("HAProxy's own checks end as in HAProxy", { commands: ['haproxy'] }, async (t) => {
  const [expected, actual] = await Promise.all([verdicts('haproxy', ROWS), verdicts('fairlead', ROWS)]);
  assert.ok(Object.keys(expected).length >= ROWS.length, 'HAProxy reported every server');
  for (const { name } of ROWS)
    await t.test(name, () => {
      const { text, ...rest } = expected[name];
      assert.deepEqual(actual[name], { text: KEPT[name] ?? text, ...rest });
    });
});
