/** Taking and giving back connections to servers (manual, `http-reuse`). */
import * as T from '../../core/table.js';
import { EAGAIN, MSG_PEEK } from '../../linux/constants.js';
import { recv } from '../../linux/syscalls.js';
import type { ServerEntity } from '../entities.js';
import type { Session } from '../session.js';
import { abortOnClose } from '../socket-options.js';
import type { HttpConnection } from './http-connection.js';
import { closeConnection, type IdleConnections, type ServerConnection } from './server-connections.js';
import type { Transaction } from './transaction.js';

/** Connections at rest of one client alone (`max-session-srv-conns` of a HAProxy that nobody told otherwise). */
const PRIVATE_MAX = 5;

/** Its bytes are told apart by nobody else: a header says, or its own address shows, for whom the connection is. */
function isPrivate(server: ServerEntity): boolean {
  const { spec, source, backend } = server;
  const usesrc = source?.spec.usesrc;
  return (
    backend.reuse === 'never' ||
    spec.sendProxy !== undefined ||
    usesrc === 'client' ||
    usesrc === 'clientip' ||
    spec.portMode !== 'fixed'
  );
}

/**
 * A connection that rests and may carry this request. @returns true when the session has it, as if it had just been
 * connected
 */
export function takeIdle(session: Session, server: ServerEntity): boolean {
  const http = session.http!;
  const list = isPrivate(server) ? http.ownIdle() : server.idle;
  server.idle.noteUse(server.sessions.size);
  if (list.size === 0 || !server.refreshAddress()) return false;
  const usesMin = usesNeeded(http, server);
  if (usesMin < 0) return false;
  const own = takeLastUsed(http, list, server);
  const connection = own ?? takeQuiet(session, list, server, usesMin);
  if (connection === null) return false;
  use(session, http, connection);
  connection.isLookedAt = own === null;
  connection.takenInTurn = session.worker.reactor.turns;
  server.cells.count(T.C_REUSED);
  server.backend.cells.count(T.C_REUSED);
  session.toServer.writable = true;
  return true;
}

/**
 * The one this client has used last, if nobody else has used it since: most clients that stay come back to theirs. What
 * its server says unasked would reach nobody else, so that the events it had until now are all there is to look at.
 */
function takeLastUsed(http: HttpConnection, list: IdleConnections, server: ServerEntity): ServerConnection | null {
  const connection = http.lastUsed;
  if (connection === null || connection.list !== list || connection.client !== http) return null;
  if (connection.server !== server || connection.addressSeq !== server.addressSeq) return null;
  list.remove(connection);
  return connection;
}

/**
 * One that has said nothing since its last response. What came before a request was sent is never its answer: it may be
 * the answer to what somebody smuggled into another one. Costs a recv(2) that finds nothing, a microsecond.
 */
function takeQuiet(
  session: Session,
  list: IdleConnections,
  server: ServerEntity,
  usesMin: number,
): ServerConnection | null {
  for (;;) {
    const connection = list.take(server, usesMin);
    if (connection === null || !hasMore(session, connection.fd)) return connection;
    closeConnection(connection);
  }
}

/** Something to read, or the end. */
function hasMore({ worker }: Session, fd: number): boolean {
  return recv(fd, worker.optionScratch.ptr, 1, MSG_PEEK) !== -EAGAIN;
}

/** Uses that a connection must have behind it; -1 = none will do. */
function usesNeeded(http: HttpConnection, server: ServerEntity): number {
  if (http.requests > 1 || server.backend.reuse === 'always' || server.backend.reuse === 'never') return 0;
  return server.backend.reuse === 'aggressive' ? 2 : -1;
}

function use(session: Session, http: HttpConnection, connection: ServerConnection): void {
  http.connection = http.lastUsed = connection;
  connection.client = http;
  connection.uses++;
  session.serverFd = connection.fd;
  session.toServer.aimAt(connection.fd);
  session.toClient.readFrom(connection.fd);
  session.worker.reactor.handOver(connection.fd, session);
}

/** A new connection is being made. */
export function beginConnection(session: Session, server: ServerEntity): void {
  const http = session.http!;
  const connection = session.worker.takeConnection();
  connection.fd = session.serverFd;
  connection.server = server;
  connection.addressSeq = server.addressSeq;
  connection.uses = 0;
  connection.takenInTurn = -1;
  connection.isLookedAt = false;
  use(session, http, connection);
}

/**
 * Lets go of the server's connection: it rests when message and connection ended well, and is closed otherwise.
 * @returns true when it was reset
 */
export function parkOrClose(session: Session, http: HttpConnection, tx: Transaction): boolean {
  const { serverFd, worker } = session;
  const { connection } = http;
  http.connection = null;
  if (serverFd < 0) return false;
  const rests = connection !== null && mayRest(session, tx, connection.server);
  session.serverFd = -1;
  if (connection !== null && rests) {
    const list = isPrivate(connection.server) ? http.ownIdle() : connection.server.idle;
    worker.reactor.handOver(serverFd, connection);
    list.add(connection, worker.reactor.nowMs);
    if (list.size > PRIVATE_MAX && list === http.private) list.closeOldest();
    return false;
  }
  if (!tx.endsCalmly) abortOnClose(serverFd);
  worker.reactor.closeLater(serverFd);
  if (connection !== null) worker.giveConnection(connection);
  return true;
}

function mayRest(session: Session, tx: Transaction, server: ServerEntity): boolean {
  const { toClient, backend, frontend } = session;
  return (
    tx.requestDone &&
    tx.responseDone &&
    !tx.serverIsSpent &&
    tx.response.keepsAlive &&
    !toClient.hungUp &&
    !(toClient.readable && hasMore(session, session.serverFd)) && // no event will tell again
    backend!.keepsServers &&
    frontend.keepsServers &&
    !server.retired &&
    (isPrivate(server) || server.idle.hasRoom(server.sessions.size - 1))
  );
}

/** A connection that was not made, or is not wanted any more: its descriptor is closed by the caller. */
export function abandonConnection(session: Session): void {
  const http = session.http!;
  if (http.connection !== null) session.worker.giveConnection(http.connection);
  http.connection = null;
}
