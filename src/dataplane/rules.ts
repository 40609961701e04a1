/**
 * `tcp-request` rules (manual §4.2). Connection and session rules decide at once. Content rules look at what the client
 * has sent, without taking it, and may wait for more: of the frontend first, then of the backend it leads to. The first
 * rule that holds decides; without one the client is let in.
 */
import { FAILS, HOLDS, UNDECIDED } from '../core/expr/condition.js';
import type { SampleContext } from '../core/expr/context.js';
import * as T from '../core/table.js';
import { recv } from '../linux/syscalls.js';
import { READ_BYTES } from './channel.js';
import { assignServer, enterBackend } from './connect.js';
import type { BackendEntity, ConnectionRule, FrontendEntity } from './entities.js';
import { finish } from './finish.js';
import { startHttp } from './http/read-request.js';
import { INSPECT, type Session } from './session.js';
import { vanishOnClose } from './socket-options.js';
import { OF_CONNECTION, OF_CONTENTS, type RuleKind } from './stick/tracked.js';

const ACCEPTED = 0;
const REFUSED = 1;
const WAITS = 2;

/** Connection and session rules. @returns true when the client is not let in */
export function rejects(session: Session, rules: readonly ConnectionRule[]): boolean {
  return judge(session, rules, true, OF_CONNECTION) === REFUSED;
}

export function expectsProxy(session: Session, rules: readonly ConnectionRule[]): boolean {
  if (rules.length === 0) return false;
  const context = session.worker.sampleContext(session, true);
  return rules.some((rule) => rule.action === 'expect-proxy' && rule.when(context) === HOLDS);
}

function judge(session: Session, rules: readonly ConnectionRule[], isFinal: boolean, kind: RuleKind): number {
  if (rules.length === 0) return ACCEPTED;
  return judgeIn(session, rules, session.worker.sampleContext(session, isFinal), kind);
}

function judgeIn(session: Session, rules: readonly ConnectionRule[], context: SampleContext, kind: RuleKind): number {
  for (const rule of rules) {
    if (rule.action === 'expect-proxy') continue;
    const verdict = rule.when(context);
    if (verdict === FAILS) continue;
    if (verdict === UNDECIDED) return WAITS;
    if (rule.action === 'other') {
      rule.act?.(session, context, kind);
      continue;
    }
    if (rule.action === 'silent-drop') vanishOnClose(session.clientFd);
    return rule.action === 'accept' ? ACCEPTED : REFUSED;
  }
  return ACCEPTED;
}

/** Content rules of a request in mode http, whose head is there. @returns true when it goes no further */
export function refusesContents(session: Session, rules: readonly ConnectionRule[], context: SampleContext): boolean {
  return judgeIn(session, rules, context, OF_CONTENTS) === REFUSED;
}

/** The session rules have let the client in: its contents next. */
export function beginInspection(session: Session): void {
  const { inspectDelayMs } = session.backend ?? session.frontend;
  session.inspectUntilMs = session.worker.reactor.nowMs + inspectDelayMs;
  inspect(session);
}

/** At the beginning, and whenever the client has sent something or the time is over. */
export function inspect(session: Session): void {
  const { worker, frontend, backend } = session;
  const owner = backend ?? frontend;
  const isFinal = session.toServer.hungUp || worker.reactor.nowMs >= session.inspectUntilMs;
  const outcome = judge(session, owner.contentRules, isFinal, OF_CONTENTS);
  if (outcome === WAITS) {
    wait(session);
    return;
  }
  worker.reactor.timers.cancel(session);
  if (outcome === REFUSED) {
    refuse(session);
    return;
  }
  if (backend === null) route(session, frontend);
  else assignServer(session);
}

/** The time limit of the client holds here too (manual, `inspect-delay`). */
function wait(session: Session): void {
  const { worker, frontend } = session;
  session.state = INSPECT;
  const clientUntilMs = frontend.clientMs > 0 ? session.acceptedMs + frontend.clientMs : Number.POSITIVE_INFINITY;
  worker.reactor.timers.arm(session, Math.min(session.inspectUntilMs, clientUntilMs));
}

export function inspectionTimedOut(session: Session, nowMs: number): void {
  if (nowMs >= session.inspectUntilMs) inspect(session);
  else inspectionBroken(session, 'c');
}

/** The client has left, or its time is over. What is there still decides whether it was refused, and whose it was. */
export function inspectionBroken(session: Session, side: 'C' | 'c'): void {
  const { backend, frontend } = session;
  const outcome = judge(session, (backend ?? frontend).contentRules, true, OF_CONTENTS);
  if (outcome === REFUSED) {
    refuse(session);
    return;
  }
  const target = backend ?? choose(session, frontend);
  if (backend === null && target !== null) enterBackend(session, target);
  recv(session.clientFd, session.worker.readBuffer.ptr, READ_BYTES, 0);
  finish(session, side, 'R');
}

/**
 * Counted where the client came in, also when the backend refuses it (observed from HAProxy). What was looked at is taken now: bytes left behind would turn the end of the connection into a reset.
 */
function refuse(session: Session): void {
  const { frontend, listenerCells, worker } = session;
  recv(session.clientFd, worker.readBuffer.ptr, READ_BYTES, 0);
  frontend.cells.count(T.C_DENIED_REQ);
  listenerCells.count(T.C_DENIED_REQ);
  finish(session, 'P', 'R');
}

function choose(session: Session, frontend: FrontendEntity): BackendEntity | null {
  if (frontend.choices.length === 0) return frontend.defaultBackend;
  const context = session.worker.sampleContext(session, true);
  return frontend.choices.find((choice) => choice.when(context) === HOLDS)?.backend ?? frontend.defaultBackend;
}

function route(session: Session, frontend: FrontendEntity): void {
  const backend = choose(session, frontend);
  if (backend === null) {
    frontend.cells.count(T.C_ERR_REQ);
    finish(session, 'S', 'C');
    return;
  }
  enterBackend(session, backend);
  if (backend.isHttp) {
    startHttp(session);
    return;
  }
  // A listen section is both: its rules have been looked at.
  if (backend.contentRules.length > 0 && backend.name !== frontend.name) beginInspection(session);
  else assignServer(session);
}
