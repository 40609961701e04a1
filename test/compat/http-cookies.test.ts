/** Cookie persistence side by side with HAProxy: which server, which cookies either side sees, the flags in the log. */
import { after } from 'node:test';
import { readDate, writeDate } from '../../src/core/persistence/cookie-dates.js';
import { mirror, request, sameRules } from '../support/http-side-by-side.js';

const [one, two] = await Promise.all([mirror('s1'), mirror('s2')]);
after(() => {
  one.close();
  two.close();
});

const SERVERS = `
server s1 127.0.0.1:${one.port} cookie A
server s2 127.0.0.1:${two.port} cookie B
server s3 127.0.0.1:1 cookie C disabled
server s4 127.0.0.1:${one.port} weight 0`;
const OWN = 'Set-Cookie: S=xyz; path=/q';

/** A request with Cookie lines, whose server adds header lines. */
const ask = (cookies: string, gives = '', method = 'GET') =>
  request('/x', `${cookies && `Cookie: ${cookies}`}\n${gives && `X-Give: ${gives}`}`, method);

function sameCookies(
  mode: string,
  requests: readonly string[],
  more: { back?: string; servers?: string; mask?: (answer: string) => string } = {},
): void {
  const back = `${mode}\n${more.back ?? ''}`;
  sameRules([mode, more.back].filter(Boolean).join('; '), {
    back,
    servers: more.servers ?? SERVERS,
    requests,
    mask: more.mask,
  });
}

const USUAL = ['', 'S=A', 'S=B', 'S=C', 'S=Z', 'a=b; S=B; c=d', 'S=B;S=A', 'S="B"', 's=B', 'S=B\nCookie: x=y'];
const ODD = [
  'S = B ; q=1',
  'x=1; S=B',
  'S=',
  'S',
  'S=B~foo',
  'S=B|x',
  'S=A,x=1',
  'a="x;S=A"; c',
  ';S=A',
  'a;S=A',
  'S==A',
];
const MANY = ['S=Z;S=A', 'S=C;S=A', 'a=1;S=A;S=Z;b=2', 'S=A;S', '$Version=1; S=A; $Path=/'];
const ALL = [...USUAL, ...ODD, ...MANY].map((cookies) => ask(cookies));
const SET = [ask('', OWN), ask('S=A', OWN), ask('S=Z', OWN)];

sameCookies('cookie S insert', [...ALL, ...SET]);
sameCookies('cookie S insert indirect', [...ALL, ...SET]);
sameCookies('cookie S insert indirect preserve', [...SET, ask('S=A'), ask('')]);
sameCookies('cookie S insert postonly', [ask(''), ask('', '', 'POST'), ask('S=A', '', 'POST')]);
sameCookies('cookie S rewrite', [
  ...ALL,
  ...SET,
  ask('', 'Set-Cookie: S'),
  ask('', 'Set-Cookie: t=1|Set-Cookie: S = "abc" ; x'),
]);
sameCookies('cookie S prefix', [
  ...ALL,
  ...SET,
  ask('S=A~foo'),
  ask('S=Z~foo; b=c'),
  ask('S=A~foo', OWN),
  ask('S=A~foo', 'Set-Cookie: S=; x'),
]);
sameCookies('cookie S prefix indirect', [ask('S=A~foo'), ask('S=A~foo', OWN), ask('', OWN)]);
sameCookies('cookie S', [...ALL.slice(0, 6), ...SET]);
sameCookies('cookie S insert indirect httponly secure domain .a.b domain c.d attr SameSite=None attr "X=Y z"', [
  ask(''),
  ask('S=A'),
]);
sameCookies('cookie S insert indirect', [ask('S=A'), ask('S=B'), ask('')], { back: 'ignore-persist if TRUE' });
sameCookies('cookie S insert indirect', [ask('S=A'), ask('')], { back: 'force-persist if TRUE' });
sameCookies('cookie S insert indirect', [ask('S=C'), ask('S=A'), ask('')], { back: 'option persist' });
sameCookies('cookie S insert indirect', [ask('S=A'), ask('S=B'), ask('')], { back: 'use-server s2 if TRUE' });
sameCookies('cookie S insert indirect', [ask('S=A'), ask('S=C'), ask(''), ask('S=B')], {
  back: 'option redispatch',
  servers: `server s1 127.0.0.1:1 cookie A\nserver s2 127.0.0.1:${two.port} cookie B`,
});
sameCookies('cookie S insert indirect', [ask('S=A'), ask(''), ask('S=B')], {
  servers: `server s1 127.0.0.1:${one.port}`,
});
sameCookies('cookie S rewrite', [ask('S=A', OWN)], { servers: `server s1 127.0.0.1:${one.port}` });
sameCookies('cookie S insert indirect', [ask('S=A')], {
  servers: `server s1 127.0.0.1:${one.port} cookie A weight 0\nserver s2 127.0.0.1:${two.port} cookie B`,
});
sameCookies('cookie S insert indirect', [ask('S=A'), ask('S=B')], {
  servers: `server s1 127.0.0.1:${one.port} cookie A backup\nserver s2 127.0.0.1:${two.port} cookie B`,
});
sameCookies('cookie S insert indirect dynamic', [ask(''), ask('S=A')], {
  back: 'dynamic-cookie-key sesame',
  servers: `server s1 127.0.0.1:${one.port}`,
});

const DATED = 'Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT';
sameCookies(
  'cookie S insert indirect nocache',
  [
    '',
    DATED,
    'ETag: "a"',
    'Expires: Tue, 01 Jan 2030 00:00:00 GMT',
    'Cache-Control: max-age=5',
    'Cache-Control: public',
    'Cache-Control: private, max-age=5',
    'Cache-Control: no-store, max-age=3',
    `${DATED}|Pragma: no-cache`,
    `${DATED}|Cache-Control: max-age=0`,
    `${DATED}|Cache-Control: no-cache="set-cookie"`,
    'Cache-Control: s-maxage=3',
  ]
    .map((gives) => ask('', gives))
    .concat(ask('', DATED, 'POST'), ask('', DATED, 'HEAD'), ask('S=A', DATED)),
);

/** Dates far enough from now that a second more or less does not matter. */
const ago = (seconds: number) => writeDate(Date.now() / 1000 - seconds);
const DATES = [`S=A|${ago(1700)}`, `S=A|${ago(1900)}`, `S=A|${ago(-86_000)}`, `S=A|${ago(-87_000)}`, `S=A|xx|yy`];
const LIVES = [
  `S=A||${ago(1700)}`,
  `S=A||${ago(1900)}`,
  `S=A|${ago(99)}|${ago(1900)}`,
  `S=A|${ago(100_000)}|${ago(99)}`,
];

/** The time of day in a cookie; other dates stay. */
const masked = (answer: string) =>
  answer.replace(/\|([A-Za-z0-9+/]{5})/g, (all, date) =>
    Math.abs(readDate(date) - Date.now() / 1000) < 8 ? '|NOW' : all,
  );

for (const [mode, cookies] of [
  ['maxidle 30m', ['', 'S=A', ...DATES, `S=A|${ago(99)}|${ago(99)}`, `S=Z|${ago(1900)}`]],
  ['maxlife 30m', ['', 'S=A', `S=A|${ago(99)}`, ...LIVES]],
  ['maxlife 30m maxidle 10m', [`S=A|${ago(99)}|${ago(100)}`, `S=A|${ago(700)}|${ago(100)}`]],
] as const)
  sameCookies(
    `cookie S insert indirect ${mode}`,
    cookies.map((cookie) => ask(cookie)),
    { mask: masked },
  );
sameCookies('cookie S insert indirect', [ask(`S=A|${ago(99)}|${ago(100)}`), ask(`S=A|${ago(100)}`)]);
