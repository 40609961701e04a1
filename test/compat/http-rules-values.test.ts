/** Rules on what clients may send at their worst, and texts beyond ASCII, side by side with the real HAProxy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { request, sameRules } from '../support/http-side-by-side.js';

const dir = mkdtempSync(join(tmpdir(), 'fl-values-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const LINES = '/one\n#/two\n\n /three\n #four\n/five x\n';
for (const name of ['list', 'map']) writeFileSync(join(dir, name), LINES);

const basic = (user: string) => `Authorization: Basic ${Buffer.from(user).toString('base64')}`;
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

sameRules('regular expressions of PCRE in rules that replace', {
  front: `
http-request replace-header X-A (?i)foo bar
http-request replace-value X-B [[:digit:]]+ N
http-request replace-path (?i)^/X(.*) /y\\1
http-request del-header (?i)^x-d -m reg
http-request del-header ^x-[[:digit:]] -m reg
http-request replace-uri ^/z\\h?(.) /q\\1`,
  requests: [request('/x1', 'X-A: FOO\nX-B: 12, 3\nX-D: 1\nX-5: 1'), request('/za')],
});

sameRules('what a decoded value may hold', {
  front: `
http-request set-header X-A "%[urlp(a),url_dec]"
http-request add-header X-B "<%[urlp(a),url_dec]>"
http-request redirect location /x?%[urlp(a),url_dec] if { path /redirect }
http-request return status 200 content-type text/plain hdr X-C "%[urlp(a),url_dec]" string hi if { path /return }
http-request deny hdr X-D "%[urlp(a),url_dec]" if { path /deny }
http-request set-var(txn.a) urlp(a),url_dec
http-response set-header X-R "<%[var(txn.a)]>"`,
  requests: ['/a', '/redirect', '/return', '/deny'].flatMap((path) =>
    ['x%0d%0aEvil:%201', 'x%0aEvil', 'x%00y', 'a%20b', '%ff', ''].map((value) => request(`${path}?a=${value}`)),
  ),
});

sameRules('addresses that a rule sets hold for one request', {
  front: `
option forwardfor
http-request set-src hdr(x-src)
http-request set-dst hdr(x-dst)
http-request set-dst-port hdr(x-port)
http-request set-header X-All "%[src] %ci %[dst] %[fc_src] %[fc_dst] %[fc_rcvd_proxy] %[dst_port,bool]"`,
  requests: [
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n' +
      'GET /2 HTTP/1.1\r\nHost: a\r\nX-Src: 1.2.3.4\r\nX-Dst: 5.6.7.8\r\nX-Port: 99\r\n\r\n' +
      'GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ],
  logged: 3,
});

sameRules('texts beyond ASCII', {
  sections: `userlist l
  user j\u00f6rg insecure-password gr\u00f6\u00dfe groups aerzte
  group aerzte
`,
  front: `
http-request auth realm Gr\u00fc\u00dfe unless { http_auth(l) }
http-request set-header X-Group yes if { http_auth_group(l) aerzte }
http-request replace-header X-R \u00f6(.) \u00fc\\1
http-request return content-type text/\u00fc string "\u00f6" if { path /string }
http-request redirect location /x set-cookie A=\u00f6 if { path /cookie }
http-request deny deny_status 429 if { path /429 }
http-response set-status 299 reason "\u00d6 k"
errorloc 429 /h\u00e4ufig
redirect location /sp\u00e4t if { path /late }`,
  requests: [
    ...['/', '/string', '/cookie', '/429', '/late'].map((path) =>
      request(path, `${basic('j\u00f6rg:gr\u00f6\u00dfe')}\nX-R: ${utf8('\u00f6z')}`),
    ),
    request('/', basic('j\u00f6rg:gr\u00f6sse')),
  ],
});

sameRules('patterns of files, and keys of maps as patterns', {
  front: `
http-request add-header X-F list if { path -f ${dir}/list }
http-request add-header X-F map if { path -M -f ${dir}/map }
http-request add-header X-F folded if { path -i -M -f ${dir}/map }
http-request add-header X-F beginning if { path_beg -M -f ${dir}/map /other }
http-request add-header X-F blank if { req.hdr(x-a) -f ${dir}/list }`,
  requests: [
    ...['/one', '/ONE', '/two', '#/two', '/three', '/five', '/fiver', '/other'].map((path) => request(path)),
    request('/', 'X-A: #four'),
    request('/', 'X-A: /five x'),
  ],
});

sameRules('what is logged of answers that later rules change', {
  front: `
http-request return status 200 if { path /return }
http-after-response set-status 201 if { status 200 }`,
  requests: ['/return', '/'].map((path) => request(path)),
});
