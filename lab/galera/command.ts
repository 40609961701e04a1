/** `lab galera`: three real Galera nodes, the proxy in front, a writer, faults; then every node is asked for every write. */

import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Progress } from '../support/progress.js';
import { REPOSITORY } from '../support/repository.js';
import { exited, Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';
import { heldIds, NODES, startCluster, WRITER } from './cluster.js';
import { lostWrites, seenBetween } from './measure.js';
import { buildNetwork, SERVICE_ADDRESS } from './network.js';
import type { GaleraNode } from './node.js';
import { DATABASE_PORT } from './node-config.js';
import { noticedAfterMs, type ProxyName, startProxy } from './proxy.js';
import { type FaultRow, printReport, type Report } from './report.js';
import { type Fault, faults } from './scenario.js';
import type { Attempt } from './writer.js';

export interface GaleraOptions {
  readonly proxy: ProxyName;
  readonly quick: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  readonly suspectSeconds: number;
}

/** From the start of the proxy to the first write that gets through: its first checks, and its own start. */
const FIRST_WRITE_TIMEOUT_MS = 30_000;

/** @returns exit code: 1 when an acknowledged write is missing */
export async function runGalera(options: GaleraOptions): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root');
  const sandbox = new Sandbox('galera', options.keep);
  const progress = new Progress(options.json);
  try {
    const report = await breakThings(sandbox, options, progress);
    progress.done();
    printReport(report, options.json);
    return report.lostWrites.length === 0 ? 0 : 1;
  } finally {
    progress.done();
    sandbox.close();
    if (options.keep) process.stderr.write(`logs and data: ${sandbox.dir}\n`);
  }
}

async function breakThings(sandbox: Sandbox, options: GaleraOptions, progress: Progress): Promise<Report> {
  const network = buildNetwork(sandbox, NODES);
  const nodes = await startCluster(sandbox, network.nodes, options.suspectSeconds, (text) => progress.step(text));
  const log = startProxy(sandbox, network.proxy, options.proxy);
  const writer = startWriter(sandbox, network.client);
  progress.step(`${options.proxy} in front, waiting for the first write through ${SERVICE_ADDRESS}`);
  await until('a write through the proxy (see proxy.log with --keep)', FIRST_WRITE_TIMEOUT_MS, async () =>
    writer.attempts.some((one) => one.acknowledged) ? true : undefined,
  );
  const spans: Span[] = [];
  for (const fault of faults(nodes, options.quick)) spans.push(await watch(fault, progress));
  await writer.stop();
  progress.step('asking every node for every write');
  const rows = spans.map((span) => toRow(span, writer.attempts, log));
  return summarize(options.proxy, rows, writer.attempts, await missingOn(nodes, writer.attempts));
}

interface Span {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly toMs: number;
}

async function watch(fault: Fault, progress: Progress): Promise<Span> {
  progress.step(`fault: ${fault.name}`);
  const fromMs = Date.now();
  await fault.begin();
  await fault.settle();
  return { fault, fromMs, toMs: Date.now() };
}

function toRow(
  { fault, fromMs, toMs }: Span,
  attempts: readonly Attempt[],
  log: Parameters<typeof noticedAfterMs>[0],
): FaultRow {
  const { becomes, node } = fault;
  const noticedMs = becomes === null ? null : noticedAfterMs(log, node.name, becomes, fromMs);
  return { fault: fault.name, seconds: (toMs - fromMs) / 1000, noticedMs, ...seenBetween(attempts, fromMs, toMs) };
}

async function missingOn(nodes: readonly GaleraNode[], attempts: readonly Attempt[]): Promise<Map<string, number[]>> {
  const missing = new Map<string, number[]>();
  for (const node of nodes) missing.set(node.name, lostWrites(attempts, await heldIds(node)));
  return missing;
}

function summarize(
  proxy: ProxyName,
  rows: FaultRow[],
  attempts: readonly Attempt[],
  missing: ReadonlyMap<string, number[]>,
): Report {
  return {
    proxy,
    faults: rows,
    attempts: attempts.length,
    acknowledged: attempts.filter((one) => one.acknowledged).length,
    failed: attempts.filter((one) => !one.acknowledged).length,
    lostWrites: [...new Set([...missing.values()].flat())].sort((a, b) => a - b),
    lostByNode: Object.fromEntries([...missing].map(([name, ids]) => [name, ids.length])),
  };
}

interface Writer {
  readonly attempts: readonly Attempt[];
  /** Lets the attempts in flight end. */
  stop(): Promise<void>;
}

function startWriter(sandbox: Sandbox, namespace: string): Writer {
  const main = join(REPOSITORY, 'dist', 'lab', 'main.js');
  const target = ['--host', SERVICE_ADDRESS, '--port', String(DATABASE_PORT)];
  const login = ['--user', WRITER.user, '--password', WRITER.password];
  const args = [main, 'galera-writer', ...target, ...login];
  const child = sandbox.start(process.execPath, args, { namespace, log: 'writer.log', pipe: true });
  const attempts: Attempt[] = [];
  const finished = readLines(child, (line) => attempts.push(JSON.parse(line) as Attempt));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited(child);
    await finished;
  };
  return { attempts, stop };
}

function readLines(child: ChildProcess, take: (line: string) => void): Promise<void> {
  if (child.stdout === null) throw new Error('a child without output cannot report');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', take);
  return new Promise((resolve) => lines.once('close', resolve));
}
