/** What a server's failure in the middle of an exchange means for the client: an error page, or the end. */
import * as T from '../../core/table.js';
import { askForRecheck } from '../connect.js';
import type { Session } from '../session.js';
import { closeQuietly, endTransaction } from './end-transaction.js';
import { answerStatus } from './reply.js';
import type { Transaction } from './transaction.js';

/** @param side and @param phase of the termination code @param status of the page where nothing was sent yet */
export function serverFailed(session: Session, tx: Transaction, side: string, phase: string, status: number): void {
  const server = session.server!;
  tx.serverIsSpent = true;
  server.cells.count(T.C_ERR_RESP);
  session.backend!.cells.count(T.C_ERR_RESP);
  askForRecheck(session.worker, server);
  if (tx.responseBegun) {
    tx.keepsClient = false;
    endTransaction(session, side, phase);
    return;
  }
  // A connection used before may have ended while the request was on its way; the client knows best whether to ask
  // again, and does so when its connection just closes (RFC 9110 §9.2.2).
  if (side === 'S' && session.http!.connection!.uses > 1 && !tx.isFirst) closeQuietly(session, tx, side, phase);
  else answerStatus(session, tx, status, side + phase);
}
