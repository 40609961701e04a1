/**
 * A request on its way to a server and the response on its way back. Heads are written into one outgoing buffer
 * together with what is there of the body, so that a small message is one send; the rest of a body is moved by the
 * session's channels, which copy or splice and know where it ends.
 */
import type { ChunkScanner } from '../../core/http1/chunked.js';
import { setHeader } from '../../core/http1/headers.js';
import { keepFraming } from '../../core/http1/keep-framing.js';
import { BODY_CHUNKED, BODY_LENGTH } from '../../core/http1/message.js';
import { writeHead } from '../../core/http1/serialize.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../linux/constants.js';
import {
  PUMP_BAD_BODY,
  PUMP_DONE,
  PUMP_MORE,
  PUMP_READ_ERROR,
  PUMP_WRITE_ERROR,
  READ_BYTES,
  UNLIMITED,
} from '../channel.js';
import { askForRecheck } from '../connect.js';
import { proxyHeaderFor } from '../proxy-header.js';
import { HTTP_EXCHANGE, type Session } from '../session.js';
import { countTracked } from '../stick/tracked.js';
import { chunkedBytes } from './byte-count.js';
import { armDeadline } from './deadlines.js';
import { continueLater, endTransaction } from './end-transaction.js';
import { serverConnection } from './framing.js';
import { readResponse, sendResponse } from './read-response.js';
import { answerStatus } from './reply.js';
import { copyBytes, sendToServer } from './send.js';
import { serverFailed, staleConnection } from './server-failure.js';
import { NOTHING, REQUEST, SENT, type Transaction } from './transaction.js';

const READ_EVENTS = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
/** How much of what follows the offending byte is kept: it may be older than the message. */
const BYTES_BEHIND_ERROR = 1;
const HANGUP_EVENTS = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/** The server is connected: what is there of the request leaves, together with those of other clients. */
export function beginExchange(session: Session): void {
  const http = session.http!;
  const tx = http.transaction!;
  const { worker, toServer } = session;
  session.state = HTTP_EXCHANGE;
  session.establishedMs = session.lastIoMs = worker.reactor.nowMs;
  toServer.writable = true;
  if (http.connection!.isLookedAt) sendRequest(session, tx);
  else {
    tx.leaves = REQUEST;
    worker.reactor.sendSoonToServer(session);
  }
}

/** The events before it have been handled. */
export function onHttpSend(session: Session): void {
  const tx = session.http?.transaction;
  if (tx === null || tx === undefined) return;
  const { leaves } = tx;
  tx.leaves = NOTHING;
  if (leaves === NOTHING || session.state !== HTTP_EXCHANGE) return;
  if (leaves === REQUEST) sendRequest(session, tx);
  else if (leaves === SENT) advance(session);
  else {
    sendResponse(session, tx);
    if (session.http?.transaction !== tx || session.state !== HTTP_EXCHANGE || !tx.responseBegun) return;
    tx.leaves = SENT;
    session.worker.reactor.sendSoonToClient(session);
  }
}

function sendRequest(session: Session, tx: Transaction): void {
  const { toServer } = session;
  const length = composeRequest(session, tx);
  if (length < 0) {
    answerStatus(session, tx, 500, 'PH'); // rules made the head larger than a buffer
    return;
  }
  limitRequest(session, tx);
  tx.requestDone = toServer.limit === 0;
  if (sendToServer(session, length) < 0) {
    serverFailed(session, tx, 'S', 'H', 502);
    return;
  }
  tx.requestDone = toServer.limit === 0 && toServer.pending === 0;
  armDeadline(session);
  if (toServer.readable || session.toClient.readable) advance(session);
}

/** Head and buffered body into the outgoing buffer. @returns how many bytes, -1 when they do not fit */
function composeRequest(session: Session, tx: Transaction): number {
  const { worker, server, backend, http } = session;
  const out = worker.outgoing.bytes;
  let at = 0;
  if (server!.spec.sendProxy !== undefined && http!.connection!.uses === 1) {
    const header = proxyHeaderFor(session, server!.spec.sendProxy);
    out.set(header.bytes.subarray(0, header.length));
    at = header.length;
  }
  const { sendNameHeader } = backend!.proxy.http;
  if (sendNameHeader !== undefined) setHeader(tx.request, sendNameHeader.toLowerCase(), server!.name);
  keepFraming(tx.request);
  at = writeHead(tx.request, out, at, READ_BYTES, serverConnection(tx, backend!));
  if (at < 0 || tx.bodyTo === tx.bodyFrom) return at;
  copyBytes(tx.request.bytes!, tx.bodyFrom, tx.bodyTo, out, at);
  const length = tx.bodyTo - tx.bodyFrom;
  session.toServer.bytes += tx.request.body === BODY_LENGTH ? length : chunkedBytes(tx.requestScanner);
  return at + length;
}

/** What is still to come of the body. */
function limitRequest(session: Session, tx: Transaction): void {
  const { toServer } = session;
  const { request } = tx;
  toServer.limit = 0;
  toServer.scanner = null;
  if (tx.bodyIsComplete) return;
  if (request.body === BODY_LENGTH) toServer.limit = request.contentLength - (tx.bodyTo - tx.bodyFrom);
  else if (request.body === BODY_CHUNKED) {
    // What was buffered of the body has left: its place is that of the first bytes behind the end.
    session.http!.from = session.http!.to = tx.bodyFrom;
    toServer.scanner = tx.requestScanner;
    toServer.limit = chunkRoom(session);
  }
}

/** What follows a chunked body must find room in the buffer of the next request. One byte at least is the body's own. */
function chunkRoom(session: Session): number {
  return session.worker.httpBytes - session.http!.to + 1;
}

/** Events of either side while both are there. */
export function onExchangeEvents(session: Session, fd: number, events: number): void {
  const incoming = fd === session.clientFd ? session.toServer : session.toClient;
  const outgoing = fd === session.clientFd ? session.toClient : session.toServer;
  if (events & READ_EVENTS) incoming.readable = true;
  if (events & HANGUP_EVENTS) incoming.hungUp = true;
  if (events & EPOLLOUT) outgoing.writable = true;
  if (fd === session.clientFd && hasLeft(session, events)) clientGone(session);
  else if (fd === session.serverFd && events & READ_EVENTS && isStale(session))
    staleConnection(session, session.http!.transaction!);
  else advance(session);
}

/** These events were collected before the connection was taken from rest, so before the request was sent. */
function isStale({ http, worker }: Session): boolean {
  return http!.connection!.takenInTurn === worker.reactor.turns;
}

/** Only with `option abortonclose`: whoever has asked is answered, and it shows then that nobody is there. */
function hasLeft(session: Session, events: number): boolean {
  if (!session.backend!.proxy.options.abortonclose) return false;
  return (events & HANGUP_EVENTS) !== 0 && session.http!.transaction!.requestDone;
}

function clientGone(session: Session): void {
  const tx = session.http!.transaction!;
  tx.keepsClient = false;
  tx.serverIsSpent = true;
  if (!tx.responseBegun) countTracked(session, 'http_fail');
  endTransaction(session, 'C', tx.responseBegun ? 'D' : 'H');
}

/** Moves what can be moved, in both directions. */
export function advance(session: Session): void {
  const http = session.http!;
  const tx = http.transaction!;
  if (tx.leaves !== NOTHING) return;
  if (!tx.requestDone && !moveRequest(session, tx)) return;
  if (!tx.responseBegun) {
    if (!flushClient(session)) return;
    readResponse(session, tx);
    if (http.transaction !== tx || session.state !== HTTP_EXCHANGE || !tx.responseBegun) return;
    if (tx.leaves !== NOTHING) return;
  }
  if (!tx.responseDone && !moveResponse(session, tx)) return;
  if (!tx.responseDone) return;
  if (tx.requestDone && !tx.requestCut) endTransaction(session, '-', '-');
  else if (tx.requestDone || session.toClient.hungUp) endTransaction(session, 'S', 'D'); // it wants no more of the body
}

/** An interim response may wait for the client. @returns false when the transaction ended */
function flushClient(session: Session): boolean {
  if (session.toClient.flushOnly(session.worker) === PUMP_WRITE_ERROR) {
    clientGone(session);
    return false;
  }
  return true;
}

/** @returns false when the transaction ended */
function moveRequest(session: Session, tx: Transaction): boolean {
  const { toServer, worker } = session;
  const waiting = toServer.pending > 0;
  if (waiting ? !toServer.writable : !toServer.readable && !toServer.ended) return true;
  const outcome = toServer.pump(worker, true);
  if (toServer.moved > 0 || waiting) session.lastIoMs = worker.reactor.nowMs;
  if (toServer.surplusTo > toServer.surplusFrom) keepSurplus(session);
  if (outcome === PUMP_MORE) continueLater(session, session.http!);
  else if (outcome === PUMP_BAD_BODY) return requestBroken(session, tx, 'P');
  else if (outcome === PUMP_READ_ERROR) return requestBroken(session, tx, 'C');
  else if (outcome === PUMP_WRITE_ERROR) stopSending(session, tx);
  else if (outcome === PUMP_DONE && toServer.limit > 0) return requestBroken(session, tx, 'C');
  if (toServer.limit === 0 && toServer.pending === 0) tx.requestDone = true;
  return true;
}

/** The first bytes of the next request came with the last of this one. */
function keepSurplus(session: Session): void {
  const http = session.http!;
  const { toServer, worker } = session;
  http.buffer!.bytes.set(worker.readBuffer.bytes.subarray(toServer.surplusFrom, toServer.surplusTo), http.to);
  http.to += toServer.surplusTo - toServer.surplusFrom;
  toServer.surplusFrom = toServer.surplusTo = 0;
}

/** The client broke its request off, or its framing is wrong. @returns false */
function requestBroken(session: Session, tx: Transaction, side: 'C' | 'P'): boolean {
  if (side === 'P') noteBrokenBody(session, tx.requestScanner, true);
  tx.serverIsSpent = true;
  tx.keepsClient = false;
  if (tx.responseBegun || side === 'C') endTransaction(session, side, 'D');
  else answerStatus(session, tx, 400, `${side}D`);
  return false;
}

/** The server takes no more; what it has said before is read still. */
function stopSending(session: Session, tx: Transaction): void {
  const { toServer } = session;
  toServer.release(session.worker);
  toServer.limit = 0;
  tx.serverIsSpent = true;
  tx.requestCut = !tx.bodyIsComplete;
  session.toClient.readable = true;
}

/** @returns false when the transaction ended */
function moveResponse(session: Session, tx: Transaction): boolean {
  const { toClient, worker } = session;
  const waiting = toClient.pending > 0;
  if (waiting ? !toClient.writable : !toClient.readable && !toClient.ended) return responseAt(session, tx);
  const outcome = toClient.pump(worker, true);
  if (toClient.moved > 0 || waiting) session.lastIoMs = worker.reactor.nowMs;
  if (toClient.surplusTo > toClient.surplusFrom) tx.serverIsSpent = true;
  toClient.surplusFrom = toClient.surplusTo = 0;
  if (outcome === PUMP_MORE) continueLater(session, session.http!);
  else if (outcome === PUMP_WRITE_ERROR) {
    clientGone(session);
    return false;
  } else if (outcome === PUMP_READ_ERROR || outcome === PUMP_BAD_BODY) return responseBroken(session, tx, outcome);
  else if (outcome === PUMP_DONE && toClient.limit > 0 && toClient.limit !== UNLIMITED)
    return responseBroken(session, tx, outcome);
  return responseAt(session, tx);
}

function responseAt(session: Session, tx: Transaction): boolean {
  const { toClient } = session;
  const isOver = toClient.limit === 0 || (toClient.limit === UNLIMITED && toClient.endSent);
  if (isOver && toClient.pending === 0) tx.responseDone = true;
  return true;
}

/** @returns false */
function responseBroken(session: Session, tx: Transaction, outcome: number): boolean {
  tx.keepsClient = false;
  if (outcome === PUMP_BAD_BODY) noteBrokenBody(session, tx.responseScanner, false);
  if (outcome === PUMP_READ_ERROR) askForRecheck(session.worker, session.server!);
  serverFailed(session, tx, outcome === PUMP_BAD_BODY ? 'P' : 'S', 'D', 502);
  return false;
}

/** For `show errors`: of a body on its way there are only the bytes of the last read. */
function noteBrokenBody(session: Session, scanner: ChunkScanner, isRequest: boolean): void {
  const { protocolErrors, readBuffer } = session.worker;
  const to = Math.min(readBuffer.size, scanner.errorAt + BYTES_BEHIND_ERROR);
  const breach = { bytes: readBuffer.bytes, from: 0, to, error: scanner.error, at: scanner.errorAt };
  if (isRequest) protocolErrors.request(session, breach);
  else protocolErrors.response(session, breach);
}
