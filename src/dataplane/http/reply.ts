/** Answers of our own: error pages, what rules reply, and what the main thread answers for us. */
import { keepFraming } from '../../core/http1/keep-framing.js';
import { BODY_CLOSE } from '../../core/http1/message.js';
import { writeHead } from '../../core/http1/serialize.js';
import * as T from '../../core/table.js';
import { NativeBuffer } from '../../linux/memory.js';
import { HTTP_REPLY, HTTP_RULES, type Session } from '../session.js';
import { countUnread } from '../stick/tracked.js';
import { countMessage, countRequest } from './byte-count.js';
import { armDeadline } from './deadlines.js';
import { closeQuietly, dropServer, endTransaction } from './end-transaction.js';
import { clientConnection } from './framing.js';
import { answerError, earlyErrorPage } from './rules/run.js';
import { queueForClient, sendToClient } from './send.js';
import type { Transaction } from './transaction.js';

/** A page for a request that is none, or did not come in time: sent as it stands, and the connection ends with it. */
export function answerRaw(session: Session, tx: Transaction, status: number, end: string): void {
  const { frontend } = session;
  frontend.cells.count(T.C_ERR_REQ);
  session.listenerCells.count(T.C_ERR_REQ);
  if (tx.step === 0) {
    countUnread(session, status !== 408);
    countRequest(session);
  }
  const page = earlyErrorPage(frontend.program, status);
  tx.status = status;
  tx.keepsClient = false;
  tx.end = end;
  session.state = HTTP_REPLY;
  session.toClient.bytes = 0;
  if (page.length === 0) {
    endTransaction(session, end[0], end[1]);
    return;
  }
  sendPage(session, page, page.length);
}

/** The first bytes of a page as they stand. */
function sendPage(session: Session, page: Uint8Array, length: number): void {
  const { outgoing } = session.worker;
  const out = length <= outgoing.size ? outgoing : new NativeBuffer(length);
  out.bytes.set(page.length > length ? page.subarray(0, length) : page);
  sendAnswer(session, out, length);
}

function sendAnswer(session: Session, out: NativeBuffer, length: number): void {
  session.lastIoMs = session.worker.reactor.nowMs;
  if (out === session.worker.outgoing) finishSending(session, length);
  else {
    queueForClient(session, out, length);
    flushReply(session);
  }
}

/** A transaction to put an answer in where the client has sent nothing. */
export function badRequestOf(session: Session): Transaction {
  const http = session.http!;
  const tx = session.worker.takeTransaction();
  http.transaction = tx;
  http.requests++;
  tx.session = session;
  tx.startedMs = http.idleSinceMs;
  session.toServer.bytes = session.toClient.bytes = 0;
  if (session.frontend.proxy.options.dontlognull) tx.logLevel = 'silent';
  return tx;
}

function prepare(session: Session, tx: Transaction, status: number): void {
  const { frontend, backend, worker } = session;
  tx.run.reply = null;
  tx.response.reset();
  const own = backend === null || backend.name === frontend.name ? null : backend.program;
  answerError(tx, status, frontend.program, own, worker.sampleContext(session, true, tx));
}

/** The page of a status, in place of a server's response. @param end letters 1 and 2 of the termination code */
export function answerStatus(session: Session, tx: Transaction, status: number, end: string): void {
  prepare(session, tx, status);
  tx.status = status;
  answerPrepared(session, tx, end);
}

/** Sends `tx.run.reply`, whose head is `tx.response`. */
export function answerPrepared(session: Session, tx: Transaction, end: string): void {
  const { worker } = session;
  const { response } = tx;
  const reply = tx.run.reply!;
  dropServer(session);
  tx.end = end;
  tx.hasResponse = tx.responseBegun = true;
  if (reply.length === 0) {
    closeQuietly(session, tx, end[0], end[1]); // `errorfile 408 /dev/null`
    return;
  }
  tx.keepsClient = mayGoOn(session, tx);
  keepFraming(response);
  const body = tx.isHead ? 0 : reply.length - response.headEnd;
  const room = response.headEnd + 8192 + body;
  const out = room <= worker.outgoing.size ? worker.outgoing : new NativeBuffer(room);
  const at = writeHead(response, out.bytes, 0, room - body, clientConnection(tx));
  if (at < 0) {
    answerTooLarge(session, tx);
    return;
  }
  if (body > 0) out.bytes.set(reply.subarray(response.headEnd), at);
  session.toClient.bytes += countMessage(response) + body;
  session.state = HTTP_REPLY;
  sendAnswer(session, out, at + body);
}

/** Rules (`http-after-response`) made the head of an answer larger than a buffer: the plain page, without rules. */
function answerTooLarge(session: Session, tx: Transaction): void {
  const page = earlyErrorPage(session.frontend.program, 500);
  const length = tx.isHead ? headLength(page) : page.length;
  tx.status = 500;
  tx.keepsClient = false;
  tx.end = 'PR';
  session.state = HTTP_REPLY;
  session.toClient.bytes += length;
  sendPage(session, page, length);
}

function headLength(page: Uint8Array): number {
  const end = Buffer.from(page.buffer, page.byteOffset, page.length).indexOf('\r\n\r\n');
  return end < 0 ? page.length : end + 4;
}

/** Of a request whose body is still coming nothing more is read. */
function mayGoOn(session: Session, { request, response, bodyIsComplete }: Transaction): boolean {
  const { worker, toServer, frontend } = session;
  const isDelimited = response.body !== BODY_CLOSE && !response.saysClose;
  const isComplete = bodyIsComplete && !toServer.ended;
  return (
    request.keepsAlive &&
    isDelimited &&
    isComplete &&
    frontend.keepsClients &&
    worker.reactor.nowMs < session.http!.closesAtMs
  );
}

/** What stands in `worker.outgoing` leaves, and with it the transaction ends. */
function finishSending(session: Session, length: number): void {
  const sent = sendToClient(session, length);
  const tx = session.http!.transaction!;
  if (sent < 0) clientIsGone(session, tx);
  else if (session.toClient.pending === 0) endTransaction(session, tx.end[0], tx.end[1]);
  else armDeadline(session);
}

/** What went wrong before says more than that nobody hears of it. */
function clientIsGone(session: Session, tx: Transaction): void {
  const { end } = tx;
  if (end !== '--') {
    session.backend?.cells.count(T.C_CLI_ABORT);
    session.lastServer?.cells.count(T.C_CLI_ABORT);
  }
  closeQuietly(session, tx, end === '--' ? 'C' : end[0], end === '--' ? 'D' : end[1]);
}

/** The client can take more of the answer. */
export function flushReply(session: Session): void {
  const { toClient, worker } = session;
  const before = toClient.pending;
  const outcome = toClient.flushOnly(worker);
  const tx = session.http!.transaction!;
  if (outcome !== 0) clientIsGone(session, tx);
  else if (toClient.pending === 0) endTransaction(session, tx.end[0], tx.end[1]);
  else {
    if (toClient.pending < before) session.lastIoMs = worker.reactor.nowMs;
    armDeadline(session);
  }
}

/** `tarpit`: the answer leaves when the client has waited long enough (manual, `timeout tarpit`). */
export function holdReply(session: Session, tx: Transaction): void {
  const { worker, frontend } = session;
  session.state = HTTP_RULES;
  tx.run.waitUntilMs = worker.reactor.nowMs + (session.backend?.tarpitMs || frontend.tarpitMs);
  armDeadline(session);
}
