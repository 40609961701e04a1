/** What a converter is to the compiler, and short ways to write one down. */
import type { SampleContext } from './context.js';
import type { Kind, Value } from './values.js';

export type Convert = (value: Value, context: SampleContext) => Value | undefined;

export interface Converter {
  readonly takes: Kind;
  /** `same`: the kind that came in. */
  readonly gives: Kind | 'same';
  /** @returns what the arguments make of it, or why they are wrong */
  readonly make: (args: readonly string[]) => Convert | string;
}

export type Converters = { readonly [name: string]: Converter };

export function plain(takes: Kind, gives: Kind | 'same', convert: Convert): Converter {
  return { takes, gives, make: (args) => (args.length === 0 ? convert : 'takes no argument') };
}
