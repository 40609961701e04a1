/** Converters that cut, compare and build text. */
import { type Convert, type Converters, plain } from '../converter.js';
import { lowerAscii, upperAscii } from '../letters.js';
import { compileRegex } from '../regex.js';
import { replaceMatches } from '../replace.js';
import { textOf } from '../values.js';
import { isVariableName } from '../variables.js';

export const TEXTS: Converters = {
  lower: plain('string', 'string', (value) => lowerAscii(value as string)),
  upper: plain('string', 'string', (value) => upperAscii(value as string)),
  length: plain('string', 'integer', (value) => (value as string).length),
  bytes: { takes: 'binary', gives: 'binary', make: makeBytes },
  // Beyond the last one a field has no value, and a word is empty (observed from HAProxy).
  field: { takes: 'string', gives: 'string', make: (args) => makeParts(args, fieldsOf, undefined) },
  word: { takes: 'string', gives: 'string', make: (args) => makeParts(args, wordsOf, '') },
  ltrim: { takes: 'string', gives: 'string', make: ([set]) => makeTrim(set, true) },
  rtrim: { takes: 'string', gives: 'string', make: ([set]) => makeTrim(set, false) },
  cut_crlf: plain('string', 'string', (value) => (value as string).replace(/[\r\n].*$/s, '')),
  regsub: { takes: 'string', gives: 'string', make: makeRegsub },
  concat: { takes: 'string', gives: 'string', make: makeConcat },
  add_item: { takes: 'string', gives: 'string', make: makeAddItem },
  strcmp: { takes: 'string', gives: 'integer', make: makeStrcmp },
  secure_memcmp: { takes: 'binary', gives: 'boolean', make: makeMemcmp },
  language: { takes: 'string', gives: 'string', make: makeLanguage },
};

function makeBytes([offset, length]: readonly string[]): Convert | string {
  if (![offset, length ?? '0'].every((text) => /^\d+$/.test(text ?? ''))) return 'needs an offset and perhaps a length';
  const from = Number(offset);
  return (value) => {
    const text = value as string;
    return from > text.length ? undefined : text.slice(from, length === undefined ? undefined : from + Number(length));
  };
}

/** Where a part begins and ends in its text. */
type Part = readonly [from: number, to: number];

/**
 * `field` and `word`: `count` parts from the index on, counted from either end; 0 = all that follow. Where it asks for
 * more than there are, the delimiters at the end of the text come with them (observed from HAProxy).
 */
function makeParts(
  args: readonly string[],
  parts: (text: string, delimiters: string) => Part[],
  beyond: string | undefined,
): Convert | string {
  const [index, delimiters, count = '1'] = args;
  if (!/^-?[1-9]\d*$/.test(index ?? '') || !delimiters || !/^\d+$/.test(count)) return 'needs an index and delimiters';
  return (value) => {
    const found = parts(value as string, delimiters);
    const at = Number(index) > 0 ? Number(index) - 1 : found.length + Number(index);
    if (at < 0 || at >= found.length) return beyond;
    const text = value as string;
    const span = Number(count) === 0 ? Number.POSITIVE_INFINITY : Number(count);
    if (Number(index) < 0) return text.slice(found[at - span + 1]?.[0] ?? 0, found[at][1]);
    return text.slice(found[at][0], found[at + span - 1]?.[1]);
  };
}

function fieldsOf(text: string, delimiters: string): Part[] {
  const fields: Part[] = [];
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && !delimiters.includes(text[i])) continue;
    fields.push([from, i]);
    from = i + 1;
  }
  return fields;
}

function wordsOf(text: string, delimiters: string): Part[] {
  return fieldsOf(text, delimiters).filter(([from, to]) => to > from);
}

function makeTrim(set: string | undefined, isLeft: boolean): Convert | string {
  if (!set) return 'needs the characters to remove';
  return (value) => {
    const text = value as string;
    let [from, to] = [0, text.length];
    while (isLeft && from < to && set.includes(text[from])) from++;
    while (!isLeft && to > from && set.includes(text[to - 1])) to--;
    return text.slice(from, to);
  };
}

function makeRegsub([pattern, replacement, flags = '']: readonly string[]): Convert | string {
  if (pattern === undefined || replacement === undefined) return 'needs a regular expression and a replacement';
  if (!/^[gi]*$/.test(flags)) return `knows the flags 'g' and 'i', not '${flags}'`;
  const expression = compileRegex(pattern, flags.includes('i'), 'g');
  if (typeof expression === 'string') return `cannot: ${expression}`;
  return (value) => replaceMatches(expression, value as string, replacement, flags.includes('g'));
}

function makeConcat([start = '', variable = '', end = '']: readonly string[]): Convert | string {
  if (variable !== '' && !isVariableName(variable)) return `'${variable}' is not the name of a variable`;
  return (value, context) => {
    const middle = variable === '' ? undefined : context.variable(variable);
    return `${value as string}${start}${middle === undefined ? '' : textOf(middle)}${end}`;
  };
}

/** The delimiter comes only where there is something on both sides of it. */
function makeAddItem([delimiter, variable = '', suffix = '']: readonly string[]): Convert | string {
  if (delimiter === undefined || (variable === '' && suffix === '')) return 'needs a delimiter, and a variable or text';
  if (variable !== '' && !isVariableName(variable)) return `'${variable}' is not the name of a variable`;
  return (value, context) => {
    const item = variable === '' ? undefined : context.variable(variable);
    const added = (item === undefined ? '' : textOf(item)) + suffix;
    return `${value as string}${value === '' || added === '' ? '' : delimiter}${added}`;
  };
}

/** The difference of the first bytes that differ, or of the lengths (observed from HAProxy). */
function makeStrcmp([variable, ...more]: readonly string[]): Convert | string {
  if (variable === undefined || more.length > 0 || !isVariableName(variable)) return 'needs the name of a variable';
  return (value, context) => {
    const other = context.variable(variable);
    return other === undefined ? undefined : compare(value as string, textOf(other));
  };
}

function compare(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++)
    if (a[i] !== b[i]) return Math.sign(a.charCodeAt(i) - b.charCodeAt(i));
  return Math.sign(a.length - b.length);
}

function makeMemcmp([variable, ...more]: readonly string[]): Convert | string {
  if (variable === undefined || more.length > 0 || !isVariableName(variable)) return 'needs the name of a variable';
  return (value, context) => {
    const other = context.variable(variable);
    return other === undefined ? undefined : isSame(value as string, textOf(other));
  };
}

/** Takes as long for any two texts of one length. */
function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** The language of the list that an Accept-Language header wants most; the first of several. */
function makeLanguage([list, otherwise]: readonly string[]): Convert | string {
  if (!list) return 'needs languages, such as es;fr;en';
  const known = list.split(';');
  return (value) => {
    let [best, bestQ] = [otherwise, 0];
    for (const item of (value as string).split(',')) {
      const [range, ...parameters] = item.split(';').map((part) => part.trim());
      const q = qualityOf(parameters);
      const language = known.find((one) => one === range) ?? known.find((one) => one === range.split('-')[0]);
      if (language !== undefined && q > bestQ) [best, bestQ] = [language, q];
    }
    return best;
  };
}

function qualityOf(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return q === undefined ? 1 : Number(q.slice(2)) || 0;
}
