/** `wait-for-body` and `option http-buffer-request`: later rules may look at what the client sends behind the head. */
import type { SampleContext } from '../../../core/expr/context.js';
import type { Transaction } from '../transaction.js';
import { page, reply } from './answer.js';
import { CONTINUE, type Outcome, WAIT } from './outcome.js';
import type { Step } from './step.js';

/** @param atLeastBytes 0 = the whole body, as far as the buffer holds it */
export function bodyStep(timeMs: number, atLeastBytes: number): Step {
  return (tx, context) => waitForBody(tx, context, timeMs, atLeastBytes);
}

/** @returns CONTINUE once enough is there, REPLY (408) when the time is over */
export function waitForBody(tx: Transaction, context: SampleContext, timeMs: number, atLeastBytes: number): Outcome {
  const { run } = tx;
  const received = tx.bodyTo - tx.bodyFrom;
  if (tx.bodyIsComplete || tx.bodyIsFull || (atLeastBytes > 0 && received >= atLeastBytes)) {
    run.waitUntilMs = 0;
    return CONTINUE;
  }
  const { nowMs } = tx.session.worker.reactor;
  if (run.waitUntilMs === 0) run.waitUntilMs = timeMs > 0 ? nowMs + timeMs : Number.MAX_SAFE_INTEGER;
  if (nowMs < run.waitUntilMs) {
    if (tx.request.expectsContinue) encourage(tx);
    return WAIT;
  }
  run.waitUntilMs = 0;
  tx.headMs = 0; // the request has not come in time as a whole, and the log line says so
  return reply(tx, context, page(tx, context, 408), 408, 'cR');
}

/** Who waits for a word before sending the body gets it from us. */
function encourage({ run, request }: Transaction): void {
  request.expectsContinue = false;
  run.interim += 'HTTP/1.1 100 Continue\r\n\r\n';
}
