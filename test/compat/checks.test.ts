/**
 * Servers whose checks begin to fail and recover, watched by the real HAProxy 2.6 and by Fairlead: the same log lines in
 * the same order, the same columns of `show stat`, and traffic that goes the same way. What one answer means is compared
 * in test/checks; here it is what follows from a sequence of answers.
 *
 * What differs, on purpose: while a check is under way, HAProxy shows neither code nor text of the one before; Fairlead
 * keeps them. `init-state` is of HAProxy 3.1: Fairlead alone.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat, type StatRecord } from '../../src/control/stats-client.js';
import { type Bed, healthLog, named, same, who } from '../support/both.js';
import { systemTest } from '../support/peers.js';
import { Client, freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

/** How a check is answered: an HTTP status, `silent`, `close`, `reset`, or `tcp TEXT` sent at once. */
class Checked {
  answer = '200';
  count = 0;
  port = 0;
  private server: Awaited<ReturnType<typeof serve>> | null = null;

  async listen(): Promise<void> {
    this.server = await serve((socket) => this.serve(socket));
    this.server.server.unref();
    this.port = this.server.port;
  }

  /** From now on connections are refused. */
  refuse(): void {
    this.server?.close();
  }

  private serve(socket: Socket): void {
    this.count++;
    const { answer } = this;
    if (answer === 'close') socket.end();
    else if (answer === 'reset') socket.resetAndDestroy();
    else if (answer.startsWith('tcp ')) socket.end(answer.slice(4));
    else if (answer !== 'silent') socket.once('data', () => socket.end(`HTTP/1.0 ${answer}\r\n\r\n`));
  }
}

interface Farm {
  checked: Checked[];
  /** What the three servers listen on: s1, s2, and s3, the backup. */
  servers: Awaited<ReturnType<typeof named>>[];
}

async function farm(port: number, backend: string, options: string, more = ''): Promise<{ text: string; state: Farm }> {
  const servers = await Promise.all(['one', 'two', 'three'].map(named));
  const checked = [new Checked(), new Checked()];
  for (const c of checked) await c.listen();
  const line = (i: number, rest: string) => `  server s${i + 1} 127.0.0.1:${servers[i].port} ${rest}\n`;
  const check = (i: number) => `check port ${checked[i].port} inter 100ms ${options}`;
  const text = `global
  log {LOG} local0
  stats socket {SOCK} level admin
  nbthread 1
  maxconn 1000
defaults
  mode tcp
  log global
  option tcplog
  retries 0
  timeout connect 400ms
  timeout client 5s
  timeout server 5s
  timeout check 800ms
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
${backend.replace(/^/gm, '  ')}
${line(0, check(0))}${line(1, check(1))}${line(2, 'backup')}${more}`;
  return { text, state: { checked, servers } };
}

const COLUMNS = ['status', 'check_status', 'check_code', 'last_chk', 'check_desc', 'check_rise', 'check_fall'];
COLUMNS.push('check_health', 'chkfail', 'chkdown', 'act', 'bck', 'weight', 'tracked', 'eresp', 'econ', 'hanafail');

/** Of a moment at which no check is under way: HAProxy forgets code and text of the last one while the next one runs. */
async function atRest({ proxy }: Bed): Promise<StatRecord[]> {
  for (const end = Date.now() + 5_000; ; await sleep(7)) {
    const rows = parseStat(await proxy.ask('show stat')).filter((row) => row.pxname !== 'f');
    const busy = rows.some((row) => String(row.check_status).startsWith('* '));
    if (!busy || Date.now() > end) return rows;
  }
}

async function columns(bed: Bed): Promise<unknown[]> {
  return (await atRest(bed)).map((row) => [
    `${row.pxname}/${row.svname}`,
    COLUMNS.map((name) => `${name}=${row[name] ?? ''}`),
  ]);
}

async function statusOf({ proxy }: Bed, name: string): Promise<string> {
  const rows = parseStat(await proxy.ask('show stat'));
  return String(rows.find((row) => `${row.pxname}/${row.svname}` === `b/${name}`)?.status);
}

/** `wait s1 DOWN`: until the status column says so. */
async function waitFor(bed: Bed, name: string, status: string): Promise<string> {
  for (const end = Date.now() + 8_000; Date.now() < end; await sleep(10))
    if ((await statusOf(bed, name)) === status) {
      await sleep(100); // the balancing follows at the end of the health thread's turn, which a busy machine may delay
      return 'reached';
    }
  return `still ${await statusOf(bed, name)}`;
}

/** Both have been checked, and are up; what led there (a busy machine answers late) is forgotten. */
async function settled({ proxy }: Bed): Promise<void> {
  for (const end = Date.now() + 8_000; Date.now() < end; await sleep(20)) {
    const rows = parseStat(await proxy.ask('show stat')).filter((row) =>
      /^b\/s[12]$/.test(`${row.pxname}/${row.svname}`),
    );
    if (rows.every((row) => row.status === 'UP' && /OK/.test(String(row.check_status)))) return forget(proxy);
  }
  throw new Error('the servers did not come up');
}

async function forget(proxy: RunningProxy): Promise<void> {
  await proxy.ask('clear counters all');
  await sleep(50); // lines on their way
  proxy.logs.length = 0;
}

/** `settled`, `s1 ANSWER`, `s1 refuse`, `wait s1 STATUS`, `ask COMMAND`, `who N`, `stat`, `log`, `sleep MS`. */
async function step(text: string, bed: Bed, { checked, servers }: Farm): Promise<unknown> {
  const [verb, ...rest] = text.split(' ');
  if (verb === 'wait') return waitFor(bed, rest[0], rest.slice(1).join(' '));
  if (verb === 'settled') return settled(bed);
  if (verb === 'stat') return columns(bed);
  // A session that just found the server dead may still be counted.
  if (verb === 'log')
    return (await healthLog(bed.proxy)).map((line) => line.replace(/\d+ sessions active/, 'N sessions active'));
  if (verb === 'sleep') return sleep(Number(rest[0]));
  if (verb === 'ask') return bed.proxy.ask(rest.join(' '));
  if (verb === 'who') return (await connects(bed.port, Number(rest[0]))).sort();
  if (verb === 'close') return servers[Number(rest[0].slice(1)) - 1].close();
  const server = checked[Number(verb.slice(1)) - 1];
  if (rest[0] === 'refuse') return server.refuse();
  server.answer = rest.join(' ');
  return null;
}

async function connects(port: number, times: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < times; i++) names.push(await who(port));
  return names;
}

interface Script {
  name: string;
  backend: string;
  options?: string;
  more?: string;
  /** Answer with which both servers begin. */
  first?: string;
  steps: string[];
}

const LOGGED = 'option log-health-checks\n';
const UP_DOWN = ['settled', 'who 4', 'stat', 's1 503 Oops', 'wait s1 DOWN', 'who 2', 'stat', 's1 200 OK', 'wait s1 UP'];
UP_DOWN.push('who 4', 'stat', 'log');

const SCRIPTS: Script[] = [
  { name: 'httpchk: down and up again', backend: 'option httpchk', options: 'rise 2 fall 3', steps: UP_DOWN },
  {
    name: 'every change of the counter is logged',
    backend: `${LOGGED}option httpchk`,
    options: 'rise 3 fall 4',
    steps: UP_DOWN,
  },
  { name: 'rise 1 fall 1', backend: `${LOGGED}option httpchk`, options: 'rise 1 fall 1', steps: UP_DOWN },
  {
    name: 'expect status',
    backend: `${LOGGED}option httpchk GET /role\nhttp-check expect status 200`,
    steps: [
      'settled',
      's1 404 Nope',
      'wait s1 DOWN',
      'stat',
      's1 206 Part',
      'sleep 300',
      'stat',
      's1 200 OK',
      'wait s1 UP',
      'stat',
      'log',
    ],
  },
  {
    name: 'expect string and rstring in a body',
    backend: `${LOGGED}option httpchk\nhttp-check send meth GET uri /x hdr X-Probe 1\nhttp-check expect rstring pri(mary|ncipal)`,
    first: '200 OK\r\n\r\nprimary',
    steps: [
      'settled',
      's1 200 OK\r\n\r\nstandby',
      'wait s1 DOWN',
      'stat',
      's1 200 OK\r\n\r\nprincipal',
      'wait s1 UP',
      'stat',
      'log',
    ],
  },
  {
    name: 'one refuses, one is silent: no server is left, the backup serves',
    backend: `${LOGGED}option httpchk`,
    options: 'fall 2',
    steps: [
      'settled',
      's1 refuse',
      's2 silent',
      'wait s1 DOWN',
      'wait s2 DOWN',
      'who 2',
      'stat',
      'ask disable server b/s3',
      'who 1',
      'stat',
      's2 200 OK',
      'wait s2 UP',
      'who 2',
      'stat',
    ],
  },
  {
    name: 'backend has no server available',
    backend: 'option httpchk',
    options: 'fall 2',
    steps: [
      'settled',
      'ask disable server b/s3',
      's2 500',
      'wait s2 DOWN',
      's1 500',
      'wait s1 DOWN',
      'who 1',
      'log',
      's1 200',
      'wait s1 UP',
      'who 1',
      'log',
    ],
  },
  {
    name: 'disable-on-404: no new sessions, then back',
    backend: `${LOGGED}option httpchk\nhttp-check disable-on-404`,
    steps: [
      'settled',
      's1 404 Bye',
      'wait s1 NOLB',
      'who 3',
      'stat',
      's1 200 OK',
      'wait s1 UP',
      'who 4',
      's1 404 Bye',
      'wait s1 NOLB',
      's1 500 Dead',
      'wait s1 DOWN',
      'stat',
      's1 404 Bye',
      'sleep 400',
      'stat',
      's1 200 OK',
      'wait s1 UP',
      'stat',
      'log',
    ],
  },
  {
    name: 'tcp-check script',
    backend: `${LOGGED}option tcp-check\ntcp-check connect\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG comment pong`,
    first: 'tcp +PONG\r\n',
    steps: [
      'settled',
      's1 tcp -ERR\r\n',
      'wait s1 DOWN',
      'stat',
      's1 close',
      'sleep 1200',
      'stat',
      's1 reset',
      'sleep 1200',
      's1 silent',
      'sleep 1200',
      'stat',
      's1 tcp +PONG\r\n',
      'wait s1 UP',
      'stat',
    ],
  },
  {
    name: 'plain connect check',
    backend: LOGGED,
    options: 'rise 1',
    steps: ['settled', 's1 refuse', 'wait s1 DOWN', 'who 2', 'stat', 'log'],
  },
  {
    name: 'observe layer4 on-error mark-down',
    backend: 'balance roundrobin',
    options: 'inter 2s observe layer4 error-limit 2 on-error mark-down',
    steps: ['settled', 'close s1', 'who 5', 'sleep 100', 'stat', 'log'],
  },
  {
    name: 'observe layer4 on-error fail-check and sudden-death',
    backend: 'balance roundrobin',
    options: 'inter 2s observe layer4 error-limit 1 on-error sudden-death',
    steps: ['settled', 'close s1', 'who 2', 'sleep 100', 'stat', 'log'],
  },
  {
    name: 'track: the other backend follows, also into maintenance',
    backend: 'option httpchk',
    more: 'backend c\n  server t1 127.0.0.1:1 track b/s1\n  server t2 127.0.0.1:1 track b/s2\n',
    steps: [
      'settled',
      'stat',
      's1 500',
      'wait s1 DOWN',
      'stat',
      's1 200',
      'wait s1 UP',
      'stat',
      'ask set server b/s2 state maint',
      'stat',
      'ask set server b/s2 state ready',
      'stat',
      'ask set server b/s1 state drain',
      'stat',
      'log',
    ],
  },
  {
    name: 'maintenance of a server that is down',
    backend: 'option httpchk',
    steps: [
      'settled',
      's1 500',
      'wait s1 DOWN',
      'ask disable server b/s1',
      'stat',
      's1 200',
      'sleep 300',
      'ask enable server b/s1',
      'wait s1 UP',
      'stat',
      'log',
    ],
  },
  {
    name: 'drain of a server that fails',
    backend: 'option httpchk',
    steps: [
      'settled',
      'ask set server b/s1 state drain',
      's1 500',
      'wait s1 DOWN',
      'stat',
      's1 200',
      'sleep 500',
      'stat',
      'ask set server b/s1 state ready',
      'who 2',
      'stat',
      'log',
    ],
  },
];

for (const { name, backend, options = '', more, first, steps } of SCRIPTS)
  same<Farm>({
    name,
    prepare: async (port) => {
      const made = await farm(port, backend, options, more);
      for (const checked of made.state.checked) checked.answer = first ?? checked.answer;
      return made;
    },
    scenario: async (bed, farm) => {
      const outcomes: unknown[] = [];
      for (const text of steps) outcomes.push([text, await step(text, bed, farm)]);
      return outcomes;
    },
  });

same<Farm>({
  name: 'fastinter while it changes, downinter while it is down',
  prepare: (port) => farm(port, 'option httpchk', 'inter 1s fastinter 50ms downinter 250ms fall 4 rise 4'),
  scenario: async (bed, { checked: [one] }) => {
    await settled(bed);
    one.answer = '500';
    const before = one.count;
    await waitFor(bed, 's1', 'DOWN');
    const whileFalling = one.count - before;
    await sleep(200);
    const start = one.count;
    await sleep(1500);
    const whileDown = one.count - start;
    one.answer = '200';
    await waitFor(bed, 's1', 'DOWN 1/4');
    const rose = Date.now();
    await waitFor(bed, 's1', 'UP');
    return [whileFalling, whileDown >= 4 && whileDown <= 8, Date.now() - rose < 450];
  },
});

same<Farm>({
  name: 'sessions end where on-marked-down and on-marked-up say so',
  prepare: (port) =>
    farm(port, 'option httpchk', 'on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions'),
  scenario: async (bed, { checked: [one, two] }) => {
    await settled(bed);
    const clients = [new Client(bed.port), new Client(bed.port)];
    for (const client of clients) await client.text('\n');
    one.answer = '500';
    two.answer = '500';
    for (const client of clients) await client.over();
    await waitFor(bed, 's2', 'DOWN');
    await waitFor(bed, 's1', 'DOWN');
    const onBackup = await new Client(bed.port).text('three');
    one.answer = '200';
    await onBackup.over();
    return [clients.map((c) => c.data.toString()).sort(), onBackup.data.toString(), await who(bed.port)];
  },
});

systemTest('init-state (Fairlead alone): down until the first check passed', { commands: [] }, async () => {
  const [port, checked, server] = [await freePort(), new Checked(), await named('one')];
  await checked.listen();
  checked.answer = 'silent';
  const text = `global\n  stats socket {SOCK} level admin\ndefaults\n  mode tcp\n  timeout connect 1s\n  timeout client 5s
  timeout server 5s\n  timeout check 100ms\nlisten b\n  bind 127.0.0.1:${port}\n  option httpchk
  server s1 127.0.0.1:${server.port} check port ${checked.port} inter 100ms init-state down\n`;
  const proxy = await startProxy('fairlead', text, [port]);
  try {
    assert.equal(await who(port), 'closed');
    checked.answer = '200';
    assert.equal(await waitFor({ program: 'fairlead', proxy, port }, 's1', 'UP'), 'reached');
    assert.equal(await who(port), 'one');
  } finally {
    await proxy.stop();
  }
});
