/**
 * The end of connections in mode http when the process stops softly (manual: `close-spread-time`, `option
 * idle-close-on-response`). Each gets a time from which on it is told `connection: close`, or is closed if it is at rest.
 */
import { MSG_PEEK } from '../linux/constants.js';
import { recv } from '../linux/syscalls.js';
import { armDeadline } from './http/deadlines.js';
import { endOfConnection } from './http/end-transaction.js';
import { HTTP_IDLE, type Session } from './session.js';
import type { DataplaneWorker } from './worker-context.js';

/** @param spreadMs connections end at random times within it; 0 = now */
export function stopSoftly(worker: DataplaneWorker, spreadMs: number): void {
  const { nowMs } = worker.reactor;
  worker.closesHttpAtMs = nowMs + spreadMs;
  for (const session of [...worker.live]) {
    if (session.http === null) continue;
    session.http.closesAtMs = nowMs + Math.random() * spreadMs;
    if (session.state !== HTTP_IDLE) continue;
    if (spreadMs > 0) armDeadline(session);
    else if (mayClose(session)) endOfConnection(session, false);
  }
}

/** At rest after a request, and nothing has come that nobody has read yet: closing on that would be a reset. */
function mayClose(session: Session): boolean {
  const { worker, frontend, clientFd } = session;
  const http = session.http!;
  if (http.requests === 0 || http.to > http.from || frontend.proxy.http.idleCloseOnResponse) return false;
  return recv(clientFd, worker.optionScratch.ptr, 1, MSG_PEEK) <= 0;
}
