/**
 * Opens new connections at a steady rate, one HTTP request on each, whatever becomes of the earlier ones. Prints totals
 * as JSON when its time is over.
 */
import { connect } from 'node:net';

interface RateOptions {
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface RateResult {
  readonly attempts: number;
  readonly failed: number;
  /** By error code, or 'cut' for an answer that did not come whole. */
  readonly reasons: { readonly [reason: string]: number };
}

const TICK_MS = 10;
const ATTEMPT_TIMEOUT_MS = 5000;
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n';
const ANSWER_END = 'ok\n';

export async function runRateClient({ port, perSecond, seconds }: RateOptions): Promise<void> {
  const startedAt = performance.now();
  const outcomes: Promise<string>[] = [];
  while (performance.now() - startedAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    while (outcomes.length < due) outcomes.push(attempt(port));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const reasons: { [reason: string]: number } = {};
  for (const outcome of await Promise.all(outcomes)) if (outcome !== '') reasons[outcome] = (reasons[outcome] ?? 0) + 1;
  const failed = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  process.stdout.write(`${JSON.stringify({ attempts: outcomes.length, failed, reasons } satisfies RateResult)}\n`);
}

/** @returns '' when answered in full, else the reason */
function attempt(port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST));
    socket.setTimeout(ATTEMPT_TIMEOUT_MS, () => socket.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    socket.on('close', () => resolve(answer.endsWith(ANSWER_END) ? '' : 'cut'));
  });
}
