/** Sample expressions (manual §7.3): a fetch and its converters, compiled to one function over a SampleContext. */
import type { Expression } from '../../config/http-model.js';
import { bytesOf } from './bytes-of.js';
import type { SampleContext } from './context.js';
import { compileConverters } from './converters.js';
import type { Reader } from './fetch.js';
import { fetchNamed } from './fetches.js';
import { castOf, type Kind, type Value } from './values.js';

/** @returns undefined where the sample has no value */
export type Evaluate = (context: SampleContext) => Value | undefined;

interface Sample {
  readonly kind: Kind;
  readonly evaluate: Evaluate;
}

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

function compileSample({ fetch: name, args, converters }: Expression): Sample | string {
  const source = compileFetch(name, args);
  if (typeof source === 'string') return source;
  const { kind, reader } = source;
  if (converters.length === 0) return { kind, evaluate: reader.read };
  const chain = compileConverters(kind, converters);
  if (typeof chain === 'string') return chain;
  const { read } = reader;
  const evaluate: Evaluate = (context) => {
    const sample = read(context);
    return sample === undefined ? undefined : chain.run(sample, context);
  };
  return { kind: chain.gives, evaluate };
}

/** @returns how to read a fetch with its arguments, or why it does not run */
export function compileFetch(name: string, args: readonly string[]): { kind: Kind; reader: Reader } | string {
  const fetch = fetchNamed(name);
  if (fetch === undefined) return `sample fetch '${name}' does not run in this version`;
  const reader = fetch.make(args.map(bytesOf));
  return typeof reader === 'string' ? `'${name}' ${reader}` : { kind: fetch.kind, reader };
}
