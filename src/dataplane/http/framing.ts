/** The `Connection` headers we write: what both sides are told of the fate of their connection (RFC 9112 §9.3). */
import type { BackendEntity } from '../entities.js';
import type { Transaction } from './transaction.js';

/** To the client. HTTP/1.1 keeps alive unless told otherwise, HTTP/1.0 the other way round. As HAProxy (observed). */
export function clientConnection(tx: Transaction): string {
  if (tx.response.saysUpgrade) return '';
  if (!tx.keepsClient) return tx.response.minor === 0 ? '' : 'close';
  return tx.request.minor === 0 || tx.response.minor === 0 ? 'keep-alive' : '';
}

/** To the server. */
export function serverConnection(tx: Transaction, backend: BackendEntity): string {
  if (tx.request.saysUpgrade) return '';
  const keeps = (backend.keepsServers && tx.session.frontend.keepsServers) || backend.proxy.http.pretendKeepalive;
  if (tx.request.minor === 0) return keeps ? 'keep-alive' : '';
  return keeps ? '' : 'close';
}
