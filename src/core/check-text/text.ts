/** Texts of checks with `%[…]` in them, as a log-format has it (manual §8.2.4): compiled once, filled in per answer. */
import { leadingNumber } from './converters.js';
import { type CheckSample, compileExpression, type Expression } from './expression.js';

/** As long as HAProxy keeps what a check said (observed: the last byte of 128 is the end of the string). */
const TEXT_MAX = 127;

export type CheckText = (sample: CheckSample) => string;
type Part = string | Expression;

/** Server and backend have short names in log formats. */
const VARIABLES: { readonly [name: string]: (sample: CheckSample) => string } = {
  b: (sample) => sample.backendName,
  s: (sample) => sample.serverName,
};

/** @returns the text, with what cannot be evaluated left out, and what is wrong with it; a string where nothing varies */
export function compileCheckText(format: string): { text: CheckText | string; problems: string[] } {
  const problems: string[] = [];
  const parts = partsOf(format, problems);
  if (parts.every((part) => typeof part === 'string')) return { text: parts.join(''), problems };
  return { text: (sample) => parts.map((part) => valueOf(part, sample)).join(''), problems };
}

function valueOf(part: Part, sample: CheckSample): string {
  return typeof part === 'string' ? part : String(part(sample) ?? '');
}

function partsOf(format: string, problems: string[]): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < format.length; ) {
    const percent = format.indexOf('%', at);
    const end = percent < 0 ? format.length : percent;
    if (end > at) parts.push(format.slice(at, end));
    if (percent < 0) break;
    const { part, next } = partAt(format, percent, problems);
    if (part !== '') parts.push(part);
    at = next;
  }
  return parts;
}

/** What stands behind a percent sign. */
function partAt(format: string, percent: number, problems: string[]): { part: Part; next: number } {
  if (format[percent + 1] === '%') return { part: '%', next: percent + 2 };
  const call = /^%(?:\{[^}]*\})?\[/.exec(format.slice(percent));
  if (call !== null) return expressionAt(format, percent + call[0].length, problems);
  const [word] = /^%[A-Za-z]*/.exec(format.slice(percent))!;
  const name = word.slice(1);
  if (!Object.hasOwn(VARIABLES, name)) problems.push(`'${word}' has no value in checks`);
  return { part: Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : '', next: percent + word.length };
}

function expressionAt(format: string, from: number, problems: string[]): { part: Part; next: number } {
  const end = format.indexOf(']', from);
  if (end < 0) {
    problems.push("a ']' is missing");
    return { part: '', next: format.length };
  }
  const compiled = compileExpression(format.slice(from, end));
  if (typeof compiled === 'function') return { part: compiled, next: end + 1 };
  problems.push(compiled.problem);
  return { part: '', next: end + 1 };
}

/** @returns the code, as `status-code EXPRESSION` has it: undefined where the expression has no value */
export function compileStatusCode(text: string): {
  code: (sample: CheckSample) => number | undefined;
  problems: string[];
} {
  const compiled = compileExpression(text);
  if (typeof compiled !== 'function') return { code: () => undefined, problems: [compiled.problem] };
  const code = (sample: CheckSample) => {
    const value = compiled(sample);
    return value === undefined ? undefined : leadingNumber(value);
  };
  return { code, problems: [] };
}

/** What is kept of a text: a C string of bounded length. */
export function keptText(text: string): string {
  const end = text.indexOf('\0');
  return text.slice(0, Math.min(end < 0 ? text.length : end, TEXT_MAX));
}
