/** What a client of mode http sees of connections, bodies and failures: the same from HAProxy and from Fairlead. */

import { type Origin, origin } from '../support/http-origin.js';
import { type Exchange, exchange, HTTP_HEAD, requestLog } from '../support/http-side.js';
import { eventually, figures, same } from '../support/side-by-side.js';

const GET = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;
const POST = (path: string, headers: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n${body}`;

/** Each exchange on a connection of its own, one after the other, through `listen l`. */
function exchanges(name: string, lines: string, list: readonly Exchange[], columns: readonly string[] = []): void {
  let server: Origin;
  same(
    name,
    async (port) => {
      server = await origin();
      return `listen l\n  bind 127.0.0.1:${port}\n  ${lines}\n  server s 127.0.0.1:${server.port}\n`;
    },
    async ({ proxy, port }) => {
      const seen: string[] = [];
      for (const one of list) seen.push(await exchange(port, one));
      const count = list.length;
      await eventually(() => requestLog(proxy).length >= count).catch(() => undefined);
      const rows = columns.length === 0 ? null : await figures(proxy, 'l', ['FRONTEND', 's', 'BACKEND'], columns);
      server.close();
      return {
        seen,
        log: requestLog(proxy),
        heads: lines.includes('retry') ? server.heads.map((head) => head.replace(/^\d+ /, '')) : server.heads,
        rows,
      };
    },
    { head: HTTP_HEAD },
  );
}

const COUNTS = [
  'stot',
  'bin',
  'bout',
  'ereq',
  'eresp',
  'econ',
  'hrsp_1xx',
  'hrsp_2xx',
  'hrsp_3xx',
  'hrsp_4xx',
  'hrsp_5xx',
];

exchanges(
  'bodies end where their framing says, and connections are kept',
  'option forwardfor',
  [
    {
      send: GET('/') + GET('/chunked') + GET('/trailer') + GET('/204') + GET('/304') + GET('/'),
      until: 'hello',
      times: 4,
    },
    { send: `HEAD /headed HTTP/1.1\r\nhost: a\r\n\r\n${GET('/')}`, until: 'hello' },
    { send: GET('/close') },
    { send: GET('/saysclose') + GET('/'), until: 'hello', times: 2 },
    { send: GET('/10') + GET('/10keep'), until: 'hello', times: 2 },
    { send: 'GET / HTTP/1.0\r\n\r\n' },
    { send: 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', until: 'hello' },
    { send: GET('/', 'connection: close\r\n') },
    { send: POST('/', 'content-length: 3\r\n', 'abc') + GET('/'), until: 'hello', times: 2 },
    { send: POST('/', 'content-length: 6\r\n', 'abc'), more: 'def', last: 'hello', until: '' },
    { send: POST('/', 'transfer-encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n') + GET('/'), until: 'hello', times: 2 },
    { send: GET('/103') + GET('/'), until: 'hello', times: 2 },
  ],
  [...COUNTS, 'lbtot', 'connect', 'reuse', 'req_tot'],
);

exchanges(
  'a server that fails: pages, ends and codes',
  'retries 0',
  [
    { send: GET('/empty') + GET('/'), until: 'hello' },
    { send: GET('/reset') + GET('/'), until: 'hello' },
    { send: GET('/junk') + GET('/'), until: 'hello' },
    { send: GET('/partial') + GET('/'), until: 'hello' },
    { send: GET('/half') + GET('/') },
    { send: GET('/badchunk') + GET('/') },
    { send: GET('/halfchunk') + GET('/') },
    { send: GET('/hang') + GET('/'), until: 'hello' },
    { send: GET('/stall') + GET('/') },
    { send: GET('/extra') + GET('/'), until: 'hello', times: 2 },
    { send: GET('/500') + GET('/'), until: 'hello' },
    { send: GET('/') + GET('/empty') },
    { send: POST('/early', 'content-length: 10\r\n', 'abc'), until: 'no' },
  ],
  [...COUNTS, 'cli_abrt', 'srv_abrt'],
);

exchanges(
  'a client that is slow, silent or wrong',
  'retries 0',
  [
    { send: 'GET / HT' },
    { send: '' },
    { send: `${GET('/')}GE` },
    { send: GET('/') },
    { send: 'BAD\r\n\r\n' },
    { send: 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n' },
    { send: `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n` },
    { send: POST('/', 'content-length: 10\r\n', 'abc') },
    { send: POST('/', 'transfer-encoding: chunked\r\n', 'zz\r\n') },
  ],
  COUNTS,
);

exchanges('upgrades and CONNECT', 'timeout tunnel 3s', [
  { send: GET('/switch', 'connection: upgrade\r\nupgrade: echo\r\n'), until: 'welcome;', more: 'ping', last: 'ping' },
  { send: `${GET('/switch', 'connection: upgrade\r\nupgrade: echo\r\n')}early`, until: 'early' },
  { send: GET('/', 'connection: upgrade\r\nupgrade: echo\r\n') + GET('/'), until: 'hello', times: 2 },
  { send: 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n', until: '200 OK', more: 'ping', last: 'ping' },
]);

for (const mode of ['httpclose', 'http-server-close', 'http-keep-alive'])
  exchanges(`option ${mode}`, `option ${mode}`, [
    mode === 'httpclose' ? { send: GET('/') + GET('/') } : { send: GET('/') + GET('/'), until: 'hello', times: 2 },
    mode === 'httpclose'
      ? { send: 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n' }
      : { send: 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', until: 'hello' },
  ]);

exchanges('retry-on', 'retry-on all-retryable-errors\n  retries 2', [
  { send: GET('/emptyfirst'), until: 'hello' },
  { send: GET('/500'), until: 'bad' },
  { send: GET('/empty'), until: 'Gateway' },
  { send: POST('/empty', 'content-length: 3\r\n', 'abc'), until: 'Gateway' },
]);

for (const reuse of ['never', 'safe', 'aggressive', 'always'])
  exchanges(
    `http-reuse ${reuse}`,
    `http-reuse ${reuse}`,
    [
      { send: GET('/conn') + GET('/conn') + GET('/conn'), until: 'HTTP/1.1 200', times: 3 },
      { send: GET('/conn') + GET('/conn'), until: 'HTTP/1.1 200', times: 2 },
      { send: GET('/conn'), until: 'HTTP/1.1 200' },
      { send: GET('/conn'), until: 'HTTP/1.1 200' },
    ],
    ['connect', 'reuse'],
  );

exchanges('who asks is told', 'option forwardfor except 10.0.0.0/8 header X-Client if-none\n  option originalto', [
  { send: GET('/') + GET('/', 'x-client: 1.2.3.4\r\n'), until: 'hello', times: 2 },
]);
exchanges('nor when excepted', 'option forwardfor except 127.0.0.0/8\n  option originalto except 127.0.0.0/8', [
  { send: GET('/'), until: 'hello' },
]);
