/** What a server's failure in the middle of an exchange means for the client: an error page, or the end. */
import * as T from '../../core/table.js';
import { askForRecheck, retryElsewhere } from '../connect.js';
import type { Session } from '../session.js';
import { countTracked } from '../stick/tracked.js';
import { closeQuietly, endTransaction } from './end-transaction.js';
import { answerStatus } from './reply.js';
import { parkOrClose } from './reuse.js';
import type { Transaction } from './transaction.js';

/** @param side and @param phase of the termination code @param status of the page where nothing was sent yet */
export function serverFailed(session: Session, tx: Transaction, side: string, phase: string, status: number): void {
  const server = session.server!;
  if (mayRetry(session, tx, reasonOf(tx, side))) {
    retryRequest(session, tx);
    return;
  }
  if (phase === 'H' || side === 'P') countTracked(session, 'http_fail');
  tx.serverIsSpent = true;
  askForRecheck(session.worker, server);
  if (side !== 's' || !tx.responseBegun) countBadResponse(session);
  // A connection used before may have ended while the request was on its way; the client knows best whether to ask
  // again, and does so when its connection just closes (RFC 9110 §9.2.2).
  if (side === 'S' && !tx.responseBegun && session.http!.connection!.uses > 1 && !tx.isFirst) {
    tx.logLevel = 'silent'; // as in HAProxy: the request is the client's to repeat
    closeQuietly(session, tx, side, phase);
    return;
  }
  if (tx.responseBegun) {
    tx.keepsClient = false;
    endTransaction(session, side, phase);
    return;
  }
  answerStatus(session, tx, status, side + phase);
}

/**
 * The connection had bytes or an end to tell before the request was sent: none of it answers this request. The request
 * goes out again on another connection, with no retry used up, if all of it is still in the buffer.
 */
export function staleConnection(session: Session, tx: Transaction): void {
  tx.serverIsSpent = true;
  if (!tx.bodyIsComplete || session.worker.stopping) {
    closeQuietly(session, tx, 'S', 'H');
    return;
  }
  session.retriesLeft++;
  retryRequest(session, tx);
}

export function countBadResponse(session: Session): void {
  session.server!.cells.count(T.C_ERR_RESP);
  session.backend!.cells.count(T.C_ERR_RESP);
}

/** The word of `retry-on` for a failure. */
function reasonOf(tx: Transaction, side: string): string {
  if (side === 's') return 'response-timeout';
  return side === 'P' || tx.responseTo > 0 ? 'junk-response' : 'empty-response';
}

/**
 * `retry-on`: the same request may be sent once more, if all of it is still in the buffer and the client has heard
 * nothing.
 * @param reason a word of the keyword, or a status
 */
export function mayRetry(session: Session, tx: Transaction, reason: string): boolean {
  const { retryOn } = session.backend!;
  return (
    retryOn?.has(reason) === true &&
    tx.mayRetryLayer7 &&
    tx.bodyIsComplete &&
    !tx.responseBegun &&
    !session.worker.stopping &&
    session.retriesLeft > 0
  );
}

export function retryRequest(session: Session, tx: Transaction): void {
  const { worker } = session;
  const http = session.http!;
  worker.reactor.timers.cancel(session);
  session.toServer.release(worker);
  session.retriesLeft--;
  tx.serverIsSpent = true;
  parkOrClose(session, http, tx);
  if (tx.responseBuffer !== null) worker.httpBuffers.give(tx.responseBuffer);
  tx.responseBuffer = null;
  tx.response.reset();
  tx.responseScanner.reset();
  tx.responseFrom = tx.responseTo = tx.status = tx.responseMs = 0;
  tx.hasResponse = tx.requestDone = tx.serverIsSpent = false;
  session.toClient.bytes = 0;
  retryElsewhere(session);
}
