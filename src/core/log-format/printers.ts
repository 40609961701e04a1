/** How variables and samples of a format are printed under its flags; all of it is decided once, at load. */
import { compileExpressionAs } from '../expr/expression.js';
import { parseExpression } from '../expr/parse-expression.js';
import type { Variable } from './aliases.js';
import { encodeCapture, encodeControls, escapeParameter, untilNul } from './encode.js';
import type { FormatOptions, Printer } from './log-format.js';
import type { Flags } from './tokens.js';

/** @param isRule what has no value is '' instead of `-` */
export function printer(variable: Variable, { quote, hex, escape }: Flags, isRule: boolean): Printer {
  const { kind, read, hexDigits, list } = variable;
  if (list !== undefined) return (r) => printList(list(r), quote, escape, isRule);
  if (hex && kind === 'ip') return (r, d) => hexIp(String(read(r, d)));
  if (hex && hexDigits !== undefined) return (r, d) => hexNumber(read(r, d), hexDigits);
  if (kind === 'captures') return (r, d) => braces(String(read(r, d)), quote, escape);
  if (kind !== 'text' && kind !== 'ip') return (r, d) => plainOr(read(r, d), quote ? '""' : isRule ? '' : '-');
  if (!quote && !escape) return isRule ? (r, d) => unlessMissing(read(r, d)) : read;
  return (r, d) => dressed(String(read(r, d)), quote, escape, isRule);
}

/** @param missing what stands for a port that is not there */
function plainOr(value: string | number, missing: string): string | number {
  return value === '-' ? missing : value;
}

function unlessMissing(value: string | number): string | number {
  return value === '-' ? '' : value;
}

/** A value that is not there is `-`, and nothing between quotes. */
function dressed(value: string, quote: boolean, escape: boolean, isRule: boolean): string {
  if (value === '-') return quote ? '""' : isRule ? '' : '-';
  const safe = escape ? escapeParameter(value) : value;
  return quote ? `"${safe}"` : safe;
}

function braces(value: string, quote: boolean, escape: boolean): string {
  if (value === '') return '';
  const safe = escape ? escapeParameter(value) : value;
  return quote ? `"${safe}"` : safe;
}

function printList(captures: readonly (string | null)[], quote: boolean, escape: boolean, isRule: boolean): string {
  const items = captures.map((one) => dressed(one === null ? '-' : encodeCapture(one), quote, escape, isRule));
  return items.join(' ');
}

function hexNumber(value: string | number, digits: number): string | number {
  return value === '-' ? value : Number(value).toString(16).toUpperCase().padStart(digits, '0');
}

function hexIp(value: string): string {
  const parts = value.split('.');
  return parts.length === 4 ? parts.map((p) => hexNumber(p, 2)).join('') : value;
}

/** @returns what is wrong with the expression, where something is */
export function samplePrinter(text: string, flags: Flags, { isRule }: FormatOptions): Printer | string {
  const parsed = parseExpression(text);
  if (parsed === undefined) return `'${text}' is not a sample expression`;
  const evaluate = compileExpressionAs('string', parsed.expression);
  if (typeof evaluate === 'string') return `sample expression '${text}' does not run: ${evaluate}`;
  return (_, __, context) => {
    const value = context === undefined ? undefined : (evaluate(context) as string | undefined);
    return isRule ? inRule(value, flags) : inLog(value, flags);
  };
}

/** Quotes do not apply to samples in rules (observed from HAProxy). */
function inRule(value: string | undefined, { escape }: Flags): string {
  if (value === undefined) return '';
  const safe = encodeControls(value);
  return escape ? escapeParameter(safe) : safe;
}

function inLog(value: string | undefined, { quote, escape }: Flags): string {
  return dressed(value === undefined || value === '' ? '-' : untilNul(value), quote, escape, false);
}
