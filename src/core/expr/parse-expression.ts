/**
 * The text of a sample expression, `fetch(a,b),converter("c,d")`, into its calls. Arguments have a level of quotes and
 * escapes of their own (manual §2.2).
 */
import type { Expression } from '../../config/http-model.js';

export interface ParsedExpression {
  readonly expression: Expression;
  /** Behind the expression and the `end` character. */
  readonly next: number;
}

interface Call {
  name: string;
  args: string[];
}

/**
 * @param from where the expression begins
 * @param end the character behind it, '' for the end of the text
 * @returns undefined where names, parentheses or quotes are missing
 */
export function parseExpression(text: string, from = 0, end = ''): ParsedExpression | undefined {
  const calls: Call[] = [];
  for (let at = from; ; at++) {
    const found = parseCall(text, at);
    if (found === undefined) return undefined;
    calls.push(found.call);
    at = found.next;
    if (end === '' ? at >= text.length : text[at] === end) return { expression: toExpression(calls), next: at + 1 };
    if (text[at] !== ',') return undefined;
  }
}

function toExpression([fetch, ...converters]: readonly Call[]): Expression {
  return { fetch: fetch.name, args: fetch.args, converters };
}

function parseCall(text: string, from: number): { call: Call; next: number } | undefined {
  let at = from;
  while (at < text.length && !',()]'.includes(text[at])) at++;
  if (at === from) return undefined;
  const name = text.slice(from, at);
  if (text[at] !== '(') return { call: { name, args: [] }, next: at };
  const found = parseArguments(text, at + 1);
  return found && { call: { name, args: found.args }, next: found.next };
}

function parseArguments(text: string, from: number): { args: string[]; next: number } | undefined {
  const args = [''];
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    const last = args.length - 1;
    if (quote === '' ? c === '"' || c === "'" : c === quote) quote = quote === '' ? c : '';
    else if (c === '\\' && quote !== "'" && at + 1 < text.length) args[last] += unescaped(text[++at]);
    else if (quote === '' && c === ',') args.push('');
    else if (quote === '' && c === ')') return { args: args.length === 1 && args[0] === '' ? [] : args, next: at + 1 };
    else args[last] += c;
  }
  return undefined;
}

const ESCAPES: { readonly [letter: string]: string } = { n: '\n', r: '\r', t: '\t' };

/** Before anything it does not escape a backslash is itself, as regular expressions want it. */
function unescaped(c: string): string {
  if (Object.hasOwn(ESCAPES, c)) return ESCAPES[c];
  return '\\"\' '.includes(c) ? c : `\\${c}`;
}
