/** Sample converters (manual §7.3.1), by name, and chains of them. */
import { bytesOf } from './bytes-of.js';
import type { SampleContext } from './context.js';
import type { Convert, Converters } from './converter.js';
import { ADDRESSES } from './converters/addresses.js';
import { DATES } from './converters/dates.js';
import { ENCODINGS } from './converters/encodings.js';
import { HASHES } from './converters/hashes.js';
import { JSON_TEXTS } from './converters/json.js';
import { MAPS } from './converters/maps.js';
import { NUMBERS } from './converters/numbers.js';
import { TABLES } from './converters/tables.js';
import { TEXTS } from './converters/texts.js';
import { VARIABLES } from './converters/variables.js';
import { castOf, type Kind, type Value } from './values.js';

const CONVERTERS: Converters = {
  ...NUMBERS,
  ...TEXTS,
  ...ENCODINGS,
  ...HASHES,
  ...ADDRESSES,
  ...DATES,
  ...JSON_TEXTS,
  ...MAPS,
  ...TABLES,
  ...VARIABLES,
};

export interface Chain {
  readonly gives: Kind;
  run(value: Value, context: SampleContext): Value | undefined;
}

/** Converters in a row behind a sample of a kind. @returns why they do not run, where they do not */
export function compileConverters(from: Kind, calls: readonly { name: string; args: string[] }[]): Chain | string {
  const steps: Convert[] = [];
  let kind = from;
  for (const { name, args } of calls) {
    if (!Object.hasOwn(CONVERTERS, name)) return `converter '${name}' does not run in this version`;
    const converter = CONVERTERS[name];
    const cast = castOf(kind, converter.takes);
    const convert = converter.make(args.map(bytesOf));
    if (cast === undefined) return `converter '${name}' cannot be applied to this sample`;
    if (typeof convert === 'string') return `converter '${name}' ${convert}`;
    if (kind !== converter.takes && converter.takes !== 'any') steps.push(cast);
    steps.push(convert);
    if (converter.gives !== 'same') kind = converter.gives;
  }
  return { gives: kind, run: (value, context) => runSteps(steps, value, context) };
}

function runSteps(steps: readonly Convert[], value: Value, context: SampleContext): Value | undefined {
  let current: Value | undefined = value;
  for (let i = 0; i < steps.length; i++) {
    current = steps[i](current, context);
    if (current === undefined) return undefined;
  }
  return current;
}
