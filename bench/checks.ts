/**
 * `bench checks`: what a built-in check over a held session costs. One Galera check beside one run of a script like
 * clustercheck, against the same real node; then a thousand checks at 200 ms, against a server that answers from memory.
 */
import { createConnection } from 'mariadb';
import { LOGIN, startGalera, startPostgres } from '../lab/support/loopback-databases.js';
import { freePort } from '../lab/support/ports.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { sleep } from '../lab/support/wait.js';
import { clusterCheckCpuMs, writeClusterCheck } from './support/clustercheck.js';
import { type Running, startOnFile } from './support/contestants.js';
import { cpuMs } from './support/process-figures.js';
import { type Replay, startReplay } from './support/replay.js';
import { type RoleFile, type RoleKind, roleFile } from './support/role-file.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atLeast, atMost, type Verdict } from './support/verdict.js';

const RATIO_MAX = 1 / 50;
const SERVERS = 1000;
const INTERVAL_MS = 200;
const PERCENT_MAX = 20;
/** Checks that are not made cost nothing, and count for nothing. */
const MADE_SHARE_MIN = 0.95;
/** Sessions to one real database, and how often each asks: enough checks to measure, few enough to be served. */
const REAL_SERVERS = 20;
const REAL_INTERVAL_MS = 50;
/** All sessions stand and the rhythm is steady. */
const SETTLE_MS = 5000;

interface Figures {
  readonly check: string;
  /** Null where it runs once after the other. */
  readonly perSecond: number | null;
  /** CPU of one check, µs. */
  readonly microseconds: number;
  /** Of one core. */
  readonly percent: number | null;
}

export function benchRoleChecks(options: BenchOptions): Promise<number> {
  return runBench('checks', options, async (sandbox, say) => {
    const seconds = options.quick ? 5 : 20;
    say('starting a Galera node and a PostgreSQL');
    const galera = { port: await freePort() };
    const postgres = { port: await freePort() };
    await startGalera(sandbox, galera, await freePort());
    await startPostgres(sandbox, postgres);
    say('a script like clustercheck, run after run');
    const script = scriptFigures(writeClusterCheck(sandbox, galera.port), options.quick ? 20 : 100);
    say(`${REAL_SERVERS} Galera checks every ${REAL_INTERVAL_MS} ms against the same node`);
    const one = await againstReal(sandbox, galera.port, seconds);
    const many: Figures[] = [];
    for (const [kind, port] of [
      ['mysql', galera.port],
      ['postgres', postgres.port],
    ] as const) {
      say(`${SERVERS} ${kind} checks every ${INTERVAL_MS} ms`);
      many.push(await againstMemory(sandbox, kind, await startReplay(sandbox, kind, port), seconds));
    }
    const rows = [script, one, ...many];
    return { figures: rows, text: table(rows), verdicts: verdicts(script, one, many) };
  });
}

function verdicts(script: Figures, one: Figures, many: readonly Figures[]): Verdict[] {
  const made = (SERVERS * 1000 * MADE_SHARE_MIN) / INTERVAL_MS;
  return [
    atMost(
      'a built-in Galera check against a run of the script',
      one.microseconds / script.microseconds,
      RATIO_MAX,
      '×',
    ),
    ...many.flatMap(({ check, percent, perSecond }) => [
      atMost(check, percent ?? Number.NaN, PERCENT_MAX, '% of a core'),
      atLeast(`${check}: that were made`, perSecond ?? 0, made, 'per second'),
    ]),
  ];
}

function scriptFigures(script: string, times: number): Figures {
  const ms = clusterCheckCpuMs(script, times);
  return { check: 'clustercheck script', perSecond: null, microseconds: ms * 1000, percent: null };
}

async function againstReal(sandbox: Sandbox, port: number, seconds: number): Promise<Figures> {
  const settings = { port, servers: REAL_SERVERS, intervalMs: REAL_INTERVAL_MS };
  const running = await start(sandbox, 'galera', settings);
  const before = { cpu: cpuMs(running.pid), asked: await questions(port), at: performance.now() };
  await sleep(seconds * 1000);
  const elapsedMs = performance.now() - before.at;
  const cpu = cpuMs(running.pid) - before.cpu;
  const asked = (await questions(port)) - before.asked;
  running.process.kill('SIGKILL');
  const checks = (elapsedMs / REAL_INTERVAL_MS) * REAL_SERVERS;
  if (asked < checks * MADE_SHARE_MIN) throw new Error(`the node was asked ${asked} times for ${checks} checks`);
  return figures('galera, a real node', checks, cpu, elapsedMs);
}

/** Statements that the node was sent so far, by anyone. */
async function questions(port: number): Promise<number> {
  const connection = await createConnection({ host: '127.0.0.1', port, ...LOGIN });
  try {
    const rows = (await connection.query("SHOW GLOBAL STATUS LIKE 'Questions'")) as { Value: string }[];
    return Number(rows[0].Value);
  } finally {
    connection.destroy();
  }
}

async function againstMemory(sandbox: Sandbox, kind: RoleKind, replay: Replay, seconds: number): Promise<Figures> {
  const running = await start(sandbox, kind, { port: replay.port, servers: SERVERS, intervalMs: INTERVAL_MS });
  const before = { cpu: cpuMs(running.pid), counts: await replay.counts(), at: performance.now() };
  await sleep(seconds * 1000);
  const after = { cpu: cpuMs(running.pid), counts: await replay.counts(), at: performance.now() };
  running.process.kill('SIGKILL');
  replay.end();
  if (after.counts.unknown > before.counts.unknown)
    throw new Error(`${kind}: requests that the server had never heard`);
  const checks = after.counts.checks - before.counts.checks;
  return figures(
    `${SERVERS} ${kind} checks every ${INTERVAL_MS} ms`,
    checks,
    after.cpu - before.cpu,
    after.at - before.at,
  );
}

async function start(sandbox: Sandbox, kind: RoleKind, settings: Omit<RoleFile, 'listen'>): Promise<Running> {
  const listen = await freePort();
  const running = await startOnFile(sandbox, 'fairlead', roleFile(sandbox, kind, { ...settings, listen }), listen);
  await sleep(SETTLE_MS);
  return running;
}

function figures(check: string, checks: number, cpu: number, elapsedMs: number): Figures {
  const perSecond = checks / (elapsedMs / 1000);
  return { check, perSecond, microseconds: (cpu * 1000) / checks, percent: (cpu / elapsedMs) * 100 };
}

function table(rows: readonly Figures[]): string {
  const cell = (value: number | null, digits: number) => (value === null ? '-' : value.toFixed(digits));
  return formatTable(
    ['check', 'checks/s', 'µs of CPU each', '% of a core'],
    rows.map((row) => [row.check, cell(row.perSecond, 0), cell(row.microseconds, 1), cell(row.percent, 1)]),
  );
}
