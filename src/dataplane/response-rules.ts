/**
 * `tcp-response content` (manual §4.2): what a server says first is looked at, and left where it is, until the rules of
 * the backend have decided. What the client sends goes on meanwhile. Sessions of backends without such rules never
 * come here.
 */
import { FAILS, UNDECIDED } from '../core/expr/condition.js';
import type { SampleContext } from '../core/expr/context.js';
import * as T from '../core/table.js';
import { MSG_PEEK } from '../linux/constants.js';
import { recv } from '../linux/syscalls.js';
import { READ_BYTES } from './channel.js';
import type { BackendEntity } from './entities.js';
import { finish } from './finish.js';
import { INSPECT_RESPONSE, type Session } from './session.js';
import { abortNow, vanishOnClose } from './socket-options.js';
import { storeFromResponse } from './stick/stick-rules.js';
import { OF_CONTENTS } from './stick/tracked.js';

const ACCEPTED = 0;
const REFUSED = 1;
const WAITS = 2;
/** The server's connection is closed; what it has said still reaches the client. */
const CLOSED = 3;

/** Whether what its servers say has to be looked at before it is passed on. */
export function inspectsResponses({ responseRules, stickRules }: BackendEntity): boolean {
  return responseRules.length > 0 || stickRules.some(({ kind }) => kind === 'store-response');
}

/** Both sides are there. */
export function beginResponseInspection(session: Session): void {
  const { worker } = session;
  session.state = INSPECT_RESPONSE;
  session.toClient.limit = 0; // nothing of the server passes
  session.inspectUntilMs = worker.reactor.nowMs + session.backend!.responseInspectMs;
  if (session.feedServer()) inspectResponse(session);
}

/** At the beginning, and whenever the server has sent something or the time is over. */
export function inspectResponse(session: Session): void {
  const { worker, toClient } = session;
  const isFinal = toClient.hungUp || worker.reactor.nowMs >= session.inspectUntilMs;
  const outcome = judgeResponse(session, worker.sampleContext(session, isFinal));
  if (outcome === WAITS) {
    worker.reactor.timers.arm(session, Math.min(session.inspectUntilMs, session.idleDeadline()));
    return;
  }
  if (outcome === REFUSED) {
    refuse(session);
    return;
  }
  if (session.backend!.stickRules.length > 0) storeFromResponse(session);
  if (outcome === CLOSED) closeServer(session);
  else session.pass();
}

function judgeResponse(session: Session, context: SampleContext): number {
  for (const rule of session.backend!.responseRules) {
    const verdict = rule.when(context);
    if (verdict === FAILS) continue;
    if (verdict === UNDECIDED) return WAITS;
    if (rule.action === 'other') {
      rule.act?.(session, context, OF_CONTENTS);
      continue;
    }
    if (rule.action === 'silent-drop') vanishOnClose(session.clientFd);
    if (rule.action === 'close') return CLOSED;
    return rule.action === 'accept' ? ACCEPTED : REFUSED;
  }
  return ACCEPTED;
}

export function responseInspectionTimedOut(session: Session, nowMs: number): void {
  if (nowMs >= session.inspectUntilMs) inspectResponse(session);
  else if (nowMs >= session.idleDeadline()) session.idleOver(nowMs);
  else session.worker.reactor.timers.arm(session, Math.min(session.inspectUntilMs, session.idleDeadline()));
}

/** What was looked at counts as if it had been passed on (observed from HAProxy). */
function refuse(session: Session): void {
  const { toClient, serverFd, worker } = session;
  const seen = Math.max(0, recv(serverFd, worker.readBuffer.ptr, READ_BYTES, 0));
  toClient.bytes += seen;
  session.account(seen, false);
  countRefused(session);
  finish(session, 'P', 'D');
}

function countRefused({ frontend, backend, listenerCells, server }: Session): void {
  for (const cells of [frontend.cells, listenerCells, backend!.cells, server!.cells]) cells.count(T.C_DENIED_RESP);
}

/** What is there leaves for the client, and then the end of it; nothing more is taken from the server. */
function closeServer(session: Session): void {
  const { worker, toClient, serverFd } = session;
  toClient.limit = Math.max(0, recv(serverFd, worker.readBuffer.ptr, READ_BYTES, MSG_PEEK));
  toClient.readable ||= toClient.limit > 0; // the event that says so may be on its way
  toClient.pump(worker, false);
  session.account(toClient.moved, false);
  toClient.ended = true;
  abortNow(serverFd);
  session.pass();
}

/**
 * Mode http: what becomes of a response whose head is there. Without `inspect-delay` the rules decide before the server
 * has said anything: `close` takes the server away from under its answer, where later it only ends the connection.
 */
export function fateOfResponse(session: Session): 'passes' | 'refused' | 'closed' {
  const tx = session.http!.transaction!;
  const waited = session.backend!.responseInspectMs > 0;
  tx.hasResponse = waited;
  const outcome = judgeResponse(session, session.worker.sampleContext(session, true));
  tx.hasResponse = true;
  if (outcome === CLOSED && waited) tx.serverIsSpent = true;
  if (outcome === CLOSED && !waited) return 'closed';
  if (outcome !== REFUSED) return 'passes';
  countRefused(session);
  return 'refused';
}
