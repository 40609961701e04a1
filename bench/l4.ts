/**
 * `bench l4`: CPU of the proxying process alone, per keep-alive request, per connection and per GB, with p99 latency.
 * Every round measures every proxy in a rotated order, so that a slow minute of the machine hits them all; figures are
 * medians over the rounds.
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../lab/support/repository.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { sleep } from '../lab/support/wait.js';
import { measureScaling, type Scaling, scalingText } from './l4-scaling.js';
import { startBackend } from './support/backend.js';
import { type Contestant, type Running, startContestant } from './support/contestants.js';
import { cpuMs } from './support/process-figures.js';
import { type BenchOptions, runBench } from './support/session.js';
import { median } from './support/statistics.js';
import { atMost, type Verdict } from './support/verdict.js';
import { wrk } from './support/wrk.js';

interface L4Options extends BenchOptions {
  readonly proxies: readonly Contestant[];
}

interface Cost {
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
  full: { rounds: 7, seconds: 4 },
};
/** What a worker still does after the last answer (closing) belongs to the measurement. */
const SETTLE_MS = 150;

const execute = promisify(execFile);

export function benchL4(options: L4Options): Promise<number> {
  return runBench('l4', options, async (sandbox, say) => {
    const backend = await startBackend(sandbox);
    const running: Running[] = [];
    for (const name of options.proxies) running.push(await startContestant(sandbox, name, backend));
    const costs = await measureRounds(running, options.quick, say);
    const scaling = options.proxies.includes('fairlead') ? await scale(sandbox, backend, options.quick, say) : null;
    const text = [costTable(costs), ...(scaling === null ? [] : ['', scalingText(scaling)])].join('\n');
    return { figures: { costs: Object.fromEntries(costs), scaling }, text, verdicts: verdicts(costs) };
  });
}

function scale(sandbox: Sandbox, backend: number, quick: boolean, say: (text: string) => void): Promise<Scaling> {
  say('two workers against one');
  return measureScaling(sandbox, backend, quick ? PACE.quick.seconds : PACE.full.seconds);
}

async function measureRounds(
  running: readonly Running[],
  quick: boolean,
  say: (text: string) => void,
): Promise<Map<string, Cost>> {
  const { rounds, seconds } = quick ? PACE.quick : PACE.full;
  const samples = new Map<string, Cost[]>(running.map(({ name }) => [name, []]));
  for (const proxy of running) await measureOnce(proxy, 1); // warm: caches, JIT, buffers
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < running.length; i++) {
      const proxy = running[(i + round) % running.length];
      say(`round ${round + 1} of ${rounds}: ${proxy.name}`);
      samples.get(proxy.name)?.push(await measureOnce(proxy, seconds));
    }
  }
  return new Map([...samples].map(([name, costs]) => [name, middle(costs)]));
}

async function measureOnce(proxy: Running, seconds: number): Promise<Cost> {
  const keep = await spent(proxy, () => wrk({ ...proxy, connections: REQUEST_CONNECTIONS, seconds, close: false }));
  const close = await spent(proxy, () => wrk({ ...proxy, connections: CLOSING_CONNECTIONS, seconds, close: true }));
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

function costTable(costs: ReadonlyMap<string, Cost>): string {
  const base = costs.get('haproxy');
  const ratio = (value: number, to: number | undefined) => (to === undefined ? '-' : `${(value / to).toFixed(2)} ×`);
  const header = ['one worker, tcp', 'µs/request', '×', 'µs/connection', '×', 'ms/GB', '×', 'p99 ms', '×', 'errors'];
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

function verdicts(costs: ReadonlyMap<string, Cost>): Verdict[] {
  const ours = costs.get('fairlead');
  const base = costs.get('haproxy');
  if (ours === undefined || base === undefined) return [];
  const unit = '× HAProxy';
  return [
    atMost('CPU per keep-alive request', ours.requestUs / base.requestUs, 1, unit),
    atMost('CPU per connection', ours.connectionUs / base.connectionUs, 1, unit),
    atMost('CPU per GB', ours.gigabyteMs / base.gigabyteMs, 0.4, unit),
    atMost('p99 latency', ours.p99Ms / base.p99Ms, 1.1, unit),
    atMost('errors', ours.errors, 0, 'in all rounds'),
  ];
}
