/**
 * What a proxy costs: CPU of its process alone, per keep-alive request, per connection and per GB, with p99 latency.
 * Every round measures every proxy in a rotated order, so that a slow minute of the machine hits them all; figures are
 * medians over the rounds.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../lab/support/repository.js';
import { formatTable } from '../../lab/support/table.js';
import { sleep } from '../../lab/support/wait.js';
import type { Running } from './contestants.js';
import { cpuMs } from './process-figures.js';
import { median } from './statistics.js';
import { wrk } from './wrk.js';

export interface Cost {
  /** CPU µs per keep-alive request, 64 connections. */
  readonly requestUs: number;
  readonly p99Ms: number;
  /** CPU µs per connection with one request. */
  readonly connectionUs: number;
  /** CPU ms per 10^9 bytes. */
  readonly gigabyteMs: number;
  readonly errors: number;
}

const REQUEST_CONNECTIONS = 64;
const CLOSING_CONNECTIONS = 16;
const BULK_CONNECTIONS = 4;
const PACE = {
  quick: { rounds: 3, seconds: 2 },
  /** Many and short: the p99 of one round may be twice that of the next, whatever is measured. */
  full: { rounds: 11, seconds: 2 },
};
/** An optimizing compiler has come to its end by then, for each kind of traffic. */
const WARM_SECONDS = 8;
/** What a worker still does after the last answer (closing) belongs to the measurement. */
const SETTLE_MS = 150;

const execute = promisify(execFile);

/** @param path what is asked for; the big file is always `/big` */
export async function measureCosts(
  running: readonly Running[],
  quick: boolean,
  say: (text: string) => void,
  path = '/',
): Promise<Map<string, Cost>> {
  const { rounds, seconds } = quick ? PACE.quick : PACE.full;
  const samples = new Map<string, Cost[]>(running.map(({ name }) => [name, []]));
  for (const proxy of running) await measureOnce(proxy, WARM_SECONDS, path); // caches, JIT, buffers
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < running.length; i++) {
      const proxy = running[(i + round) % running.length];
      say(`round ${round + 1} of ${rounds}: ${proxy.name}`);
      samples.get(proxy.name)?.push(await measureOnce(proxy, seconds, path));
    }
  }
  return new Map([...samples].map(([name, costs]) => [name, middle(costs)]));
}

async function measureOnce(proxy: Running, seconds: number, path: string): Promise<Cost> {
  const keep = await spent(proxy, () => wrk({ ...proxy, connections: REQUEST_CONNECTIONS, seconds, path }));
  const close = await spent(proxy, () =>
    wrk({ ...proxy, connections: CLOSING_CONNECTIONS, seconds, close: true, path }),
  );
  const bulk = await spent(proxy, () => download(proxy.port));
  return {
    requestUs: (keep.ms * 1000) / keep.result.requests,
    p99Ms: keep.result.p99Ms,
    connectionUs: (close.ms * 1000) / close.result.requests,
    gigabyteMs: bulk.ms / (bulk.result / 1e9),
    errors: keep.result.errors + close.result.errors,
  };
}

async function spent<T>(proxy: Running, work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const before = cpuMs(proxy.pid);
  const result = await work();
  await sleep(SETTLE_MS);
  return { ms: cpuMs(proxy.pid) - before, result };
}

/** @returns bytes received */
async function download(port: number): Promise<number> {
  const main = join(REPOSITORY, 'dist', 'bench', 'main.js');
  const words = ['bulk-client', '--port', String(port), '--connections', String(BULK_CONNECTIONS)];
  const { stdout } = await execute(process.execPath, [main, ...words]);
  return Number(stdout);
}

function middle(costs: readonly Cost[]): Cost {
  const of = (pick: (cost: Cost) => number) => median(costs.map(pick));
  return {
    requestUs: of((cost) => cost.requestUs),
    p99Ms: of((cost) => cost.p99Ms),
    connectionUs: of((cost) => cost.connectionUs),
    gigabyteMs: of((cost) => cost.gigabyteMs),
    errors: costs.reduce((sum, cost) => sum + cost.errors, 0),
  };
}

/** @param title what was measured, the head of the first column */
export function costTable(title: string, costs: ReadonlyMap<string, Cost>): string {
  const base = costs.get('haproxy');
  const ratio = (value: number, to: number | undefined) => (to === undefined ? '-' : `${(value / to).toFixed(2)} ×`);
  const header = [title, 'µs/request', '×', 'µs/connection', '×', 'ms/GB', '×', 'p99 ms', '×', 'errors'];
  const rows = [...costs].map(([name, cost]) => [
    name,
    cost.requestUs.toFixed(2),
    ratio(cost.requestUs, base?.requestUs),
    cost.connectionUs.toFixed(1),
    ratio(cost.connectionUs, base?.connectionUs),
    cost.gigabyteMs.toFixed(0),
    ratio(cost.gigabyteMs, base?.gigabyteMs),
    cost.p99Ms.toFixed(2),
    ratio(cost.p99Ms, base?.p99Ms),
    String(cost.errors),
  ]);
  return formatTable(header, rows);
}
