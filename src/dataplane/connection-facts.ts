/**
 * What rules of a request may change for that request alone (`set-src`, `set-dst`, `set-priority-class` …): the next
 * request on the connection, which may be another person's behind a proxy, begins with the connection's own again.
 */
import { InetAddress } from '../linux/inet-address.js';
import type { Session } from './session.js';

export class ConnectionFacts {
  readonly source = new InetAddress();
  readonly destination = new InetAddress();
  private readonly priorityClass: number;
  private readonly priorityOffsetMs: number;

  constructor(session: Session) {
    this.source.copy(session.source);
    this.destination.copy(session.destination);
    this.priorityClass = session.priorityClass;
    this.priorityOffsetMs = session.priorityOffsetMs;
  }

  restore(session: Session): void {
    session.source.copy(this.source);
    session.destination.copy(this.destination);
    session.priorityClass = this.priorityClass;
    session.priorityOffsetMs = this.priorityOffsetMs;
  }
}

/** Before a rule of a request changes one of them. */
export function keepFacts(session: Session): void {
  session.connectionFacts ??= new ConnectionFacts(session);
  session.http!.clientText = '';
}

/** The request is over, and logged. */
export function restoreFacts(session: Session): void {
  if (session.connectionFacts === null) return;
  session.connectionFacts.restore(session);
  session.connectionFacts = null;
  session.http!.clientText = '';
}
