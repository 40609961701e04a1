/** A rule after compilation: a condition and what is done where it holds, as plain functions. */

import type { Expression } from '../../../config/http-model.js';
import type { Condition, Proxy } from '../../../config/model.js';
import { compileCondition, HOLDS, type Predicate } from '../../../core/expr/condition.js';
import type { SampleContext } from '../../../core/expr/context.js';
import { type Evaluate, compileExpression as tryExpression } from '../../../core/expr/expression.js';
import type { Transaction } from '../transaction.js';
import type { Outcome } from './outcome.js';

/** Anything but CONTINUE ends the evaluation of the rules of this kind. */
export type Step = (tx: Transaction, context: SampleContext) => Outcome;

export interface CompiledRule {
  /** null = always. */
  readonly when: Predicate | null;
  /** null = `allow`: the rules of this proxy are done. */
  readonly step: Step | null;
}

/** @returns null for a rule without a condition */
export function compileWhen(condition: Condition | undefined, proxy: Proxy): Predicate | null {
  return condition === undefined ? null : compileCondition(condition, proxy.acls);
}

/** Nobody waits in http rules: what is undecided does not hold. */
export function holds(when: Predicate | null, context: SampleContext): boolean {
  return when === null || when(context) === HOLDS;
}

/** Whether one of the conditions holds. */
export function anyHolds(conditions: readonly Predicate[], context: SampleContext): boolean {
  for (const when of conditions) if (when(context) === HOLDS) return true;
  return false;
}

const NEVER: Evaluate = () => undefined;

/** An expression that does not run was named when the configuration was read; it has no value. */
export function compileExpression(expression: Expression): Evaluate {
  const compiled = tryExpression(expression);
  return typeof compiled === 'string' ? NEVER : compiled;
}
