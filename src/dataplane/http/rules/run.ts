/** Runs the compiled rules of a proxy on a transaction; see outcome.ts for the order of the calls. */
import type { SampleContext } from '../../../core/expr/context.js';
import { targetOf } from '../../../core/http1/headers.js';
import { pathqOf } from '../../../core/uri/target.js';
import type { Transaction } from '../transaction.js';
import { applyAfterRules, page, rawPage, reply } from './answer.js';
import { waitForBody } from './body-step.js';
import { captureCookie } from './captures.js';
import { countIntercepted } from './count.js';
import { CONTINUE, type Outcome, REPLY, WAIT } from './outcome.js';
import type { HttpProgram } from './program.js';
import { answerStats } from './stats-access.js';
import { anyHolds, type CompiledRule, holds } from './step.js';

const BEGIN = 0;
const BUFFER = 1;
const RULES = 2;
const STATS = 3;
const REDIRECTS = 4;

/** `monitor-uri` and `monitor fail` (before all rules; the frontend alone). Such requests are not logged. */
export function answerMonitor(tx: Transaction, program: HttpProgram, context: SampleContext): Outcome {
  const uri = program.proxy.http.monitorUri;
  if (uri === undefined) return CONTINUE;
  const target = targetOf(tx.request);
  if ((uri.startsWith('/') ? pathqOf(target) : target) !== uri) return CONTINUE;
  tx.run.frontend = program;
  countIntercepted(tx);
  const status = anyHolds(program.monitorFail, context) ? 503 : 200;
  reply(tx, context, page(tx, context, status), status, 'LR');
  tx.logLevel = 'silent';
  return REPLY;
}

/** `http-request` rules of one proxy, its statistics page and its `redirect` lines. The frontend's come first. */
export function runRequestRules(tx: Transaction, program: HttpProgram, context: SampleContext): Outcome {
  const { users } = tx.session.worker;
  if (users === null) return runPhases(tx, program, context);
  users.mayWait = true;
  users.awaited = null;
  const outcome = runPhases(tx, program, context);
  users.mayWait = false;
  return outcome;
}

function runPhases(tx: Transaction, program: HttpProgram, context: SampleContext): Outcome {
  const { run } = tx;
  if (run.phase === BEGIN) begin(tx, program);
  if (run.phase === BUFFER) {
    const outcome = wantsBody(program, tx) ? waitForBody(tx, context, bufferMs(tx), 0) : CONTINUE;
    if (outcome !== CONTINUE) return outcome;
    run.phase = RULES;
  }
  if (run.phase === RULES) {
    const outcome = runFrom(tx, program.requestRules, context);
    if (outcome !== CONTINUE) return outcome;
    run.phase = STATS;
  }
  if (run.phase === STATS) {
    const outcome = program.stats === null ? CONTINUE : answerStats(tx, context, program.stats);
    if (awaitsPassword(tx)) return WAIT;
    if (outcome !== CONTINUE) return outcome;
    run.phase = REDIRECTS;
  }
  run.index = 0;
  const outcome = runFrom(tx, program.lateRedirects, context);
  run.phase = BEGIN;
  return outcome;
}

/** A request enters the proxy: captures of the frontend are taken before its rules change anything. */
function begin(tx: Transaction, program: HttpProgram): void {
  const { run } = tx;
  run.phase = BUFFER;
  run.index = 0;
  run.waitUntilMs = 0;
  const { cookie } = program.proxy.http;
  if (cookie !== undefined && cookie.mode !== 'passive') tx.cookieRequestFlag = tx.cookieResponseFlag = 'N';
  if (run.frontend !== null && run.frontend !== program) {
    run.backend = program;
    return;
  }
  run.frontend = program;
  program.requestCaptures.take(tx.request, tx.requestCaptures);
  tx.responseCaptures.length = 0;
  for (let i = 0; i < program.responseCaptures.slots.length; i++) tx.responseCaptures.push(null);
  captureCookie(tx, program.proxy, tx.request);
}

/** `option http-buffer-request`, and `balance url_param … check_post`. */
function wantsBody({ proxy }: HttpProgram, tx: Transaction): boolean {
  return proxy.http.bufferRequest === true || (proxy.balance?.checksPost === true && tx.request.method === 'POST');
}

/** The whole request is due within `timeout http-request`. */
function bufferMs(tx: Transaction): number {
  const { timeouts } = tx.session.frontend.proxy;
  return timeouts.httpRequest ?? timeouts.client ?? 0;
}

/** From where it stopped at the last WAIT. `allow` ends it, and only it. */
function runFrom(tx: Transaction, rules: readonly CompiledRule[], context: SampleContext): Outcome {
  const { run } = tx;
  for (; run.index < rules.length; run.index++) {
    const { when, step } = rules[run.index];
    const isNext = run.waitUntilMs !== 0 || holds(when, context);
    if (when !== null && awaitsPassword(tx)) return WAIT;
    if (!isNext) continue;
    if (step === null) break;
    const outcome = step(tx, context);
    if (outcome !== CONTINUE) return outcome;
  }
  run.index = 0;
  return CONTINUE;
}

/** A condition asked for a password whose verdict takes a while: it is evaluated again when that is there. */
function awaitsPassword(tx: Transaction): boolean {
  const { users } = tx.session.worker;
  if (users === null || users.awaited === null) return false;
  tx.run.awaitedPassword = users.awaited;
  users.awaited = null;
  return true;
}

/** `http-response` rules: of the backend, then of the frontend (null where it is the same proxy). */
export function runResponseRules(
  tx: Transaction,
  backend: HttpProgram,
  frontend: HttpProgram | null,
  context: SampleContext,
): Outcome {
  const own = frontend ?? backend;
  tx.variables.clear('req');
  tx.run.phase = tx.run.index = tx.run.waitUntilMs = 0;
  own.responseCaptures.take(tx.response, tx.responseCaptures);
  captureCookie(tx, own.proxy, tx.response);
  const outcome = runFrom(tx, backend.responseRules, context);
  if (outcome !== CONTINUE || frontend === null) return outcome;
  return runFrom(tx, frontend.responseRules, context);
}

/** `http-after-response` rules of backend and frontend on `tx.response`. Replies of rules have been through them. */
export function runAfterResponseRules(
  tx: Transaction,
  backend: HttpProgram,
  frontend: HttpProgram | null,
  context: SampleContext,
): Outcome {
  tx.run.frontend = frontend ?? backend;
  tx.run.backend = frontend === null ? null : backend;
  applyAfterRules(tx, context);
  return CONTINUE;
}

/**
 * Prepares the page of a status that the proxy itself has to send for a request (502, 503, 504 …): `run.reply` and
 * `tx.response` hold it afterwards. It has been through http-after-response. Letters of the termination code are the
 * caller's.
 * @param backend null as long as none is chosen, and where it is the same proxy
 */
export function answerError(
  tx: Transaction,
  status: number,
  frontend: HttpProgram,
  backend: HttpProgram | null,
  context: SampleContext,
): void {
  tx.run.frontend = frontend;
  tx.run.backend = backend;
  reply(tx, context, page(tx, context, status), status, tx.run.end);
}

/** What is sent to a client whose bytes are no request, or come too late: the page as it was written, and no rules. */
export function earlyErrorPage(frontend: HttpProgram, status: number): Uint8Array {
  return rawPage(frontend, status);
}
