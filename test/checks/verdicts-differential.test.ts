/**
 * What a check says about a server that answers in one way or another: the same servers checked by the real HAProxy and
 * by Fairlead must get the same status, code, text and state, and receive the same bytes.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { systemTest } from '../support/peers.js';
import { type Row, verdicts } from '../support/verdicts.js';

/** Answers the first bytes and closes, or leaves the connection open. */
const after =
  (text: string, stays = false) =>
  (socket: Socket) =>
    void socket.once('data', () => (stays ? socket.write(text) : socket.end(text)));
const silent = () => undefined;
const HTTP = 'option httpchk';
const http = (...rules: string[]) => [HTTP, ...rules.map((rule) => `http-check ${rule}`)];
const tcp = (...rules: string[]) => ['option tcp-check', ...rules.map((rule) => `tcp-check ${rule}`)];
const connected = (...rules: string[]) => tcp('connect', ...rules);

const ROWS: Row[] = [
  { name: 'no_blank_line_and_close', lines: http(), answer: after('HTTP/1.0 200 OK\r\n') },
  { name: 'no_blank_line', lines: http(), answer: after('HTTP/1.0 200 OK\r\n', true) },
  { name: 'line_feeds_alone', lines: http(), answer: after('HTTP/1.1 200 OK\n\n', true) },
  { name: 'clustercheck', lines: http(), answer: after('HTTP/1.1 200 OK\r\n\nContent-Type: x\r\n\n\r\nbody') },
  { name: 'no_reason', lines: http(), answer: after('HTTP/1.1 503\r\n\r\n') },
  { name: 'status_099', lines: http(), answer: after('HTTP/1.1 099 x\r\n\r\n') },
  { name: 'bad_version', lines: http(), answer: after('HTTP/x.1 200 x\r\n\r\n') },
  { name: 'version_2', lines: http(), answer: after('HTTP/2.0 200 x\r\n\r\n') },
  { name: 'short_body', lines: http(), answer: after('HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nabc') },
  { name: 'bad_length', lines: http(), answer: after('HTTP/1.1 200 x\r\nContent-Length: z\r\n\r\nabc') },
  { name: 'bad_header', lines: http(), answer: after('HTTP/1.1 200 x\r\nFoo bar baz\r\n\r\nabc') },
  { name: 'status_100', lines: http(), answer: after('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n') },
  { name: 'long_header', lines: http(), answer: after(`HTTP/1.1 200 x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`) },
  { name: 'garbage', lines: http(), answer: after('garbage here\r\n') },
  { name: 'banner', lines: http(), answer: (s) => void s.end('+PONG hello\r\n') },
  { name: 'silent', lines: http(), answer: silent },
  { name: 'closes', lines: http(), answer: (s) => void s.end() },
  { name: 'resets', lines: http(), answer: (s) => void s.once('data', () => s.resetAndDestroy()) },
  { name: 'status', lines: http('expect status 200'), answer: after('HTTP/1.1 301 Moved\r\n\r\n') },
  { name: 'ranges', lines: http('expect status 200,300-303'), answer: after('HTTP/1.1 303 x\r\n\r\n') },
  { name: 'not_status', lines: http('expect ! status 500-599 comment foo'), answer: after('HTTP/1.1 503 Un\r\n\r\n') },
  { name: 'rstatus', lines: http('expect rstatus ^20[0-3]'), answer: after('HTTP/1.1 204 No\r\n\r\n') },
  { name: 'body', lines: http('expect string hello'), answer: after('HTTP/1.1 500 x\r\n\r\nsay hello you') },
  { name: 'body_comes', lines: http('expect string hello'), answer: after('HTTP/1.1 200 x\r\n\r\nsay', true) },
  { name: 'no_body', lines: http('expect string hello'), answer: after('HTTP/1.1 200 x\r\n\r\n') },
  { name: 'other_body', lines: http('expect string hello comment c'), answer: after('HTTP/1.1 200 x\r\n\r\nsay') },
  { name: 'rstring', lines: http('expect rstring hel+o'), answer: after('HTTP/1.1 200 x\r\n\r\nsay') },
  { name: 'unwanted', lines: http('expect ! string err'), answer: after('HTTP/1.1 200 x\r\n\r\nsay err') },
  {
    name: 'not_unwanted',
    lines: http('expect ! string err'),
    answer: after('HTTP/1.1 200 x\r\nContent-Length: 3\r\n\r\nsay', true),
  },
  {
    name: 'header',
    lines: http('expect hdr name X-Role value primary'),
    answer: after('HTTP/1.1 200 x\r\nx-role: a, primary\r\n\r\n'),
  },
  {
    name: 'other_header',
    lines: http('expect hdr name X-Role value primary'),
    answer: after('HTTP/1.1 200 x\r\nx-role: standby\r\n\r\n'),
  },
  {
    name: 'full_header',
    lines: http('expect fhdr name X-Role value primary'),
    answer: after('HTTP/1.1 200 x\r\nx-role: a, primary\r\n\r\n'),
  },
  {
    name: 'chunked',
    lines: http('expect string hello'),
    answer: after('HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', true),
  },
  {
    name: 'request',
    lines: [
      'option httpchk GET /x HTTP/1.1',
      'http-check send hdr Host www hdr X-A b body blah',
      'http-check expect status 200 on-success "yes fine" ok-status L7OKC',
    ],
    answer: after('HTTP/1.1 200 x\r\n\r\n'),
  },
  {
    name: 'request_1_1',
    lines: ['option httpchk GET /x HTTP/1.1', 'http-check send hdr Host www'],
    answer: after('HTTP/1.1 200 x\r\n\r\n'),
  },
  {
    name: 'on_error',
    lines: http('expect status 200 on-error "bad thing" error-status L4CON'),
    answer: after('HTTP/1.1 500 Oops\r\n\r\n'),
  },
  {
    name: 'two_requests',
    lines: http(
      'connect',
      'send meth GET uri /a',
      'expect status 200',
      'connect',
      'send meth GET uri /b',
      'expect status 201',
    ),
    answer: after('HTTP/1.1 200 Fine\r\n\r\n'),
  },
  {
    name: 'not_found',
    lines: http('expect string zz', 'disable-on-404'),
    answer: after('HTTP/1.1 404 NF\r\n\r\n'),
  },
  { name: 'send_state', lines: http('send-state'), answer: after('HTTP/1.1 200 OK\r\n\r\n') },
  { name: 'mismatch', lines: connected('expect string +PONG'), answer: (s) => void s.write('-ERR nope nope\r\n') },
  { name: 'too_short', lines: connected('expect string +PONG'), answer: (s) => void s.write('-E') },
  { name: 'min_recv_0', lines: connected('expect min-recv 0 string +PONG'), answer: (s) => void s.write('-E') },
  {
    name: 'conclusive',
    lines: connected('expect min-recv 0 string +PONG'),
    answer: (s) => void s.write('-ERR nope\r\n'),
  },
  { name: 'regex', lines: connected('expect rstring ^\\\\+PO.G'), answer: (s) => void s.write('+PONG\r\n') },
  { name: 'no_regex', lines: connected('expect rstring ^\\\\+P comment hey'), answer: (s) => void s.end('xx\r\n') },
  { name: 'not', lines: connected('expect ! string ERR'), answer: (s) => void s.end('-ERR x\r\n') },
  { name: 'not_regex', lines: connected('expect ! rstring ERR'), answer: (s) => void s.end('-ERR x\r\n') },
  { name: 'not_ok', lines: connected('expect ! string ERR'), answer: (s) => void s.end('fine\r\n') },
  { name: 'not_waits', lines: connected('expect ! string ERR', 'send x'), answer: (s) => void s.write('fine here') },
  { name: 'not_waits_regex', lines: connected('expect ! rstring ERR'), answer: (s) => void s.write('fine here') },
  { name: 'not_at_once', lines: connected('expect min-recv 0 ! string ERR'), answer: (s) => void s.write('fine') },
  { name: 'binary', lines: connected('expect binary 4142'), answer: (s) => void s.write('xABx') },
  { name: 'no_binary', lines: connected('expect binary 4142'), answer: (s) => void s.end('xAxBx') },
  { name: 'binary_waits', lines: connected('expect binary 4142'), answer: (s) => void s.write('xAxBx') },
  { name: 'not_binary', lines: connected('expect ! binary 4142'), answer: (s) => void s.end('xABx') },
  { name: 'rbinary', lines: connected('expect rbinary ^41.*42'), answer: (s) => void s.end('AxxB') },
  { name: 'no_rbinary', lines: connected('expect rbinary ^41.*42'), answer: (s) => void s.end('BxxA') },
  { name: 'rbinary_waits', lines: connected('expect rbinary ^41.*42'), answer: (s) => void s.write('BxxA') },
  {
    name: 'each_send_its_answer',
    lines: connected(
      'expect string A',
      'send x',
      'expect string B',
      'send y',
      'expect min-recv 0 ! string A comment again',
    ),
    answer: (s) => {
      s.write('A1');
      s.on('data', (data) => s.write(String(data) === 'x' ? 'B2' : 'C3'));
    },
  },
  { name: 'same_bytes', lines: connected('expect string A', 'expect string 1'), answer: (s) => void s.write('A1') },
  {
    name: 'timeout_status',
    lines: connected('send x', 'expect string A tout-status L4TOUT comment c'),
    answer: silent,
  },
  {
    name: 'error_status',
    lines: connected('expect string A error-status L7STS on-error "foo bar"'),
    answer: (s) => void s.end('B'),
  },
  {
    name: 'ok_status',
    lines: connected('expect string A ok-status L6OK on-success "great"'),
    answer: (s) => void s.end('A'),
  },
  {
    name: 'script_reset',
    lines: connected('send x', 'expect string A'),
    answer: (s) => void s.once('data', () => s.resetAndDestroy()),
  },
  { name: 'connect_only', lines: connected(), answer: silent },
  { name: 'send_only', lines: connected('send hello'), answer: silent },
  { name: 'empty', lines: tcp('expect string A comment c'), answer: (s) => void s.end() },
  { name: 'plain', lines: [], answer: silent },
  { name: 'send_proxy', lines: [], server: 'send-proxy', answer: silent },
  { name: 'check_send_proxy', lines: tcp(), server: 'check-send-proxy', answer: silent },
  { name: 'check_send_proxy_v2', lines: tcp(), server: 'check-send-proxy send-proxy-v2', answer: silent },
  { name: 'connect_send_proxy', lines: tcp('connect send-proxy'), answer: silent },
  { name: 'bad_source', lines: [], server: 'source 10.99.99.99', answer: silent },
];

systemTest('checks of odd servers end as in HAProxy', { commands: ['haproxy'] }, async (t) => {
  const expected = await verdicts('haproxy', ROWS);
  const actual = await verdicts('fairlead', ROWS);
  assert.ok(Object.keys(expected).length >= ROWS.length, 'HAProxy reported every server');
  for (const name of Object.keys(expected))
    await t.test(name, () => {
      assert.deepEqual(actual[name], expected[name]);
    });
});
