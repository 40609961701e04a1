/** What a sample fetch is to the compiler, and short ways to write one down. */
import type { SampleContext } from './context.js';
import type { Span } from './span.js';
import { spanText } from './span.js';
import type { IpValue, Kind, Value } from './values.js';

/** Reads a sample. `first` and `next` are for ACLs, which look at every occurrence (manual §7.3.6). */
export interface Reader {
  readonly read: (c: SampleContext) => Value | undefined;
  readonly first?: (c: SampleContext) => Value | undefined;
  readonly next?: (c: SampleContext) => Value | undefined;
  /** The same without making a string of it. */
  readonly spans?: SpanReader;
  /** The same without copying an address. */
  readonly side?: 'source' | 'destination';
}

export interface SpanReader {
  readonly find: (c: SampleContext) => Span | null;
  readonly first?: (c: SampleContext) => Span | null;
  readonly next?: (c: SampleContext) => Span | null;
}

export interface Fetch {
  readonly kind: Kind;
  /** Looks into what the client has sent, or waits with those that do. */
  readonly contents?: true;
  /** How an ACL compares it where nothing else is written, if not as its kind is. */
  readonly match?: string;
  /** @returns how to read it with these arguments, or what is wrong with them */
  readonly make: (args: readonly string[]) => Reader | string;
}

export type Fetches = { readonly [name: string]: Fetch };

type Read<T> = (c: SampleContext, args: readonly string[]) => T | undefined;

/** Arguments, at least and at most. */
function plain<T extends Value>(kind: Kind, read: Read<T>, least: number, most: number): Fetch {
  return {
    kind,
    make: (args) => countProblem(args, least, most) ?? { read: (c) => read(c, args) },
  };
}

export function countProblem(args: readonly string[], least: number, most: number): string | undefined {
  if (args.length < least) return least === 1 ? 'needs an argument' : `needs ${least} arguments`;
  if (args.length <= most) return undefined;
  return most === 0 ? 'takes no argument' : `takes at most ${most} argument${most > 1 ? 's' : ''}`;
}

export const integer = (read: Read<number>, least = 0, most = least): Fetch => plain('integer', read, least, most);
export const text = (read: Read<string>, least = 0, most = least): Fetch => plain('string', read, least, most);
export const binary = (read: Read<string>, least = 0, most = least): Fetch => plain('binary', read, least, most);
export const boolean = (read: Read<boolean>, least = 0, most = least): Fetch => plain('boolean', read, least, most);
export const address = (read: Read<IpValue>, least = 0, most = least): Fetch => plain('ip', read, least, most);

export function waiting(fetch: Fetch): Fetch {
  return { ...fetch, contents: true };
}

/** Text that stands in a message. */
export function spans(make: (args: readonly string[]) => SpanReader | string): Fetch {
  return derived('string', make, spanText);
}

/** What is made of text that stands in a message, of every occurrence. */
export function derived<T extends Value>(
  kind: Kind,
  make: (args: readonly string[]) => SpanReader | string,
  of: (span: Span) => T | undefined,
): Fetch {
  return {
    kind,
    contents: true,
    make: (args) => {
      const reader = make(args);
      return typeof reader === 'string' ? reader : readerOf(reader, of, kind === 'string');
    },
  };
}

function readerOf<T extends Value>(spans: SpanReader, of: (span: Span) => T | undefined, isText: boolean): Reader {
  const { find, first, next } = spans;
  const read = (c: SampleContext) => {
    const span = find(c);
    return span === null ? undefined : of(span);
  };
  if (first === undefined || next === undefined) return isText ? { read, spans } : { read };
  // What cannot be made of an occurrence can perhaps be made of the next one.
  const from = (c: SampleContext, begin: Span | null) => {
    for (let span = begin; span !== null; span = next(c)) {
      const value = of(span);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const each = { first: (c: SampleContext) => from(c, first(c)), next: (c: SampleContext) => from(c, next(c)) };
  return isText ? { read, ...each, spans } : { read, ...each };
}
