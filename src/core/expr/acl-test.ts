/** One test of an ACL (manual §7.1): a sample, its converters, and how it is compared. */
import type { AclTest } from '../../config/model.js';
import { bytesOf } from './bytes-of.js';
import type { SampleContext } from './context.js';
import { type Chain, compileConverters } from './converters.js';
import { compileFetch } from './expression.js';
import type { Reader, SpanReader } from './fetch.js';
import { aclFetch, fetchNamed } from './fetches.js';
import { matchesIp } from './ip-pattern.js';
import { compileMatcher, ipPatterns, kindOfMethod, type Matcher, methodOfKind } from './matchers.js';
import { compileSpanMatcher, type SpanMatcher } from './span-matchers.js';
import { castOf, type Kind, type Value } from './values.js';
import { FAILS, HOLDS, UNDECIDED, type Verdict } from './verdict.js';

type Predicate = (context: SampleContext) => Verdict;

/** @returns why the test does not run, where it does not */
export function compileTest(test: AclTest): Predicate | string {
  const { fetch: name, match: implied } = aclFetch(test.fetch);
  const source = compileFetch(name, test.args);
  if (typeof source === 'string') return source;
  const isPlain = test.converters.length === 0;
  const method = test.match ?? (isPlain ? (implied ?? fetchNamed(name)?.match) : undefined);
  const { kind, reader } = source;
  if (isPlain && reader.side !== undefined && (method ?? 'ip') === 'ip') return compileSide(reader.side, test.patterns);
  if (method === 'group') return compileGroups(reader, test);
  return compileSample(kind, reader, { ...test, match: method });
}

/** The usual case, without a value of its own in between. */
function compileSide(side: 'source' | 'destination', texts: readonly string[]): Predicate | string {
  const patterns = ipPatterns(texts);
  if (typeof patterns === 'string') return patterns;
  return (context) => {
    const isSource = side === 'source';
    const family = isSource ? context.sourceFamily : context.destinationFamily;
    const bytes = isSource ? context.source : context.destination;
    for (let i = 0; i < patterns.length; i++) if (matchesIp(patterns[i], family, bytes)) return HOLDS;
    return FAILS;
  };
}

/** `http_auth_group(LIST) GROUP …`: whether the user is in one of the groups. */
function compileGroups(reader: Reader, { args, patterns }: AclTest): Predicate {
  return (context) => {
    const user = reader.read(context);
    if (user === undefined || context.http === null) return FAILS;
    const groups = context.http.groupsOf(args[0], user as string);
    return groups.some((group) => patterns.includes(group)) ? HOLDS : FAILS;
  };
}

/** A sample, its converters, the kind its matching method wants, and the comparison. */
function compileSample(kind: Kind, reader: Reader, test: AclTest): Predicate | string {
  const chain = compileConverters(kind, test.converters);
  if (typeof chain === 'string') return chain;
  const method = test.match ?? methodOfKind(chain.gives);
  const cast = castOf(chain.gives, kindOfMethod(method) ?? chain.gives);
  if (cast === undefined) return `'-m ${method}' cannot compare this sample`;
  const isFolded = test.flags.includes('-i');
  const patterns = test.patterns.map(bytesOf);
  const matches = compileMatcher(method, patterns, isFolded);
  if (typeof matches === 'string') return matches;
  if (test.converters.length > 0) return overConverted(reader, chain, cast, matches);
  const bySpan = reader.spans && compileSpanMatcher(method, patterns, isFolded);
  return bySpan ? overSpans(reader.spans, bySpan) : overValues(reader, cast, matches);
}

/** Every occurrence is looked at, where there may be several. */
function overValues(
  { read, first, next }: Reader,
  cast: (value: Value) => Value | undefined,
  matches: Matcher,
): Predicate {
  return (context) => {
    context.mayChange = false;
    for (let sample = (first ?? read)(context); sample !== undefined; sample = next?.(context)) {
      const value = cast(sample);
      if (value !== undefined && matches(value)) return HOLDS;
    }
    return context.mayChange && !context.isFinal ? UNDECIDED : FAILS;
  };
}

/** The same behind converters. The first occurrence of which they make nothing is the last (observed from HAProxy). */
function overConverted(
  { read, first, next }: Reader,
  chain: Chain,
  cast: (value: Value) => Value | undefined,
  matches: Matcher,
): Predicate {
  return (context) => {
    context.mayChange = false;
    for (let sample = (first ?? read)(context); sample !== undefined; sample = next?.(context)) {
      const converted = chain.run(sample, context);
      if (converted === undefined) break;
      const value = cast(converted);
      if (value !== undefined && matches(value)) return HOLDS;
    }
    return context.mayChange && !context.isFinal ? UNDECIDED : FAILS;
  };
}

/** The same on text where it stands. */
function overSpans({ find, first, next }: SpanReader, matches: SpanMatcher): Predicate {
  const begin = first ?? find;
  return (context) => {
    context.mayChange = false;
    for (let span = begin(context); span !== null; span = next === undefined ? null : next(context))
      if (matches(span)) return HOLDS;
    return context.mayChange && !context.isFinal ? UNDECIDED : FAILS;
  };
}
