/** Converters that keep what passes through them. */
import type { Convert, Converters } from '../converter.js';
import { textOf, type Value } from '../values.js';
import { isVariableName } from '../variables.js';

export const VARIABLES: Converters = {
  'set-var': { takes: 'any', gives: 'same', make: makeSet },
  'unset-var': { takes: 'any', gives: 'same', make: makeUnset },
  'capture-req': { takes: 'string', gives: 'string', make: (args) => makeCapture(args, 'request') },
  'capture-res': { takes: 'string', gives: 'string', make: (args) => makeCapture(args, 'response') },
  debug: { takes: 'any', gives: 'same', make: () => (value) => value },
};

/** @param before what the variable holds; undefined = not set */
type Test = (value: Value, before: Value | undefined) => boolean;

/** Conditions of `set-var` (manual §4.2): on the variable, on the new value, on both. */
export const SET_CONDITIONS: { readonly [name: string]: Test } = {
  ifexists: (_, before) => before !== undefined,
  ifnotexists: (_, before) => before === undefined,
  ifset: (_, before) => before !== undefined,
  ifnotset: (_, before) => before === undefined,
  ifempty: (value) => value === '',
  ifnotempty: (value) => value !== '',
  ifgt: (value, before) => typeof before !== 'number' || before > Number(value),
  iflt: (value, before) => typeof before !== 'number' || before < Number(value),
};

function makeSet([name, ...conditions]: readonly string[]): Convert | string {
  if (name === undefined || !isVariableName(name)) return `needs the name of a variable, not '${name ?? ''}'`;
  const wrong = conditions.find((condition) => !Object.hasOwn(SET_CONDITIONS, condition));
  if (wrong !== undefined) return `knows no condition '${wrong}'`;
  const tests = conditions.map((condition) => SET_CONDITIONS[condition]);
  return (value, context) => {
    if (tests.length === 0 || tests.every((test) => test(value, context.variable(name))))
      context.setVariable(name, value);
    return value;
  };
}

function makeUnset([name, ...more]: readonly string[]): Convert | string {
  if (name === undefined || more.length > 0 || !isVariableName(name)) return 'needs the name of a variable';
  return (value, context) => {
    context.setVariable(name, undefined);
    return value;
  };
}

function makeCapture([slot, ...more]: readonly string[], which: 'request' | 'response'): Convert | string {
  if (!/^\d+$/.test(slot ?? '') || more.length > 0) return 'needs the number of a slot';
  return (value, context) => {
    context.http?.capture?.(which, Number(slot), textOf(value));
    return value;
  };
}
