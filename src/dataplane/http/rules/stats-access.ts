/** Who sees the statistics page, and who may change things there (manual, `stats uri|auth|http-request|admin`). */
import type { Proxy, StatsPage } from '../../../config/model.js';
import { bytesOf } from '../../../core/expr/bytes-of.js';
import type { Predicate } from '../../../core/expr/condition.js';
import type { SampleContext } from '../../../core/expr/context.js';
import { findHeader, headerValue, targetOf } from '../../../core/http1/headers.js';
import { pathqOf } from '../../../core/uri/target.js';
import type { Transaction } from '../transaction.js';
import { page, reply } from './answer.js';
import { waitForBody } from './body-step.js';
import { countDenied } from './count.js';
import { CONTINUE, type Outcome, SERVICE, WAIT } from './outcome.js';
import { authStep } from './reply-steps.js';
import { serviceRequest } from './service-step.js';
import { anyHolds, compileWhen, holds, type Step } from './step.js';

export interface StatsAccess {
  readonly uri: string;
  readonly proxy: string;
  readonly rules: readonly { readonly when: Predicate | null; readonly step: Step | null }[];
  readonly admin: readonly Predicate[];
}

export function compileStatsPage(stats: StatsPage, proxy: Proxy): StatsAccess {
  const rules = stats.rules.map(({ action, realm, condition }) => ({
    when: compileWhen(condition, proxy),
    step: stepOf(action, realm ?? stats.realm),
  }));
  if (stats.users.length > 0) rules.push({ when: null, step: unlessKnown(stats) });
  return { uri: stats.uri, proxy: proxy.name, rules, admin: stats.admin.map((one) => compileWhen(one, proxy)!) };
}

/** null lets the visitor in. */
function stepOf(action: 'allow' | 'deny' | 'auth', realm: string): Step | null {
  if (action === 'allow') return null;
  if (action === 'auth') return authStep(realm);
  return (tx, context) => {
    countDenied(tx);
    return reply(tx, context, page(tx, context, 403), 403, 'PR');
  };
}

/** `stats auth`: the last rule, which asks whoever is not one of its users. */
function unlessKnown({ users, realm }: StatsPage): Step {
  const known = new Set(users.map(({ name, password }) => bytesOf(`${name}:${password}`)));
  const ask = authStep(realm);
  return (tx, context) => (known.has(basicCredentials(tx)) ? CONTINUE : ask(tx, context));
}

/** `user:password` of `Authorization: Basic`; '' without one. */
function basicCredentials(tx: Transaction): string {
  const row = findHeader(tx.request, 'authorization');
  const token = row < 0 ? null : /^basic +([A-Za-z0-9+/=]+)$/i.exec(headerValue(tx.request, row));
  return token === null ? '' : Buffer.from(token[1], 'base64').toString('latin1');
}

/** @returns CONTINUE where the request is not for the page */
export function answerStats(tx: Transaction, context: SampleContext, stats: StatsAccess): Outcome {
  if (!isPage(targetOf(tx.request), stats.uri) || !isAskable(tx.request.method)) return CONTINUE;
  for (const { when, step } of stats.rules) {
    const isNext = holds(when, context);
    if (tx.session.worker.users?.awaited) return WAIT;
    if (!isNext) continue;
    const outcome = step === null ? CONTINUE : step(tx, context);
    if (outcome !== CONTINUE) return outcome;
    break;
  }
  if (tx.request.method === 'POST') {
    const waited = waitForBody(tx, context, 0, 0);
    if (waited !== CONTINUE) return waited;
  }
  tx.run.service = serviceRequest(tx, 'stats', stats.proxy, anyHolds(stats.admin, context));
  tx.run.end = 'LR';
  return SERVICE;
}

/** In absolute form too, as in HAProxy (observed). */
function isPage(target: string, uri: string): boolean {
  return target.startsWith(uri) || (!target.startsWith('/') && pathqOf(target).startsWith(uri));
}

function isAskable(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'POST';
}
