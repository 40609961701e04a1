/** Converters of numbers and truth values. Integers have 64 bits, as HAProxy counts. */
import type { SampleContext } from '../context.js';
import { type Convert, type Converter, type Converters, plain } from '../converter.js';
import { bigIntegerOf, castOf } from '../values.js';
import { isVariableName } from '../variables.js';

export const NUMBERS: Converters = {
  add: arithmetic((a, b) => saturated(a + b)),
  sub: arithmetic((a, b) => saturated(a - b)),
  mul: arithmetic((a, b) => saturated(a * b)),
  div: arithmetic((a, b) => (b === 0n ? LARGEST : saturated(a / b))),
  mod: arithmetic((a, b) => (b === 0n ? 0n : a % b)),
  and: arithmetic((a, b) => a & b),
  or: arithmetic((a, b) => a | b),
  xor: arithmetic((a, b) => a ^ b),
  cpl: plain('integer', 'integer', (value) => Number(~bigIntegerOf(value as number))),
  neg: plain('integer', 'integer', (value) => -(value as number)),
  bool: plain('integer', 'boolean', (value) => value !== 0),
  not: plain('integer', 'boolean', (value) => value === 0),
  even: plain('integer', 'boolean', (value) => (value as number) % 2 === 0),
  odd: plain('integer', 'boolean', (value) => (value as number) % 2 !== 0),
  iif: { takes: 'boolean', gives: 'string', make: ([yes, no]) => makeIif(yes, no) },
};

const LARGEST = 0x7fff_ffff_ffff_ffffn;
const SMALLEST = -LARGEST - 1n;

function saturated(value: bigint): bigint {
  if (value > LARGEST) return LARGEST;
  return value < SMALLEST ? SMALLEST : value;
}

/** Of integers, with a number or a variable behind the name. What is not exact in a double is done in 64 bits. */
function arithmetic(compute: (a: bigint, b: bigint) => bigint): Converter {
  return {
    takes: 'integer',
    gives: 'integer',
    make: ([text, ...more]) => {
      if (text === undefined || more.length > 0) return 'needs one number or variable';
      if (/^-?\d+$/.test(text)) return byConstant(compute, BigInt(text));
      if (!isVariableName(text)) return `needs one number or variable, not '${text}'`;
      return (value, context) => byVariable(compute, value as number, text, context);
    },
  };
}

function byConstant(compute: (a: bigint, b: bigint) => bigint, operand: bigint): Convert {
  return (value) => Number(compute(bigIntegerOf(value as number), operand));
}

/** A variable that is not set, or no number, is 0 (observed from HAProxy). */
function byVariable(compute: (a: bigint, b: bigint) => bigint, value: number, name: string, c: SampleContext): number {
  const operand = c.variable(name);
  const number = operand === undefined ? 0 : ((castOf('any', 'integer')?.(operand) as number | undefined) ?? 0);
  return Number(compute(bigIntegerOf(value), bigIntegerOf(number)));
}

function makeIif(yes: string | undefined, no: string | undefined): Convert | string {
  if (yes === undefined || no === undefined) return 'needs two texts';
  return (value) => (value ? yes : no);
}
