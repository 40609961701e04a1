/** From an http rule of the model to its step: the `switch`; the leaves are in the other files of this folder. */
import type { HttpAction, HttpRule } from '../../../config/http-model.js';
import type { Model, Proxy } from '../../../config/model.js';
import { bytesOf } from '../../../core/expr/bytes-of.js';
import { reasonOf } from '../../../core/http1/reasons.js';
import type { Transaction } from '../transaction.js';
import { bodyStep } from './body-step.js';
import { type CaptureSlots, compileCommon, numberOf } from './common-steps.js';
import * as H from './header-steps.js';
import { CONTINUE } from './outcome.js';
import { authStep, denyStep, redirectStep } from './reply-steps.js';
import { serviceStep } from './service-step.js';
import { type CompiledRule, compileExpression, compileWhen, type Step } from './step.js';
import * as T from './target-steps.js';

const ofRequest = (tx: Transaction) => tx.request;
const ofResponse = (tx: Transaction) => tx.response;

/** @param slots where captures go */
export function compileHttpRule(rule: HttpRule, proxy: Proxy, model: Model, slots: CaptureSlots): CompiledRule {
  const when = compileWhen(rule.condition, proxy);
  return { when, step: rule.action.do === 'allow' ? null : stepOf(rule.action, rule.on, proxy, model, slots) };
}

function stepOf(action: HttpAction, on: HttpRule['on'], proxy: Proxy, model: Model, slots: CaptureSlots): Step {
  const side = on === 'request' ? ofRequest : ofResponse;
  switch (action.do) {
    case 'allow':
      return () => CONTINUE;
    case 'deny':
    case 'tarpit':
    case 'return':
      return denyStep(action, on, model);
    case 'redirect':
      return redirectStep(action.redirect, on, action.isLate !== true);
    case 'auth':
      return authStep(action.realm ?? proxy.name);
    case 'add-header':
      return H.addHeaderStep(action, side);
    case 'set-header':
      return H.setHeaderStep(action, side);
    case 'del-header':
      return H.deleteHeaderStep(action, side);
    case 'replace-header':
      return H.replaceHeaderStep(action, side);
    case 'replace-value':
      return H.replaceValueStep(action, side);
    case 'early-hint':
      return H.earlyHintStep(action);
    case 'set-path':
    case 'set-pathq':
    case 'set-query':
    case 'set-uri':
      return T.setTargetStep(action);
    case 'replace-path':
    case 'replace-pathq':
    case 'replace-uri':
      return T.replaceTargetStep(action);
    case 'set-method':
      return T.setMethodStep(action.value);
    case 'normalize-uri':
      return T.normalizeStep(action);
    case 'set-status':
      return statusStep(action);
    case 'set-timeout':
      return timeoutStep(action);
    case 'strict-mode':
      return strictStep(action.isOn);
    case 'wait-for-body':
      return on === 'request' ? bodyStep(action.timeMs, action.atLeastBytes ?? 0) : () => CONTINUE;
    case 'use-service':
      return serviceStep(proxy.name);
    case 'disable-l7-retry':
      return noRetryStep;
    default: {
      const common = compileCommon(action, proxy.name, slots, on !== 'request');
      return (tx, context) => common(tx.session, context, tx);
    }
  }
}

function statusStep({ status, reason }: Extract<HttpAction, { do: 'set-status' }>): Step {
  const text = bytesOf(reason ?? reasonOf(status));
  return (tx) => {
    tx.response.status = status;
    tx.response.reasonText = text;
    if (tx.run.reply !== null) tx.status = status; // of a server's it is told when it leaves
    return CONTINUE;
  };
}

function timeoutStep({ which, ms, expression }: Extract<HttpAction, { do: 'set-timeout' }>): Step {
  const evaluate = expression === undefined ? () => ms : compileExpression(expression);
  return (tx, context) => {
    const value = numberOf(evaluate(context));
    if (value === undefined || value <= 0) return CONTINUE;
    if (which === 'server') tx.serverMs = value;
    else tx.tunnelMs = value;
    return CONTINUE;
  };
}

function strictStep(isOn: boolean): Step {
  return (tx) => {
    tx.run.isStrict = isOn;
    return CONTINUE;
  };
}

const noRetryStep: Step = (tx) => {
  tx.mayRetryLayer7 = false;
  return CONTINUE;
};
