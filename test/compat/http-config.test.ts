/** What is written where: order, quoting, slots and options of the configuration, side by side with the real HAProxy. */
import { request, sameRules } from '../support/http-side-by-side.js';

const NAMES = ['A: b', 'A_B: c', 'A.b: c', 'A1-b: c', 'x_y: 1\nx-y: 2'];

for (const what of ['preserve', 'delete', 'reject'])
  for (const side of ['front', 'back'] as const)
    sameRules(`option http-restrict-req-hdr-names ${what} in the ${side}end`, {
      [side]: `
option http-restrict-req-hdr-names ${what}
http-request set-header seen %[req.hdr_names]
http-request allow`,
      requests: NAMES.map((header) => request('/', header)),
    });

sameRules('capture slots are numbered in the order of their lines', {
  front: `
capture request header X-A len 4
http-request capture req.hdr(x-b) len 5
declare capture request len 6
http-request capture req.hdr(x-c) id 2
http-request capture req.hdr(x-d) len 3
capture request header X-E len 3
capture response header X-R len 9
declare capture response len 5
http-response capture res.hdr(x-s) id 1
http-request set-header X-All "%[capture.req.hdr(0)]|%[capture.req.hdr(1)]|%[capture.req.hdr(2)]|%[capture.req.hdr(3)]"`,
  requests: [
    request('/', 'X-A: aaaaaa\nX-B: bbbbbb\nX-C: ccc\nX-D: dddd\nX-E: e\nX-Give: X-R: rr|X-S: sssssss'),
    request('/', 'X-B: b'),
    request('/', ''),
  ],
});

sameRules('the later line about a status counts', {
  sections: 'http-errors e\n  errorfile 503 /dev/null\n',
  front: `
errorloc 403 /first
errorloc303 403 /second
http-error status 404 content-type text/plain string "mine" hdr X-A b
errorloc 405 /first
http-error status 405 content-type text/plain lf-string "for %[path]"
errorfiles e
errorloc302 503 /unavailable
http-error status 410
http-request deny deny_status 410 if { path /410 }
http-request deny deny_status 403 if { path /403 }
http-request deny deny_status 404 if { path /404 }
http-request deny deny_status 405 if { path /405 }
http-request deny deny_status 503 if { path /503 }
http-request deny status 403 if { path /empty }
http-request return status 404 default-errorfiles if { path /page }`,
  requests: ['/403', '/404', '/405', '/503', '/410', '/empty', '/page'].map((target) => request(target)),
});

sameRules('quotes and escapes of two levels', {
  front: `
http-request set-header X-1 "%[str(\\"a,b)\\")]"
http-request set-header X-2 '%[str("a b"),upper]'
http-request set-header X-3 %[path,regsub(/,-,g)]
http-request set-header X-4 '%[path,regsub("(a|b)+","<\\1>",g)]'
http-request set-header X-5 "100%% of %[path,field(2,/)]"
http-request set-header X-6 a\\ b\\ %[hdr(host)]
http-request set-header X-7 %{+Q}[path]
http-request set-header X-8 "%[str('it is'),length]"
http-request set-var(txn.a) hdr(host) lower field(1,.)
http-request set-header X-9 %[var(txn.a)]`,
  requests: [request('/a/b'), request('/x/y?z=%20')],
});

sameRules('conditions: alternatives, negation, several tests of a name', {
  front: `
acl one path /a
acl one path /b
acl two path_end .jpg -i .PNG
acl two hdr(x-kind) -i image
acl three hdr_cnt(x-n) gt 1
http-request set-header X-1 y if one
http-request set-header X-2 y if !one two or three
http-request set-header X-3 y unless one || two
http-request set-header X-4 y if { path -m reg ^/[a-c]$ } !{ method POST }
http-request set-header X-5 y if { path_beg -m end jpg } or { path_len ge 6 }
http-request set-header X-6 y if METH_GET HTTP_URL_SLASH !HTTP_CONTENT`,
  requests: [
    ...['/a', '/b', '/c', '/x.jpg', '/x.PNG', '/x.png', '/longer'].map((target) => request(target)),
    request('/x', 'X-Kind: IMAGE'),
    request('/x', 'X-N: 1, 2'),
    request('/a', '', 'POST', 'abc'),
  ],
});
