/** Sample expressions (manual §7.3): a fetch and its converters, compiled to one function over a SampleContext. */
import type { Expression } from '../../config/http-model.js';
import type { SampleContext } from './context.js';
import { compileConverters } from './converters.js';
import { argumentProblem, FETCHES, type Fetch } from './fetches.js';
import { castOf, type Kind, type Value } from './values.js';

/** @returns undefined where the sample has no value */
export type Evaluate = (context: SampleContext) => Value | undefined;

/** @returns why the expression does not run, where it does not */
export function compileExpression(expression: Expression): Evaluate | string {
  const sample = compileSample(expression);
  return typeof sample === 'string' ? sample : sample.evaluate;
}

/** The same as one kind: numbers, addresses, text of whatever it is. @returns why it does not run, where it does not */
export function compileExpressionAs(kind: Kind, expression: Expression): Evaluate | string {
  const sample = compileSample(expression);
  if (typeof sample === 'string') return sample;
  const cast = castOf(sample.kind, kind);
  if (cast === undefined) return `'${expression.fetch}' cannot be used here: its value is no ${kind}`;
  const { evaluate } = sample;
  return (context) => {
    const value = evaluate(context);
    return value === undefined ? undefined : cast(value);
  };
}

/** What is wrong with an expression, or null; readers turn it into a located diagnostic. */
export function expressionProblem(expression: Expression): string | null {
  const compiled = compileExpression(expression);
  return typeof compiled === 'string' ? compiled : null;
}

function compileSample({ fetch: name, args, converters }: Expression): { kind: Kind; evaluate: Evaluate } | string {
  if (!Object.hasOwn(FETCHES, name)) return `sample fetch '${name}' does not run in this version`;
  const fetch = FETCHES[name];
  const problem = argumentProblem(name, args);
  if (problem !== null) return problem;
  const chain = compileConverters(fetch.kind, converters);
  if (typeof chain === 'string') return chain;
  if (converters.length === 0) return { kind: fetch.kind, evaluate: (context) => sampleOf(fetch, args, context) };
  return {
    kind: chain.gives,
    evaluate: (context) => {
      const sample = sampleOf(fetch, args, context);
      return sample === undefined ? undefined : chain.run(sample, context);
    },
  };
}

/** An address is copied: the context's bytes are another client's soon. */
export function sampleOf(fetch: Fetch, args: readonly string[], context: SampleContext): Value | undefined {
  if (fetch.kind !== 'ip') return fetch.read(context, args);
  const source = fetch.read(context) === 'source';
  const family = source ? context.sourceFamily : context.destinationFamily;
  const bytes = source ? context.source : context.destination;
  return family === 0 ? undefined : { family, bytes: bytes.slice(0, family === 4 ? 4 : 16) };
}
