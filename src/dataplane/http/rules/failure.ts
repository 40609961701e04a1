/** Answers to requests with which an action could not do what it should. */
import type { SampleContext } from '../../../core/expr/context.js';
import type { Transaction } from '../transaction.js';
import { page, reply } from './answer.js';
import type { Outcome } from './outcome.js';

/** A rewrite that failed under `strict-mode` (manual, `http-request strict-mode`). */
export function replyInternalError(tx: Transaction, context: SampleContext): Outcome {
  return reply(tx, context, page(tx, context, 500), 500, tx.hasResponse ? 'PH' : 'PR');
}

export function replyBadRequest(tx: Transaction, context: SampleContext): Outcome {
  return reply(tx, context, page(tx, context, 400), 400, 'PR');
}
