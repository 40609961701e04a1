/** Matching methods (manual §7.1.2 to §7.1.6): from a method and its patterns to a function over samples of one kind. */
import { type IpPattern, matchesIp, parseIpPattern } from './ip-pattern.js';
import { lowerAscii } from './letters.js';
import { compileRegex } from './regex.js';
import type { IpValue, Kind, Value } from './values.js';

export type Matcher = (value: Value) => boolean;

const TEXT_METHODS = ['str', 'sub', 'reg', 'beg', 'end', 'dir', 'dom', 'len', 'bin', 'meth'] as const;

/** The kind a method compares, where it is one that compares. */
export function kindOfMethod(method: string): Kind | undefined {
  if (method === 'int') return 'integer';
  if (method === 'bool') return 'boolean';
  if (method === 'ip') return 'ip';
  return TEXT_METHODS.includes(method as never) ? 'string' : undefined;
}

/** The method of a sample for which none is written. */
export function methodOfKind(kind: Kind): string {
  return { ip: 'ip', integer: 'int', boolean: 'bool', string: 'str', binary: 'bin', any: 'str' }[kind];
}

/** @returns why the patterns cannot be compared, where they cannot */
export function compileMatcher(method: string, patterns: readonly string[], fold: boolean): Matcher | string {
  if (method === 'found') return () => true;
  if (method === 'bool') return (value) => value === true;
  if (method === 'int') return integers(patterns, (value) => value as number);
  if (method === 'len') return integers(patterns, (value) => (value as string).length);
  if (method === 'ip') return addresses(patterns);
  if (method === 'bin') return binaries(patterns);
  return texts(method, patterns, fold);
}

function integers(patterns: readonly string[], read: (value: Value) => number): Matcher | string {
  const matchers = integerMatchers(patterns);
  if (matchers === null)
    return `'${patterns.join(' ')}' is not a number, a range (1024:65535) or an operator (eq ge gt le lt) and a number`;
  return (value) => {
    const number = read(value);
    for (const matches of matchers) if (matches(number)) return true;
    return false;
  };
}

/** @returns patterns that are all addresses or networks, or the first that is not */
export function ipPatterns(patterns: readonly string[]): IpPattern[] | string {
  const parsed: IpPattern[] = [];
  for (const text of patterns) {
    const pattern = parseIpPattern(text);
    if (pattern === undefined) return `'${text}' is not an address or a network`;
    parsed.push(pattern);
  }
  return parsed;
}

function addresses(patterns: readonly string[]): Matcher | string {
  const parsed = ipPatterns(patterns);
  if (typeof parsed === 'string') return parsed;
  return (value) => {
    const { family, bytes } = value as IpValue;
    for (const pattern of parsed) if (matchesIp(pattern, family, bytes)) return true;
    return false;
  };
}

/** Bytes written in hexadecimal. */
function binaries(patterns: readonly string[]): Matcher | string {
  const wrong = patterns.find((pattern) => !/^([0-9a-fA-F]{2})+$/.test(pattern));
  if (wrong !== undefined) return `'${wrong}' is not bytes in hexadecimal`;
  const wanted = patterns.map((pattern) =>
    pattern.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))),
  );
  return (value) => wanted.includes(value as string);
}

type IntegerMatcher = (value: number) => boolean;

const OPERATORS: { readonly [name: string]: (a: number, b: number) => boolean } = {
  eq: (a, b) => a === b,
  ge: (a, b) => a >= b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  lt: (a, b) => a < b,
};

/** `80`, `1024:65535`, `gt 100`: an operator holds for the numbers behind it until the next one. */
function integerMatchers(patterns: readonly string[]): IntegerMatcher[] | null {
  const matchers: IntegerMatcher[] = [];
  let compare = OPERATORS.eq;
  for (const pattern of patterns) {
    if (Object.hasOwn(OPERATORS, pattern)) {
      compare = OPERATORS[pattern];
      continue;
    }
    const range = /^(-?\d*):(-?\d*)$/.exec(pattern);
    if (range !== null && pattern !== ':') {
      const low = range[1] === '' ? Number.NEGATIVE_INFINITY : Number(range[1]);
      const high = range[2] === '' ? Number.POSITIVE_INFINITY : Number(range[2]);
      matchers.push((value) => value >= low && value <= high);
    } else if (/^-?\d+$/.test(pattern)) {
      const operator = compare;
      matchers.push((value) => operator(value, Number(pattern)));
    } else return null;
  }
  return matchers;
}

function texts(method: string, patterns: readonly string[], isFolded: boolean): Matcher | string {
  if (method === 'reg') return expressions(patterns, isFolded);
  const lower = isFolded ? lowerAscii : (value: string) => value;
  if (method === 'str' || method === 'meth') {
    const known = new Set(patterns.map(lower));
    return (value) => known.has(lower(value as string));
  }
  const matchers = patterns.map((pattern) => textMatcher(method, lower(pattern)));
  return (value) => {
    const folded = lower(value as string);
    for (let i = 0; i < matchers.length; i++) if (matchers[i](folded)) return true;
    return false;
  };
}

function expressions(patterns: readonly string[], isFolded: boolean): Matcher | string {
  const compiled: RegExp[] = [];
  for (const pattern of patterns) {
    const one = compileRegex(pattern, isFolded);
    if (typeof one === 'string') return one;
    compiled.push(one);
  }
  return (value) => {
    for (let i = 0; i < compiled.length; i++) if (compiled[i].test(value as string)) return true;
    return false;
  };
}

/** Methods that compare with one pattern at a time. */
export function textMatcher(method: string, pattern: string): (value: string) => boolean {
  switch (method) {
    case 'beg':
      return (v) => v.startsWith(pattern);
    case 'end':
      return (v) => v.endsWith(pattern);
    case 'sub':
      return (v) => v.includes(pattern);
    case 'dir':
      return delimited(pattern, '/?');
    case 'dom':
      return delimited(pattern, '/?.:');
    default:
      return (v) => v === pattern;
  }
}

/** Whether the pattern stands between delimiters or ends. Delimiters around the pattern itself do not count. */
function delimited(pattern: string, delimiters: string): (value: string) => boolean {
  const bare = withoutEdges(pattern, delimiters);
  if (bare === '') return () => false;
  return (text) => {
    const isEdge = (i: number) => i < 0 || i >= text.length || delimiters.includes(text[i]);
    for (let at = text.indexOf(bare); at >= 0; at = text.indexOf(bare, at + 1))
      if (isEdge(at - 1) && isEdge(at + bare.length)) return true;
    return false;
  };
}

/** `/images/` is `images` (manual §7.1.3). */
export function withoutEdges(pattern: string, delimiters: string): string {
  let [from, to] = [0, pattern.length];
  while (from < to && delimiters.includes(pattern[from])) from++;
  while (to > from && delimiters.includes(pattern[to - 1])) to--;
  return pattern.slice(from, to);
}
