/**
 * The application: every 20 ms a new connection through the service address and one write of an id of its own. Each
 * attempt's outcome goes to standard output as one line of JSON. Attempts overlap, as those of many users do: one that
 * hangs does not stop the others.
 */
import { createConnection } from 'mariadb';

export const EVERY_MS = 20;
/** An attempt that has no answer by now has failed for its user. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** Bound on attempts in flight; beyond it the writer holds back. */
const IN_FLIGHT_MAX = 200;

export interface Attempt {
  readonly id: number;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Acknowledged: the database said that the write is committed. */
  readonly acknowledged: boolean;
  readonly error?: string;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Writes until SIGTERM, then ends when the attempts in flight have. */
export function runWriter(target: Target): void {
  let id = 0;
  let inFlight = 0;
  const timer = setInterval(() => {
    if (inFlight >= IN_FLIGHT_MAX) return;
    inFlight++;
    void attempt(target, ++id).then((done) => {
      inFlight--;
      process.stdout.write(`${JSON.stringify(done)}\n`);
    });
  }, EVERY_MS);
  process.once('SIGTERM', () => clearInterval(timer));
}

async function attempt(target: Target, id: number): Promise<Attempt> {
  const startedAt = Date.now();
  try {
    await write(target, id);
    return { id, startedAt, endedAt: Date.now(), acknowledged: true };
  } catch (error) {
    return { id, startedAt, endedAt: Date.now(), acknowledged: false, error: reason(error) };
  }
}

async function write(target: Target, id: number): Promise<void> {
  const connection = await createConnection({ ...target, database: 'lab', connectTimeout: ATTEMPT_TIMEOUT_MS });
  connection.on('error', () => connection.destroy());
  // The driver's own query timeout asks the server to watch it; one that vanished cannot.
  const timer = setTimeout(() => connection.destroy(), ATTEMPT_TIMEOUT_MS);
  try {
    await connection.query('INSERT INTO writes (id) VALUES (?)', [id]);
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return `${code ?? 'unknown'}: ${(message ?? '').replace(/\s+/g, ' ').slice(0, 160)}`;
}
