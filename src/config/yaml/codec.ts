/**
 * A codec knows one kind of value in three ways: its schema (for editors, and for what is wrong in shape), how it reads
 * into the model, and how the model's value is written. One table of them serves reader, writer and JSON Schema.
 * Messages of schemas are `what is wrong; what to write instead`.
 */
import { z } from 'zod';
import type { Loc } from '../diagnostics.js';
import { didYouMean } from '../suggest.js';
import { type Parsed, parseDuration } from '../units.js';
import { knownKey } from './keys.js';
import { isObject, type Path, type Plain, type YamlSource } from './source.js';

/** What is written: plain data, with a Map where the order of names counts. */
export type Written = null | boolean | number | string | Written[] | Map<string, Written>;

export interface Codec<V> {
  readonly schema: z.ZodType;
  /** @param data what the schema has accepted; @returns undefined after a complaint */
  read(data: Plain, place: Place): V | undefined;
  write(value: V): Written;
}

/** Where a value stands, and how to complain about it. */
export class Place {
  constructor(
    readonly source: YamlSource,
    readonly path: Path,
  ) {}

  child(key: string | number): Place {
    return new Place(this.source, [...this.path, key]);
  }

  get loc(): Loc {
    return this.source.locate(this.path);
  }

  /** Also where it was complained about, and taken out of the data. */
  get isWritten(): boolean {
    return this.source.locate(this.path) !== this.source.locate(this.path.slice(0, -1));
  }

  get keyLoc(): Loc {
    return this.source.locateKey(this.path);
  }

  error(code: string, message: string, remedy?: string): undefined {
    this.source.diag.error(code, this.loc, message, remedy);
  }

  warning(code: string, message: string, remedy?: string): void {
    this.source.diag.warning(code, this.loc, message, remedy);
  }

  /** The value of a parse of this text, or undefined after the complaint. */
  parsed<T>(code: string, parsed: Parsed<T>): T | undefined {
    return parsed.ok ? parsed.value : this.error(code, parsed.message, parsed.remedy);
  }

  /** Entries of an object in the order of the file: JavaScript would put numbers first. */
  entries(data: Plain): [string, Plain, Place][] {
    if (!isObject(data)) return [];
    const found = Object.entries(data).map(([key, value]): [string, Plain, Place] => [key, value, this.child(key)]);
    const order = ([, , place]: [string, Plain, Place]) => place.keyLoc.line * 1e6 + place.keyLoc.col;
    return found.sort((a, b) => order(a) - order(b));
  }
}

/** A codec whose YAML value is the model's value. */
function same<V extends Written & Plain>(schema: z.ZodType): Codec<V> {
  return { schema, read: (data) => data as V, write: (value) => value };
}

export const text: Codec<string> = same(
  z.string({ error: (issue) => `a text is needed, not ${nameOf(issue.input)}; put it in quotes` }),
);

export const flag: Codec<boolean> = same(
  z.boolean({ error: (issue) => `true or false is needed, not ${nameOf(issue.input)}; write 'true' or 'false'` }),
);

/** An integer within bounds, both included. */
export function count(min = 0, max = Number.MAX_SAFE_INTEGER): Codec<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  const error = (issue: { input?: unknown }) => `${nameOf(issue.input)} does not fit; write an integer ${range}`;
  return same(z.int({ error }).min(min, { error }).max(max, { error }));
}

/** One of a few words. */
export function choice<T extends string>(...words: readonly T[]): Codec<T> {
  const remedy = (input: unknown) =>
    didYouMean(typeof input === 'string' ? input : '', words, `write one of ${words.join(', ')}`);
  return same(z.enum(words, { error: (issue) => `unknown word ${nameOf(issue.input)}; ${remedy(issue.input)}` }));
}

/** A time with its unit, in ms. */
export function duration(minMs = 0): Codec<number> {
  return {
    schema: z
      .string({ error: (issue) => durationProblem(issue.input) })
      .regex(/^\d+(us|ms|s|m|h|d)$/, { error: (issue) => durationProblem(issue.input) }),
    read: (data, place) => {
      const ms = place.parsed('bad-time', parseDuration(String(data)))?.ms;
      if (ms === undefined || ms >= minMs) return ms;
      return place.error('out-of-range', `'${data}' is too short`, `write '${durationText(minMs)}' or more`);
    },
    write: durationText,
  };
}

/** Takes away what a default has set. */
export const NONE = 'none';

/** Where `none` may stand, too: it reads as NaN. */
export const durationOrNone: Codec<number> = {
  ...duration(),
  schema: z
    .string({ error: (issue) => durationProblem(issue.input) })
    .regex(/^(none|\d+(us|ms|s|m|h|d))$/, { error: (issue) => durationProblem(issue.input) }),
  read: (data, place) => (data === NONE ? Number.NaN : duration().read(data, place)),
};

function durationProblem(input: unknown): string {
  if (typeof input === 'number') return `the time ${input} has no unit; write '${input}ms', or '${input}s' for seconds`;
  if (typeof input === 'string' && /^\d+$/.test(input)) return durationProblem(Number(input));
  return `${nameOf(input)} is not a time; write an integer and one of us, ms, s, m, h, d, such as '10s'`;
}

/** The largest unit that holds the time exactly. */
export function durationText(ms: number): string {
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
  const unit = Object.entries(units).find(([, size]) => ms > 0 && ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}

/** Permissions as octal digits. A bare number is refused: YAML would read it as decimal. */
export const octalMode: Codec<number> = {
  schema: z
    .string({ error: (issue) => `a mode is octal digits in quotes, not ${nameOf(issue.input)}; write such as "660"` })
    .regex(/^[0-7]{1,4}$/, { error: 'a mode is up to four octal digits; write such as "660"' }),
  read: (data) => Number.parseInt(String(data), 8),
  write: (value) => value.toString(8),
};

/** One value, or a list of them. */
export function oneOrMany<V>(item: Codec<V>): Codec<V[]> {
  return {
    schema: either('one value or a list is needed', item.schema, z.array(item.schema)),
    read: (data, place) => readList(item, Array.isArray(data) ? data : [data], place, Array.isArray(data)),
    write: (values) => (values.length === 1 ? item.write(values[0]) : values.map((value) => item.write(value))),
  };
}

export function list<V>(item: Codec<V>): Codec<V[]> {
  return {
    schema: z.array(item.schema, { error: (issue) => `a list is needed, not ${nameOf(issue.input)}; write [ … ]` }),
    read: (data, place) => readList(item, data as Plain[], place, true),
    write: (values) => values.map((value) => item.write(value)),
  };
}

function readList<V>(item: Codec<V>, data: Plain[], place: Place, isIndexed: boolean): V[] {
  return data
    .map((entry, i) => item.read(entry, isIndexed ? place.child(i) : place))
    .filter((value): value is Awaited<V> & {} => value !== undefined);
}

/** Alternatives, told apart by the kind of value; `message` answers a value that is none of them. */
export function either(message: string, ...schemas: z.ZodType[]): z.ZodType {
  const [what, remedy] = message.split('; ');
  const tail = remedy === undefined ? '' : `; ${remedy}`;
  return z.union(schemas, { error: (issue) => `${what}, not ${nameOf(issue.input)}${tail}` });
}

/**
 * An object with known keys. Other spellings and names of them are read; an unknown key is an error with the near miss.
 * @param what names the object in messages: `a server`
 * @param hints remedies for keys that belong elsewhere
 */
export function strict(what: string, shape: z.ZodRawShape, hints: { readonly [key: string]: string } = {}): z.ZodType {
  const known = Object.keys(shape);
  const error = (issue: { input?: unknown }) =>
    `${what} is written with keys, not as ${nameOf(issue.input)}; write some of ${known.slice(0, 8).join(', ')}`;
  return z.preprocess(
    (data, ctx) => {
      if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
      const entries = Object.entries(data).map(([raw, value]) => {
        const key = knownKey(raw, known);
        if (key === undefined) ctx.issues.push(unknownKey(raw, value, what, known, hints));
        return [key ?? raw, value];
      });
      return Object.fromEntries(entries);
    },
    z.strictObject(shape, { error }),
  );
}

function unknownKey(raw: string, input: unknown, what: string, known: string[], hints: { [key: string]: string }) {
  const near = didYouMean(raw, known, `known here: ${known.join(', ')}`);
  const message = `unknown key '${raw}' in ${what}; ${Object.hasOwn(hints, raw) ? hints[raw] : near}`;
  return { code: 'custom' as const, path: [raw], message, input, params: { code: 'unknown-key' } };
}

/** The value as a person would name it. */
export function nameOf(input: unknown): string {
  if (input === undefined || input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a block of keys';
  return `'${input}'`;
}

/** An object without the fields that are undefined: the model compares by what is in it. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** Whether two written values are the same text. */
export function isSameWritten(a: Written | undefined, b: Written): boolean {
  return a !== undefined && JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

function comparable(value: Written): unknown {
  if (value instanceof Map) return [...value].map(([key, inner]) => [key, comparable(inner)]);
  return Array.isArray(value) ? value.map(comparable) : value;
}
