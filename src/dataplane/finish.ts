/**
 * How a session begins to count and how it ends: frontend rules and the PROXY header at its start; the way the sockets
 * are closed, the counters and the log line at its end. Termination codes are HAProxy's (manual §8.5): who ended it
 * (C client, S server, P proxy, c/s a time limit, D/K/U killed because of its server, - nobody) and in which state
 * (P header, R request, Q queue, C connecting, D data, - after the end).
 */
import {
  HEADER_CLOSED,
  HEADER_ERROR,
  HEADER_INVALID,
  HEADER_MISSING,
  HEADER_TIMEOUT,
  HEADER_TRUNCATED,
} from '../core/log-format/connection-errors.js';
import { parseProxyHeader } from '../core/proxy-protocol.js';
import * as T from '../core/table.js';
import { EAGAIN, MSG_PEEK, SHUT_RDWR, SHUT_WR, SIOCOUTQ } from '../linux/constants.js';
import { ioctl, recv, shutdown } from '../linux/syscalls.js';
import { leaveQueue, releaseServer } from './connect.js';
import { connectionTimes } from './connection-log.js';
import { finishHttp } from './http/end-transaction.js';
import { startHttp } from './http/read-request.js';
import { beginInspection, expectsProxy, rejects } from './rules.js';
import { ESTABLISHED, FREE, HEADER, HTTP_EXCHANGE, INSPECT_RESPONSE, type Session } from './session.js';
import type { SessionList } from './session-list.js';
import { abortNow, abortOnClose } from './socket-options.js';
import { countTracked, releaseTracked } from './stick/tracked.js';

/** Longest PROXY header we wait for: v1 has at most 107 bytes, v2 is bounded by the parser (PROXY protocol §2). */
const HEADER_BYTES = 4096;

/** A client was accepted: header first if the listener wants one, then the rules, then the backend. */
export function begin(session: Session): void {
  const { frontend, listener, worker } = session;
  if (listener.bind.acceptProxy || expectsProxy(session, frontend.connectionRules)) {
    session.state = HEADER;
    if (frontend.clientMs > 0) worker.reactor.timers.arm(session, worker.reactor.nowMs + frontend.clientMs);
    return;
  }
  admit(session);
}

/** Reads as much of the header as is there without taking it, then takes exactly the header. */
export function proxyHeaderArrived(session: Session): void {
  const { worker } = session;
  const n = recv(session.clientFd, worker.readBuffer.ptr, HEADER_BYTES, MSG_PEEK);
  if (n === -EAGAIN) return;
  if (n <= 0) {
    session.connectionError = n === 0 ? HEADER_CLOSED : HEADER_ERROR;
    finish(session, 'C', 'P');
    return;
  }
  const header = parseProxyHeader(worker.readBuffer.bytes, n);
  if (header.status === 'need-more') {
    // The peer must finish its header in one go or be gone: at end of stream nothing more will come.
    if (session.toServer.hungUp || n >= HEADER_BYTES) refuseHeader(session, 'truncated', HEADER_TRUNCATED);
    return;
  }
  if (header.status === 'bad') {
    refuseHeader(session, header.reason, /signature/.test(header.reason) ? HEADER_MISSING : HEADER_INVALID);
    return;
  }
  recv(session.clientFd, worker.readBuffer.ptr, header.bytes, 0);
  if (!header.local && header.family !== 0) {
    session.source.set(header.family, header.source, header.sourcePort);
    session.destination.set(header.family, header.destination, header.destinationPort);
  }
  worker.reactor.timers.cancel(session);
  admit(session);
}

/** A header that has begun and does not come to its end is a truncated one. */
export function headerTimedOut(session: Session): void {
  session.connectionError = session.toServer.readable ? HEADER_TRUNCATED : HEADER_TIMEOUT;
  finish(session, 'c', 'P');
}

function refuseHeader(session: Session, reason: string, error: number): void {
  const { frontend, worker } = session;
  session.connectionError = error;
  frontend.cells.count(T.C_BAD_PROXY_HEADER);
  frontend.cells.count(T.C_ERR_REQ);
  worker.warnRarely('proxy-header', `frontend ${frontend.name}: PROXY header refused: ${reason}`);
  finish(session, 'P', 'P');
}

/** Session rules, then content rules and the backend (manual §4.2 `tcp-request`, `use_backend`). */
function admit(session: Session): void {
  const { frontend, worker } = session;
  session.admittedMs = worker.reactor.nowMs;
  frontend.cells.count(T.C_SESSIONS);
  session.listenerCells.count(T.C_SESSIONS);
  frontend.cells.rate(T.C_RATE_SECOND, T.I_RATE_MAX, worker.epochSecond);
  if (rejects(session, frontend.sessionRules)) {
    frontend.cells.count(T.C_DENIED_SESS);
    session.silent = true; // nothing was begun that a line could tell of
    finish(session, 'P', 'R');
    return;
  }
  if (session.tracked !== null) countTracked(session, 'sess');
  worker.logAccepted(session);
  if (frontend.isHttp) startHttp(session);
  else beginInspection(session);
}

/**
 * Ends a session from whatever state it is in. Safe to call once; later calls find it free.
 * @param side who ended it @param phase in which state, see above
 */
export function finish(session: Session, side: string, phase: string): void {
  if (session.state === FREE) return;
  if (session.http !== null) {
    finishHttp(session, side, phase);
    return;
  }
  const { worker } = session;
  worker.reactor.timers.cancel(session);
  leaveQueue(session);
  countEnd(session, side, phase);
  worker.logSession(session, side, phase);
  session.state = FREE;
  closeSockets(session, side, phase);
  if (session.tracked !== null) releaseTracked(session, true);
  session.toServer.release(worker);
  session.toClient.release(worker);
  releaseServer(session);
  leave(session);
}

export function leave(session: Session): void {
  const { worker, frontend, backend } = session;
  if (backend !== null) backend.cells.leave();
  frontend.cells.leave();
  session.listenerCells.leave();
  worker.sessionEnded(session);
}

function countEnd(session: Session, side: string, phase: string): void {
  const { backend, server, frontend } = session;
  if ((side === 'C' || side === 'c') && phase === 'D') {
    backend!.cells.count(T.C_CLI_ABORT);
    server?.cells.count(T.C_CLI_ABORT);
  } else if ((side === 'S' || side === 's') && phase === 'D') {
    backend!.cells.count(T.C_SRV_ABORT);
    server?.cells.count(T.C_SRV_ABORT);
  } else if (side === 'C' && phase === 'P') frontend.cells.count(T.C_ERR_REQ);
  if (server === null || session.establishedMs === 0 || backend === null) return;
  connectionTimes(session, server.cells);
  connectionTimes(session, backend.cells);
}

/**
 * A reset is passed on as a reset, and a killed session resets its server: bytes still queued for a host that
 * vanished must not reach it when it returns. Towards a client, bytes in flight are delivered first: a reset would
 * discard them.
 */
export function closeSockets(session: Session, side: string, phase: string): void {
  const { worker, clientFd, serverFd } = session;
  const killed = side === 'D' || side === 'K' || side === 'U';
  const clientBroke = side === 'C' && phase === 'D';
  const serverBroke = side === 'S' && phase === 'D';
  if (serverFd >= 0) {
    if (killed || clientBroke || isForsaken(session, side)) abortOnClose(serverFd);
    worker.reactor.closeLater(serverFd);
  }
  if (serverBroke && nothingQueued(session, clientFd)) abortOnClose(clientFd);
  else if (session.frontend.proxy.options.nolinger) endThenAbort(clientFd);
  worker.reactor.closeLater(clientFd);
}

/** Nobody waits for what is still queued for the server: it was silent too long, and its database knows roles. */
function isForsaken({ backend }: Session, side: string): boolean {
  return backend !== null && (backend.proxy.options.nolinger === true || (side === 's' && backend.eager));
}

/** `option nolinger` towards a client: it sees the end, and the kernel keeps nothing of the connection. */
function endThenAbort(fd: number): void {
  shutdown(fd, SHUT_WR);
  abortOnClose(fd);
}

function nothingQueued(session: Session, fd: number): boolean {
  const scratch = session.worker.optionScratch;
  return ioctl(fd, SIOCOUTQ, scratch.ptr) === 0 && scratch.i32[0] === 0;
}

/**
 * Kills every session of a server. First no server gets anything any more, then every client sees the end, and only
 * then is anything counted, logged and given back. The kernel takes about 10 µs for each end: of 2,000 sessions in two
 * workers on loopback all servers were reset within 10 ms and all clients closed within 22 (2 cores, both busy with it).
 * @param unconnected what becomes of those whose server is not there yet
 * @returns monotonic ms of the last reset and of the last client's end
 */
export function killAll(
  sessions: SessionList,
  side: 'D' | 'K' | 'U',
  unconnected: (session: Session) => void,
): { serversMs: number; clientsMs: number } {
  for (let s = sessions.head; s !== null; s = s.nextOnServer) if (isConnected(s)) abortNow(s.serverFd);
  const serversMs = performance.now();
  for (let s = sessions.head; s !== null; s = s.nextOnServer) if (isConnected(s)) shutdown(s.clientFd, SHUT_RDWR);
  const clientsMs = performance.now();
  for (let session = sessions.head; session !== null; ) {
    const next: Session | null = session.nextOnServer;
    if (isConnected(session)) kill(session, side);
    else unconnected(session);
    session = next;
  }
  return { serversMs, clientsMs };
}

/** Both sides are there. A client in mode http that has seen nothing of its response gets a page instead. */
function isConnected(session: Session): boolean {
  return (
    session.state === ESTABLISHED ||
    session.state === INSPECT_RESPONSE ||
    (session.state === HTTP_EXCHANGE && session.http!.transaction!.responseBegun)
  );
}

/** Kills a session of a server that went down (D), was told to (K), or is a backup no longer needed (U). */
export function kill(session: Session, side: 'D' | 'K' | 'U'): void {
  finish(session, side, session.state === ESTABLISHED ? '-' : session.state === HTTP_EXCHANGE ? 'D' : 'C');
}
