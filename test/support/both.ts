/** The same configuration and the same scenario on the real HAProxy and on Fairlead, side by side: equal outcomes. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTest } from './peers.js';
import { Client, freePort, type Program, type RunningProxy, serve, startProxy } from './proxy.js';

/** What one of the two programs works with; nothing in it is shared with the other. */
export interface Bed {
  readonly program: Program;
  readonly proxy: RunningProxy;
  readonly port: number;
}

interface Case<S> {
  readonly name: string;
  /** Makes the servers and the text; called for each program. */
  readonly prepare: (port: number, program: Program) => Promise<{ text: string; state: S }>;
  readonly scenario: (bed: Bed, state: S) => Promise<unknown>;
  readonly timeoutMs?: number;
}

export function same<S>({ name, prepare, scenario, timeoutMs = 60_000 }: Case<S>): void {
  systemTest(name, { commands: ['haproxy'], timeoutMs }, async () => {
    const [real, ours] = await Promise.all(
      (['haproxy', 'fairlead'] as const).map((p) => outcome(p, prepare, scenario)),
    );
    const found = difference(ours, real);
    if (found !== '') assert.fail(found);
  });
}

/** Only what differs, one value a line: + is ours, - the real one's. */
function difference(ours: unknown, real: unknown, path = ''): string {
  if (JSON.stringify(ours) === JSON.stringify(real)) return '';
  if (!Array.isArray(ours) || !Array.isArray(real)) return `\n${path}\n- ${text(real)}\n+ ${text(ours)}`;
  const longer = ours.length > real.length ? ours : real;
  return longer.map((_, i) => difference(ours[i], real[i], `${path}[${i}]${label(real, i)}`)).join('');
}

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
/** Outcomes that are pairs of a name and a value are shown by their name. */
const label = (list: unknown[], i: number) => (i === 1 && typeof list[0] === 'string' ? ` ${list[0]}` : '');

async function outcome<S>(
  program: Program,
  prepare: Case<S>['prepare'],
  scenario: Case<S>['scenario'],
): Promise<unknown> {
  const port = await freePort();
  const { text, state } = await prepare(port, program);
  const proxy = await startProxy(program, text, [port]);
  try {
    return await scenario({ program, proxy, port }, state);
  } catch (error) {
    throw new Error(`${program}: ${(error as Error).message}`, { cause: error });
  } finally {
    await proxy.stop();
  }
}

/** A server that says its name, then echoes. It does not keep the test process alive. */
export async function named(name: string) {
  const server = await serve((s) => {
    s.write(`${name}\n`);
    s.on('data', (d) => s.write(d));
    s.on('end', () => s.end());
  });
  server.server.unref();
  return server;
}

/** @returns the name of the server that answers, or what happened instead */
export async function who(port: number, timeoutMs = 3_000): Promise<string> {
  const client = new Client(port);
  try {
    await client.until((c) => c.data.includes('\n') || c.ended || c.error !== '', timeoutMs);
  } catch {
    client.destroy();
    return 'silence'; // nobody answered in time, which is an outcome
  }
  const answer = client.data.length > 0 ? client.data.toString('latin1').trim() : client.error || 'closed';
  await client.end().over();
  client.destroy();
  return answer;
}

/** What a CLI socket answers to raw bytes until it closes. */
export async function tell(socket: string | number, bytes: string): Promise<string> {
  const client = await new Client(socket).send(bytes).over();
  const text = client.data.toString('latin1');
  client.destroy();
  return text;
}

/** Log lines about servers and backends so far, in order, without header and run times. */
export async function healthLog(proxy: RunningProxy, quietMs = 250): Promise<string[]> {
  await sleep(quietMs);
  return proxy.logs
    .filter(
      (line) =>
        /\b(Server|Health check|backend|Backend|Proxy|frontend) /.test(line) &&
        !/ \d+\/\d+\/\d+/.test(line.replace(/status: \d+\/\d+/, '')),
    )
    .map((line) => line.replace(/^.*?\]: /, '').replace(/check duration: \d+ms/, 'check duration: Tms'));
}
