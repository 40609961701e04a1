/**
 * How a transaction ends: it is counted and logged, its server connection rests or closes, its slot goes to the next in
 * line, and the client connection waits for the next request or closes too.
 */
import * as T from '../../core/table.js';
import { recv } from '../../linux/syscalls.js';
import { READ_BYTES } from '../channel.js';
import { leaveQueue, releaseServer } from '../connect.js';
import { restoreFacts } from '../connection-facts.js';
import { connectionTimes } from '../connection-log.js';
import type { WorkerRow } from '../entities.js';
import { closeSockets, leave } from '../finish.js';
import {
  CONNECTING,
  ESTABLISHED,
  FREE,
  HTTP_EXCHANGE,
  HTTP_IDLE,
  HTTP_RULES,
  QUEUED,
  RETRYING,
  type Session,
} from '../session.js';
import { releaseTracked } from '../stick/tracked.js';
import { statusCell } from './byte-count.js';
import { armDeadline } from './deadlines.js';
import type { HttpConnection } from './http-connection.js';
import { giveBuffer } from './read-request.js';
import { answerStatus } from './reply.js';
import { parkOrClose } from './reuse.js';
import { countBadResponse } from './server-failure.js';
import type { Transaction } from './transaction.js';

const DRAIN_READS = 4;

/** @param side and @param phase of the termination code (manual §8.5) */
export function endTransaction(session: Session, side: string, phase: string): void {
  const { worker } = session;
  const http = session.http!;
  const tx = http.transaction!;
  worker.reactor.timers.cancel(session);
  leaveQueue(session);
  countTransaction(session, tx, side, phase);
  worker.logRequest(session, tx, side + phase);
  if (session.tracked !== null) endTracking(session);
  const keepsClient = tx.keepsClient && isWhole(tx) && session.toClient.pending === 0;
  session.toServer.release(worker);
  session.toClient.release(worker);
  parkOrClose(session, http, tx);
  releaseServer(session);
  if (session.backend !== null) session.backend.cells.leave();
  giveTransaction(session, http, tx);
  if (keepsClient) awaitRequest(session, http);
  else closeClient(session, side === 'C' ? side : '-', side === 'C' ? phase : '-');
}

/** All of the request was read: what the client sends next is a request, and not the rest of a body. */
function isWhole({ bodyIsComplete, requestDone, requestCut }: Transaction): boolean {
  return bodyIsComplete || (requestDone && !requestCut);
}

/** Ends it without a word to the client. */
export function closeQuietly(session: Session, tx: Transaction, side: string, phase: string): void {
  tx.keepsClient = false;
  endTransaction(session, side, phase);
}

/** Gives up a server that is being connected, waited for, or has failed: the client gets another answer. */
export function dropServer(session: Session): void {
  if (session.server === null && session.queue === null && session.serverFd < 0) return;
  const http = session.http!;
  leaveQueue(session);
  session.worker.reactor.timers.cancel(session);
  session.toServer.release(session.worker);
  http.transaction!.serverIsSpent = true;
  parkOrClose(session, http, http.transaction!);
}

/** What the request tracked is let go; the connection's counters go on. */
function endTracking(session: Session): void {
  releaseTracked(session, false);
  session.toServer.bytes = session.toClient.bytes = 0;
  session.tracked!.countedIn = session.tracked!.countedOut = 0;
}

function giveTransaction(session: Session, http: HttpConnection, tx: Transaction): void {
  const { worker } = session;
  if (tx.responseBuffer !== null) worker.httpBuffers.give(tx.responseBuffer);
  tx.responseBuffer = null;
  http.transaction = null;
  worker.serviceBytes -= tx.serviceBytes;
  tx.serviceBytes = 0;
  session.backend = session.server = session.lastServer = session.queuedServer = null;
  session.redispatched = session.retryElsewhere = session.earlyLogged = false;
  session.queuedMs = session.connectMs = session.establishedMs = session.assignedMs = 0;
  session.serverQueuePosition = session.backendQueuePosition = 0;
  restoreFacts(session);
  worker.giveTransaction(tx);
  if (http.from === http.to) giveBuffer(http, worker);
}

function awaitRequest(session: Session, http: HttpConnection): void {
  const { worker, toServer, toClient } = session;
  session.state = HTTP_IDLE;
  http.idleSinceMs = session.lastIoMs = worker.reactor.nowMs;
  toServer.limit = toClient.limit = 0;
  toServer.scanner = toClient.scanner = null;
  if (http.to > http.from || toServer.readable) continueLater(session, http);
  else armDeadline(session);
}

/** Goes on in the next turn: a client that pipelines takes turns with the others. */
export function continueLater(session: Session, http: HttpConnection): void {
  if (http.isContinuing) return;
  http.isContinuing = true;
  session.worker.reactor.again(session);
}

/** A connection without a request ends. @param isBroken by a reset */
export function endOfConnection(session: Session, isBroken: boolean): void {
  closeClient(session, isBroken ? 'C' : '-', isBroken ? 'D' : '-');
}

function closeClient(session: Session, side: string, phase: string): void {
  const { worker } = session;
  const http = session.http!;
  worker.reactor.timers.cancel(session);
  session.state = FREE;
  if (session.tracked !== null) releaseTracked(session, true);
  if (session.toServer.readable) drain(session);
  closeSockets(session, side, phase);
  giveBuffer(http, worker);
  session.http = null;
  worker.giveHttp(http);
  leave(session);
}

/** Bytes left behind would turn the end of the connection into a reset, and the client might not see its answer. */
function drain({ worker, clientFd }: Session): void {
  for (let n = 0; n < DRAIN_READS; n++) if (recv(clientFd, worker.readBuffer.ptr, READ_BYTES, 0) < READ_BYTES) return;
}

/**
 * `finish` of a connection in mode http: what a page can tell the client is told by a page, and the connection goes on.
 */
export function finishHttp(session: Session, side: string, phase: string): void {
  const http = session.http!;
  const tx = http.transaction;
  if (tx === null) {
    endOfConnection(session, side === 'C');
    return;
  }
  if (isOurs(side) && isBeforeServer(session)) {
    answerStatus(session, tx, side === 'R' ? 500 : 503, side + phase);
    return;
  }
  if (isKill(side) && session.state !== ESTABLISHED && !tx.responseBegun) {
    killed(session, tx, side);
    return;
  }
  tx.keepsClient = false;
  tx.serverIsSpent = true;
  if (session.state === ESTABLISHED) endTunnel(session, side, phase);
  else endTransaction(session, side, phase);
}

function endTunnel(session: Session, side: string, phase: string): void {
  const tx = session.http!.transaction!;
  if (session.serverFd >= 0 && side === 'C' && phase === 'D') tx.end = 'CD';
  tx.endsCalmly = side === '-';
  endTransaction(session, side, phase);
}

function isKill(side: string): boolean {
  return side === 'K' || side === 'D' || side === 'U';
}

/** Its server was taken away before it answered. */
function killed(session: Session, tx: Transaction, side: string): void {
  if (session.state !== HTTP_EXCHANGE) {
    answerStatus(session, tx, 503, `${side}C`);
    return;
  }
  countBadResponse(session);
  answerStatus(session, tx, 502, `${side}H`);
}

/** The client is there and can be told. */
function isOurs(side: string): boolean {
  return side === 'S' || side === 's' || side === 'R';
}

function isBeforeServer({ state }: Session): boolean {
  return state === QUEUED || state === CONNECTING || state === RETRYING || state === HTTP_RULES;
}

/** `reject` and `silent-drop`: no status, which counts as another one. */
function isRefused({ run }: Transaction): boolean {
  return run.end[0] === 'P' && run.reply === null;
}

function countTransaction(session: Session, tx: Transaction, side: string, phase: string): void {
  const { frontend, backend, lastServer } = session;
  if (tx.status > 0 || isRefused(tx)) {
    const cell = statusCell(tx.status);
    frontend.cells.count(cell);
    backend?.cells.count(cell);
  }
  countBytes(session);
  if (backend === null) return;
  backend.cells.count(T.C_HTTP_REQUESTS);
  if (phase === 'D') countAbort(session, side);
  if (lastServer === null || session.establishedMs === 0) return;
  connectionTimes(session, lastServer.cells);
  connectionTimes(session, backend.cells);
}

function countAbort(session: Session, side: string): void {
  if (side === '-' || side === 'P' || side === 'R') return;
  const cell = side === 'C' || side === 'c' ? T.C_CLI_ABORT : T.C_SRV_ABORT;
  session.backend!.cells.count(cell);
  session.lastServer?.cells.count(cell);
}

function countBytes(session: Session): void {
  const { frontend, backend, lastServer, listenerCells, toServer, toClient } = session;
  countPair(frontend.cells, toServer.bytes, toClient.bytes);
  countPair(listenerCells, toServer.bytes, toClient.bytes);
  if (backend !== null) countPair(backend.cells, toServer.bytes, toClient.bytes);
  if (lastServer !== null) countPair(lastServer.cells, toServer.bytes, toClient.bytes);
}

function countPair(cells: WorkerRow, bytesIn: number, bytesOut: number): void {
  cells.count(T.C_BYTES_IN, bytesIn);
  cells.count(T.C_BYTES_OUT, bytesOut);
}
