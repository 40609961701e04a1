/** Heads of a server's responses: interim ones are passed on, the final one goes through the rules and to the client. */
import { HEAD_TOO_LARGE, NEED_MORE } from '../../core/http1/errors.js';
import { keepFraming } from '../../core/http1/keep-framing.js';
import { BODY_CHUNKED, BODY_CLOSE, BODY_LENGTH, BODY_NONE, BODY_TUNNEL } from '../../core/http1/message.js';
import { parseResponse } from '../../core/http1/parse.js';
import { writeHead } from '../../core/http1/serialize.js';
import * as T from '../../core/table.js';
import { EAGAIN } from '../../linux/constants.js';
import { recv } from '../../linux/syscalls.js';
import { READ_BYTES, UNLIMITED } from '../channel.js';
import { fateOfResponse } from '../response-rules.js';
import { HTTP_EXCHANGE, type Session } from '../session.js';
import { storeFromResponse } from '../stick/stick-rules.js';
import { countStatus } from '../stick/tracked.js';
import { chunkedBytes, countMessage, statusCell } from './byte-count.js';
import { armDeadline } from './deadlines.js';
import { closeQuietly, endTransaction } from './end-transaction.js';
import { clientConnection } from './framing.js';
import { answerPrepared, answerStatus } from './reply.js';
import { writeResponseCookies } from './response-cookie.js';
import { CONTINUE, DROP, REJECT, REPLY } from './rules/outcome.js';
import { runAfterResponseRules, runResponseRules } from './rules/run.js';
import { copyBytes, sendToClient } from './send.js';
import { mayRetry, retryRequest, serverFailed } from './server-failure.js';
import { RESPONSE, type Transaction } from './transaction.js';
import { beginTunnel } from './tunnel.js';

/** The server has sent something, or ended, while its response's head is awaited. */
export function readResponse(session: Session, tx: Transaction): void {
  // A head that is not complete is followed by more, or by the end of what the server has to say.
  while (isAwaited(session, tx) && readOnce(session, tx));
}

function isAwaited(session: Session, tx: Transaction): boolean {
  if (session.http?.transaction !== tx || session.state !== HTTP_EXCHANGE) return false;
  return session.toClient.readable && session.toClient.pending === 0 && !tx.responseBegun;
}

/** @returns false when there is nothing more to read */
function readOnce(session: Session, tx: Transaction): boolean {
  const { toClient, worker } = session;
  tx.responseBuffer ??= worker.httpBuffers.take();
  const room = worker.httpBytes - tx.responseTo;
  const n = recv(session.serverFd, tx.responseBuffer.ptr + tx.responseTo, room, 0);
  if (n < room && !toClient.hungUp) toClient.readable = false;
  if (n <= 0) {
    noMore(session, tx, n);
    return false;
  }
  session.lastIoMs = worker.reactor.nowMs;
  tx.responseTo += n;
  parseHeads(session, tx);
  return true;
}

function noMore(session: Session, tx: Transaction, n: number): void {
  if (n === -EAGAIN) session.toClient.readable = false;
  else serverFailed(session, tx, 'S', 'H', 502);
}

/** Any number of interim responses, then the final one. */
function parseHeads(session: Session, tx: Transaction): void {
  const { worker } = session;
  const { response, request } = tx;
  for (;;) {
    const length = parseResponse(
      response,
      tx.responseBuffer!.bytes,
      tx.responseFrom,
      tx.responseTo,
      request.method,
      request.wantsUpgrade,
    );
    if (length === NEED_MORE && tx.responseTo - tx.responseFrom < worker.httpHeadBytes) return;
    if (length <= 0) {
      noteBroken(session, tx, length);
      serverFailed(session, tx, 'P', 'H', 502);
      return;
    }
    tx.responseFrom += length;
    // A server's requests are counted by what it says to them, interim answers included, as in HAProxy.
    session.server!.cells.count(T.C_HTTP_REQUESTS);
    if (response.status >= 200 || response.status === 101) break;
    if (!passInterim(session, tx)) return;
    makeRoom(tx);
  }
  finalResponse(session, tx);
}

/** An interim response has left: what follows it has the whole buffer. */
function makeRoom(tx: Transaction): void {
  tx.responseBuffer!.bytes.copyWithin(0, tx.responseFrom, tx.responseTo);
  tx.responseTo -= tx.responseFrom;
  tx.responseFrom = 0;
}

/** For `show errors`. @param length what the parser or the scanner said; NEED_MORE = it found no end */
function noteBroken(session: Session, tx: Transaction, length: number): void {
  const { response, responseScanner, responseTo: to } = tx;
  const isBody = responseScanner.error !== 0;
  const at = length === NEED_MORE ? to : isBody ? responseScanner.errorAt : response.errorAt;
  const from = isBody ? response.headFrom : tx.responseFrom;
  const error = length === NEED_MORE ? HEAD_TOO_LARGE : length;
  session.worker.protocolErrors.response(session, { bytes: tx.responseBuffer!.bytes, from, to, error, at });
}

/** 100, 102, 103 … @returns false when the client is gone */
function passInterim(session: Session, tx: Transaction): boolean {
  const { worker } = session;
  const at = writeHead(tx.response, worker.outgoing.bytes, 0, worker.outgoing.size);
  session.toClient.bytes += countMessage(tx.response);
  session.server!.cells.count(T.C_HRSP_1XX);
  tx.response.reset();
  if (sendToClient(session, at) >= 0) return true;
  tx.keepsClient = false;
  endTransaction(session, 'C', 'D');
  return false;
}

function finalResponse(session: Session, tx: Transaction): void {
  const { worker, frontend } = session;
  const backend = session.backend!;
  const { response } = tx;
  tx.hasResponse = true;
  tx.responseMs = worker.reactor.nowMs;
  tx.status = response.status;
  session.toClient.bytes += countMessage(response);
  if (backend.responseRules.length > 0 && !passesInspection(session, tx)) return;
  session.server!.cells.count(statusCell(response.status));
  if (backend.retryOn !== null && mayRetry(session, tx, String(response.status))) {
    retryRequest(session, tx);
    return;
  }
  if (session.tracked !== null) countStatus(session, response.status);
  if (backend.stickRules.length > 0) storeFromResponse(session);
  if (!isAllowed(session, tx)) return;
  tx.status = response.status;
  if (!takesBody(tx)) withhold(tx);
  tx.keepsClient =
    tx.request.keepsAlive &&
    (tx.isHead || tx.request.method !== 'HEAD') && // a rule made it HEAD: its client waits for a body
    response.body !== BODY_CLOSE &&
    frontend.keepsClients &&
    backend.keepsClients &&
    worker.reactor.nowMs < session.http!.closesAtMs &&
    !session.toServer.ended;
  tx.responseBegun = true;
  if (frontend.logsAtConnect) worker.logEarly(session, tx);
  tx.leaves = RESPONSE;
  worker.reactor.sendSoonToClient(session);
}

/** Whether the client expects a body behind this head: rules may have set another method or status. */
function takesBody({ isHead, response: { status, body } }: Transaction): boolean {
  return body === BODY_TUNNEL || (!isHead && status >= 200 && status !== 204 && status !== 304);
}

/** A body that the client would take for the next response stays with its server. */
function withhold(tx: Transaction): void {
  if (tx.response.body === BODY_NONE) return;
  tx.response.body = BODY_NONE;
  tx.serverIsSpent = true;
}

/** `tcp-response content`. What it stops never came as far as HTTP, and has a status only where the rules waited for it. */
function passesInspection(session: Session, tx: Transaction): boolean {
  const fate = fateOfResponse(session);
  if (fate === 'passes') return true;
  tx.responseMs = 0;
  if (session.backend!.responseInspectMs === 0) tx.status = 0;
  if (fate === 'closed') answerStatus(session, tx, 502, 'SH');
  else closeQuietly(session, tx, 'P', 'D');
  return false;
}

/** Runs the rules. @returns false when they sent something else */
function isAllowed(session: Session, tx: Transaction): boolean {
  const backend = session.backend!;
  const front = session.frontend.name === backend.name ? null : session.frontend.program;
  const context = session.worker.sampleContext(session, true, tx);
  const outcome = runResponseRules(tx, backend.program, front, context);
  if (outcome === REPLY) answerPrepared(session, tx, tx.run.end);
  else if (outcome === DROP || outcome === REJECT) closeQuietly(session, tx, tx.run.end[0], tx.run.end[1]);
  if (outcome !== CONTINUE) return false;
  if (backend.proxy.http.cookie !== undefined) writeResponseCookies(tx, backend, session.server!, backend.program);
  runAfterResponseRules(tx, backend.program, front, context);
  return true;
}

/** Head and what is there of the body in one send; the channel moves the rest. */
export function sendResponse(session: Session, tx: Transaction): void {
  const { worker, toClient } = session;
  const { response } = tx;
  const out = worker.outgoing.bytes;
  const connection = response.body === BODY_TUNNEL ? '' : clientConnection(tx);
  if (response.body !== BODY_TUNNEL) keepFraming(response);
  let at = writeHead(response, out, 0, READ_BYTES, connection);
  if (at < 0) {
    tx.responseBegun = false;
    answerStatus(session, tx, 500, 'PH');
    return;
  }
  const end = takeBody(session, tx);
  if (end < 0) {
    tx.responseBegun = false; // nothing has left yet: the client can still be told
    noteBroken(session, tx, end);
    tx.responseBegun = false;
    toClient.bytes = 0;
    session.server!.cells.count(statusCell(response.status), -1);
    serverFailed(session, tx, 'P', 'H', 502);
    return;
  }
  if (end > tx.responseFrom) {
    copyBytes(tx.responseBuffer!.bytes, tx.responseFrom, end, out, at);
    at += end - tx.responseFrom;
    toClient.bytes += response.body === BODY_CHUNKED ? chunkedBytes(tx.responseScanner) : end - tx.responseFrom;
  }
  if (end < tx.responseTo) tx.serverIsSpent = true;
  worker.httpBuffers.give(tx.responseBuffer!);
  tx.responseBuffer = null;
  if (sendToClient(session, at) < 0) {
    tx.keepsClient = false;
    tx.serverIsSpent = true;
    endTransaction(session, 'C', 'D');
  } else if (response.body === BODY_TUNNEL) beginTunnel(session, tx);
  else {
    tx.responseDone = toClient.limit === 0 && toClient.pending === 0;
    if (!tx.responseDone || !tx.requestDone) armDeadline(session);
  }
}

/** Says how much of the body is to come. @returns where what is there of it ends in the buffer, -1 if it is broken */
function takeBody(session: Session, tx: Transaction): number {
  const { toClient } = session;
  const { response } = tx;
  toClient.scanner = null;
  switch (response.body) {
    case BODY_NONE:
      toClient.limit = 0;
      return tx.responseFrom;
    case BODY_LENGTH: {
      const there = Math.min(response.contentLength, tx.responseTo - tx.responseFrom);
      toClient.limit = response.contentLength - there;
      return tx.responseFrom + there;
    }
    case BODY_CHUNKED: {
      const end = tx.responseScanner.scan(tx.responseBuffer!.bytes, tx.responseFrom, tx.responseTo);
      toClient.scanner = tx.responseScanner;
      toClient.limit = tx.responseScanner.isDone ? 0 : READ_BYTES;
      return end;
    }
    default:
      toClient.limit = UNLIMITED;
      return tx.responseTo;
  }
}
