/**
 * The life of checked servers, the same on the real HAProxy and on Fairlead: a server that answers as told, commands of
 * the operator, and after each step the same log lines with the same levels and the same figures.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTest } from '../support/peers.js';
import { freePort, type Program, type RunningProxy, serve, startProxy } from '../support/proxy.js';

/** A server whose answers the test chooses: a status code, or `silent`. */
interface Actor {
  port: number;
  mode: string;
  close(): void;
}

async function actor(): Promise<Actor> {
  const own: Actor = { port: 0, mode: '200', close: () => server.close() };
  const server = await serve((socket) => {
    socket.on('data', () => {
      if (own.mode !== 'silent') socket.end(`HTTP/1.0 ${own.mode} Reason ${own.mode}\r\n\r\n`);
    });
  });
  own.port = server.port;
  return own;
}

interface Step {
  name: string;
  /** Answers from now on. */
  mode?: string;
  /** Command for the stats socket. */
  ask?: string;
  /** Failed connections through the frontend. */
  hit?: boolean;
  /** Wait until `server` is so: operational state, administration, health. */
  until?: [server: string, state: number, admin: number, health: number];
}

const STEPS: Step[] = [
  { name: 'start', until: ['be/a', 2, 0, 4] },
  { name: 'down', mode: '503', until: ['be/a', 0, 0, 0] },
  { name: 'drain while down', ask: 'set server be/a state drain', until: ['be/a', 0, 8, 0] },
  { name: 'maintenance while down', ask: 'set server be/a state maint', until: ['be/a', 0, 1, 0] },
  { name: 'ready, and down at the first failure', ask: 'set server be/a state ready', until: ['be/a', 0, 0, 0] },
  { name: 'up', mode: '200', until: ['be/a', 2, 0, 4] },
  { name: 'other status', mode: '404', until: ['be/a', 3, 0, 4] },
  { name: 'drain while stopping', ask: 'set server be/a state drain', until: ['be/a', 3, 8, 4] },
  { name: 'ready while stopping', ask: 'set server be/a state ready', until: ['be/a', 3, 0, 4] },
  { name: 'down from stopping', mode: '500', until: ['be/a', 0, 0, 0] },
  { name: 'not found while down is no pass', mode: '404' },
  { name: 'up again', mode: '200', until: ['be/a', 2, 0, 4] },
  { name: 'maintenance', ask: 'set server be/a state maint', until: ['be/a', 0, 1, 0] },
  { name: 'out of maintenance', ask: 'set server be/a state ready', until: ['be/a', 2, 0, 4] },
  { name: 'drain', ask: 'set server be/a state drain', until: ['be/a', 2, 8, 4] },
  { name: 'down in drain', mode: '503', until: ['be/a', 0, 8, 0] },
  { name: 'up in drain', mode: '200', until: ['be/a', 2, 8, 4] },
  { name: 'weight in drain', ask: 'set server be/a weight 5' },
  { name: 'out of drain', ask: 'set server be/a state ready', until: ['be/a', 2, 0, 4] },
  { name: 'weight 0', ask: 'set server be/a weight 0' },
  { name: 'weight in percent', ask: 'set server be/a weight 50%' },
  { name: 'weight too much', ask: 'set server be/a weight 300' },
  { name: 'no checks', ask: 'disable health be/a', until: ['be/a', 2, 0, 4] },
  { name: 'down by command', ask: 'set server be/a health down', until: ['be/a', 0, 0, 0] },
  { name: 'stopping by command', ask: 'set server be/a health stopping', until: ['be/a', 3, 0, 4] },
  { name: 'up by command', ask: 'set server be/a health up', until: ['be/a', 2, 0, 4] },
  { name: 'checks again', ask: 'enable health be/a', until: ['be/a', 2, 0, 4] },
  { name: 'backup goes', ask: 'set server be/k state maint', until: ['be/k', 0, 1, 0] },
  { name: 'backup comes', ask: 'set server be/k state ready', until: ['be/k', 2, 0, 4] },
  { name: 'the disabled one', ask: 'set server be/d state ready', until: ['be/d', 2, 4, 4] },
  { name: 'running on backup', ask: 'set server be/d state maint', until: ['be/d', 0, 5, 0] },
  { name: 'and the other', ask: 'set server be/a state maint', until: ['be/a', 0, 1, 0] },
  { name: 'back', ask: 'set server be/a state ready', until: ['be/a', 2, 0, 4] },
  { name: 'a tracking server has no health', ask: 'set server tr/t1 health down' },
  { name: 'nor checks', ask: 'enable health tr/t1' },
  { name: 'tracking: its own maintenance', ask: 'set server tr/t1 state maint', until: ['tr/t1', 0, 1, 0] },
  { name: 'tracking: and that of the other', ask: 'set server be/a state maint', until: ['be/a', 0, 1, 0] },
  { name: 'tracking: its own ends', ask: 'set server tr/t1 state ready', until: ['tr/t1', 0, 2, 0] },
  { name: 'tracking: and the other', ask: 'set server be/a state ready', until: ['be/a', 2, 0, 4] },
  { name: 'no answer', mode: 'silent', until: ['be/a', 0, 0, 0] },
  { name: 'in time again', mode: '200', until: ['be/a', 2, 0, 4] },
  { name: 'refused traffic', hit: true, until: ['ob/x', 0, 0, 0] },
  { name: 'checks bring it back', until: ['ob/x', 2, 0, 4] },
];

interface Outcome {
  step: string;
  answer: string;
  logs: string[];
  figures: { [server: string]: string };
}

function configOf(front: number, nowhere: number, port: number, logsChecks: boolean): string {
  return `global
  log {LOG} local0 debug
  stats socket {SOCK} level admin
  max-spread-checks 20
defaults
  mode tcp
  log global
  option httpchk
  http-check disable-on-404
  ${logsChecks ? '' : 'no '}option log-health-checks
  retries 0
  timeout connect 500ms
  timeout client 2s
  timeout server 2s
  timeout check 800ms
  default-server inter 200ms rise 2 fall 3
listen ob
  bind 127.0.0.1:${front}
  no log
  log {LOG} local0 notice
  server x 127.0.0.1:${nowhere} check port ${port} inter 60s fastinter 100ms downinter 1s observe layer4 error-limit 3 on-error mark-down
backend be
  server a 127.0.0.1:${port} check weight 10
  server d 127.0.0.1:${port} check disabled
  server k 127.0.0.1:${port} check backup
backend tr
  server t1 127.0.0.1:${port} track be/a
  server t2 127.0.0.1:${port} track tr/t1
`;
}

/** The servers of `be` answer alike: only `a` is told apart, by what its own connections hear. */
async function run(program: Program, logsChecks: boolean): Promise<Outcome[]> {
  const main = await actor();
  const steady = await actor();
  const [front, nowhere] = [await freePort(), await freePort()];
  const config = configOf(front, nowhere, steady.port, logsChecks).replace(
    /server a 127\.0\.0\.1:\d+/,
    `server a 127.0.0.1:${main.port}`,
  );
  const proxy = await startProxy(program, config, [front]);
  try {
    const outcomes: Outcome[] = [];
    for (const step of STEPS) outcomes.push(await take(proxy, step, main, front));
    return outcomes;
  } finally {
    await proxy.stop();
    main.close();
    steady.close();
  }
}

async function take(proxy: RunningProxy, step: Step, main: Actor, front: number): Promise<Outcome> {
  if (step.mode !== undefined) main.mode = step.mode;
  const answer = step.ask === undefined ? '' : (await proxy.ask(step.ask)).trim();
  if (step.hit) for (let i = 0; i < 3; i++) await hit(front);
  if (step.until) await reached(proxy, step);
  await sleep(step.until ? 60 : 400);
  const logs = proxy.logs.splice(0).map(masked);
  if (step.name === 'start') logs.sort(); // first checks are spread over 20 ms: a matter of luck which ends first
  return { step: step.name, answer, logs, figures: await figures(proxy) };
}

async function hit(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
}

async function reached(proxy: RunningProxy, step: Step): Promise<void> {
  const [name, ...wanted] = step.until!;
  let seen = '';
  for (const end = Date.now() + 8000; Date.now() < end; await sleep(15)) {
    const rows = (await proxy.ask('show servers state')).split('\n').map((line) => line.split(' '));
    const row = rows.find((f) => `${f[1]}/${f[3]}` === name);
    seen = row ? [row[5], row[6], row[12]].join(' ') : 'nothing';
    if (seen === wanted.join(' ')) return;
  }
  throw new Error(`${proxy.program}: ${step.name}: ${name} is ${seen}, not ${wanted}; logs:\n${proxy.logs.join('\n')}`);
}

/** `<129>Server …`, without durations, and without the number of sessions that are just being refused. */
function masked(line: string): string {
  return line
    .replace(/^(<\d+>).*?\]: /, '$1')
    .replace(/check duration: \d+ms/, 'check duration: Nms')
    .replace(/^(.*ob\/x.*) \d+ sessions active/, '$1 N sessions active');
}

const COLUMNS = { status: 17, weight: 18, act: 19, bck: 20, fails: 21, downs: 22, health: 69 };

async function figures(proxy: RunningProxy): Promise<{ [server: string]: string }> {
  const found: { [server: string]: string } = {};
  for (const line of (await proxy.ask('show stat')).split('\n')) {
    const fields = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map((match) => match[1]);
    if (!['be', 'tr', 'ob'].includes(fields[0]) || fields[1] === 'FRONTEND') continue;
    const shown = Object.entries(COLUMNS).map(([name, at]) => `${name}=${fields[at]}`);
    found[`${fields[0]}/${fields[1]}`] = shown.join(' ').replace(/ \(via .*?\)/, ' (via …)');
  }
  return found;
}

for (const logsChecks of [false, true])
  systemTest(
    `servers change as in HAProxy, ${logsChecks ? 'with' : 'without'} option log-health-checks`,
    { commands: ['haproxy'], timeoutMs: 120_000 },
    async (t) => {
      const expected = await run('haproxy', logsChecks);
      const actual = await run('fairlead', logsChecks);
      for (const [i, outcome] of expected.entries())
        await t.test(outcome.step, () => {
          assert.deepEqual(actual[i], outcome);
        });
    },
  );
