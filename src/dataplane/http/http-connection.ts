/**
 * What a client connection in mode http has besides its session: the bytes it sent that no request has taken yet, and
 * the request on its way. At rest, between two requests, it owns neither buffer nor transaction.
 */
import type { NativeBuffer } from '../../linux/memory.js';
import { IdleConnections, type ServerConnection } from './server-connections.js';
import type { Transaction } from './transaction.js';

export class HttpConnection {
  transaction: Transaction | null = null;
  /** Where requests are read into; bytes [from, to) belong to none yet. */
  buffer: NativeBuffer | null = null;
  from = 0;
  to = 0;
  /** Requests begun so far. */
  requests = 0;
  /** Monotonic ms: accepted, or since the last response left. */
  idleSinceMs = 0;
  /** Monotonic ms from which on it ends after an answer, because the process stops. */
  closesAtMs = Number.POSITIVE_INFINITY;
  /** The connection to the server that the transaction uses. */
  connection: ServerConnection | null = null;
  /** The one it had before; by now it may be anybody's. */
  lastUsed: ServerConnection | null = null;
  /** Connections at rest that nobody else may use; made when there is one. */
  private: IdleConnections | null = null;
  /** The client's address as text, made once. */
  clientText = '';
  /** The event loop was asked to go on with it. */
  isContinuing = false;

  /** @returns where connections of this client alone rest */
  ownIdle(): IdleConnections {
    this.private ??= new IdleConnections(null);
    return this.private;
  }

  recycle(): void {
    this.from = this.to = this.requests = 0;
    this.clientText = '';
    this.lastUsed = null;
    this.isContinuing = false;
    this.private?.closeAll();
  }
}
