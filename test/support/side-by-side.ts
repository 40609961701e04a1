/** The same scenario on the real HAProxy and on Fairlead; what it returns must be equal. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTest } from './peers.js';
import { Client, freePort, type Program, type RunningProxy, serve, startProxy } from './proxy.js';

export interface Setup {
  proxy: RunningProxy;
  port: number;
}

/** Unless a test says otherwise: tcp mode, short limits, everything logged in the tcplog format. */
export const HEAD = `global
  log {LOG} len 8192 local0
  maxconn 200
  nbthread 1
  stats socket {SOCK} level admin
defaults
  mode tcp
  log global
  option tcplog
  retries 1
  timeout connect 400ms
  timeout client 5s
  timeout server 5s
  timeout queue 600ms
`;

interface Variation {
  /** In place of HEAD. */
  readonly head?: string;
  /** Only these; with one program the outcome is compared with `expected`. */
  readonly programs?: readonly Program[];
  readonly expected?: unknown;
  /** Ports to wait for; [the port] unless given. */
  readonly waitFor?: (port: number) => number[];
}

/** Runs the scenario on both programs and requires equal outcomes. */
export function same(
  name: string,
  config: (port: number) => Promise<string> | string,
  scenario: (s: Setup) => Promise<unknown>,
  variation: Variation = {},
): void {
  systemTest(name, { commands: ['haproxy'], timeoutMs: 60_000 }, async () => {
    const outcomes: unknown[] = [];
    for (const program of variation.programs ?? (['haproxy', 'fairlead'] as const))
      outcomes.push(await outcomeOf(program, config, scenario, variation));
    if ('expected' in variation) outcomes.unshift(variation.expected);
    for (const outcome of outcomes.slice(1)) assert.deepEqual(outcome, outcomes[0]);
  });
}

async function outcomeOf(
  program: Program,
  config: (port: number) => Promise<string> | string,
  scenario: (s: Setup) => Promise<unknown>,
  { head = HEAD, waitFor = (port) => [port] }: Variation,
): Promise<unknown> {
  const port = await freePort();
  const proxy = await startProxy(program, head + (await config(port)), waitFor(port));
  try {
    const outcome = await scenario({ proxy, port });
    if (process.env.SHOW_OUTCOMES === '1') console.error(program, outcome);
    return outcome;
  } catch (error) {
    throw new Error(`${program}: ${(error as Error).message}`, { cause: error });
  } finally {
    await proxy.stop();
  }
}

/** @returns a `listen l` section on the port */
export const listen = (port: number, lines: string) =>
  `listen l\n  bind 127.0.0.1:${port}\n  ${lines.split('\n').join('\n  ')}\n`;

/** `… fe be/srv 0/0/12 345 -- 1/1/0/0/0 0/0` without what differs from run to run. */
export function masked(line: string): string {
  return line
    .replace(/^.*?\]: /, '')
    .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\]/, 'CLIENT')
    .replace(/ (-1|\d+)\/(-1|\d+)\/\+?(\d+) /, (_, w, c) => ` ${w === '-1' ? -1 : 'W'}/${c === '-1' ? -1 : 'C'}/T `);
}

/** A server that says its name to whoever connects, then echoes. Its test need not close it. */
export async function namedServer(name: string): Promise<{ port: number; sockets: Set<unknown>; close(): void }> {
  const server = await serve((s) => {
    s.write(`${name};`);
    s.on('data', (d) => s.write(d));
    s.on('end', () => s.end());
  });
  server.server.unref();
  return server;
}

/** @returns a client that heard the name of its server */
export async function openNamed(port: number | string): Promise<Client> {
  return new Client(port).until((c) => c.data.includes(';'));
}

/** @returns the name a client heard, `-` if it was turned away */
export function nameHeard(client: Client): string {
  return client.data.toString().split(';')[0] || '-';
}

/** Names of the servers of `count` connections made one after the other, each ended before the next. */
export async function namesInTurn(port: number, count: number): Promise<string> {
  let names = '';
  for (let i = 0; i < count; i++) {
    const client = await new Client(port).until((c) => c.data.includes(';') || c.ended || c.closed);
    names += nameHeard(client);
    await client.end().over();
    client.destroy();
  }
  return names;
}

/** One row of `show stat` by column name. */
export async function statRow(proxy: RunningProxy, proxyName: string, server: string): Promise<Record<string, string>> {
  const [header, ...rows] = (await proxy.ask('show stat')).split('\n');
  const row = rows.find((r) => r.startsWith(`${proxyName},${server},`))?.split(',');
  if (row === undefined) throw new Error(`no row ${proxyName},${server}`);
  return Object.fromEntries(
    header
      .replace('# ', '')
      .split(',')
      .map((column, i) => [column, row[i]]),
  );
}

/** Some columns of some rows: `{ 'l,s1': 'stot=3 econ=0' }`. */
export async function figures(
  proxy: RunningProxy,
  proxyName: string,
  servers: readonly string[],
  columns: readonly string[],
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const server of servers) {
    const row = await statRow(proxy, proxyName, server);
    result[server] = columns.map((c) => `${c}=${row[c]}`).join(' ');
  }
  return result;
}

/** Repeats until the condition holds. */
export async function eventually(holds: () => Promise<boolean> | boolean, timeoutMs = 8_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error('waited in vain for a condition');
}

/** Column values that limits and failures move. */
const TROUBLE = ['stot', 'econ', 'wretr', 'wredis', 'lbtot', 'qmax', 'smax', 'ereq', 'dreq', 'cli_abrt', 'srv_abrt'];

/** Those columns of rows of proxy `l`. */
export const trouble = (proxy: RunningProxy, servers: readonly string[]) => figures(proxy, 'l', servers, TROUBLE);
