/** Stick tables in mode http on both programs: what requests count, who is refused, and which server a key goes to. */
import { same } from '../support/both.js';
import { HTTP_HEAD, exchange as talk } from '../support/http-side.js';
import { exchange, mirror, request } from '../support/http-side-by-side.js';
import { Client, type RunningProxy, serve } from '../support/proxy.js';
import { eventually } from '../support/side-by-side.js';

const ALL =
  'conn_cnt,conn_cur,conn_rate(60s),sess_cnt,sess_rate(60s),http_req_cnt,http_req_rate(60s),http_err_cnt,http_err_rate(60s),http_fail_cnt,http_fail_rate(60s),bytes_in_cnt,bytes_in_rate(60s),bytes_out_cnt,bytes_out_rate(60s),gpc0,gpc0_rate(60s),gpc1,gpt0,gpt1';
const TABLE = `stick-table type ip size 10k expire 60s store ${ALL.replace(',gpt1', '')}`;

/** What `show table` prints, without addresses in memory and times that run. */
async function table(proxy: RunningProxy, words: string): Promise<string> {
  return (await proxy.ask(`show table ${words}`)).replace(/0x[0-9a-f]+:/g, '0x:').replace(/exp=[1-9]\d*/g, 'exp=N');
}

/** Waits until nobody holds an entry any more. */
async function quiet(proxy: RunningProxy, name: string): Promise<void> {
  await eventually(async () => !/(use|conn_cur)=[1-9]/.test(await proxy.ask(`show table ${name}`)));
}

interface Setting {
  front?: string;
  back?: string;
  sections?: string;
}

const indent = (text = '') => (text === '' ? '' : `  ${text.trim().split('\n').join('\n  ')}\n`);

/** Frontend `f`, backend `b` with the servers `a` and `b`. */
async function setting(port: number, { front, back, sections }: Setting) {
  const [a, b] = [await mirror('a'), await mirror('b')];
  const servers = `server a 127.0.0.1:${a.port}\nserver b 127.0.0.1:${b.port}`;
  const text = `${HTTP_HEAD}frontend f\n  bind 127.0.0.1:${port}\n${indent(front)}  default_backend b\nbackend b\n${indent(back)}${indent(servers)}${sections ?? ''}`;
  return { text, state: null };
}

function tables(name: string, of: Setting, scenario: (bed: { port: number; proxy: RunningProxy }) => Promise<unknown>) {
  same({ name, prepare: (port) => setting(port, of), scenario });
}

/** Status and, where a server answered, its name. */
async function asked(port: number, target: string, headers = '', method = 'GET', body = ''): Promise<string> {
  const answer = await exchange(port, request(target, headers, method, body));
  return `${answer.slice(9, 12)} ${/\[(\w)\]/.exec(answer)?.[1] ?? ''}`.trim();
}

async function inTurn(port: number, list: readonly [string, string?][]): Promise<string[]> {
  const answers: string[] = [];
  for (const [target, headers] of list) answers.push(`${target}: ${await asked(port, target, headers)}`);
  return answers;
}

for (const where of ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'http-request'])
  tables(
    `what ${where} track-sc0 counts of requests on kept connections`,
    {
      front: `${TABLE}\n${where} track-sc0 src\nhttp-request deny deny_status 403 if { path /no }\nhttp-request return status 500 if { path /fail }\nhttp-request return status 404 if { path /none }`,
    },
    async ({ port, proxy }) => {
      const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const piped = await talk(port, { send: get('/1') + get('/2') + get('/3'), until: '[', times: 3 });
      await quiet(proxy, 'f');
      const first = await table(proxy, 'f');
      const others = [];
      for (const path of ['/no', '/fail', '/none', '/4']) others.push(await asked(port, path));
      await quiet(proxy, 'f');
      return [
        ['first', piped.split('[').length, first],
        ['others', others],
        ['then', await table(proxy, 'f')],
      ];
    },
  );

tables(
  'a body counts in both directions, and a broken request as an error',
  { front: `${TABLE}\ntcp-request session track-sc0 src` },
  async ({ port, proxy }) => {
    await asked(port, '/', '', 'POST', 'x'.repeat(5000));
    await quiet(proxy, 'f');
    const posted = await table(proxy, 'f');
    const broken = await talk(port, { send: 'GET / HTTP/1.1\r\nbad header\r\n\r\n' });
    await quiet(proxy, 'f');
    return [
      ['posted', posted],
      ['broken', broken.slice(0, 12)],
      ['then', await table(proxy, 'f')],
    ];
  },
);

tables(
  'above a rate it is 429, and the count goes on',
  {
    front:
      'stick-table type ip size 10 expire 60s store http_req_rate(60s)\nhttp-request track-sc0 src\nhttp-request deny deny_status 429 if { sc_http_req_rate(0) gt 3 }',
  },
  async ({ port, proxy }) => {
    const answers = await inTurn(port, [['/1'], ['/2'], ['/3'], ['/4'], ['/5']]);
    await quiet(proxy, 'f');
    return [
      ['answers', answers],
      ['table', await table(proxy, 'f')],
    ];
  },
);

tables(
  'a tarpit for who makes errors, told by a server too',
  {
    front:
      'stick-table type string len 20 size 10 expire 60s store http_err_cnt,gpc0\nhttp-request track-sc1 hdr(x-key)\nhttp-request tarpit deny_status 403 if { sc1_http_err_cnt gt 1 }\nhttp-request deny deny_status 404 if { path_beg /none }\nhttp-request sc-inc-gpc0(1) if { path /count }',
    back: 'timeout tarpit 50ms',
  },
  async ({ port, proxy }) => {
    const answers = await inTurn(port, [
      ['/none', 'X-Key: one'],
      ['/none', 'X-Key: two'],
      ['/count', 'X-Key: one'],
      ['/none', 'X-Key: one'],
      ['/count', 'X-Key: one'],
      ['/count', 'X-Key: two'],
      ['/count'],
      ['/count', 'X-Key: a-key-that-is-longer-than-it-may-be'],
    ]);
    await quiet(proxy, 'f');
    return [
      ['answers', answers],
      ['one', await table(proxy, 'f key one')],
      ['two', await table(proxy, 'f key two')],
      ['long', await table(proxy, 'f key a-key-that-is-longer')],
    ];
  },
);

tables(
  'responses count 4xx in a gpc, flag a client, and what was counted is told in headers',
  {
    front: `${TABLE}
http-request track-sc0 src
http-request track-sc2 path table paths
http-request sc-set-gpt0(0) 7 if { path /flag }
http-request sc-set-gpt0(0) int(5),add(6) if { path /flag2 }
http-response sc-inc-gpc0(0) if { status 404 }
http-response sc-inc-gpc1(0) if { status ge 400 }
http-response sc-inc-gpc0(2) unless { status lt 400 }
http-after-response set-header x-counts "%[sc0_get_gpc0]/%[sc_get_gpc1(0)]/%[sc0_get_gpt0]/%[sc0_http_req_cnt]/%[sc0_conn_cur]/%[sc0_tracked]/%[sc1_tracked]/%[src_get_gpc0(f)]/%[src_get_gpt0(f)]/%[src,table_http_req_cnt(f)]/%[src,in_table(f)]/%[sc2_get_gpc0]/%[table_cnt(paths)]/%[sc2_trackers]/%[sc0_kbytes_in]"
http-request return status 404 if { path /none }`,
    back: 'http-response set-status 404 if { res.hdr(x-missing) -m found }',
    sections: 'backend paths\n  stick-table type string len 32 size 3 expire 60s store gpc0,http_req_cnt\n',
  },
  async ({ port, proxy }) => {
    const counts: string[] = [];
    for (const path of ['/flag', '/missing', '/none', '/flag2', '/missing?2', '/last']) {
      const answer = await exchange(port, request(path, path.startsWith('/missing') ? 'X-Give: X-Missing: 1' : ''));
      counts.push(`${path} ${answer.slice(9, 12)} ${/x-counts: (\S+)/i.exec(answer)?.[1]}`);
      await quiet(proxy, 'f');
    }
    return [
      ['counts', counts],
      ['table', await table(proxy, 'f')],
      ['paths', await table(proxy, 'paths')],
    ];
  },
);

tables(
  'fetches that change what is tracked, and those of the own address',
  {
    front: `${TABLE}
http-request track-sc0 src
http-request set-header x-inc %[sc0_inc_gpc0]
http-request set-header x-inc1 %[sc_inc_gpc1(0)]
http-request set-header x-src %[src_inc_gpc0(f)]
http-request set-header x-clr %[sc0_clr_gpc0] if { path /clear }
http-request set-header x-src-clr %[src_clr_gpc1] if { path /clear }
http-request set-header x-upd %[src_updt_conn_cnt(other)]
http-request set-header x-other %[sc0_conn_cnt(other)],%[src_conn_rate(other)]`,
    sections: 'backend other\n  stick-table type ip size 3 expire 60s store conn_cnt,conn_rate(60s)\n',
  },
  async ({ port, proxy }) => {
    const seen: string[] = [];
    for (const path of ['/1', '/2', '/clear', '/3']) {
      const answer = await exchange(port, request(path));
      seen.push(
        answer
          .split('\n')
          .filter((line) => line.startsWith('x-'))
          .join(' '),
      );
    }
    await quiet(proxy, 'f');
    return [
      ['seen', seen],
      ['table', await table(proxy, 'f')],
      ['other', await table(proxy, 'other')],
    ];
  },
);

tables(
  'stick on a cookie, a header and an argument',
  {
    back: `balance roundrobin
stick-table type string len 20 size 10 expire 60s
stick on req.cook(id)
stick on hdr(x-id) table heads
stick on url_param(arg) table arguments`,
    sections:
      'backend heads\n  stick-table type string len 20 size 10 expire 60s\nbackend arguments\n  stick-table type integer size 10 expire 60s\n',
  },
  async ({ port, proxy }) => {
    const answers = await inTurn(port, [
      ['/', 'Cookie: id=one'],
      ['/', 'Cookie: id=two'],
      ['/', 'Cookie: x=1; id=one'],
      ['/', 'Cookie: id=one'],
      ['/', 'Cookie: id=two'],
      ['/', 'X-Id: h'],
      ['/'],
      ['/', 'X-Id: h'],
      ['/?arg=5'],
      ['/'],
      ['/?b=1&arg=5'],
      ['/?arg=6', 'Cookie: id=one'],
      ['/?arg=6'],
    ]);
    return [
      ['answers', answers],
      ['b', await table(proxy, 'b')],
      ['heads', await table(proxy, 'heads')],
      ['arguments', await table(proxy, 'arguments')],
    ];
  },
);

tables(
  'what a response says is remembered: store-response on a cookie, matched by the next request',
  {
    back: `balance roundrobin
stick-table type string len 20 size 10 expire 60s
stick store-response res.cook(sid) if { status 200 }
stick match req.cook(sid)
http-response set-status 500 if { res.hdr(x-broken) -m found }`,
  },
  async ({ port, proxy }) => {
    const give = (value: string) => `X-Give: Set-Cookie: sid=${value}; Path=/`;
    const answers = await inTurn(port, [
      ['/login', give('one')],
      ['/', 'Cookie: sid=one'],
      ['/'],
      ['/', 'Cookie: sid=one'],
      ['/login', give('two')],
      ['/', 'Cookie: sid=two'],
      ['/', 'Cookie: sid=one'],
      ['/broken', `${give('three')}|X-Broken: 1`],
      ['/', 'Cookie: sid=unknown'],
    ]);
    return [
      ['answers', answers],
      ['table', await table(proxy, 'b')],
    ];
  },
);

/** A server that does what the path says. */
async function odd() {
  const server = await serve((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      const path = data.toString('latin1').split(' ')[1] ?? '';
      if (/^\/\d{3}$/.test(path)) socket.write(`HTTP/1.1 ${path.slice(1)} X\r\nContent-Length: 0\r\n\r\n`);
      if (path === '/garbage') socket.write('garbage\r\n\r\n');
      if (path === '/cut') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
      if (path === '/badchunk') socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
      if (path === '/badchunk') setTimeout(() => socket.write('zz\r\n'), 50);
      if (path === '/close') socket.destroy();
    });
  });
  server.server.unref();
  return server;
}

same({
  name: 'what counts as a request, an error of the client, a failure of the server',
  prepare: async (port) => {
    const { port: at } = await odd();
    const text = `${HTTP_HEAD}frontend f
  bind 127.0.0.1:${port}
  stick-table type ip size 10 expire 60s store http_req_cnt,http_err_cnt,http_fail_cnt,conn_cnt
  tcp-request connection track-sc0 src
  http-request track-sc1 src table requests
  http-request deny if { path /deny }
  http-request deny deny_status 500 if { path /deny500 }
  http-request tarpit if { path /tarpit }
  http-request auth if { path /auth }
  http-request reject if { path /reject }
  http-request silent-drop if { path /drop }
  http-request return status 404 if { path /return }
  http-request redirect location /x if { path /redirect }
  http-request wait-for-body time 50ms if { path /body }
  tcp-request content reject if { path /content }
  http-response deny if { status 299 }
  http-response return status 404 if { status 298 }
  use_backend dead if { path /dead }
  use_backend none if { path /none }
  default_backend b
backend requests
  stick-table type ip size 10 expire 60s store http_req_cnt,http_err_cnt,http_fail_cnt,conn_cnt
backend b
  timeout tarpit 50ms
  server s 127.0.0.1:${at}
backend dead
  retries 0
  server s 127.0.0.1:1
backend none
`;
    return { text, state: null };
  },
  scenario: async ({ port, proxy }) => {
    const seen: [string, string][] = [];
    const count = async (name: string) => {
      await quiet(proxy, 'f');
      const counts = [];
      for (const name of ['f', 'requests'])
        counts.push((await table(proxy, name)).match(/(?<=_)\w+_cnt=\d+|conn_cnt=\d+/g)?.join(' '));
      seen.push([name, counts.join(' | ')]);
      for (const name of ['f', 'requests']) await proxy.ask(`clear table ${name}`);
    };
    for (const path of [
      '200',
      '304',
      '400',
      '404',
      '499',
      '500',
      '501',
      '502',
      '503',
      '505',
      '599',
      '298',
      '299',
      'garbage',
      'cut',
      'badchunk',
      'close',
      'hang',
      'deny',
      'deny500',
      'tarpit',
      'auth',
      'reject',
      'return',
      'redirect',
      'content',
      'dead',
      'none',
    ]) {
      await exchange(port, request(`/${path}`));
      await count(path);
    }
    for (const [name, text] of [
      ['bad', 'GET / HTTP/1.1\r\nbad header\r\n\r\n'],
      ['badbody', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
      ['nothing', ''],
      ['slow', 'GET / HTTP/1.1\r\n'],
      ['slow body', 'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx'],
    ]) {
      await exchange(port, text);
      await count(name);
    }
    for (const [name, text] of [
      ['no request', ''],
      ['half', 'GET / HTTP/1.1\r\n'],
      ['gone', 'GET /hang HTTP/1.1\r\nHost: a\r\n\r\n'],
    ]) {
      const client = new Client(port);
      if (text !== '') await client.send(text);
      await eventually(async () => (await proxy.ask('show table f')).includes('use=1'));
      if (name === 'gone') await eventually(async () => (await proxy.ask('show table requests')).includes('use=1'));
      client.destroy();
      await count(name);
    }
    return seen;
  },
});

// A key of another kind than the table's becomes one of its kind, as far as it can.
for (const type of ['integer', 'binary len 3', 'binary', 'string len 3'])
  for (const [of, key] of [
    ['text', 'hdr(x-key)'],
    ['an address', 'src'],
  ])
    tables(
      `${of} as key of ${type}`,
      {
        front: `stick-table type ${type} size 10 expire 60s store gpc0\nhttp-request track-sc0 ${key}\nhttp-request sc-inc-gpc0(0)`,
      },
      async ({ port, proxy }) => {
        for (const text of ['abc', 'abcdef', '', '7x', '10.0.0.1', '-3', '\xff'])
          await exchange(port, request('/', `X-Key: ${text}`));
        await quiet(proxy, 'f');
        return (await table(proxy, 'f')).split('\n').sort();
      },
    );

tables(
  'keys with characters that end lines or speak to terminals',
  { front: 'stick-table type string len 40 size 30 expire 60s store gpc0\nhttp-request track-sc0 urlp(a),url_dec' },
  async ({ port, proxy }) => {
    for (const code of ['20', '3d', '5c', '09', '0a', '0d', '1b', '7f', '22', '00', '01', 'c3%a9'])
      await exchange(port, request(`/?a=a%${code}b`));
    await quiet(proxy, 'f');
    return (await table(proxy, 'f')).split('\n').sort();
  },
);
