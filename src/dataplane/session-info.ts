/** A live session as `show sess` wants to know it. */
import type { SessionInfo } from '../core/messages.js';
import { clientText, destinationText } from './connection-log.js';
import { deadlineOf } from './http/deadlines.js';
import { CONNECTING, ESTABLISHED, QUEUED, RETRYING, type Session } from './session.js';

/** @returns a snapshot that can cross threads */
export function describeSession(session: Session): SessionInfo {
  const { worker, toServer, toClient } = session;
  const now = worker.reactor.nowMs;
  return {
    id: session.id,
    frontend: session.frontend.name,
    backend: session.backend?.name ?? null,
    server: session.lastServer?.name ?? null,
    listener: session.listener.name,
    source: clientText(session),
    destination: destinationText(session),
    ageMs: now - session.acceptedMs,
    idleMs: now - session.lastIoMs,
    expiresMs: expiresMs(session, now),
    state: stateName(session),
    clientFd: session.clientFd,
    serverFd: session.serverFd,
    bytesIn: toServer.bytes,
    bytesOut: toClient.bytes,
    pendingIn: toServer.pending,
    pendingOut: toClient.pending,
    retriesLeft: session.retriesLeft,
    worker: worker.index,
  };
}

function expiresMs(session: Session, now: number): number {
  const at = deadline(session);
  return at === Number.POSITIVE_INFINITY ? -1 : Math.max(0, at - now);
}

function deadline(session: Session): number {
  if (session.state === ESTABLISHED) return session.idleDeadline();
  const at = session.heapIndex < 0 ? Number.POSITIVE_INFINITY : session.wakeAtMs;
  const isWaiting = session.state === QUEUED || session.state === CONNECTING || session.state === RETRYING;
  return session.http === null || isWaiting ? at : deadlineOf(session);
}

function stateName(session: Session): SessionInfo['state'] {
  if (session.state === QUEUED) return 'queued';
  if (session.state === CONNECTING || session.state === RETRYING) return 'connecting';
  if (session.http !== null && session.state !== ESTABLISHED) return 'established';
  return session.toServer.endSent || session.toClient.endSent ? 'closing' : 'established';
}
