/** Sample fetches of parameters, of the query string and of a body that is a form (manual §7.3.6). */
import type { SampleContext } from '../context.js';
import { derived, type Fetches, type SpanReader, spans } from '../fetch.js';
import { looseNumber } from '../loose-number.js';
import { codeAt, indexOfCode, makeSpan, type Span, setSpan, spanText, standsAt } from '../span.js';
import { requestOf } from './messages.js';

const AMPERSAND = 38;
const SEMICOLON = 59;
const EQUALS = 61;
const QUESTION = 63;

const URLP = spans((args) => occurrences(args, args[1] ?? '?', fromTarget));

export const PARAMETERS: Fetches = {
  urlp: URLP,
  url_param: URLP,
  urlp_val: derived(
    'integer',
    (args) => occurrences(args, args[1] ?? '?', fromTarget),
    (span) => looseNumber(spanText(span)),
  ),
  'req.body_param': spans((args) => occurrences(args.slice(0, 1), '', fromBody)),
};

const span = makeSpan();
/** Where the next parameter begins, and where all of them end. */
let rest = 0;
let end = 0;

/** Points `span`, `rest` and `end` at the parameters. @returns false where there are none */
type Begin = (c: SampleContext, delimiter: number) => boolean;

function fromTarget(c: SampleContext, delimiter: number): boolean {
  const message = requestOf(c);
  if (message === null) return false;
  setSpan(span, message.bytes, message.targetText, message.targetFrom, message.targetTo);
  const mark = indexOfCode(span, delimiter, span.from, span.to);
  [rest, end] = [mark + 1, span.to];
  return mark >= 0;
}

function fromBody(c: SampleContext): boolean {
  const { http } = c;
  if (http === null || http.bodyTo <= http.bodyFrom) return false;
  setSpan(span, http.body, null, http.bodyFrom, http.bodyTo);
  [rest, end] = [http.bodyFrom, http.bodyTo];
  return true;
}

function occurrences(args: readonly string[], delimiter: string, begin: Begin): SpanReader | string {
  const [name = ''] = args;
  if (args.length > 2 || delimiter.length > 1) return 'takes a name and one character';
  const mark = delimiter === '' ? QUESTION : delimiter.charCodeAt(0);
  const next = () => nextValue(name, mark);
  const first = (c: SampleContext) => (begin(c, mark) ? next() : null);
  return { find: first, first, next };
}

function nextValue(name: string, delimiter: number): Span | null {
  while (rest < end) {
    const from = rest;
    const to = endOfParameter(from, delimiter);
    rest = to + 1;
    const equals = indexOfCode(span, EQUALS, from, to);
    if (equals < 0) continue;
    if (name !== '' && (equals - from !== name.length || !standsAt(span, from, name))) continue;
    [span.from, span.to] = [equals + 1, to];
    return span;
  }
  return null;
}

function endOfParameter(from: number, delimiter: number): number {
  let at = from;
  for (; at < end; at++) {
    const code = codeAt(span, at);
    if (code === AMPERSAND || code === SEMICOLON || code === delimiter) break;
  }
  return at;
}
