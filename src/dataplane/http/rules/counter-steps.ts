/** `track-sc0` …, `sc-inc-gpc`, `sc-add-gpc`, `sc-set-gpt` (manual §4.2): counters of the session in stick tables. */
import type { CommonAction } from '../../../config/http-model.js';
import type { SampleContext } from '../../../core/expr/context.js';
import type { StickStore } from '../../../core/stick/store.js';
import type { Session } from '../../session.js';
import { track } from '../../stick/tracked.js';
import { type CommonStep, numberOf } from './common-steps.js';
import { CONTINUE } from './outcome.js';
import { compileExpression } from './step.js';

type Action = Extract<CommonAction, { do: 'track-sc' | 'sc-inc-gpc' | 'sc-add-gpc' | 'sc-set-gpt' }>;

export function compileCounterAction(action: Action, proxy: string): CommonStep {
  if (action.do === 'track-sc') return trackStep(action, action.table ?? proxy);
  if (action.do === 'sc-inc-gpc') return changeStep(action, 'gpc', () => 1, true);
  const amount = amountOf(action);
  return action.do === 'sc-add-gpc'
    ? changeStep(action, 'gpc', amount, true)
    : changeStep(action, 'gpt', amount, false);
}

function amountOf({ value, expression }: Extract<Action, { do: 'sc-add-gpc' | 'sc-set-gpt' }>): Amount {
  if (expression === undefined) return () => value ?? 0;
  const evaluate = compileExpression(expression);
  return (context) => numberOf(evaluate(context));
}

type Amount = (context: SampleContext) => number | undefined;

function trackStep({ counter, key }: Extract<Action, { do: 'track-sc' }>, table: string): CommonStep {
  const evaluate = compileExpression(key);
  return (session, context, tx) => {
    const store = session.worker.tables.get(table);
    const value = evaluate(context);
    if (store !== undefined && value !== undefined) track(session, counter, tx !== null, store, value);
    return CONTINUE;
  };
}

/** In the entry that the counter tracks; without one, or without such a figure, nothing happens. */
function changeStep(
  { index, counter }: { index: number; counter: number },
  figure: 'gpc' | 'gpt',
  amount: Amount,
  adds: boolean,
): CommonStep {
  return (session, context) => {
    const place = session.tracked?.placeOf(counter) ?? -1;
    const by = amount(context);
    if (place < 0 || by === undefined) return CONTINUE;
    const store = session.tracked!.stores[place]!;
    const entry = session.tracked!.entries[place];
    change(session, store, entry, figure, index, by, adds);
    return CONTINUE;
  };
}

/** The array's element, or the figure of older configurations: `gpc0`. A counter counts in its rate as well. */
function change(
  session: Session,
  store: StickStore,
  entry: number,
  figure: string,
  index: number,
  by: number,
  adds: boolean,
): void {
  const now = session.worker.reactor.nowMs + session.worker.epochOffsetMs;
  const found = store.figure(figure, index) ?? store.figure(`${figure}${index}`);
  const rate = adds ? (store.figure(`${figure}_rate`, index) ?? store.figure(`${figure}${index}_rate`)) : undefined;
  if (rate !== undefined) store.add(entry, rate.at, rate.periodMs, by, now);
  if (found === undefined) return;
  if (adds) store.add(entry, found.at, found.periodMs, by, now);
  else store.write(entry, found.at, found.periodMs, by, now);
}
