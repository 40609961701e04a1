/** Error pages, monitoring, variables, captures, bodies and other actions of http rules, side by side with HAProxy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { request, sameRules } from '../support/http-side-by-side.js';

const dir = mkdtempSync(join(tmpdir(), 'fl-pages-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text, 'latin1');
  return join(dir, name);
};
const OWN_503 = file(
  '503.http',
  'HTTP/1.0 503 My Own\r\nContent-Type: text/plain\r\nX-Mixed: Yes\r\nConnection: close\r\n\r\nno server\n',
);
const OWN_404 = file('404.http', 'HTTP/1.1 404 Nope\nContent-Type: text/plain\nContent-Length: 5\n\nabcd\n');
const BARE = file('403.http', 'HTTP/1.1 403 Bare\r\nContent-Type: text/plain\r\n\r\nno length\n');
const TEXT = file('text', 'text of %[path]\n');

const paths = (...targets: string[]) => targets.map((target) => request(target));

sameRules('pages of our own', {
  sections: `http-errors own\n  errorfile 404 ${OWN_404}\n`,
  front: `
errorfile 503 ${OWN_503}
errorfile 403 ${BARE}
errorloc 429 http://loc/429
errorloc303 504 /p504
http-error status 410 content-type text/plain lf-string "gone %[path]" hdr X-E "e %[src]"
errorfile 408 /dev/null
http-request deny deny_status 503 if { path /503 }
http-request deny if { path /403 }
http-request deny deny_status 429 if { path /429 }
http-request deny deny_status 504 if { path /504 }
http-request deny deny_status 410 if { path /410 }
http-request deny deny_status 408 if { path /408 }
http-request deny status 404 errorfiles own if { path /404 }
http-request deny status 403 errorfile ${OWN_404} if { path /404b }
http-request return status 404 default-errorfiles if { path /404c }
http-request return status 200 content-type text/plain file ${TEXT} if { path /file }
http-request return status 200 content-type text/plain lf-file ${TEXT} if { path /lf-file }
http-after-response set-header X-After "%[status]"`,
  back: `
errorfile 404 ${OWN_404}
http-request deny deny_status 404 if { path /back }
http-request deny deny_status 503 if { path /back503 }`,
  requests: paths(
    ...['503', '403', '429', '504', '410', '408', '404', '404b', '404c', 'file', 'lf-file', 'back', 'back503'].map(
      (name) => `/${name}`,
    ),
  ),
});

sameRules('servers that cannot be reached', {
  front: 'http-after-response set-header X-After "%[status]"',
  back: 'http-error status 503 content-type text/plain lf-string "%[path] %ci %b %f" hdr X-E "%[src]"',
  servers: 'server s 127.0.0.1:1',
  requests: paths('/a', '/b'),
});

sameRules('monitor-uri', {
  front: `
monitor-uri /mon
monitor fail if { hdr(x-fail) 1 }
monitor fail if { hdr(x-fail) 2 }
http-request deny if { path /mon }
http-after-response set-header X-After "%[status]"`,
  requests: [
    ...paths('/mon', '/mon?x', '/monitor'),
    request('/mon', 'X-Fail: 1'),
    request('/mon', 'X-Fail: 2'),
    request('/mon', '', 'POST', 'abc'),
    'GET http://a/mon HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ],
  logged: 1,
});

sameRules('a whole monitor-uri', {
  front: 'monitor-uri http://a/mon',
  requests: [request('/mon'), 'GET http://a/mon HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  logged: 1,
});

sameRules('tarpit, reject and early hints', {
  front: `
http-request tarpit if { path /tar }
http-request tarpit deny_status 429 if { path /tar429 }
http-request reject if { path /reject }
http-request early-hint Link "<a>" if { path /hint }
http-request early-hint Link "<b>" if { path /hint }
http-request set-header X-C "%ci" if { path /hint }
http-request early-hint Foo "<b>" if { path /hint }`,
  requests: paths('/tar', '/tar429', '/reject', '/hint'),
});

sameRules('variables', {
  front: `
http-request set-var(txn.path) path
http-request set-var(sess.n) int(5)
http-request set-var-fmt(req.both) "%[path]-%[src]"
http-request set-var(txn.exists,ifexists) str(no)
http-request set-var(txn.path,ifnotexists) str(no)
http-request set-var(txn.empty,ifempty) str(yes)
http-request set-var(txn.gone) str(x)
http-request unset-var(txn.gone)
http-request set-var(txn.none,ifset) req.hdr(x-none)
http-request set-header X-Vars "%[var(txn.path)] %[var(sess.n)] %[var(req.both)] %[var(txn.exists)] %[var(txn.empty)] %[var(txn.gone)]."
http-response set-header X-Later "%[var(txn.path)] %[var(req.both)]"
http-response set-var(res.s) status
http-after-response set-header X-Res "%[var(res.s)]"`,
  requests: paths('/a', '/b'),
});

sameRules('captures', {
  front: `
declare capture request len 5
declare capture response len 5
capture request header Host len 3
capture request header X-Many len 8
capture response header Server len 4
capture cookie S len 6
http-request capture req.hdr(x-a) id 0
http-request capture path len 4
http-response capture res.hdr(x-b) id 0
http-request set-header X-Seen "%[capture.req.hdr(0)] %[capture.req.hdr(1)] %[capture.req.hdr(3)] %[capture.req.method] %[capture.req.uri]"
http-response set-header X-Seen "%[capture.res.hdr(0)] %[capture.res.hdr(1)]"`,
  requests: [
    request(
      '/path/long',
      'X-A: abcdefgh\nX-Many: one\nX-Many: two\nCookie: x=1; S=secret\nX-Give: Server: apache|X-B: 12345678',
    ),
    request('/', 'Cookie: S=1\nX-Give: Set-Cookie: S=fresh; path=/'),
  ],
});

sameRules('bodies are waited for', {
  front: `
http-request wait-for-body time 300ms if { path /wait }
http-request wait-for-body time 300ms at-least 3 if { path /least }
http-request set-header X-Len "%[req.body_len] %[req.body_size]"`,
  requests: [
    request('/wait', '', 'POST', 'abcdef'),
    request('/least', '', 'POST', 'abcdef'),
    request('/wait'),
    'POST /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nabc',
  ],
});

const MAP = file('paths.map', '/known one\n/other two\n');

sameRules('requests change a map', {
  front: `
http-request set-map(${MAP}) %[path] %[req.hdr(x-value)] if { req.hdr(x-value) -m found }
http-request del-map(${MAP}) %[path] if { req.hdr(x-delete) -m found }
http-request return content-type text/plain lf-string "%[path,map(${MAP},none)]"`,
  requests: [
    ...paths('/known', '/new'),
    request('/new', 'X-Value: three'),
    request('/known', 'X-Value: four'),
    ...paths('/new', '/known', '/other'),
    request('/other', 'X-Delete: 1'),
    ...paths('/other', '/new'),
  ],
  logged: 0,
});

sameRules('addresses', {
  front: `
http-request set-src hdr(x-src)
http-request set-src-port hdr(x-port)
http-request set-dst hdr(x-dst)
http-request set-dst-port int(4000)
http-request set-header X-Ends "%[src] %[src_port] %[dst] %[dst_port]"
option forwardfor`,
  requests: [request('/', 'X-Src: 1.2.3.4\nX-Port: 77\nX-Dst: 5.6.7.8')],
  logged: 0,
});

sameRules('rules of connections set variables and addresses', {
  front: `
tcp-request connection set-var(sess.where) src
tcp-request connection set-src int(0),add(16909060)
tcp-request session set-var-fmt(sess.both) "%[var(sess.where)]-%[src]"
tcp-request content set-var(txn.path) path if HTTP
tcp-request content reject if { path /reject }
http-request set-header X-Vars "%[var(sess.where)] %[var(sess.both)] %[var(txn.path)]"`,
  requests: paths('/a', '/reject'),
  logged: 0,
});

sameRules('tcp-response content', {
  front: 'http-request set-var(txn.p) path',
  back: `
tcp-response content reject if { var(txn.p) -m str /reject }
tcp-response content close if { var(txn.p) -m str /close }
tcp-response content set-var(txn.x) str(y)
tcp-response content accept if { var(txn.p) -m str /accept }
tcp-response content reject if { var(txn.p) -m beg /accept }
http-response set-header X-X %[var(txn.x)]`,
  requests: paths('/', '/reject', '/close', '/accept', '/accepted'),
});

sameRules('log levels and silence', {
  front: 'http-request set-log-level silent if { path /silent }',
  requests: paths('/silent', '/told'),
  logged: 1,
});

sameRules('rules end with allow, and only those of their proxy', {
  front: `
http-request allow if { path /allow }
http-request deny if { path_beg /all }
redirect location /late if { path /allow }`,
  back: 'http-request deny if { path /open }',
  requests: paths('/allow', '/all', '/open', '/'),
});

const NORMAL = [
  '/.',
  '/./bar/',
  '/a/./a',
  '/a/.',
  '/./.',
  '/..',
  '/foo/../',
  '/foo/bar/../',
  '/../bar/',
  '/bar/../../',
];
const MORE = ['/foo//../', '/foo/..', '/a/b/../../..', '/../..', '//', '/foo//bar?a//b', '/a/./b?x/./y', '/x/..?b'];
const PERCENT = ['/%61dmin', '/foo%3Fbar=baz', '/%%36%36', '/%ZZ', '/%6f', '/%zz', '/a?%61=%7e'];
const QUERIES = ['/?c=3&a=1&b=2', '/?aaa=3&a=1&aa=2', '/?a=3&b=4&a=1&b=5&a=2', '/?', '/?&&a', '/?b&a&=1&c', '/?z?&a'];

for (const [normalizer, targets] of [
  ['path-strip-dot', [...NORMAL, ...MORE]],
  ['path-strip-dotdot', [...NORMAL, ...MORE]],
  ['path-strip-dotdot full', [...NORMAL, ...MORE]],
  ['path-merge-slashes', MORE],
  ['percent-decode-unreserved', PERCENT],
  ['percent-decode-unreserved strict', PERCENT],
  ['percent-to-uppercase', PERCENT],
  ['percent-to-uppercase strict', PERCENT],
  ['query-sort-by-name', QUERIES],
] as const)
  sameRules(`normalize-uri ${normalizer}`, {
    front: `http-request normalize-uri ${normalizer}\nhttp-request return content-type text/plain lf-string "%[url]"`,
    requests: paths(...targets),
    logged: 0,
  });
