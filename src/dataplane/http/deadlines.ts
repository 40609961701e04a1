/**
 * Time limits of a connection in mode http (manual §4.2: `timeout http-request`, `http-keep-alive`, `client`, `server`,
 * `tarpit`). Timers are not moved with every byte: one that fires early is armed again for what then holds.
 */
import { HTTP_EXCHANGE, HTTP_HEAD, HTTP_IDLE, HTTP_REPLY, HTTP_RULES, type Session } from '../session.js';
import { closeQuietly, endOfConnection } from './end-transaction.js';
import type { HttpConnection } from './http-connection.js';
import { judgeRequest } from './judge-request.js';
import { answerPrepared, answerRaw, answerStatus, badRequestOf } from './reply.js';
import { serverFailed } from './server-failure.js';
import type { Transaction } from './transaction.js';

const NEVER = Number.POSITIVE_INFINITY;

/** Makes sure that the timer fires in time. */
export function armDeadline(session: Session): void {
  const at = deadlineOf(session);
  if (at === NEVER || (session.heapIndex >= 0 && session.wakeAtMs <= at)) return;
  session.worker.reactor.timers.arm(session, at);
}

/** Monotonic ms at which the state the connection is in ends by itself. */
export function deadlineOf(session: Session): number {
  const http = session.http!;
  const { frontend } = session;
  switch (session.state) {
    case HTTP_IDLE:
      return Math.min(after(http.idleSinceMs, idleLimit(session)), stopOfIdle(session, http));
    case HTTP_HEAD: {
      const from = http.requests === 1 ? http.idleSinceMs : http.transaction!.startedMs;
      return after(from, frontend.httpRequestMs || frontend.clientMs);
    }
    case HTTP_RULES: {
      const { waitUntilMs } = http.transaction!.run;
      return waitUntilMs > 0 ? waitUntilMs : NEVER;
    }
    case HTTP_REPLY:
      return after(session.lastIoMs, frontend.clientMs);
    case HTTP_EXCHANGE:
      return Math.min(clientDeadline(session, http.transaction!), serverDeadline(session, http.transaction!));
    default:
      return NEVER;
  }
}

function after(fromMs: number, limitMs: number): number {
  return limitMs > 0 ? fromMs + limitMs : NEVER;
}

/** When a connection at rest is closed because the process stops. */
function stopOfIdle({ frontend }: Session, http: HttpConnection): number {
  return http.requests === 0 || frontend.proxy.http.idleCloseOnResponse ? NEVER : http.closesAtMs;
}

function idleLimit(session: Session): number {
  const { httpRequestMs, httpKeepAliveMs, clientMs } = session.frontend;
  return session.http!.requests === 0 ? httpRequestMs || clientMs : httpKeepAliveMs || httpRequestMs || clientMs;
}

/** The client has to send more of the body, or to take what it is sent. */
function clientDeadline(session: Session, tx: Transaction): number {
  const waits = session.toClient.pending > 0 || (!tx.requestDone && session.toServer.pending === 0);
  return waits ? after(session.lastIoMs, session.frontend.clientMs) : NEVER;
}

/** The server has to answer, to send on, or to take what it is sent. */
function serverDeadline(session: Session, tx: Transaction): number {
  const takes = session.toServer.pending > 0;
  const answers = !tx.responseDone && session.toClient.pending === 0;
  return takes || answers ? after(session.lastIoMs, tx.serverMs >= 0 ? tx.serverMs : session.backend!.serverMs) : NEVER;
}

/** The timer fired: in time, or early because bytes have moved since it was armed. */
export function onHttpTimer(session: Session, nowMs: number): void {
  if (nowMs < deadlineOf(session)) {
    armDeadline(session);
    return;
  }
  const http = session.http!;
  const tx = http.transaction;
  if (session.state === HTTP_IDLE) {
    if (http.requests === 0 && !session.frontend.proxy.http.ignoreProbes)
      answerRaw(session, badRequestOf(session), 408, 'cR');
    else endOfConnection(session, false);
  } else if (session.state === HTTP_HEAD) answerRaw(session, tx!, 408, 'cR');
  else if (session.state === HTTP_RULES) waitIsOver(session, tx!);
  else if (session.state === HTTP_REPLY) closeQuietly(session, tx!, 'c', 'D');
  else if (session.state === HTTP_EXCHANGE) exchangeStalled(session, tx!, nowMs);
}

/** A rule that waits asks the clock itself, and begins no second wait. */
function waitIsOver(session: Session, tx: Transaction): void {
  if (tx.run.reply !== null) answerPrepared(session, tx, tx.run.end);
  else judgeRequest(session, tx);
}

function exchangeStalled(session: Session, tx: Transaction, nowMs: number): void {
  if (nowMs >= clientDeadline(session, tx)) {
    if (tx.responseBegun) closeQuietly(session, tx, 'c', 'D');
    else answerStatus(session, tx, 408, 'cD');
    return;
  }
  if (tx.responseBegun) serverFailed(session, tx, 's', 'D', 504);
  else serverFailed(session, tx, 's', 'H', 504);
}
