/**
 * What clients and servers sent that was no HTTP, kept for `show errors`: the last request of each frontend and the
 * last response of each backend, with their bytes. A flood of them costs a copy of at most one buffer each; memory is
 * bounded by the number of proxies.
 */
import type { ProtocolError } from '../../core/messages.js';
import { clientText } from '../connection-log.js';
import type { Session } from '../session.js';

/** Where a message broke, and what of it there is. */
export interface Breach {
  readonly bytes: Uint8Array;
  /** The message begins at `from`; what has come of it and behind it ends at `to`. */
  readonly from: number;
  readonly to: number;
  /** Below zero, see core/http1/errors.ts. */
  readonly error: number;
  /** Index of `bytes`. */
  readonly at: number;
  readonly wasAccepted?: boolean;
}

export class ProtocolErrors {
  private readonly kept = new Map<string, ProtocolError>();
  private total = 0;

  request(session: Session, breach: Breach): void {
    this.keep(session, 'request', `request ${session.frontend.name}`, breach);
  }

  response(session: Session, breach: Breach): void {
    this.keep(session, 'response', `response ${session.backend?.name}`, breach);
  }

  list(): { total: number; errors: ProtocolError[] } {
    return { total: this.total, errors: [...this.kept.values()] };
  }

  private keep(session: Session, side: ProtocolError['side'], key: string, breach: Breach): void {
    const { worker } = session;
    this.kept.set(key, {
      side,
      frontend: session.frontend.name,
      backend: session.backend?.name ?? null,
      server: session.lastServer?.name ?? null,
      source: clientText(session),
      atEpochMs: worker.reactor.nowMs + worker.epochOffsetMs,
      event: this.total++,
      worker: worker.index,
      error: breach.error,
      position: breach.at - breach.from,
      bytes: breach.bytes.slice(breach.from, breach.to),
      bufferBytes: breach.bytes.length,
      wasAccepted: breach.wasAccepted === true,
    });
  }
}
