/** Actions on stick tables, for tcp and http rules alike: `track-sc0 KEY`, `sc-inc-gpc(i,n)`, `sc-set-gpt(i,n) V` … */
import type { CommonAction, Expression } from '../../config/model.js';
import type { SampleContext } from '../../core/expr/context.js';
import { compileExpression } from '../../core/expr/expression.js';
import type { Session } from '../session.js';
import { type RuleKind, STICK_COUNTERS, track } from './tracked.js';

export type SessionAction = (session: Session, context: SampleContext, kind: RuleKind) => void;

/** @param own name of the proxy whose rule it is; its table is meant where none is named @returns null for other actions */
export function compileStickAction(action: CommonAction, own: string): SessionAction | null {
  switch (action.do) {
    case 'track-sc':
      return tracking(action.counter, action.key, action.table ?? own);
    case 'sc-inc-gpc':
      return (session) => add(session, action.counter, 'gpc', action.index, 1);
    case 'sc-add-gpc': {
      const value = amount(action);
      return (session, context) => add(session, action.counter, 'gpc', action.index, value(context));
    }
    case 'sc-set-gpt': {
      const value = amount(action);
      return (session, context) => set(session, action.counter, action.index, value(context));
    }
    default:
      return null;
  }
}

function tracking(counter: number, expression: Expression, table: string): SessionAction {
  const key = compileExpression(expression);
  if (typeof key === 'string') throw new Error(key);
  return (session, context, kind) => {
    const store = session.worker.tables.get(table);
    const value = store === undefined || counter >= STICK_COUNTERS ? undefined : key(context);
    if (value !== undefined) track(session, counter, kind, store!, value);
  };
}

function amount({ value, expression }: { value?: number; expression?: Expression }): (c: SampleContext) => number {
  if (expression === undefined) return () => value ?? 0;
  const compiled = compileExpression(expression);
  if (typeof compiled === 'string') throw new Error(compiled);
  return (context) => Number(compiled(context) ?? 0);
}

/** The names under which single counters and the arrays are stored. */
const FIRST: { readonly [array: string]: readonly string[] } = { gpc: ['gpc0', 'gpc1'], gpt: ['gpt0'] };

function figure(session: Session, counter: number, array: string, index: number) {
  const place = session.tracked?.placeOf(counter) ?? -1;
  if (place < 0) return null;
  const store = session.tracked!.stores[place]!;
  const entry = session.tracked!.entries[place];
  const name = FIRST[array][index];
  const found = store.figure(array, index) ?? (name === undefined ? undefined : store.figure(name));
  const rate = store.figure(`${array}_rate`, index) ?? (name === undefined ? undefined : store.figure(`${name}_rate`));
  return { store, entry, found, rate };
}

const nowOf = (session: Session) => session.worker.reactor.nowMs + session.worker.epochOffsetMs;

function add(session: Session, counter: number, array: string, index: number, by: number): void {
  const target = figure(session, counter, array, index);
  if (target === null) return;
  const { store, entry, found, rate } = target;
  if (found !== undefined) store.add(entry, found.at, found.periodMs, by, nowOf(session));
  if (rate !== undefined) store.add(entry, rate.at, rate.periodMs, by, nowOf(session));
}

function set(session: Session, counter: number, index: number, value: number): void {
  const target = figure(session, counter, 'gpt', index);
  if (target?.found !== undefined) target.store.write(target.entry, target.found.at, 0, value, nowOf(session));
}
