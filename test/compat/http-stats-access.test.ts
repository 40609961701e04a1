/** Who gets the statistics page, side by side with HAProxy: the rules before it, its own, and those behind it. */
import { same } from '../support/both.js';
import { exchange, HTTP_HEAD, mirror, request, sameRules } from '../support/http-side-by-side.js';

const as = (user: string) => `Authorization: Basic ${Buffer.from(user).toString('base64')}`;

/** Status line and what decides about it; the page itself is another matter. */
function summary(answer: string): string {
  const [head, body = ''] = answer.split('\r\n\r\n');
  const lines = head.split('\r\n').filter((line) => /^HTTP|authenticate|^location|^x-after/i.test(line));
  const kind = body.includes('# pxname')
    ? 'csv'
    : /Statistics Report|statistics/i.test(body)
      ? 'page'
      : body.slice(0, 40);
  return [...lines, kind].join(' | ');
}

function sameAccess(name: string, listen: string, requests: readonly string[], sections = ''): void {
  same({
    name,
    prepare: async (port) => {
      const { port: server } = await mirror('s');
      const lines = `  bind 127.0.0.1:${port}\n  ${listen.trim().split('\n').join('\n  ')}\n  server s 127.0.0.1:${server}\n`;
      return { text: `${HTTP_HEAD}${sections}listen l\n${lines}`, state: null };
    },
    scenario: async ({ port }) => {
      const found: [string, string][] = [];
      for (const text of requests) found.push([text.split('\r\n')[0], summary(await exchange(port, text))]);
      return found;
    },
  });
}

sameAccess('open to all', 'stats enable\nstats uri /stats', [
  request('/stats'),
  request('/stats;csv'),
  request('/stats?x'),
  request('/stat'),
  request('/stats', '', 'HEAD'),
  request('/stats', '', 'PUT', 'x'),
  request('/stats', '', 'POST', 's=s&action=drain&b=l'),
  request('/'),
]);

sameAccess('stats auth', 'stats uri /stats\nstats auth adam:se:cret\nstats auth eve:p\nstats realm My\\ Realm', [
  request('/stats'),
  request('/stats', as('adam:se:cret')),
  request('/stats', as('eve:p')),
  request('/stats', as('eve:q')),
  request('/stats', 'Authorization: Bearer x'),
  request('/stats;csv', as('eve:p')),
  request('/'),
]);

sameAccess(
  'stats http-request',
  `stats uri /stats
acl known http_auth(l)
stats http-request deny if { hdr(x-deny) 1 }
stats http-request auth realm other if { hdr(x-other) 1 } !known
stats http-request auth unless known
stats admin if { http_auth_group(l) admins }`,
  [
    request('/stats'),
    request('/stats', as('adam:a')),
    request('/stats', `X-Deny: 1\n${as('adam:a')}`),
    request('/stats', 'X-Other: 1'),
    request('/stats', as('adam:b')),
  ],
  'userlist l\n  group admins users adam\n  user adam insecure-password a\n  user eve insecure-password e\n',
);

sameAccess(
  'rules around it',
  `stats uri /stats
http-request deny if { hdr(x-deny) 1 }
http-request set-path /stats if { path /moved }
http-request redirect location /early if { hdr(x-early) 1 }
redirect location /late if { hdr(x-late) 1 }
http-after-response set-header X-After "%[status]"`,
  ['X-Deny: 1', 'X-Early: 1', 'X-Late: 1', ''].flatMap((header) => [
    request('/stats', header),
    request('/moved', header),
  ]),
);

sameAccess(
  'a realm by default',
  `stats enable
stats auth adam:a`,
  [request('/haproxy?stats'), request('/haproxy?stats', as('adam:a')), request('/haproxy')],
);

const CHUNKS = ['s=s&', 'action=', 'drain&b=l'].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');

sameAccess('targets in absolute form, and forms in chunks', 'stats uri /stats\nstats admin if TRUE', [
  'GET http://a/stats;csv HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET http://a/x/stats HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  `POST /stats HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}0\r\n\r\n`,
]);

sameAccess(
  'users and passwords beyond ASCII',
  'stats uri /stats\nstats auth j\u00f6rg:gr\u00f6\u00dfe\nstats realm Gr\u00fc\u00dfe',
  [request('/stats;csv', as('j\u00f6rg:gr\u00f6\u00dfe')), request('/stats;csv', as('j\u00f6rg:gr\u00f6sse'))],
);

sameRules('services in the log', {
  front: `
stats uri /stats
stats admin if TRUE
http-request use-service prometheus-exporter if { path /metrics }`,
  requests: [request('/stats;csv'), request('/stats', '', 'POST', 's=s&action=drain&b=b'), request('/metrics')],
  mask: (answer) => answer.split('\r\n')[0],
});

/** Status of every backend. */
const statusOfBackends = (csv: string) =>
  csv
    .split('\n')
    .flatMap((line) => (line.includes(',BACKEND,') ? [`${line.split(',')[0]} ${line.split(',')[17]}`] : []));

same({
  name: 'how many servers are left where others are hidden',
  prepare: async (port) => ({
    text: `${HTTP_HEAD}listen l\n  bind 127.0.0.1:${port}\n  stats uri /stats
backend some
  server a 127.0.0.1:1
  server b 127.0.0.1:1 backup
  server c 127.0.0.1:1 disabled
backend none
  server a 127.0.0.1:1 disabled
`,
    state: null,
  }),
  scenario: async ({ port, proxy }) => [
    statusOfBackends(await exchange(port, request('/stats;csv'))),
    statusOfBackends(await exchange(port, request('/stats;csv;up'))),
    statusOfBackends(await exchange(port, request('/stats;csv;no-maint'))),
    statusOfBackends(await proxy.ask('show stat up')),
  ],
});
