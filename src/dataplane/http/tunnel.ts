/** After 101, or CONNECT answered by 2xx, there is no HTTP any more: the session goes on as one of mode tcp. */
import { UNLIMITED } from '../channel.js';
import type { Session } from '../session.js';
import type { Transaction } from './transaction.js';

export function beginTunnel(session: Session, tx: Transaction): void {
  const http = session.http!;
  const { toServer, worker } = session;
  tx.requestDone = tx.responseDone = true;
  tx.keepsClient = false;
  toServer.limit = session.toClient.limit = UNLIMITED;
  toServer.scanner = session.toClient.scanner = null;
  toServer.endSent = session.toClient.endSent = false;
  if (http.to > http.from) {
    toServer.append(worker, http.buffer!.bytes, http.from, http.to);
    toServer.bytes += http.to - http.from;
    http.from = http.to;
  }
  session.pass();
}
