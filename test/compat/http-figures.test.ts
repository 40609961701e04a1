/** What each kind of request adds to the figures of frontend, backend and server: the same on HAProxy and on Fairlead. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../src/control/stats-client.js';
import { same } from '../support/both.js';
import { exchange, HTTP_HEAD, request } from '../support/http-side-by-side.js';
import { Client, freePort, type RunningProxy, serve } from '../support/proxy.js';

/** Columns that count; gauges, times and rates go their own way. */
const COUNTED = [
  ...['stot', 'bin', 'bout', 'dreq', 'dresp', 'ereq', 'econ', 'eresp', 'wretr', 'wredis', 'lbtot'],
  ...['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other', 'req_tot', 'cli_abrt', 'srv_abrt'],
  ...['conn_tot', 'intercepted', 'dcon', 'dses', 'wrew', 'connect', 'reuse', 'eint', 'scur', 'qcur'],
];

/** A server that answers with the status it is asked for, closes where it is asked to, or says nonsense. */
async function obedient() {
  const server = await serve((socket) => {
    socket.on('data', (data) => {
      const text = data.toString('latin1');
      if (text.includes(' /close')) socket.destroy();
      else if (text.includes(' /nonsense')) socket.end('nonsense\r\n\r\n');
      else if (text.includes(' /half')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
      else if (text.includes(' /silent')) return;
      // What HAProxy has of a body when it denies the response counts as well: a matter of chance.
      else if (text.includes(' /rdeny')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      else socket.write(answer(/ \/s=(\d+)/.exec(text)?.[1] ?? '200', text.startsWith('HEAD')));
    });
    socket.on('end', () => socket.end());
  });
  server.server.unref();
  return server;
}

function answer(status: string, isHead: boolean): string {
  const hint = status === '103' ? 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n' : '';
  return `${hint}HTTP/1.1 ${status === '103' ? 200 : status} X\r\ncontent-length: 2\r\n\r\n${isHead ? '' : 'ok'}`;
}

type Figures = Map<string, number>;

async function figures(proxy: RunningProxy): Promise<Figures> {
  const found: Figures = new Map();
  for (const row of parseStat(await proxy.ask('show stat')))
    for (const name of COUNTED)
      if (row[name] !== '') found.set(`${row.pxname}/${row.svname} ${name}`, Number(row[name]));
  return found;
}

/** @returns what was added since `before`, once nobody is connected any more and the figures stand still */
async function added(proxy: RunningProxy, before: Figures): Promise<string[]> {
  let now = await figures(proxy);
  for (let quiet = 0, end = Date.now() + 5000; quiet < 3 && Date.now() < end; await sleep(20)) {
    const next = await figures(proxy);
    const isStill = [...next].every(
      ([key, value]) => now.get(key) === value && (!key.endsWith(' scur') || value === 0),
    );
    quiet = isStill ? quiet + 1 : 0;
    now = next;
  }
  return summary(before, now);
}

/** One text for each row: `b/s stot+1 bin+44 …`. */
function summary(before: Figures, now: Figures): string[] {
  const rows = new Map<string, string>();
  for (const [key, value] of now) {
    const [row, name] = key.split(' ');
    const delta = value - (before.get(key) ?? 0);
    if (delta !== 0) rows.set(row, `${rows.get(row) ?? row} ${name}+${delta}`);
  }
  return [...rows.values()];
}

const get = (target: string, headers = '') => request(target, headers);
const kept = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** Words for what a client does, and what it sends. */
const REQUESTS: readonly (readonly [what: string, text: string])[] = [
  ['answered 200', get('/')],
  ['answered 301', get('/s=301')],
  ['answered 404', get('/s=404')],
  ['answered 500', get('/s=500')],
  ['answered 200 behind a 103', get('/s=103')],
  ['a HEAD', request('/', '', 'HEAD')],
  ['a POST', request('/', '', 'POST', 'hello')],
  ['three on one connection', kept('/') + kept('/s=404') + get('/')],
  ['denied by the frontend', get('/deny')],
  ['denied by the backend', get('/bdeny')],
  ['denied in the response', get('/rdeny')],
  ['redirected', get('/redirect')],
  ['returned', get('/return')],
  ['answered by monitor-uri', get('/monitor')],
  ['a page of statistics', get('/stats;csv;scope=nothing')],
  ['a page of statistics without rights', request('/stats', '', 'POST', 's=x&b=b&action=maint')],
  ['metrics', get('/metrics?scope=sticktable')],
  ['no backend with a server', get('/nobody')],
  ['a server that refuses', get('/dead')],
  ['a server that closes without an answer', get('/close')],
  ['a server that answers nonsense', get('/nonsense')],
  ['a server that stops in the middle', get('/half')],
  ['a server that says nothing', get('/silent')],
  ['a broken request', 'GET / HTTP/1.1\r\nBad Header: x\r\n\r\n'],
  ['a request that reads like none', 'nonsense\r\n\r\n'],
  ['a client that wants HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
  ['a header that cannot be set', get('/rewrite')],
];

/** How a client goes 100 ms later: with FIN, with a reset, or not until it is told to. */
type End = 'fin' | 'reset' | 'wait';

const LEAVES: readonly (readonly [what: string, text: string, end: End])[] = [
  ['a client that resets before the answer', get('/silent'), 'reset'],
  ['a client that ends before the answer', get('/silent'), 'fin'],
  ['a client that says nothing and resets', '', 'reset'],
  ['a client that says nothing and ends', '', 'fin'],
  ['a client that says nothing and waits', '', 'wait'],
  ['a client that resets in the head', 'GET / HTTP/1.1\r\nHo', 'reset'],
  ['a client that ends in the head', 'GET / HTTP/1.1\r\nHo', 'fin'],
  ['a client that stops in the head', 'GET / HTTP/1.1\r\nHo', 'wait'],
  ['a client that resets at rest', kept('/'), 'reset'],
  ['a client that ends at rest', kept('/'), 'fin'],
  ['a client that waits at rest', kept('/'), 'wait'],
];

interface Servers {
  readonly close: (() => void)[];
}

async function prepare(port: number): Promise<{ text: string; state: Servers }> {
  const live = await obedient();
  const gone = await freePort();
  const text = `${HTTP_HEAD.replace('  option httplog\n', '  option httplog\n  option socket-stats\n')}
  timeout http-request 300ms
  timeout server 300ms
frontend f
  bind 127.0.0.1:${port}
  monitor-uri /monitor
  stats enable
  stats uri /stats
  http-request deny if { path /deny }
  http-request redirect location /x if { path /redirect }
  http-request return status 200 content-type text/plain string hello if { path /return }
  http-request use-service prometheus-exporter if { path /metrics }
  use_backend none if { path /nobody }
  use_backend dead if { path /dead }
  default_backend b
backend b
  http-request deny if { path /bdeny }
  http-response deny if { capture.req.uri /rdeny }
  server s 127.0.0.1:${live.port}
backend none
backend dead
  server d 127.0.0.1:${gone}
`;
  return { text, state: { close: [live.close] } };
}

same({
  name: 'each kind of request counts alike',
  prepare,
  timeoutMs: 120_000,
  scenario: async ({ proxy, port }, { close }) => {
    const outcomes: [string, string[]][] = [];
    for (const [what, text] of REQUESTS) {
      const before = await figures(proxy);
      await exchange(port, text);
      const seen = await added(proxy, before);
      // Pages of our own have other heads than HAProxy's, and it counts what it has read of a form.
      outcomes.push([
        what,
        /statistics|metrics/.test(what) ? seen.map((row) => row.replace(/ b(in|out)\+\d+/g, '')) : seen,
      ]);
    }
    for (const [what, text, end] of LEAVES) outcomes.push([what, await leaves(proxy, port, text, end)]);
    for (const end of close) end();
    return outcomes;
  },
});

async function leaves(proxy: RunningProxy, port: number, text: string, end: End): Promise<string[]> {
  const before = await figures(proxy);
  const client = new Client(port);
  if (text !== '') client.send(text);
  await sleep(100);
  if (end === 'fin') client.end();
  if (end === 'reset') client.reset();
  else await client.over();
  client.destroy();
  return added(proxy, before);
}
