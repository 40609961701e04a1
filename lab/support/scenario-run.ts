/** What every scenario does: begin, break things one after the other, and judge. */
import { type Fault, toRow, type Way, watch } from './fault.js';
import { Progress } from './progress.js';
import type { Files, Proxy, ProxyName } from './proxy.js';
import { type FaultRow, missedTotals, printReport, type Report, type WayTotal } from './report.js';
import { Sandbox } from './sandbox.js';
import { until } from './wait.js';

export interface LabOptions {
  /** Fairlead alone, or side by side with the real HAProxy. */
  readonly proxies: readonly ProxyName[];
  readonly files: Files;
  /** Of Fairlead's check, ms. */
  readonly interval: number;
  readonly quick: boolean;
  readonly json: boolean;
  readonly keep: boolean;
}

/** A scenario that stands: databases, proxies and writers run. */
export interface Stage {
  readonly ways: readonly Way[];
  readonly proxies: readonly Proxy[];
  readonly faults: readonly Fault[];
  /** What became of one way's writes; the writers have stopped. */
  readonly judge: (way: Way) => Promise<Omit<WayTotal, 'attempts' | 'acknowledged' | 'failed'>>;
  /** After the writers have stopped, before they are judged. */
  readonly finish?: () => Promise<void>;
  /** Further lines for the report. */
  readonly notes?: (rows: readonly FaultRow[]) => readonly string[];
}

type Build = (sandbox: Sandbox, say: (text: string) => void) => Promise<Stage>;

/** From the start of a proxy to the first write that gets through. */
const FIRST_WRITE_TIMEOUT_MS = 30_000;

/** Owns the sandbox from beginning to end. @returns exit code: 1 when Fairlead missed a bar */
export async function runLab(name: string, options: LabOptions, build: Build): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root');
  const sandbox = new Sandbox(name, options.keep);
  const progress = new Progress(options.json);
  try {
    const stage = await build(sandbox, (text) => progress.step(text));
    const report = await play(name, stage, progress);
    progress.done();
    printReport(report, options.json);
    return report.missed.length === 0 ? 0 : 1;
  } finally {
    progress.done();
    sandbox.close();
    if (options.keep) process.stderr.write(`logs and data: ${sandbox.dir}\n`);
  }
}

async function play(name: string, stage: Stage, progress: Progress): Promise<Report> {
  progress.step('waiting for the first write on every way');
  await Promise.all(stage.ways.map(firstWrite));
  const watched = [];
  for (const fault of stage.faults) watched.push(await watch(fault, progress, (server) => explain(stage, server)));
  for (const { writer } of stage.ways) await writer.stop();
  await stage.finish?.();
  progress.step('asking the databases for every write');
  const totals: { [way: string]: WayTotal } = {};
  for (const way of stage.ways) totals[way.name] = { ...counts(way, watched[0].fromMs), ...(await stage.judge(way)) };
  const faults = watched.map((one) => toRow(one, stage.ways));
  const missed = [...faults.flatMap((row) => row.missed), ...missedTotals(totals.fairlead)];
  return { scenario: name, faults, totals, missed, notes: stage.notes?.(faults) };
}

async function firstWrite({ name, writer }: Way): Promise<void> {
  await until(`a write through ${name} (see its log with --keep)`, FIRST_WRITE_TIMEOUT_MS, async () =>
    ['new', 'held'].every((kind) => writer.attempts.some((one) => one.kind === kind && one.acknowledged))
      ? true
      : undefined,
  );
}

/** @returns what Fairlead says of the server; null where it does not run */
async function explain({ proxies }: Stage, server: string): Promise<string | null> {
  const fairlead = proxies.find((proxy) => proxy.name === 'fairlead');
  return fairlead === undefined ? null : fairlead.explain(server);
}

/** From the first stretch on: what a proxy did before its servers were up is its start. */
function counts({ writer }: Way, fromMs: number): Pick<WayTotal, 'attempts' | 'acknowledged' | 'failed'> {
  const attempts = writer.attempts.filter((one) => one.startedAt >= fromMs);
  const acknowledged = attempts.filter((one) => one.acknowledged).length;
  return { attempts: attempts.length, acknowledged, failed: attempts.length - acknowledged };
}
