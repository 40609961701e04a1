/**
 * What becomes of a request whose head is there: the rules of the frontend, the choice of a backend, the backend's
 * rules, its cookies, the headers that tell the server who asks; then it is given to `connect.ts`. Rules may wait (for
 * a body, for a password): `Transaction.step` says where to go on.
 */

import type { HttpSettings } from '../../config/http-model.js';
import { HOLDS } from '../../core/expr/condition.js';
import type { SampleContext } from '../../core/expr/context.js';
import { writeText } from '../../core/http1/characters.js';
import { addHeader, findHeader } from '../../core/http1/headers.js';
import * as T from '../../core/table.js';
import { assignServer, enterBackend } from '../connect.js';
import { hostText } from '../connection-log.js';
import type { BackendEntity, FrontendEntity } from '../entities.js';
import { destinationOf } from '../proxy-header.js';
import { refusesContents } from '../rules.js';
import type { Session } from '../session.js';
import { vanishOnClose } from '../socket-options.js';
import { countTracked } from '../stick/tracked.js';
import { countRequest } from './byte-count.js';
import { armDeadline } from './deadlines.js';
import { closeQuietly } from './end-transaction.js';
import { readRequestCookies } from './persistence.js';
import { readBody } from './read-request.js';
import { answerPrepared, answerStatus, holdReply } from './reply.js';
import { CONTINUE, DROP, type Outcome, REJECT, REPLY, SERVICE, TARPIT, WAIT } from './rules/outcome.js';
import { answerMonitor, runRequestRules } from './rules/run.js';
import { sendToClient } from './send.js';
import { askService } from './services.js';
import type { Transaction } from './transaction.js';
import { uniqueIdOf } from './unique-id.js';

const MONITOR = 0;
const FRONTEND_RULES = 1;
const ROUTE = 2;
// 3: the backend's rules
const SEND = 4;

/** Goes as far as the rules let it. */
export function judgeRequest(session: Session, tx: Transaction): void {
  const context = session.worker.sampleContext(session, true, tx);
  while (tx.step < SEND) {
    const outcome = judgeStep(session, tx, context);
    if (tx.run.interim !== '') sendInterim(session, tx);
    if (outcome !== CONTINUE) {
      obey(session, tx, outcome);
      return;
    }
    tx.step++;
  }
  sendOn(session, tx, context);
}

/** 100 and 103 on behalf of rules. A client that is gone shows when the answer is sent. */
function sendInterim(session: Session, tx: Transaction): void {
  const { outgoing } = session.worker;
  const { run } = tx;
  const length = writeText(outgoing.bytes, 0, run.interim.slice(0, outgoing.size));
  run.interim = '';
  session.toClient.bytes += length;
  sendToClient(session, length);
}

function judgeStep(session: Session, tx: Transaction, context: SampleContext): Outcome {
  const { frontend } = session;
  switch (tx.step) {
    case MONITOR:
      if (refusesContents(session, frontend.contentRules, context)) return refuse(session, tx);
      countRequest(session);
      countTracked(session, 'http_req');
      return answerMonitor(tx, frontend.program, context);
    case FRONTEND_RULES:
      return runRequestRules(tx, frontend.program, context);
    case ROUTE:
      return route(session, tx, context);
    default:
      return judgeForBackend(session, tx, context);
  }
}

function judgeForBackend(session: Session, tx: Transaction, context: SampleContext): Outcome {
  const backend = session.backend!;
  if (backend.name === session.frontend.name) return CONTINUE; // a listen section is both
  if (refusesContents(session, backend.contentRules, context)) return refuse(session, tx);
  return runRequestRules(tx, backend.program, context);
}

/** `tcp-request content reject` in mode http: closed without a word. */
function refuse(session: Session, tx: Transaction): Outcome {
  session.frontend.cells.count(T.C_DENIED_REQ);
  session.listenerCells.count(T.C_DENIED_REQ);
  tx.run.end = 'PR';
  tx.requestLine = '';
  tx.headMs = 0;
  return REJECT;
}

function route(session: Session, tx: Transaction, context: SampleContext): Outcome {
  if (session.backend !== null) return CONTINUE; // a tcp frontend chose it
  const backend = chooseBackend(session.frontend, context);
  if (backend === null) {
    session.frontend.cells.count(T.C_ERR_REQ);
    answerStatus(session, tx, 503, 'SC');
    return WAIT;
  }
  enterBackend(session, backend);
  tx.run.phase = tx.run.index = 0;
  return CONTINUE;
}

function chooseBackend(frontend: FrontendEntity, context: SampleContext): BackendEntity | null {
  for (const choice of frontend.choices) {
    if (choice.when(context) !== HOLDS) continue;
    const backend = choice.resolve === null ? choice.backend : choice.resolve(context);
    if (backend !== null) return backend;
  }
  return frontend.defaultBackend;
}

/** @param outcome anything but CONTINUE */
function obey(session: Session, tx: Transaction, outcome: Outcome): void {
  switch (outcome) {
    case WAIT:
      armDeadline(session);
      // What has come already is told by no further event: the rest of the body, or that the buffer is full.
      if (tx.run.waitUntilMs > 0 && session.toServer.readable) readBody(session, tx);
      break;
    case REPLY:
      answerPrepared(session, tx, tx.run.end);
      break;
    case TARPIT:
      holdReply(session, tx);
      break;
    case SERVICE:
      askService(session, tx);
      break;
    case DROP:
      vanishOnClose(session.clientFd);
      closeQuietly(session, tx, tx.run.end[0], tx.run.end[1]);
      break;
    case REJECT:
      closeQuietly(session, tx, tx.run.end[0], tx.run.end[1]);
      break;
  }
}

function sendOn(session: Session, tx: Transaction, context: SampleContext): void {
  const backend = session.backend!;
  if (backend.persists) readRequestCookies(tx, backend, backend.program, context);
  tellServer(session, tx, backend);
  assignServer(session);
}

/** `option forwardfor`, `option originalto` (manual §4.2); the backend's words go before the frontend's. */
function tellServer(session: Session, tx: Transaction, backend: BackendEntity): void {
  const own = backend.proxy.http;
  const { http: front } = session.frontend.proxy;
  if (own.forwardFor || front.forwardFor) forwardedFor(session, tx, own, front);
  if (own.originalTo || front.originalTo) originalTo(session, tx, own, front);
  if (front.uniqueIdHeader !== undefined) {
    const id = uniqueIdOf(tx);
    if (id !== null) addHeader(tx.request, front.uniqueIdHeader.toLowerCase(), id);
  }
}

function forwardedFor(session: Session, tx: Transaction, own: HttpSettings, front: HttpSettings): void {
  const name = nameOf(own.forwardFor, front.forwardFor, 'x-forwarded-for');
  const ifNone = (!own.forwardFor || own.forwardFor.ifNone) && (!front.forwardFor || front.forwardFor.ifNone);
  if (ifNone && findHeader(tx.request, name) >= 0) return;
  const { sourceExcepted } = session.backend!;
  if (session.source.family === 0) return;
  if (sourceExcepted?.(session.source) || session.frontend.sourceExcepted?.(session.source)) return;
  const http = session.http!;
  if (http.clientText === '') http.clientText = hostText(session.source);
  addHeader(tx.request, name, http.clientText);
}

function originalTo(session: Session, tx: Transaction, own: HttpSettings, front: HttpSettings): void {
  const name = nameOf(own.originalTo, front.originalTo, 'x-original-to');
  const to = destinationOf(session);
  if (to.family === 0) return;
  if (session.backend!.destinationExcepted?.(to) || session.frontend.destinationExcepted?.(to)) return;
  addHeader(tx.request, name, hostText(to));
}

type Named = { header?: string } | false | undefined;

function nameOf(own: Named, front: Named, usual: string): string {
  return ((own ? own.header : undefined) ?? (front ? front.header : undefined) ?? usual).toLowerCase();
}
