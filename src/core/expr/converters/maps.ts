/** Converters that look a sample up in a map file (manual §7.3.1, `map`). */
import type { SampleContext } from '../context.js';
import type { Convert, Converter, Converters } from '../converter.js';
import { embeddedIpv4, type IpPattern, matchesIp, parseIpPattern } from '../ip-pattern.js';
import { compileMatcher, textMatcher } from '../matchers.js';
import type { PatternEntry, PatternFile } from '../pattern-files.js';
import { compileRegex } from '../regex.js';
import { fillGroups } from '../replace.js';
import { castOf, type IpValue, type Kind, type Value } from '../values.js';

const OUTPUTS: { readonly [suffix: string]: Kind } = { '': 'string', _str: 'string', _int: 'integer', _ip: 'ip' };
const METHODS = ['str', 'beg', 'sub', 'dir', 'dom', 'end', 'reg', 'int', 'ip'];

export const MAPS: Converters = {
  map: mapOf('str', 'string'),
  map_regm: mapOf('regm', 'string'),
  ...Object.fromEntries(
    METHODS.flatMap((method) =>
      Object.entries(OUTPUTS).map(([suffix, kind]) => [`map_${method}${suffix}`, mapOf(method, kind)]),
    ),
  ),
};

/**
 * What is wrong with the text of a map for one of these converters, or null: keys must be what it matches, and values
 * what it gives.
 */
export function mapProblem(converter: string, entries: readonly PatternEntry[]): string | null {
  const [, method = 'str', output = ''] = /^map(?:_(regm|[a-z]+?))?(_str|_int|_ip)?$/.exec(converter) ?? [];
  for (const { key, value } of entries) {
    const problem = method === 'str' ? null : keyProblem(method === 'regm' ? 'reg' : method, key);
    if (problem !== null) return problem;
    if (output === '_int' && !/^-?\d+$/.test(value)) return `'${value}' is not a number`;
    if (output === '_ip' && castOf('string', 'ip')?.(value) === undefined) return `'${value}' is not an address`;
  }
  return null;
}

function keyProblem(method: string, key: string): string | null {
  const matches = compileMatcher(method, [key], false);
  return typeof matches === 'string' ? matches : null;
}

/** Finds the entry of a sample; `filled` values have groups of the match in them. */
type Find = (value: Value) => PatternEntry | undefined;

function mapOf(method: string, gives: Kind): Converter {
  const takes: Kind = method === 'int' ? 'integer' : method === 'ip' ? 'ip' : 'string';
  return { takes, gives, make: (args) => makeMap(args, method, gives) };
}

function makeMap(args: readonly string[], method: string, gives: Kind): Convert | string {
  const [name, otherwise, ...more] = args;
  if (name === undefined || more.length > 0) return 'needs a file, and perhaps a value for what is not in it';
  const missing = otherwise === undefined ? undefined : castOf('string', gives)?.(otherwise);
  if (otherwise !== undefined && missing === undefined) return `needs an address, not '${otherwise}'`;
  const find = indexed(name, method);
  const cast = castOf('string', gives)!;
  return (value, context) => {
    const entry = find(value, context);
    return entry === undefined ? missing : cast(entry.value);
  };
}

/** The index is made anew when the file has changed. Exact keys need none. */
function indexed(name: string, method: string): (value: Value, context: SampleContext) => PatternEntry | undefined {
  if (method === 'str') return (value, context) => context.patternFiles.get(name).get(value as string);
  let known: PatternFile | null = null;
  let version = -1;
  let find: Find = () => undefined;
  return (value, context) => {
    const file = context.patternFiles.get(name);
    if (file !== known || file.version !== version) {
      find = INDEXES[method](file.all);
      [known, version] = [file, file.version];
    }
    return find(value);
  };
}

const INDEXES: { readonly [method: string]: (entries: readonly PatternEntry[]) => Find } = {
  beg: longestPrefix,
  ip: networks,
  int: (entries) => inOrder(entries, (key) => compileMatcher('int', [key], false)),
  reg: (entries) => inOrder(entries, (key) => compileMatcher('reg', [key], false)),
  regm: withGroups,
  sub: (entries) => inOrder(entries, textOfMethod('sub')),
  dir: (entries) => inOrder(entries, textOfMethod('dir')),
  dom: (entries) => inOrder(entries, textOfMethod('dom')),
  end: (entries) => inOrder(entries, textOfMethod('end')),
};

type Matches = (value: Value) => boolean;

function textOfMethod(method: string): (key: string) => Matches {
  return (key) => textMatcher(method, key) as Matches;
}

/** The first that matches; what is no pattern matches nothing. */
function inOrder(entries: readonly PatternEntry[], compile: (key: string) => Matches | string): Find {
  const rows = entries.flatMap((entry) => {
    const matches = compile(entry.key);
    return typeof matches === 'string' ? [] : [{ entry, matches }];
  });
  return (value) => rows.find(({ matches }) => matches(value))?.entry;
}

/** Of prefixes the longest (manual, `map`: the finest match). */
function longestPrefix(entries: readonly PatternEntry[]): Find {
  const byKey = new Map<string, PatternEntry>();
  for (const entry of entries) if (!byKey.has(entry.key)) byKey.set(entry.key, entry);
  const lengths = [...new Set(entries.map((entry) => entry.key.length))].sort((a, b) => b - a);
  return (value) => {
    const text = value as string;
    for (const length of lengths) {
      const entry = length <= text.length ? byKey.get(text.slice(0, length)) : undefined;
      if (entry !== undefined) return entry;
    }
    return undefined;
  };
}

function withGroups(entries: readonly PatternEntry[]): Find {
  const rows = entries.flatMap((entry) => {
    const expression = compileRegex(entry.key, false);
    return typeof expression === 'string' ? [] : [{ entry, expression }];
  });
  return (value) => {
    for (const { entry, expression } of rows) {
      const match = expression.exec(value as string);
      if (match !== null) return { key: entry.key, value: fillGroups(entry.value, match) };
    }
    return undefined;
  };
}

interface Network {
  readonly entry: PatternEntry;
  readonly pattern: IpPattern;
  readonly bits: number;
}

/** Of networks the smallest. Whole prefixes are found by their bits, a table for each length. */
function networks(entries: readonly PatternEntry[]): Find {
  const rows: Network[] = entries.flatMap((entry) => {
    const pattern = parseIpPattern(entry.key);
    return pattern === undefined
      ? []
      : [{ entry, pattern, bits: pattern.mask.reduce((sum, byte) => sum + ones(byte), 0) }];
  });
  const tables = new Map<number, Map<string, PatternEntry>>();
  for (const { entry, pattern, bits } of rows) addNetwork(tables, pattern, bits, entry);
  const lengths = [...tables.keys()].sort((a, b) => b - a);
  const ofFamily = (isIpv6: boolean) => lengths.filter((length) => length >= 1000 === isIpv6);
  // Those of the address's own family first (observed from HAProxy).
  const order = { 4: [...ofFamily(false), ...ofFamily(true)], 6: [...ofFamily(true), ...ofFamily(false)] };
  const odd = rows.filter(({ pattern, bits }) => !isPrefix(pattern.mask, bits));
  return (value) => {
    const { family, bytes } = value as IpValue;
    for (const length of order[family]) {
      const entry = lookUp(tables.get(length)!, family, bytes, length % 1000, length >= 1000);
      if (entry !== undefined) return entry;
    }
    return odd.find(({ pattern }) => matchesIp(pattern, family, bytes))?.entry;
  };
}

/** Tables of IPv6 prefixes are numbered from 1000 on. */
function addNetwork(
  tables: Map<number, Map<string, PatternEntry>>,
  { family, bytes, mask }: IpPattern,
  bits: number,
  entry: PatternEntry,
): void {
  if (!isPrefix(mask, bits)) return;
  const number = family === 4 ? bits : 1000 + bits;
  let table = tables.get(number);
  if (table === undefined) {
    table = new Map();
    tables.set(number, table);
  }
  const key = prefixKey(bytes, 0, bits);
  if (!table.has(key)) table.set(key, entry);
}

function lookUp(
  table: Map<string, PatternEntry>,
  family: 4 | 6,
  bytes: Uint8Array,
  bits: number,
  isIpv6: boolean,
): PatternEntry | undefined {
  if ((family === 6) === isIpv6) return table.get(prefixKey(bytes, 0, bits));
  if (isIpv6) return table.get(prefixKey(mapped(bytes), 0, bits));
  const at = embeddedIpv4(bytes);
  return at < 0 ? undefined : table.get(prefixKey(bytes, at, bits));
}

/** ::ffff:a.b.c.d */
function mapped(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, bytes[0], bytes[1], bytes[2], bytes[3]);
}

function prefixKey(bytes: Uint8Array, offset: number, bits: number): string {
  let key = '';
  for (let i = 0; 8 * i < bits; i++)
    key += String.fromCharCode(bytes[offset + i] & (0xff00 >> Math.min(8, bits - 8 * i)));
  return key;
}

function isPrefix(mask: Uint8Array, bits: number): boolean {
  return mask.every((byte, i) => byte === ((0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 255));
}

function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
