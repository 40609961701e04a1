/** A fault, and what is to be seen of it on each way to the database. */
import { seenBetween, usedForMs, wellAfterMs } from './measure.js';
import type { Progress } from './progress.js';
import type { FaultRow, WaySeen } from './report.js';
import { sleep } from './wait.js';
import type { Writer } from './writer-process.js';

export interface Fault {
  readonly name: string;
  /** Server it happens to, by its name in the proxy's file. */
  readonly server: string;
  /** Makes it happen. @returns when writes were possible again, epoch ms, where only the lab can know */
  readonly begin: () => Promise<number | undefined> | undefined;
  /** Resolves when what it sets off is over; the writers are watched until then. */
  readonly settle: () => Promise<void>;
  /** What Fairlead must have to say of the server; null where there is nothing to say. */
  readonly cause: RegExp | null;
  readonly bar: Bar;
  /** The server should get no traffic from now on: how long it does is worth a figure. */
  readonly isLoss?: boolean;
}

/** What Fairlead's writer may see at most; absent: nothing is promised. */
export interface Bar {
  /** From the time that writes are possible again until they go well. */
  readonly afterAbleMs?: number;
  readonly failed?: number;
  /** How long the server may still be given new connections. */
  readonly usedForMs?: number;
  /** Failed attempts over the held session. */
  readonly heldFailed?: number;
}

/** A way to the database: through a proxy, or straight (the floor). */
export interface Way {
  readonly name: 'fairlead' | 'haproxy' | 'floor';
  readonly writer: Writer;
}

interface Watched {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ableMs: number | undefined;
  /** What `fairlead explain` printed; null where it was not asked. */
  readonly explanation: string | null;
}

/** Time after the last attempt of a stretch for its outcome to arrive, ms. */
const REPORT_DELAY_MS = 100;

export async function watch(
  fault: Fault,
  progress: Progress,
  explain: (server: string) => Promise<string | null>,
): Promise<Watched> {
  progress.step(`fault: ${fault.name}`);
  const fromMs = Date.now();
  const ableMs = await fault.begin();
  await fault.settle();
  const toMs = Date.now();
  await sleep(REPORT_DELAY_MS);
  const explanation = fault.cause === null ? null : await explain(fault.server);
  return { fault, fromMs, toMs, ableMs, explanation };
}

export function toRow(watched: Watched, ways: readonly Way[]): FaultRow {
  const { fault, fromMs, toMs, explanation } = watched;
  const ableMs = watched.ableMs ?? floorRecovered(watched, ways);
  const seen = Object.fromEntries(ways.map((way) => [way.name, seenOn(way, watched, ableMs)]));
  const explained = fault.cause === null || explanation === null ? null : fault.cause.test(explanation);
  return {
    fault: fault.name,
    server: fault.server,
    fromMs,
    seconds: (toMs - fromMs) / 1000,
    ableAfterMs: ableMs === undefined ? null : ableMs - fromMs,
    ways: seen,
    explained,
    explanation,
    missed: missedBars(fault, seen.fairlead, seen.floor, explained),
  };
}

/** Where only the databases know when they go on, the writer that goes straight to them tells. */
function floorRecovered({ fault, fromMs, toMs }: Watched, ways: readonly Way[]): number | undefined {
  const floor = ways.find((way) => way.name === 'floor');
  if (fault.bar.afterAbleMs === undefined || floor === undefined) return undefined;
  const fresh = floor.writer.attempts.filter((one) => one.kind === 'new');
  return seenBetween(fresh, fromMs, toMs).gapEndMs;
}

function seenOn({ writer }: Way, { fault, fromMs, toMs }: Watched, ableMs: number | undefined): WaySeen {
  const of = (kind: 'new' | 'held') => {
    const attempts = writer.attempts.filter((one) => one.kind === kind);
    const seen = seenBetween(attempts, fromMs, toMs);
    const afterAbleMs = ableMs === undefined ? null : wellAfterMs(attempts, ableMs, toMs);
    const used = fault.isLoss === true ? usedForMs(attempts, fault.server, fromMs, toMs) : null;
    return { ...seen, afterAbleMs, usedForMs: used };
  };
  return { fresh: of('new'), held: of('held') };
}

/** A failed attempt is the proxy's where the writer that goes straight to the database had none. */
function missedBars(
  { bar, name }: Fault,
  seen: WaySeen | undefined,
  floor: WaySeen | undefined,
  explained: boolean | null,
): string[] {
  if (seen === undefined) return [];
  const floorFailed = floor !== undefined && floor.fresh.failed + floor.held.failed > 0;
  const over = (what: string, value: number | null, most: number | undefined, unit: string) =>
    most !== undefined && value !== null && value > most
      ? [`${name}: ${what} ${value}${unit}, bar ${most}${unit}`]
      : [];
  return [
    ...over('writes again after', seen.fresh.afterAbleMs, bar.afterAbleMs, ' ms'),
    ...over('the server was used for', seen.fresh.usedForMs, bar.usedForMs, ' ms'),
    ...over('failed attempts', floorFailed ? null : seen.fresh.failed, bar.failed, ''),
    ...over('failed attempts of the held session', floorFailed ? null : seen.held.failed, bar.heldFailed, ''),
    ...(explained === false ? [`${name}: fairlead explain does not name the cause`] : []),
  ];
}
