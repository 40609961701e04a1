/** `balance uri|url_param|hdr|hash` side by side with HAProxy: which server each request reaches. */
import { after } from 'node:test';
import { same } from '../support/both.js';
import { exchange, HTTP_HEAD, mirror, request } from '../support/http-side-by-side.js';

const servers = await Promise.all(['a', 'b', 'c'].map((name) => mirror(name)));
after(() => {
  for (const server of servers) server.close();
});

const LINES = servers.map(({ port }, i) => `  server ${'abc'[i]} 127.0.0.1:${port} weight ${[3, 1, 2][i]}\n`).join('');

function sameServers(lines: string, requests: readonly string[]): void {
  const balance = `  ${lines.split('; ').join('\n  ')}\n`;
  same({
    name: lines,
    prepare: async (port) => ({
      text: `${HTTP_HEAD}listen l\n  bind 127.0.0.1:${port}\n${balance}${LINES}`,
      state: null,
    }),
    scenario: async ({ port }) => {
      let names = '';
      for (const text of requests) names += /\n\[(\w)\]/.exec(await exchange(port, text))?.[1] ?? '-';
      return names;
    },
  });
}

const PATHS = [
  '/',
  '/a',
  '/b',
  '/a/b',
  '/a/b/c',
  '/a/b/c/d',
  '/a?x',
  '/a?y',
  '/b?x=1',
  '/long/path/to/a/file',
  '/ABC',
  '/%20',
];
const URIS = [...PATHS, ...Array.from({ length: 20 }, (_, i) => `/item/${i}/of/${i * 7}?q=${i}`)];
const plain = URIS.map((uri) => request(uri));

for (const words of ['', ' whole', ' depth 2', ' depth 3', ' len 4', ' len 8 depth 3', ' path-only', ' depth 1'])
  sameServers(`balance uri${words}`, plain);
sameServers('balance uri path-only', [
  ...plain,
  ...['/a', '/b/c'].map((path) => `GET http://a${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
]);
sameServers(
  'balance uri',
  ['/a', '/b/c', '/c'].map((path) => `GET http://a${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
);
for (const type of ['sdbm', 'djb2', 'crc32']) {
  sameServers(`balance uri; hash-type map-based ${type}`, plain);
  sameServers(`balance uri; hash-type map-based ${type} avalanche`, plain);
}

const IDS = Array.from({ length: 20 }, (_, i) => `/x?a=1&id=${i * 13}&z`);
sameServers(
  'balance url_param id',
  [
    ...IDS,
    '/x?idx=1',
    '/x?id',
    '/x?id=',
    '/x?xid=3',
    '/x',
    '/x?id=7#f',
    '/y?id=0&id=5',
    '/x?id=',
    '/x?id=',
    '/',
    '/',
    '/x?id=&z',
    '/',
  ].map((uri) => request(uri)),
);
sameServers('balance url_param id check_post', [
  ...IDS.slice(0, 4).map((uri) => request(uri, '', 'POST', 'id=9')),
  ...['id=1', 'a=b&id=2', 'id=33&c', 'nothing', 'id='].map((body) => request('/x', '', 'POST', body)),
  request('/x?y', '', 'POST', 'id=44'),
]);

const HOSTS = [
  'www.example.com',
  'example.com',
  'a.b.c.example.org:8080',
  'localhost',
  '10.0.0.1',
  'x.y',
  'haproxy.1wt.eu',
];
const withHost = HOSTS.map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
sameServers('balance hdr(Host)', withHost);
sameServers('balance hdr(host) use_domain_only', withHost);
sameServers('balance hdr(X-User)', [
  ...Array.from({ length: 16 }, (_, i) => request('/', `X-User: user${i}`)),
  ...[
    '',
    'X-User:',
    'X-User: a, b',
    'X-User: e\nX-User: f',
    'X-User:',
    'X-User:',
    '',
    'X-User: , g',
    'X-User: "h, i"',
    '',
  ].map((header) => request('/', header)),
]);

sameServers('balance hash path,lower', plain);
sameServers('balance hash req.hdr(x-user)', [
  ...Array.from({ length: 16 }, (_, i) => request('/', `X-User: user${i}`)),
  request('/'),
  request('/'),
]);
sameServers('balance hash src', plain.slice(0, 4));
