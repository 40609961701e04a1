/**
 * The runtime API through the real sockets of the real HAProxy 2.6 and of Fairlead: the same commands get the same
 * answers, the same log lines and the same columns, and the traffic goes the same way afterwards.
 *
 * What differs, on purpose:
 *  - a port above 65535 is refused (HAProxy wraps it around: 99999 becomes 34463);
 *  - `set maxconn` of what is no number, or below 0, is refused (HAProxy takes it as 0, without a word);
 *  - a client that waits at a frontend's maxconn is let in when the limit rises (HAProxy 2.6 resets it);
 *  - which server comes first after one joined a round robin: the shares are equal, the order is not promised;
 *  - `need_conn_est`, a forecast of idle HTTP connections, stays 0.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../src/control/stats-client.js';
import { type Bed, healthLog, named, same, tell, who } from '../support/both.js';
import { systemTest } from '../support/peers.js';
import { Client, freePort, startProxy } from '../support/proxy.js';

interface Farm {
  cliPort: number;
  ports: number[];
  /** Listens, but no server of the configuration is there. */
  spare: number;
}

async function farm(port: number, lines = '', options = ''): Promise<{ text: string; state: Farm }> {
  const servers = await Promise.all(['one', 'two', 'three', 'spare'].map(named));
  const [p1, p2, p3, spare] = servers.map((s) => s.port);
  const cliPort = await freePort();
  const text = `global
  log {LOG} local0
  stats socket {SOCK} level admin
  stats socket {DIR}/operator.sock level operator
  stats socket {DIR}/user.sock level user
  stats socket ipv4@127.0.0.1:${cliPort} level admin
  stats timeout 5s
  nbthread 1
  maxconn 1000
  node n1
defaults
  mode tcp
  log global
  option tcplog
  retries 1
  timeout connect 400ms
  timeout client 5s
  timeout server 5s
  timeout queue 500ms
frontend f
  bind 127.0.0.1:${port} name b1
  default_backend b
backend b
  balance roundrobin
  ${lines}
  server s1 127.0.0.1:${p1} ${options}
  server s2 127.0.0.1:${p2} ${options}
  server s3 127.0.0.1:${p3} backup ${options}
`;
  return { text, state: { cliPort, ports: [p1, p2, p3], spare } };
}

/** Ports and times differ between the two. */
function masked(text: string, { ports, spare, cliPort }: Farm, port: number): string {
  const names = new Map(
    Object.entries({ P1: ports[0], P2: ports[1], P3: ports[2], SPARE: spare, CLI: cliPort, FRONT: port }).map(
      ([name, value]) => [String(value), name],
    ),
  );
  return text.replace(/\b\d{5}\b/g, (digits) => names.get(digits) ?? digits);
}

const TIMES = ['lastchg', 'downtime', 'lastsess', 'qtime', 'ctime', 'rtime', 'ttime', 'check_duration'];
TIMES.push('qtime_max', 'ctime_max', 'rtime_max', 'ttime_max', 'rate', 'rate_max', 'conn_rate', 'conn_rate_max');
// HAProxy may keep an idle client's FIN for a moment; gauges are compared where a scenario holds its sessions.
TIMES.push('pid', 'scur', 'smax');
// A forecast of idle HTTP connections, which Fairlead in mode tcp does not keep.
TIMES.push('need_conn_est');

/** Columns of HTTP and TLS, which neither program counts here. */
const OTHER_PROTOCOLS = /^(h1_|h2_|ssl_|comp_|req_|-$)/;

/** A check under way in `show servers state`: bit 0 of srv_check_state. */
const UNDER_WAY = /^(\S+ ){13}[13579] /m;

/** The answer of a moment at which no check is under way: while one runs, HAProxy forgets parts of the last. */
async function atRest(ask: () => Promise<string>, underWay: RegExp): Promise<string> {
  for (let tries = 0; ; tries++) {
    const text = await ask();
    if (!underWay.test(text) || tries > 200) return text;
    await sleep(7);
  }
}

/** Every column with a value of the rows of backend `b` and frontend `f`. */
async function columns({ proxy, port }: Bed, farm: Farm): Promise<unknown[]> {
  const rows = parseStat(await atRest(() => proxy.ask('show stat'), /,\* L\d/));
  return rows.map((row) => [
    `${row.pxname}/${row.svname}`,
    Object.entries(row)
      .filter(([key, value]) => value !== '' && !TIMES.includes(key) && !OTHER_PROTOCOLS.test(key))
      .map(([key, value]) => `${key}=${masked(String(value), farm, port)}`),
  ]);
}

/** `show servers state` without the time since the last change. */
async function state(bed: Bed, farm: Farm): Promise<string> {
  const text = masked(await atRest(() => bed.proxy.ask('show servers state b'), UNDER_WAY), farm, bed.port);
  return text.replace(/^((?:\S+ ){9})\d+ /gm, '$1T ');
}

/**
 * One step of a scenario: `> command` (P1…P3, SPARE are ports), `who N` connects N times and names who answered, sorted, `stat`, `state`, `log`,
 * `sleep ms`.
 */
async function step(text: string, bed: Bed, farm: Farm): Promise<unknown> {
  const [verb, ...rest] = text.split(' ');
  if (verb === 'stat') return columns(bed, farm);
  if (verb === 'state') return state(bed, farm);
  if (verb === 'sleep') return sleep(Number(rest[0]));
  if (verb === 'log') return (await healthLog(bed.proxy)).map((line) => masked(line, farm, bed.port));
  if (verb === 'who') return connects(bed.port, Number(rest[0]));
  const command = rest
    .join(' ')
    .replace(/P([123])/, (_, n) => String(farm.ports[n - 1]))
    .replace('SPARE', String(farm.spare));
  return masked(firstOfHelp(await bed.proxy.ask(command)), farm, bed.port);
}

/** Lists of commands are compared in test/control; HAProxy knows more of them. */
function firstOfHelp(answer: string): string {
  return answer.replace(/(Unknown command[^\n]*:)\n( {2}.*\n)+/g, '$1\n');
}

async function connects(port: number, times: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < times; i++) names.push(await who(port));
  return names.sort();
}

interface Script {
  name: string;
  steps: string[];
  lines?: string;
  options?: string;
}

const SCRIPTS: Script[] = [
  {
    name: 'state maint and ready: traffic leaves and comes back',
    steps: [
      'who 4',
      '> set server b/s1 state maint',
      'who 4',
      'stat',
      'state',
      '> set server b/s1 state ready',
      'who 4',
      'stat',
      'state',
      'log',
    ],
  },
  {
    name: 'state drain: new connections go elsewhere',
    steps: [
      '> set server b/s2 state drain',
      'who 4',
      'stat',
      'state',
      '> set server b/s2 state ready',
      'who 4',
      'stat',
      'log',
    ],
  },
  {
    name: 'both in maintenance: the backup serves; all three: nobody',
    steps: [
      '> set server b/s1 state maint',
      '> set server b/s2 state maint',
      'who 2',
      'stat',
      'log',
      '> set server b/s3 state maint',
      'who 1',
      'stat',
      'state',
      'log',
      '> set server b/s2 state ready',
      'who 2',
      'stat',
      'log',
    ],
  },
  {
    name: 'draining all: the backup serves',
    steps: [
      '> set server b/s1 state drain',
      '> set server b/s2 state drain',
      'who 2',
      'stat',
      'log',
      '> set server b/s3 state drain',
      'who 2',
      'stat',
      'log',
    ],
  },
  {
    name: 'maintenance and drain stacked',
    steps: [
      '> set server b/s1 state drain',
      '> set server b/s1 state maint',
      'state',
      'stat',
      '> set server b/s1 state drain',
      'state',
      'stat',
      'who 3',
      '> set server b/s1 state ready',
      'state',
      'stat',
      'log',
    ],
  },
  {
    name: 'disable and enable server',
    steps: [
      '> disable server b/s1',
      'who 3',
      'state',
      '> enable server b/s1',
      'who 3',
      'state',
      '> disable server b/none',
      '> enable server nob/s1',
      '> disable server',
      'log',
    ],
  },
  {
    name: 'weight',
    steps: [
      '> set weight b/s1 3',
      'who 8',
      '> get weight b/s1',
      '> set server b/s2 weight 50%',
      'who 8',
      '> get weight b/s2',
      'stat',
      'state',
      '> set weight b/s1 0',
      'who 3',
      'stat',
      'state',
      '> set weight b/s1 100%',
      '> get weight b/s1',
      'who 4',
      '> set weight b/s1 257',
      '> set weight b/s1 -1',
      '> set weight b/s1 x',
      '> set weight b/s1',
      'log',
    ],
  },
  {
    name: 'weight of a server given in the file',
    options: 'weight 10',
    steps: [
      '> set weight b/s1 20',
      '> get weight b/s1',
      '> set weight b/s1 50%',
      '> get weight b/s1',
      'who 9',
      'stat',
      'state',
    ],
  },
  {
    name: 'addr and port: traffic follows at once',
    steps: [
      '> set server b/s1 addr 127.0.0.1 port SPARE',
      'who 4',
      'state',
      '> set server b/s1 addr 127.0.0.1 port SPARE',
      '> set server b/s1 addr 127.0.0.1 port P1',
      'who 4',
      '> set server b/s1 addr nonsense',
      '> set server b/s1 addr 127.0.0.1 port x',
      '> set server b/s1 addr',
      '> set server b/s1 addr 127.0.0.1',
      '> set server b/s1 addr 127.0.0.2',
      'state',
      'log',
    ],
  },
  {
    name: 'health and agent of a server without a check',
    steps: [
      '> set server b/s1 health down',
      '> set server b/s1 agent down',
      '> set server b/s1 check-port 80',
      '> disable health b/s1',
      '> enable health b/s1',
      '> disable agent b/s1',
      '> enable agent b/s1',
      'state',
      'stat',
      'who 2',
      'log',
    ],
  },
  {
    name: 'health set by hand on a checked server',
    options: 'check inter 1h',
    steps: [
      'sleep 600',
      '> set server b/s1 health down',
      'who 2',
      'stat',
      'state',
      '> set server b/s1 health stopping',
      'who 2',
      'stat',
      'state',
      '> set server b/s1 health up',
      'who 2',
      'stat',
      'state',
      '> set server b/s1 health x',
      'log',
    ],
  },
  {
    name: 'disable health stops the checks, enable health starts them',
    options: 'check inter 100ms',
    steps: [
      'sleep 400',
      '> disable health b/s1',
      'state',
      '> set server b/s1 health down',
      'sleep 400',
      'who 2',
      'stat',
      '> enable health b/s1',
      'sleep 700',
      'who 2',
      'stat',
      'log',
    ],
  },
  {
    name: 'maintenance of a checked server',
    options: 'check inter 100ms',
    steps: [
      'sleep 400',
      '> set server b/s1 state maint',
      'stat',
      'state',
      'sleep 300',
      '> set server b/s1 state ready',
      'stat',
      'sleep 400',
      'stat',
      'state',
      'log',
    ],
  },
  {
    name: 'disable and enable frontend',
    steps: [
      'sleep 600',
      '> disable frontend f',
      'stat',
      'who 1',
      '> disable frontend f',
      '> enable frontend f',
      'who 2',
      '> enable frontend f',
      '> disable frontend none',
      '> disable frontend',
      '> set maxconn frontend f 5',
      'stat',
      '> shutdown frontend f',
      'stat',
      '> enable frontend f',
      '> shutdown frontend f',
      'log',
    ],
  },
  {
    name: 'set maxconn',
    steps: [
      '> set maxconn frontend f 7',
      '> set maxconn server b/s1 3',
      '> set maxconn global 50',
      'stat',
      '> set maxconn server b/none 3',
      '> set maxconn frontend none 3',
      '> set maxconn',
      '> set maxconn global',
    ],
  },
  {
    name: 'clear counters',
    options: 'check inter 1h',
    steps: [
      'sleep 600',
      'who 3',
      '> clear counters',
      'stat',
      'who 3',
      '> clear counters all',
      'stat',
      '> clear counters x',
    ],
  },
  {
    name: 'several commands on one line',
    steps: [
      '> get weight b/s1; get weight b/s2',
      '> set weight b/s1 2;get weight b/s1',
      '> nonsense; get weight b/s1',
      '> ;;get weight b/s1;',
      '> set weight b/s1 3 # comment',
      '> get weight b/s1 # comment; get weight b/s2',
      '> get weight b\\/s1',
    ],
  },
  {
    name: 'words that are missing or wrong',
    steps: [
      '> set server',
      '> set server b',
      '> set server b/s1',
      '> set server b/s1 state',
      '> set server b/s1 state x',
      '> set server b/s1 nonsense',
      '> set server /s1 state maint',
      '> set server b/ state maint',
      '> shutdown sessions server',
      '> shutdown sessions server b/none',
      '> shutdown session x',
      '> shutdown',
      '> set',
      '> show servers state none',
      '> get weight',
      '> get weight b',
      '> clear',
      '> disable',
      '> enable x',
      '> show',
      '> show servers conn none',
      '> show env HOME2',
      '> show cli level',
    ],
  },
];

for (const { name, steps, lines, options } of SCRIPTS)
  same<Farm>({
    name,
    prepare: (port) => farm(port, lines, options),
    scenario: async (bed, farm) => {
      const outcomes: unknown[] = [];
      for (const text of steps) outcomes.push([text, await step(text, bed, farm)]);
      return outcomes;
    },
  });

same<Farm>({
  name: 'levels: what user and operator may not do',
  prepare: (port) => farm(port),
  scenario: async ({ proxy, port }, farm) => {
    const commands = ['get weight b/s1', 'show cli level', 'set weight b/s1 5', 'disable frontend f', 'clear counters'];
    commands.push('clear counters all', 'shutdown sessions server b/s1', 'show cli sockets');
    commands.push('set severity-output number', 'operator', 'user', 'set maxconn global 5', 'show servers state none');
    const outcomes: unknown[] = [];
    for (const level of ['user', 'operator'])
      for (const command of commands) {
        const answer = await tell(join(proxy.dir, `${level}.sock`), `${command}\n`);
        outcomes.push([`${level}: ${command}`, firstOfHelp(masked(answer, farm, port)).replaceAll(proxy.dir, 'DIR')]);
      }
    return [outcomes, await tell(proxy.socket, 'operator; show cli level; set weight b/s1 5; user; show cli level\n')];
  },
});

same<Farm>({
  name: 'TCP stats socket, prompt mode, clients that half-close',
  prepare: (port) => farm(port),
  scenario: async ({ proxy }, { cliPort }) => {
    const weight = 'get weight b/s1\n';
    const halfClosed = await new Client(cliPort).send(weight).end().over();
    const withoutLineFeed = await new Client(proxy.socket).send('get weight b/s1').end().over();
    const nothing = await new Client(proxy.socket).end().over();
    return [
      ['half-closed', halfClosed.data.toString()],
      ['no line feed', withoutLineFeed.data.toString()],
      ['nothing', nothing.data.toString()],
      ['prompt', firstOfHelp(await tell(cliPort, `prompt\n${weight}\n${weight}quit\n`))],
      ['prompt, half-closed', (await new Client(cliPort).send(`prompt\n${weight}`).end().over()).data.toString()],
      ['a second line', await tell(proxy.socket, `${weight}${weight}`)],
      ['crlf', await tell(proxy.socket, 'get weight b/s1\r\n')],
    ];
  },
});

same<Farm>({
  name: 'shutdown sessions server; the sessions of the other stay',
  prepare: (port) => farm(port),
  scenario: async ({ proxy, port }) => {
    const clients = [0, 1, 2, 3].map(() => new Client(port));
    for (const client of clients) await client.until((c) => c.data.includes('\n'));
    const answer = await proxy.ask('shutdown sessions server b/s1');
    const mine = clients.filter((c) => c.data.toString() === 'one\n');
    for (const client of mine) await client.over();
    const others = clients.filter((c) => !mine.includes(c));
    for (const client of others) await client.send('still here').text('still here');
    const line = (await proxy.log(/ b\/s1 /)).replace(/^.*?\]: /, '');
    for (const client of clients) client.destroy();
    return [
      answer,
      mine.length,
      others.length,
      line
        .split(' ')
        .slice(-3)
        .map((w) => w.replace(/\d+/g, 'N')),
    ];
  },
});

same<Farm>({
  name: 'maxconn at run time: one waits, is let in when the limit rises',
  prepare: (port) => farm(port, '', 'maxconn 1'),
  scenario: async ({ proxy, port }) => {
    await proxy.ask('disable server b/s2');
    const first = await new Client(port).text('one');
    const second = new Client(port);
    await sleep(150);
    const before = second.data.length;
    const answer = await proxy.ask('set maxconn server b/s1 2');
    await second.text('one');
    for (const client of [first, second]) client.destroy();
    return [before, answer];
  },
});

systemTest('maxconn of a frontend at run time (Fairlead alone)', { commands: [] }, async () => {
  const port = await freePort();
  const proxy = await startProxy('fairlead', (await farm(port)).text, [port]);
  try {
    await proxy.ask('set maxconn frontend f 1');
    const first = await new Client(port).text('\n');
    const second = new Client(port);
    await sleep(150);
    assert.equal(second.data.length, 0);
    await proxy.ask('set maxconn frontend f 10');
    await second.text('\n');
    for (const client of [first, second]) client.destroy();
  } finally {
    await proxy.stop();
  }
});

same<Farm>({
  name: 'show info and show stat: fields, and limits that follow',
  prepare: (port) => farm(port),
  scenario: async ({ proxy }) => {
    await proxy.ask('set maxconn global 77');
    await proxy.ask('set rate-limit connections global 9');
    const info = (await proxy.ask('show info')).split('\n');
    const value = (name: string) => info.find((line) => line.startsWith(`${name}: `));
    const names = ['Maxconn', 'Hard_maxconn', 'ConnRateLimit', 'Nbthread', 'node', 'Process_num', 'Nbproc'];
    const header = (await proxy.ask('show stat')).split('\n')[0];
    return [info.map((line) => line.split(':')[0]), names.map(value), header];
  },
});
