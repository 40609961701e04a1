/**
 * The application: every 20 ms a new connection and one write of an id of its own (`new`), and beside it one connection
 * that is held and written to every 20 ms (`held`). Each attempt's outcome goes to standard output as one line of JSON.
 * New connections overlap, as those of many users do: one that hangs does not stop the others.
 */
import { createInterface } from 'node:readline';
import { openMysql } from './mysql-session.js';
import { openPostgres } from './postgres-session.js';

export const EVERY_MS = 20;
/** An attempt that has no answer by now has failed for its user. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** The held session waits as long as a patient application: the longest time limit of the seeds' files, and more. */
const HELD_TIMEOUT_MS = 60_000;
/** Bound on attempts in flight; beyond it the writer holds back. */
const IN_FLIGHT_MAX = 200;

export interface Attempt {
  readonly id: number;
  readonly kind: 'new' | 'held';
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Acknowledged: the database said that the write is committed. */
  readonly acknowledged: boolean;
  /** Name of the server that acknowledged. */
  readonly by?: string;
  readonly error?: string;
}

export interface WriterTarget {
  readonly database: 'mysql' | 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** `lab.TABLE`, with a column `id`. */
  readonly table: string;
}

/** A connection that has logged in. */
export interface WriteSession {
  /** @returns the name of the server that committed */
  write(id: number): Promise<string>;
  /** At once, without a goodbye. */
  close(): void;
}

type Host = { host: string };

/**
 * Writes until SIGTERM, then ends when the attempts in flight have. A line on standard input is the address to write to
 * from then on.
 */
export function runWriter(target: WriterTarget): void {
  const at: Host = { host: target.host };
  createInterface({ input: process.stdin }).on('line', (line) => {
    at.host = line.trim();
  });
  const ids = counter();
  const fresh = writeOverNew(target, at, ids);
  const held = writeOverHeld(target, at, ids);
  process.once('SIGTERM', () => {
    clearInterval(fresh);
    held.stop();
    process.stdin.destroy();
    // Whatever a driver still waits for by then has failed.
    setTimeout(() => process.exit(0), ATTEMPT_TIMEOUT_MS + 1000).unref();
  });
}

function counter(): () => number {
  let last = 0;
  return () => ++last;
}

function report(done: Attempt): void {
  process.stdout.write(`${JSON.stringify(done)}\n`);
}

function writeOverNew(target: WriterTarget, at: Host, nextId: () => number): NodeJS.Timeout {
  let inFlight = 0;
  return setInterval(() => {
    if (inFlight >= IN_FLIGHT_MAX) return;
    inFlight++;
    void attempt('new', nextId(), (id) => writeOnce({ ...target, ...at }, id)).then((done) => {
      inFlight--;
      report(done);
    });
  }, EVERY_MS);
}

async function writeOnce(target: WriterTarget, id: number): Promise<string> {
  const session = await open(target, ATTEMPT_TIMEOUT_MS);
  try {
    return await session.write(id);
  } finally {
    session.close();
  }
}

/** One session at a time; a new one when it fails. */
function writeOverHeld(target: WriterTarget, at: Host, nextId: () => number): { stop(): void } {
  let session: WriteSession | undefined;
  let stopped = false;
  const write = async (id: number): Promise<string> => {
    session ??= await open({ ...target, ...at }, HELD_TIMEOUT_MS);
    return session.write(id);
  };
  const step = async (): Promise<void> => {
    if (stopped) return session?.close();
    const done = await attempt('held', nextId(), write);
    report(done);
    if (!done.acknowledged) {
      session?.close();
      session = undefined;
    }
    setTimeout(() => void step(), EVERY_MS);
  };
  void step();
  const stop = () => {
    stopped = true;
    session?.close(); // an attempt that waits for an answer fails now, and is the last
  };
  return { stop };
}

function open(target: WriterTarget, timeoutMs: number): Promise<WriteSession> {
  return target.database === 'mysql' ? openMysql(target, timeoutMs) : openPostgres(target, timeoutMs);
}

async function attempt(kind: Attempt['kind'], id: number, write: (id: number) => Promise<string>): Promise<Attempt> {
  const startedAt = Date.now();
  try {
    const by = await write(id);
    return { id, kind, startedAt, endedAt: Date.now(), acknowledged: true, by };
  } catch (error) {
    return { id, kind, startedAt, endedAt: Date.now(), acknowledged: false, error: reason(error) };
  }
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return `${code ?? 'unknown'}: ${(message ?? '').replace(/\s+/g, ' ').slice(0, 160)}`;
}
