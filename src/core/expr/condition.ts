/**
 * Compiles conditions (`if a !b or c`) and the tests they name (manual §7) to functions over a SampleContext. All
 * parsing happens once, at load; evaluating a condition on addresses, ports and figures allocates nothing.
 */
import type { Acl, AclTest, Condition } from '../../config/model.js';
import type { SampleContext } from './context.js';
import { FETCHES, type Fetch } from './fetches.js';
import { matchesIp, parseIpPattern } from './ip-pattern.js';

export type Predicate = (context: SampleContext) => boolean;

/** ACLs that exist without being written (manual §7.4), those of layer 4. */
const PREDEFINED: { readonly [name: string]: AclTest } = {
  TRUE: { fetch: 'always_true', args: [], converters: [], flags: [], patterns: [] },
  FALSE: { fetch: 'always_false', args: [], converters: [], flags: [], patterns: [] },
  LOCALHOST: { fetch: 'src', args: [], converters: [], flags: [], patterns: ['127.0.0.0/8', '::1'] },
};

/** @returns what is wrong with a test, or null; readers turn it into a located diagnostic */
export function aclTestProblem(test: AclTest): string | null {
  const fetch = FETCHES[test.fetch];
  if (fetch === undefined || !Object.hasOwn(FETCHES, test.fetch))
    return `sample fetch '${test.fetch}' is not available in tcp mode`;
  if (test.converters.length > 0) return `converter '${test.converters[0].name}' does not run in this version`;
  for (const pattern of test.patterns) {
    if (fetch.kind === 'ip' && parseIpPattern(pattern) === undefined)
      return `'${pattern}' is not an address or a network`;
    if (fetch.kind === 'string' && matchMethod(test) === 'reg' && !isRegExp(pattern))
      return `'${pattern}' is not a regular expression`;
  }
  if (fetch.kind === 'integer' && integerMatchers(test.patterns) === null)
    return `'${test.patterns.join(' ')}' is not a number, a range (1024:65535) or an operator (eq ge gt le lt) and a number`;
  return null;
}

/** @returns true for an ACL name that needs no `acl` line */
function isPredefinedAcl(name: string): boolean {
  return Object.hasOwn(PREDEFINED, name);
}

/** @param condition checked before: every name exists and every test is sound */
export function compileCondition(condition: Condition, acls: readonly Acl[]): Predicate {
  const alternatives = condition.anyOf.map((terms) => terms.map((term) => compileTerm(term, acls)));
  const wanted = condition.when === 'if';
  return (context) => alternatives.some((terms) => terms.every((term) => term(context))) === wanted;
}

function compileTerm(term: Condition['anyOf'][number][number], acls: readonly Acl[]): Predicate {
  const tests = term.test ? [term.test] : testsNamed(term.acl ?? '', acls);
  const predicates = tests.map(compileTest);
  const { negate } = term;
  return (context) => predicates.some((p) => p(context)) !== negate;
}

function testsNamed(name: string, acls: readonly Acl[]): AclTest[] {
  const own = acls.filter((acl) => acl.name === name).map((acl) => acl.test);
  return own.length > 0 || !isPredefinedAcl(name) ? own : [PREDEFINED[name]];
}

function compileTest(test: AclTest): Predicate {
  const fetch = FETCHES[test.fetch];
  if (fetch === undefined || aclTestProblem(test) !== null) return () => false;
  switch (fetch.kind) {
    case 'ip':
      return compileIp(fetch, test);
    case 'integer':
      return compileInteger(fetch, test);
    case 'string':
      return compileString(fetch, test);
    case 'boolean':
      return (context) => fetch.read(context, test.args) ?? false;
  }
}

function compileIp(fetch: Extract<Fetch, { kind: 'ip' }>, test: AclTest): Predicate {
  const patterns = test.patterns.map((p) => parseIpPattern(p)!);
  return (context) => {
    const source = fetch.read(context) === 'source';
    const family = source ? context.sourceFamily : context.destinationFamily;
    const bytes = source ? context.source : context.destination;
    if (test.match === 'found') return family !== 0;
    return patterns.some((pattern) => matchesIp(pattern, family, bytes));
  };
}

function compileInteger(fetch: Extract<Fetch, { kind: 'integer' }>, test: AclTest): Predicate {
  const matchers = integerMatchers(test.patterns) ?? [];
  return (context) => {
    const value = fetch.read(context, test.args);
    if (value === undefined) return false;
    if (test.match === 'found') return true;
    if (test.match === 'bool') return value !== 0;
    return matchers.some((matches) => matches(value));
  };
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

function matchMethod(test: AclTest): string {
  return test.match ?? 'str';
}

function compileString(fetch: Extract<Fetch, { kind: 'string' }>, test: AclTest): Predicate {
  const fold = test.flags.includes('-i');
  const lower = (value: string) => (fold ? value.toLowerCase() : value);
  const matchers = test.patterns.map((p) => stringMatcher(matchMethod(test), lower(p), fold));
  return (context) => {
    const value = fetch.read(context, test.args);
    if (value === undefined) return false;
    if (test.match === 'found') return true;
    const folded = lower(value);
    return matchers.some((matches) => matches(folded));
  };
}

function stringMatcher(method: string, pattern: string, fold: boolean): (value: string) => boolean {
  switch (method) {
    case 'beg':
      return (v) => v.startsWith(pattern);
    case 'end':
      return (v) => v.endsWith(pattern);
    case 'sub':
      return (v) => v.includes(pattern);
    case 'dir':
      return (v) => hasWord(v, pattern, '/?');
    case 'dom':
      return (v) => hasWord(v, pattern, '/?.:');
    case 'len':
      return (v) => v.length === Number(pattern);
    case 'reg': {
      const expression = new RegExp(pattern, fold ? 'i' : '');
      return (v) => expression.test(v);
    }
    default:
      return (v) => v === pattern;
  }
}

/** Whether the pattern stands in the text between delimiters or ends. It may contain delimiters itself. */
function hasWord(text: string, pattern: string, delimiters: string): boolean {
  const isEdge = (i: number) => i < 0 || i >= text.length || delimiters.includes(text[i]);
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1))
    if (isEdge(at - 1) && isEdge(at + pattern.length)) return true;
  return false;
}

function isRegExp(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false; // the caller says so, with its place
  }
}
