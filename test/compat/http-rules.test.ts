/** Actions of http rules side by side with the real HAProxy: what the client gets, what the server gets, the log line. */
import { request, sameRules } from '../support/http-side-by-side.js';

const paths = (...targets: string[]) => targets.map((target) => request(target));

const STATUSES = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504];

sameRules('the standard pages', {
  front: STATUSES.map((status) => `http-request deny deny_status ${status} if { path /${status} }`).join('\n'),
  requests: paths(...STATUSES.map((status) => `/${status}`)),
});

const RETURNED = [200, 201, 204, 206, 299, 302, 399, 400, 407, 408, 413, 418, 451, 499, 502, 511, 520, 599];

sameRules('return with a status alone', {
  front: RETURNED.map((status) => `http-request return status ${status} if { path /${status} }`).join('\n'),
  requests: paths(...RETURNED.map((status) => `/${status}`)),
});

sameRules('return and deny with contents', {
  front: `
http-request return status 418 hdr X-A "b %[path]" if { path /hdr }
http-request return status 200 content-type text/plain string "hello" hdr X-B c hdr x-d "%[src]" if { path /string }
http-request return content-type text/plain lf-string "hello %[path] %[req.hdr(x-none)]." if { path /format }
http-request return status 404 default-errorfiles if { path /default }
http-request deny deny_status 405 content-type text/plain string denied hdr A b if { path /deny }
http-request deny status 429 hdr A b if { path /deny-hdr }`,
  requests: [
    ...paths('/hdr', '/string', '/format', '/default', '/deny', '/deny-hdr'),
    request('/string', '', 'HEAD'),
    'GET /string HTTP/1.0\r\n\r\n',
  ],
});

sameRules('redirects', {
  front: `
http-request redirect location /x if { path /location }
http-request redirect prefix http://h if { path_beg /prefix }
http-request redirect prefix http://h drop-query if { path_beg /drop }
http-request redirect scheme https code 301 if { path_beg /scheme }
http-request redirect location /y set-cookie A=b code 303 if { path /set }
http-request redirect location /y clear-cookie A= if { path /clear }
http-request redirect prefix / drop-query append-slash code 308 if { path_beg /slash }
http-request redirect code 307 location http://www.%[hdr(host)]%[capture.req.uri] if { path /format }
http-request redirect location %[req.hdr(x-to)] ignore-empty if { path /ignore }
redirect location /late%20x if { path /late }
redirect prefix /late2 code 301 if { path_beg /late2 }`,
  requests: [
    ...paths('/location?a', '/prefix/a?b=c', '/drop/a?b=c', '/scheme/a?b', '/set', '/clear', '/slash?x', '/slash/'),
    ...paths('/format?a=b', '/ignore', '/late', '/late2/x?y'),
    request('/ignore', 'X-To: /there'),
  ],
});

sameRules('authentication asked for', {
  front: `
http-request auth realm "my realm" if { path /realm }
http-request auth if { path /plain }
http-after-response set-header X-After "%[status]"`,
  back: 'http-request auth if { path /back }',
  requests: [
    ...paths('/realm', '/plain', '/back', '/open'),
    request('/plain', 'Proxy-Authorization: x'),
    request('/plain', 'Proxy-Connection: keep-alive'),
  ],
});

const KNOWN = ['adam:secret', 'eve:p:w', 'ann:secret', 'old:secret', 'bob:secret'];
const USERS = [...KNOWN, 'adam:wrong', 'eve:', 'nobody:x', 'ann:Secret', 'old:x', 'bob:'];

sameRules('users, groups and passwords', {
  sections: `userlist l
  group admins users adam
  group readers
  user adam password $6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.
  user eve insecure-password p:w groups readers
  user ann password $y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.
  user old password abNANd1rDfiNc
  user bob password $1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1
`,
  front: `
acl known http_auth(l)
http-request auth unless known
http-request set-header X-Admin yes if { http_auth_group(l) admins }
http-request set-header X-Reader yes if { http_auth_group(l) readers }`,
  requests: [...USERS, ...USERS].map((user) =>
    request('/', `Authorization: Basic ${Buffer.from(user).toString('base64')}`),
  ),
});

sameRules('headers of requests', {
  front: `
http-request set-header X-Set "%ci %[path]"
http-request add-header X-Add one
http-request add-header x-add two
http-request del-header X-Gone
http-request del-header x-beg -m beg
http-request del-header -end -m end
http-request del-header mid -m sub
http-request del-header ^x-[0-9]+$ -m reg
http-request replace-header User-Agent curl foo
http-request replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=%ci;\\2
http-request replace-value X-Forwarded-For ^192\\.168\\.(.*)$ 172.16.\\1
http-request set-header X-Long "%[req.hdr(x-two)],%[req.fhdr(x-two)]"
http-request set-header X-Empty %[req.hdr(x-none)]`,
  requests: [
    request(
      '/a?b',
      'X-Set: before\nX-Gone: 1\nx-gone: 2\nX-Beginning: 1\nX-The-End: 2\nA-mid-B: 3\nX-12: 4\nX-1a: stays',
    ),
    request(
      '/',
      'User-Agent: curl/7\nCookie: foo=bar; expires=x\nX-Forwarded-For: 192.168.10.1, 192.168.13.24, 10.0.0.37',
    ),
    request(
      '/',
      'X-Forwarded-For:  192.168.1.1 ,  "a, b" ,192.168.2.2\nX-Forwarded-For: 192.168.3.3\nX-Two: a, b\nX-Two: c',
    ),
  ],
});

sameRules('the host and the target follow each other', {
  front: `
http-request set-header Host bb if { path /host }
http-request set-uri http://zz/new?x=%[path] if { path /uri }`,
  requests: [
    request('/host', 'X-After: 1'),
    'GET http://a/host?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    request('/uri', 'X-After: 1'),
    'GET http://a/uri HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ],
});

const TARGETS = ['/a?b=c', '/a', '/a?', '/', '/a/b/c?b=c/d', 'http://a/x?y', 'http://a'];

for (const rule of [
  'set-path /new%[path]',
  'set-query x=%[query]',
  'set-query %[req.hdr(x-none)]',
  'set-pathq /p?q',
  'set-uri /new?x=%[path]',
  'replace-path (.*)/ /foo\\1-',
  'replace-pathq /(.)(.)? <\\1\\2\\0\\3>%[path]',
  'replace-uri ([^/:]*://[^/]*)?(.*) \\1/foo\\2',
  'set-method POST',
])
  sameRules(rule, {
    front: `http-request ${rule}`,
    requests: [
      ...TARGETS.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
      ...(rule.startsWith('set-method') ? [] : ['OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']),
    ],
  });

sameRules('responses', {
  front: `
http-request set-var(txn.p) path
http-response deny if { var(txn.p) -m str /deny }
http-response deny deny_status 503 if { var(txn.p) -m str /deny503 }
http-response return status 200 content-type text/plain string hi if { var(txn.p) -m str /return }
http-response redirect location /zz if { var(txn.p) -m str /redirect }
http-response set-header X-R 1
http-after-response set-header X-After "%[status] %[var(txn.p)]"
http-after-response del-header x-gone`,
  back: `
http-request deny if { path /back }
http-response set-status 299 if { var(txn.p) -m str /status }
http-response set-status 299 reason "Foo Bar" if { var(txn.p) -m str /reason }
http-response replace-value Cache-Control ^public$ private
http-response replace-header Set-Cookie (C=[^;]*);(.*) \\1;x=1;\\2
http-response del-header Server
http-after-response set-header X-Back "%[status]"`,
  requests: [
    ...paths('/deny', '/deny503', '/return', '/redirect', '/status', '/reason', '/back', '/'),
    request('/', 'X-Give: Cache-Control: max-age=3600, public|Set-Cookie: C=1; expires=Tue, 1|Server: x|X-Gone: 1'),
  ],
});
