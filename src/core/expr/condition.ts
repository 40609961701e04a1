/**
 * Compiles conditions (`if a !b or c`) and the tests they name (manual §7) to functions over a SampleContext. All
 * parsing happens once, at load; evaluating a condition on addresses, ports and figures allocates nothing.
 *
 * A verdict has three values, because contents of which more may come can leave a test undecided (manual, `tcp-request
 * inspect-delay`): `and` is the least of its terms, `or` the greatest, and the contrary of undecided is undecided.
 */
import type { Acl, AclTest, Condition } from '../../config/model.js';
import type { SampleContext } from './context.js';
import { compileConverters } from './converters.js';
import { sampleOf } from './expression.js';
import { argumentProblem, FETCHES, type Fetch } from './fetches.js';
import { matchesIp } from './ip-pattern.js';
import { compileMatcher, ipPatterns, kindOfMethod, methodOfKind } from './matchers.js';
import { castOf } from './values.js';

type Verdict = typeof FAILS | typeof UNDECIDED | typeof HOLDS;
export const FAILS = 0;
export const UNDECIDED = 1;
export const HOLDS = 2;

export type Predicate = (context: SampleContext) => Verdict;

/** ACLs that exist without being written (manual §7.4), those of layer 4. */
const PREDEFINED: { readonly [name: string]: AclTest } = {
  TRUE: { fetch: 'always_true', args: [], converters: [], flags: [], patterns: [] },
  FALSE: { fetch: 'always_false', args: [], converters: [], flags: [], patterns: [] },
  LOCALHOST: { fetch: 'src', args: [], converters: [], flags: [], patterns: ['127.0.0.0/8', '::1'] },
};

/** @returns what is wrong with a test, or null; readers turn it into a located diagnostic */
export function aclTestProblem(test: AclTest): string | null {
  const compiled = compileTest(test);
  return typeof compiled === 'string' ? compiled : null;
}

/** @returns true where a test looks at what the client sends, which is not there when a connection is accepted */
export function readsContents(test: AclTest): boolean {
  return Object.hasOwn(FETCHES, test.fetch) && FETCHES[test.fetch].contents === true;
}

/** @returns true for an ACL name that needs no `acl` line */
function isPredefinedAcl(name: string): boolean {
  return Object.hasOwn(PREDEFINED, name);
}

/** @param condition checked before: every name exists and every test is sound */
export function compileCondition(condition: Condition, acls: readonly Acl[]): Predicate {
  const alternatives = condition.anyOf.map((terms) => terms.map((term) => compileTerm(term, acls)));
  const isNegated = condition.when === 'unless';
  return (context) => {
    let verdict: Verdict = FAILS;
    for (const terms of alternatives) {
      const all = conjunction(terms, context);
      if (all > verdict) verdict = all;
      if (verdict === HOLDS) break;
    }
    return isNegated ? contrary(verdict) : verdict;
  };
}

function conjunction(terms: readonly Predicate[], context: SampleContext): Verdict {
  let verdict: Verdict = HOLDS;
  for (const term of terms) {
    const one = term(context);
    if (one < verdict) verdict = one;
    if (verdict === FAILS) break;
  }
  return verdict;
}

function contrary(verdict: Verdict): Verdict {
  return (HOLDS - verdict) as Verdict;
}

function compileTerm(term: Condition['anyOf'][number][number], acls: readonly Acl[]): Predicate {
  const tests = term.test ? [term.test] : testsNamed(term.acl ?? '', acls);
  const predicates = tests.map(soundTest);
  const { negate } = term;
  return (context) => {
    let verdict: Verdict = FAILS;
    for (const predicate of predicates) {
      const one = predicate(context);
      if (one > verdict) verdict = one;
      if (verdict === HOLDS) break;
    }
    return negate ? contrary(verdict) : verdict;
  };
}

function testsNamed(name: string, acls: readonly Acl[]): AclTest[] {
  const own = acls.filter((acl) => acl.name === name).map((acl) => acl.test);
  return own.length > 0 || !isPredefinedAcl(name) ? own : [PREDEFINED[name]];
}

/** What cannot be evaluated never holds. Rules that decide over a connection are refused before they come here with one. */
function soundTest(test: AclTest): Predicate {
  const compiled = compileTest(test);
  return typeof compiled === 'string' ? () => FAILS : compiled;
}

function compileTest(test: AclTest): Predicate | string {
  if (!Object.hasOwn(FETCHES, test.fetch)) return `sample fetch '${test.fetch}' is not available in tcp mode`;
  const fetch = FETCHES[test.fetch];
  const problem = argumentProblem(test.fetch, test.args);
  if (problem !== null) return problem;
  const isPlain = test.converters.length === 0;
  if (fetch.kind === 'ip' && isPlain && (test.match === undefined || test.match === 'ip'))
    return compileIp(fetch, test);
  return compileSample(fetch, test);
}

/** The usual case, without a value of its own in between. */
function compileIp(fetch: Extract<Fetch, { kind: 'ip' }>, test: AclTest): Predicate | string {
  const patterns = ipPatterns(test.patterns);
  if (typeof patterns === 'string') return patterns;
  return (context) => {
    const source = fetch.read(context) === 'source';
    const family = source ? context.sourceFamily : context.destinationFamily;
    const bytes = source ? context.source : context.destination;
    for (const pattern of patterns) if (matchesIp(pattern, family, bytes)) return HOLDS;
    return FAILS;
  };
}

/** A sample, its converters, the kind its matching method wants, and the comparison. */
function compileSample(fetch: Fetch, test: AclTest): Predicate | string {
  const chain = compileConverters(fetch.kind, test.converters);
  if (typeof chain === 'string') return chain;
  const method = test.match ?? methodOfKind(chain.gives);
  const wanted = kindOfMethod(method);
  const cast = wanted === undefined ? castOf(chain.gives, chain.gives) : castOf(chain.gives, wanted);
  if (cast === undefined) return `'-m ${method}' cannot compare this sample`;
  const matches = compileMatcher(method, test.patterns, test.flags.includes('-i'));
  if (typeof matches === 'string') return matches;
  const isPlain = test.converters.length === 0;
  return (context) => {
    context.mayChange = false;
    const sample = sampleOf(fetch, test.args, context);
    const mayChange = context.mayChange && !context.isFinal;
    const converted = sample === undefined || isPlain ? sample : chain.run(sample, context);
    const value = converted === undefined ? undefined : cast(converted);
    if (value !== undefined && matches(value)) return HOLDS;
    return mayChange ? UNDECIDED : FAILS;
  };
}
