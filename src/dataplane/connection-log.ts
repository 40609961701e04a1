/** What a finished session leaves in the statistics, and its addresses as text. */
import * as T from '../core/table.js';
import { ipText } from '../linux/sockaddr.js';
import type { WorkerRow } from './entities.js';
import { destinationOf, socketDestination } from './proxy-header.js';
import type { Session } from './session.js';

/** Queue, connect and total time of an established session into a row's decaying averages. */
export function connectionTimes(session: Session, cells: WorkerRow): void {
  const samples = cells.f64[cells.c + T.C_SESSIONS];
  cells.time(T.C_QTIME, session.connectMs - session.assignedMs, samples);
  cells.time(T.C_CTIME, session.establishedMs - session.connectMs, samples);
  cells.time(T.C_TTIME, session.worker.reactor.nowMs - session.acceptedMs, samples);
}

/** @returns `1.2.3.4:5`, or `unix:N` with the listener's id as HAProxy shows unix clients */
export function clientText(session: Session): string {
  return `${hostText(session.source)}:${clientPort(session)}`;
}

/** @returns the port, or the listener's id for a unix client */
export function clientPort(session: Session): number {
  return session.source.port || session.listener.id;
}

const ip = new Uint8Array(16);

/** @returns the address without the port */
export function hostText(address: { copyIp(to: Uint8Array): 0 | 4 | 6 }): string {
  return ipText(address.copyIp(ip), ip);
}

/** @returns `1.2.3.4:5` of where the client connected to */
export function destinationText(session: Session): string {
  const to = destinationOf(session);
  return `${hostText(to)}:${to.port || 1}`;
}

/** @returns the address of this host that the client is connected to, whatever a PROXY header says */
export function localIp(session: Session): string {
  return hostText(socketDestination(session));
}
