/** The matching methods of text (manual §7.1.3) on text where it stands: nothing is allocated. */
import { lowerAscii } from './letters.js';
import { compileMatcher, withoutEdges } from './matchers.js';
import { codeAt, type Span, standsAt, standsFolded } from './span.js';

export type SpanMatcher = (span: Span) => boolean;

/** More patterns than this are looked up as strings, in a set. */
const FEW = 8;

/** @returns undefined where a string has to be made for the method */
export function compileSpanMatcher(
  method: string,
  patterns: readonly string[],
  isFolded: boolean,
): SpanMatcher | undefined {
  if (method === 'found') return () => true;
  if (method === 'len') return lengths(patterns);
  const make = MATCHERS[method];
  if (make === undefined || (method === 'str' && patterns.length > FEW)) return undefined;
  const stands = isFolded ? standsFolded : standsAt;
  const matchers = patterns.map((pattern) => make(isFolded ? lowerAscii(pattern) : pattern, stands));
  if (matchers.length === 1) return matchers[0];
  return (span) => {
    for (let i = 0; i < matchers.length; i++) if (matchers[i](span)) return true;
    return false;
  };
}

function lengths(patterns: readonly string[]): SpanMatcher | undefined {
  const matches = compileMatcher('int', patterns, false);
  return typeof matches === 'string' ? undefined : (span) => matches(span.to - span.from);
}

type Stands = typeof standsAt;

const MATCHERS: { readonly [method: string]: ((pattern: string, stands: Stands) => SpanMatcher) | undefined } = {
  str: (pattern, stands) => (span) => span.to - span.from === pattern.length && stands(span, span.from, pattern),
  beg: (pattern, stands) => (span) => span.to - span.from >= pattern.length && stands(span, span.from, pattern),
  end: (pattern, stands) => (span) =>
    span.to - span.from >= pattern.length && stands(span, span.to - pattern.length, pattern),
  sub: (pattern, stands) => (span) => {
    for (let at = span.from; at + pattern.length <= span.to; at++) if (stands(span, at, pattern)) return true;
    return false;
  },
  dir: (pattern, stands) => delimited(pattern, stands, DIRECTORY),
  dom: (pattern, stands) => delimited(pattern, stands, DOMAIN),
};

const DIRECTORY = '/?';
const DOMAIN = '/?.:';

/** Whether the pattern stands between delimiters or ends. Delimiters around the pattern itself do not count. */
function delimited(pattern: string, stands: Stands, delimiters: string): SpanMatcher {
  const bare = withoutEdges(pattern, delimiters);
  if (bare === '') return () => false;
  const isEdge = (span: Span, at: number) =>
    at < span.from || at >= span.to || delimiters.includes(String.fromCharCode(codeAt(span, at)));
  return (span) => {
    for (let at = span.from; at + bare.length <= span.to; at++)
      if (stands(span, at, bare) && isEdge(span, at - 1) && isEdge(span, at + bare.length)) return true;
    return false;
  };
}
