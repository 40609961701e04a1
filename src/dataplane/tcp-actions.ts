/** Actions of `tcp-request` and `tcp-response` rules behind which the next rule is looked at (manual §4.2). */
import type { CommonAction, Proxy } from '../config/model.js';
import { compileExpressionAs } from '../core/expr/expression.js';
import { type CaptureSlots, compileCommon } from './http/rules/common-steps.js';
import { compileStickAction, type SessionAction } from './stick/stick-actions.js';

/** Called once for each configuration. @param proxy whose rule it is: its table is the default of `track-sc` */
export function compileTcpAction(action: CommonAction, proxy: Proxy): SessionAction {
  if (action.do === 'capture') return captureInto(action, proxy);
  const stick = compileStickAction(action, proxy.name);
  if (stick !== null) return stick;
  const step = compileCommon(action, proxy.name, NO_SLOTS);
  return (session, context) => {
    step(session, context, session.http?.transaction ?? null);
  };
}

const NO_SLOTS: CaptureSlots = { slotOf: () => ({ slot: -1, length: 0 }) };

/** The slot was made when the configuration was read; in mode tcp the session keeps what is in it, for its log line. */
function captureInto(action: Extract<CommonAction, { do: 'capture' }>, proxy: Proxy): SessionAction {
  const evaluate = compileExpressionAs('string', action.expression);
  const slot = action.id ?? -1;
  const length = proxy.http.requestCaptures[slot]?.length ?? Number.MAX_SAFE_INTEGER;
  if (typeof evaluate === 'string' || slot < 0) return () => undefined;
  return (session, context) => {
    const value = evaluate(context) as string | undefined;
    if (value === undefined) return;
    const into = session.http?.transaction?.requestCaptures ?? session.captures;
    while (into.length <= slot) into.push(null);
    into[slot] = value.slice(0, length);
  };
}
