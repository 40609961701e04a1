/** Actions that rules of connections and of HTTP share: variables, captures, addresses, counters, log level (manual §4.2). */
import type { CommonAction, Expression } from '../../../config/http-model.js';
import type { SampleContext } from '../../../core/expr/context.js';
import { SET_CONDITIONS } from '../../../core/expr/converters/variables.js';
import { compileExpressionAs } from '../../../core/expr/expression.js';
import { castOf, kindOf, type Value } from '../../../core/expr/values.js';
import { compileFormat } from '../../../core/log-format/format.js';
import { keepFacts } from '../../connection-facts.js';
import type { Session } from '../../session.js';
import { classifyPackets, markPackets, vanishOnClose } from '../../socket-options.js';
import { compileStickAction, type SessionAction } from '../../stick/stick-actions.js';
import { OF_CONNECTION, OF_HTTP } from '../../stick/tracked.js';
import type { Transaction } from '../transaction.js';
import { setAddress, setPort } from './address-steps.js';
import { countRejected } from './count.js';
import { CONTINUE, DROP, type Outcome, REJECT } from './outcome.js';
import { compilePatternAction } from './pattern-steps.js';
import { compileExpression } from './step.js';

/** @param tx null in rules of connections */
export type CommonStep = (session: Session, context: SampleContext, tx: Transaction | null) => Outcome;

/** What a capture needs to know of its proxy. */
export interface CaptureSlots {
  /** @returns the slot of an action, -1 where there is none; and how many bytes it takes */
  slotOf(action: Extract<CommonAction, { do: 'capture' }>): { slot: number; length: number };
}

/** @param proxy name of the proxy whose rule it is: its table is the default of `track-sc` */
export function compileCommon(
  action: CommonAction,
  proxy: string,
  slots: CaptureSlots,
  isResponse = false,
): CommonStep {
  switch (action.do) {
    case 'reject':
      return ended(REJECT);
    case 'silent-drop':
      return silentDrop;
    case 'set-var':
      return setVariable(action.variable, action.conditions ?? [], compileExpression(action.expression));
    case 'set-var-fmt':
      return setVariable(action.variable, action.conditions ?? [], compileFormat(action.value));
    case 'unset-var':
      return unsetVariable(action.variable);
    case 'capture':
      return capture(action.expression, slots.slotOf(action), isResponse);
    case 'set-log-level':
      return logLevel(action.level);
    case 'set-src':
    case 'set-dst':
      return setAddress(action.do === 'set-src' ? 'source' : 'destination', action.expression);
    case 'set-src-port':
    case 'set-dst-port':
      return setPort(action.do === 'set-src-port' ? 'source' : 'destination', action.expression);
    case 'set-map':
    case 'del-map':
    case 'add-acl':
    case 'del-acl':
      return compilePatternAction(action);
    case 'track-sc':
    case 'sc-inc-gpc':
    case 'sc-add-gpc':
    case 'sc-set-gpt':
      return counting(compileStickAction(action, proxy));
    case 'set-mark':
      return marked(action.value, markPackets);
    case 'set-tos':
      return marked(action.value, classifyPackets);
    case 'set-priority-class':
      return prioritised(action.expression, (session, value) => {
        session.priorityClass = Math.max(-2047, Math.min(2047, value));
      });
    case 'set-priority-offset':
      return prioritised(action.expression, (session, value) => {
        session.priorityOffsetMs = Math.max(-524_287, Math.min(524_287, value));
      });
    default:
      return nothing; // set-nice is named when the configuration is read
  }
}

const nothing: CommonStep = () => CONTINUE;

/** Packets towards the client. */
function marked(value: number, set: (fd: number, value: number) => void): CommonStep {
  return (session) => {
    set(session.clientFd, value);
    return CONTINUE;
  };
}

/** Its place in queues. */
function prioritised(expression: Expression, set: (session: Session, value: number) => void): CommonStep {
  const evaluate = compileExpressionAs('integer', expression);
  if (typeof evaluate === 'string') return nothing;
  return (session, context, tx) => {
    const value = evaluate(context);
    if (tx !== null) keepFacts(session);
    if (typeof value === 'number') set(session, value);
    return CONTINUE;
  };
}

function counting(act: SessionAction | null): CommonStep {
  if (act === null) return nothing;
  return (session, context, tx) => {
    act(session, context, tx === null ? OF_CONNECTION : OF_HTTP);
    return CONTINUE;
  };
}

function ended(outcome: Outcome): CommonStep {
  return (_, __, tx) => {
    if (tx !== null) closedBy(tx);
    return outcome;
  };
}

/** Nothing is known of the request's time in the log line, as in HAProxy (observed). */
function closedBy(tx: Transaction): void {
  countRejected(tx);
  tx.run.end = tx.hasResponse ? 'PH' : 'PR';
  tx.headMs = 0;
}

const silentDrop: CommonStep = (session, _, tx) => {
  vanishOnClose(session.clientFd);
  if (tx !== null) closedBy(tx);
  return DROP;
};

type Conditions = Extract<CommonAction, { do: 'set-var' }>['conditions'];

function setVariable(
  name: string,
  conditions: NonNullable<Conditions>,
  evaluate: (context: SampleContext) => Value | undefined,
): CommonStep {
  const tests = conditions.map((condition) => SET_CONDITIONS[condition]);
  return (_, context) => {
    const value = evaluate(context);
    // A sample without a value leaves the variable as it is.
    if (value !== undefined && tests.every((test) => test(value, context.variable(name))))
      context.setVariable(name, value);
    return CONTINUE;
  };
}

function unsetVariable(name: string): CommonStep {
  return (_, context) => {
    context.setVariable(name, undefined);
    return CONTINUE;
  };
}

/** Where the frontend has no such slot the rule changes nothing (manual, `http-request capture`). */
function capture(
  expression: Expression,
  { slot, length }: { slot: number; length: number },
  isResponse: boolean,
): CommonStep {
  const evaluate = compileExpressionAs('string', expression);
  if (typeof evaluate === 'string' || slot < 0) return nothing;
  return (_, context, tx) => {
    const value = evaluate(context);
    if (tx === null || value === undefined) return CONTINUE;
    const captures = isResponse ? tx.responseCaptures : tx.requestCaptures;
    if (slot < captures.length) captures[slot] = (value as string).slice(0, length);
    return CONTINUE;
  };
}

function logLevel(level: Extract<CommonAction, { do: 'set-log-level' }>['level']): CommonStep {
  return (session, _, tx) => {
    if (tx !== null) tx.logLevel = level;
    else session.logLevel = level;
    return CONTINUE;
  };
}

/** A number of whatever an expression gives; undefined where it gives none. */
export function numberOf(value: Value | undefined): number | undefined {
  if (value === undefined) return undefined;
  const cast = castOf(kindOf(value), 'integer')?.(value);
  return typeof cast === 'number' ? cast : undefined;
}
