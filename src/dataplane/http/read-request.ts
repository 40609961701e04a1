/**
 * Requests of a client, one after the other: read into a borrowed buffer, parsed where they stand, framed, and handed
 * to the rules. What follows a request (pipelining) stays in the buffer until its response has left.
 */
import { CR, latin1 } from '../../core/http1/characters.js';
import { errorStatus, HEAD_TOO_LARGE, NEED_MORE } from '../../core/http1/errors.js';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, type HttpMessage } from '../../core/http1/message.js';
import { parseRequest } from '../../core/http1/parse.js';
import { EAGAIN } from '../../linux/constants.js';
import { recv } from '../../linux/syscalls.js';
import { HTTP_HEAD, HTTP_IDLE, HTTP_RULES, type Session } from '../session.js';
import type { DataplaneWorker } from '../worker-context.js';
import { countMessage } from './byte-count.js';
import { armDeadline } from './deadlines.js';
import { closeQuietly, endOfConnection } from './end-transaction.js';
import type { HttpConnection } from './http-connection.js';
import { judgeRequest } from './judge-request.js';
import { answerRaw, badRequestOf } from './reply.js';
import type { Transaction } from './transaction.js';

/** The first bytes of a connection in mode http may come. */
export function startHttp(session: Session): void {
  const { worker } = session;
  session.http = worker.takeHttp();
  session.http.idleSinceMs = worker.reactor.nowMs;
  session.http.closesAtMs = worker.closesHttpAtMs;
  session.state = HTTP_IDLE;
  session.toServer.limit = session.toClient.limit = 0;
  armDeadline(session);
  // What came with a PROXY header, or before content rules let it in, is announced no second time.
  if (session.toServer.readable) readRequest(session);
}

/** The client has sent something (or ended) while a request is awaited or not complete. */
export function readRequest(session: Session): void {
  const http = session.http!;
  const { worker, toServer } = session;
  http.buffer ??= worker.httpBuffers.take();
  makeRoom(http);
  const room = worker.httpBytes - http.to;
  if (toServer.readable && room > 0) {
    const n = recv(session.clientFd, http.buffer.ptr + http.to, room, 0);
    if (n === -EAGAIN || (n > 0 && n < room && !toServer.hungUp)) toServer.readable = false;
    if (n <= 0 && n !== -EAGAIN) {
      toServer.readable = false;
      toServer.ended = true;
      if (http.to === http.from) {
        leftUnasked(session, n < 0);
        return;
      }
      incomplete(session, n < 0);
      return;
    }
    if (n > 0) http.to += n;
  }
  if (http.to === http.from) {
    giveBuffer(http, worker);
    armDeadline(session); // woken by what the last request left readable, and nothing was there
  } else parse(session, http);
  if (session.state === HTTP_HEAD && toServer.readable) readRequest(session); // the end that came with the bytes
}

/** The end of a connection before its first request is a bad request, between two of them nothing. */
function leftUnasked(session: Session, isBroken: boolean): void {
  if (session.http!.requests > 0 || session.frontend.proxy.http.ignoreProbes) endOfConnection(session, isBroken);
  else answerRaw(session, badRequestOf(session), 400, 'CR');
}

/** A client that left in the middle of a request: what is there may still be a whole one. */
function incomplete(session: Session, isBroken: boolean): void {
  if (!isBroken) parse(session, session.http!);
  if (session.state === HTTP_HEAD) answerRaw(session, session.http!.transaction!, 400, 'CR');
}

/** Requests start at the beginning of the buffer: a head has all of its room, and what follows it finds some too. */
function makeRoom(http: HttpConnection): void {
  if (http.from === 0 || http.transaction !== null) return;
  if (http.from < http.to) http.buffer!.bytes.copyWithin(0, http.from, http.to);
  http.to -= http.from;
  http.from = 0;
}

/** Nothing of the client is in it. */
export function giveBuffer(http: HttpConnection, worker: DataplaneWorker): void {
  if (http.buffer === null) return;
  worker.httpBuffers.give(http.buffer);
  http.buffer = null;
  http.from = http.to = 0;
}

function parse(session: Session, http: HttpConnection): void {
  const tx = http.transaction ?? begin(session, http);
  const length = parseRequest(tx.request, http.buffer!.bytes, http.from, http.to);
  const { worker } = session;
  if (length > 0 && length <= worker.httpHeadBytes) {
    complete(session, http, tx, length);
    return;
  }
  if (length === NEED_MORE && http.to - http.from < worker.httpHeadBytes && http.to < worker.httpBytes) {
    if (session.state === HTTP_HEAD) return;
    session.state = HTTP_HEAD;
    armDeadline(session);
    return;
  }
  const error = length >= NEED_MORE ? HEAD_TOO_LARGE : length;
  noteBroken(session, tx.request, error, error === HEAD_TOO_LARGE ? http.to : tx.request.errorAt);
  answerRaw(session, tx, errorStatus(error), 'PR');
}

/** For `show errors`. */
function noteBroken(session: Session, { headFrom }: HttpMessage, error: number, at: number, wasAccepted = false): void {
  const { buffer, to } = session.http!;
  session.worker.protocolErrors.request(session, { bytes: buffer!.bytes, from: headFrom, to, error, at, wasAccepted });
}

function begin(session: Session, http: HttpConnection): Transaction {
  const { worker } = session;
  const tx = worker.takeTransaction();
  http.transaction = tx;
  tx.session = session;
  tx.isFirst = http.requests++ === 0;
  tx.startedMs = worker.reactor.nowMs;
  tx.request.isLenient = session.frontend.proxy.http.acceptInvalidRequest === true;
  session.toServer.bytes = session.toClient.bytes = 0;
  return tx;
}

function complete(session: Session, http: HttpConnection, tx: Transaction, length: number): void {
  const { worker } = session;
  tx.headMs = session.admittedMs = session.lastIoMs = worker.reactor.nowMs;
  http.from += length;
  tx.isHead = tx.request.method === 'HEAD';
  if (tx.request.oddity !== 0) noteBroken(session, tx.request, tx.request.oddity, tx.request.oddAt, true);
  if (!frameBody(http, tx)) {
    noteBroken(session, tx.request, tx.requestScanner.error, tx.requestScanner.errorAt);
    tx.headMs = 0;
    answerRaw(session, tx, 400, 'PR');
    return;
  }
  noteRequest(session, tx);
  session.state = HTTP_RULES;
  judgeRequest(session, tx);
}

function noteRequest(session: Session, tx: Transaction): void {
  const { frontend, worker } = session;
  if (frontend.logs !== null || worker.keepsRequestLines) tx.requestLine = requestLineOf(tx.request);
  session.toServer.bytes = countMessage(tx.request);
}

/** The line as it came, for the log. */
function requestLineOf(request: HttpMessage): string {
  const bytes = request.bytes!;
  let to = request.targetTo;
  while (bytes[to] !== CR) to++;
  return latin1(bytes, request.headFrom, to);
}

/** Takes what is there of the body out of the unread bytes. @returns false when it is broken */
function frameBody(http: HttpConnection, tx: Transaction): boolean {
  const { request } = tx;
  tx.bodyFrom = tx.bodyTo = http.from;
  if (request.body === BODY_NONE) tx.bodyIsComplete = true;
  return takeBody(http, tx);
}

/** More of the body has come into the buffer. @returns false when it is broken */
function takeBody(http: HttpConnection, tx: Transaction): boolean {
  const { request } = tx;
  if (tx.bodyIsComplete) return true;
  if (request.body === BODY_LENGTH) {
    const wanted = request.contentLength - (tx.bodyTo - tx.bodyFrom);
    tx.bodyTo += Math.min(wanted, http.to - http.from);
    tx.bodyIsComplete = tx.bodyTo - tx.bodyFrom === request.contentLength;
  } else if (request.body === BODY_CHUNKED) {
    const end = tx.requestScanner.scan(http.buffer!.bytes, http.from, http.to);
    if (end < 0) return false;
    tx.bodyTo = end;
    tx.bodyIsComplete = tx.requestScanner.isDone;
  }
  http.from = tx.bodyTo;
  return true;
}

/** Rules wait for the body: reads more of it into the buffer. */
export function readBody(session: Session, tx: Transaction): void {
  const http = session.http!;
  const { worker, toServer } = session;
  const room = worker.httpBytes - http.to;
  if (room > 0 && toServer.readable) {
    const n = recv(session.clientFd, http.buffer!.ptr + http.to, room, 0);
    if (n < room && !toServer.hungUp) toServer.readable = false;
    if (n === 0 || (n < 0 && n !== -EAGAIN)) {
      toServer.ended = true;
      closeQuietly(session, tx, 'C', 'R');
      return;
    }
    if (n > 0) http.to += n;
  }
  tx.bodyIsFull = http.to === worker.httpBytes;
  if (takeBody(http, tx)) judgeRequest(session, tx);
  else {
    noteBroken(session, tx.request, tx.requestScanner.error, tx.requestScanner.errorAt);
    answerRaw(session, tx, 400, 'PR');
  }
}
