/**
 * Log lines and statistics of a known series of sessions, from the real HAProxy and from Fairlead.
 *
 * Difference that stays (docs/differences.md): bytes of running sessions are in the statistics at once; HAProxy adds
 * them when the session ends, unless `option contstats` is set.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, type RunningProxy } from '../support/proxy.js';
import { figures, HEAD, listen, namedServer, nameHeard, openNamed, type Setup, same } from '../support/side-by-side.js';

const a = await namedServer('a');
const serverA = `server a 127.0.0.1:${a.port}`;

/** Ports, process ids and times vary; the rest, syslog header included, must not. */
function veiled(line: string): string {
  return line
    .replace(/\[\d+\]: /, '[PID]: ')
    .replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/, 'DATE')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|[-+]\d\d:\d\d)/, 'ISODATE')
    .replace(/\[\d\d\/[^\]]+\]/, '[ACCEPTED]')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/ (-1|\d+)\/(-1|\d+)\/\+?\d+ /, (_, w, c) => ` ${w === '-1' ? -1 : 'W'}/${c === '-1' ? -1 : 'C'}/T `)
    .replace(/ \d+ - - /, ' PID - - ')
    .replaceAll(hostname(), 'HOST');
}

async function echoOnce(port: number): Promise<void> {
  const client = await openNamed(port);
  await client.send('ping').text('ping');
  await client.end().over();
}

/** All lines that came, in order, once the last expected one had time to arrive. */
async function lines(proxy: RunningProxy): Promise<string[]> {
  await sleep(200);
  return proxy.logs.filter((line) => !/Proxy l started|Stopping|stopped|Loading/.test(line)).map(veiled);
}

const PLAIN = HEAD.replace('  option tcplog\n', '');

function logged(name: string, lines_: string, scenario: (s: Setup) => Promise<unknown>, head = HEAD): void {
  same(name, (port) => listen(port, lines_), scenario, { head });
}

logged(
  'the default format: when the line comes, and what it says',
  serverA,
  async ({ proxy, port }) => {
    const client = await openNamed(port);
    const early = await lines(proxy);
    await client.end().over();
    return [early, await lines(proxy)];
  },
  PLAIN,
);

for (const format of ['rfc3164', 'rfc5424', 'raw', 'short', 'timed', 'iso', 'priority', 'local'])
  logged(
    `target format ${format}`,
    serverA,
    async ({ proxy, port }) => {
      await echoOnce(port);
      return lines(proxy);
    },
    HEAD.replace('log {LOG} len 8192', `log {LOG} len 8192 format ${format}`),
  );

for (const [name, head] of [
  ['log-tag', HEAD.replace('  nbthread 1\n', '  nbthread 1\n  log-tag galera\n')],
  ['log-send-hostname', HEAD.replace('  nbthread 1\n', '  nbthread 1\n  log-send-hostname node7\n')],
  ['facility and level', HEAD.replace('local0', 'daemon notice')],
  ['facility and least level', HEAD.replace('local0', 'local3 debug info')],
] as const)
  logged(
    name,
    serverA,
    async ({ proxy, port }) => {
      await echoOnce(port);
      return lines(proxy);
    },
    head,
  );

/** A normal session, one that says nothing, one that is refused, one that resets. */
async function series(port: number, refused: number): Promise<void> {
  await echoOnce(port);
  const quiet = await openNamed(port);
  await quiet.end().over();
  await new Client(refused).over();
  const resetting = await openNamed(port);
  await resetting.send('ping').text('ping');
  resetting.reset();
  await sleep(100);
}

const second = { port: 0 };

const SERIES = [
  'option dontlognull',
  'option dontlog-normal',
  'option log-separate-errors',
  'option logasap',
  'option logasap\n  option dontlognull',
  '',
];
for (const [option, head] of SERIES.flatMap((o) => [[o, HEAD] as const, [o, PLAIN] as const]))
  same(
    `a series of sessions, ${head === PLAIN ? 'default format' : 'tcplog'}, ${option.replace(/\s+/g, ' ')}`,
    async (port) => {
      second.port = await freePort();
      return `${listen(port, `${option}\n${serverA}`)}listen r\n  bind 127.0.0.1:${second.port}\n  ${option}\n  retries 0\n  server x 127.0.0.1:${await freePort()}\n`;
    },
    async ({ proxy, port }) => {
      await series(port, second.port);
      return lines(proxy);
    },
    { head },
  );

const COLUMNS = 'bin bout stot scur smax lbtot cli_abrt srv_abrt econ dcon dreq dses conn_tot wretr qmax'.split(' ');

same(
  'figures after a known series',
  async (port) => {
    second.port = await freePort();
    return `${listen(port, `option socket-stats\nacl local src 127.0.0.9\ntcp-request connection reject if local\n${serverA}`)}listen r\n  bind 127.0.0.1:${second.port}\n  retries 0\n  tcp-request content reject if { src 127.0.0.8 }\n  server x 127.0.0.1:${await freePort()}\n`;
  },
  async ({ proxy, port }) => {
    await series(port, second.port);
    const denied = await new Client(port, '127.0.0.9').over();
    const rejected = await new Client(second.port, '127.0.0.8').over();
    const held = [await openNamed(port), await openNamed(port)];
    for (const client of held) await client.end().over();
    await sleep(50);
    const rows = [
      await figures(proxy, 'l', ['FRONTEND', 'a', 'BACKEND'], COLUMNS),
      await figures(proxy, 'r', ['FRONTEND', 'x', 'BACKEND'], COLUMNS),
    ];
    return [nameHeard(denied), nameHeard(rejected), rows];
  },
);

for (const phase of ['connection', 'session', 'content'])
  logged(
    `the default format and tcp-request ${phase} reject`,
    `tcp-request ${phase} reject if { src 127.0.0.1 }\n${serverA}`,
    async ({ proxy, port }) => {
      await new Client(port).over();
      return lines(proxy);
    },
    PLAIN,
  );
