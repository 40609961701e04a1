/** Requests that the main thread answers for a worker: the statistics page and the metrics. */

import type { ToWorker } from '../../core/messages.js';
import type { Session } from '../session.js';
import type { DataplaneWorker } from '../worker-context.js';
import { answerPrepared, answerStatus } from './reply.js';
import { reply } from './rules/answer.js';
import { countIntercepted } from './rules/count.js';
import type { Transaction } from './transaction.js';

type Answer = Extract<ToWorker, { type: 'service-answer' }>;

let last = 0;

/** What clients that read slowly may make a worker hold of such answers; more are turned away until some were read. */
const HELD_BYTES_MAX = 128 * 1024 * 1024;
/** An answer is held as a message, and once more as what is still to be sent. */
const COPIES = 2;

/** Posts the question; the transaction waits in HTTP_RULES. */
export function askService(session: Session, tx: Transaction): void {
  tx.serviceRequest = ++last;
  countIntercepted(tx);
  session.worker.services.set(tx.serviceRequest, tx);
  session.worker.postService(tx.serviceRequest, tx.run.service!);
}

/** The main thread has answered. The transaction may be over meanwhile, or another one's. */
export function serviceAnswered(worker: DataplaneWorker, answer: Answer): void {
  const tx = worker.services.get(answer.request);
  worker.services.delete(answer.request);
  if (tx === undefined || tx.serviceRequest !== answer.request) return;
  tx.serviceRequest = 0;
  const size = answer.body.length * COPIES;
  if (worker.serviceBytes > 0 && worker.serviceBytes + size > HELD_BYTES_MAX) {
    answerStatus(tx.session, tx, 503, 'RR');
    return;
  }
  worker.serviceBytes += size;
  tx.serviceBytes = size;
  reply(tx, worker.sampleContext(tx.session, true, tx), wholeMessage(answer), answer.status, 'LR');
  if (tx.run.reply!.length > 0) answerPrepared(tx.session, tx, 'LR');
  else answerStatus(tx.session, tx, 500, 'IR');
}

function wholeMessage(answer: Answer): Uint8Array {
  const lines = [`HTTP/1.1 ${answer.status} ${answer.reason}`];
  let hasLength = false;
  for (const [name, value] of answer.headers) {
    lines.push(`${name}: ${value}`);
    if (name.toLowerCase() === 'content-length') hasLength = true;
  }
  if (!hasLength) lines.push(`content-length: ${answer.body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const message = new Uint8Array(head.length + answer.body.length);
  message.set(head);
  message.set(answer.body, head.length);
  return message;
}
