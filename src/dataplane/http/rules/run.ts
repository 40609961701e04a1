/** Runs the compiled rules of a proxy on a transaction; see outcome.ts for the order of the calls. */
import type { SampleContext } from '../../../core/expr/context.js';
import type { Transaction } from '../transaction.js';
import { CONTINUE, type Outcome } from './outcome.js';
import type { HttpProgram } from './program.js';

/** `monitor-uri` and `monitor fail` (before all rules; the frontend alone). @returns REPLY or CONTINUE */
export function answerMonitor(_tx: Transaction, _program: HttpProgram, _context: SampleContext): Outcome {
  return CONTINUE;
}

/** `http-request` rules of one proxy, its statistics page and its `redirect` lines. */
export function runRequestRules(_tx: Transaction, _program: HttpProgram, _context: SampleContext): Outcome {
  return CONTINUE;
}

/** `http-response` rules: of the backend, then of the frontend (null where it is the same proxy). */
export function runResponseRules(
  _tx: Transaction,
  _backend: HttpProgram,
  _frontend: HttpProgram | null,
  _context: SampleContext,
): Outcome {
  return CONTINUE;
}

/** `http-after-response` rules of backend and frontend on `tx.response`. Replies of rules have been through them. */
export function runAfterResponseRules(
  _tx: Transaction,
  _backend: HttpProgram,
  _frontend: HttpProgram | null,
  _context: SampleContext,
): Outcome {
  return CONTINUE;
}

/**
 * Prepares the page of a status that the proxy itself has to send (400, 408, 502, 503, 504 …), also before a request
 * is complete: `run.reply` and `tx.response` hold it afterwards. It has been through http-after-response.
 * @param backend null as long as none is chosen
 */
export function answerError(
  _tx: Transaction,
  _status: number,
  _frontend: HttpProgram,
  _backend: HttpProgram | null,
  _context: SampleContext,
): void {}
