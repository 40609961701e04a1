/**
 * Compiles a log-format string (manual §8.2.6) to a function from a LogRecord to text: literal text, `%alias`,
 * `%{flags}alias` with +Q (quote), +X (hexadecimal), +E (escape), and `%[fetch]` of layer 4. Which flag applies to
 * which variable, and how spaces merge, is as HAProxy 2.6.12 prints it (test/core/log-format).
 */
import { HTTP_ALIASES, TCP_ALIASES, type Variable } from './aliases.js';
import type { LogDates } from './dates.js';
import { fetchVariable } from './fetches.js';
import type { LogRecord } from './record.js';

interface LogFormatProblem {
  /** Where in the text, and how many characters. */
  readonly offset: number;
  readonly length: number;
  readonly message: string;
}

export interface CompiledLogFormat {
  /** @returns the line without a header and without a newline */
  format(record: LogRecord, dates: LogDates): string;
  /** Empty when all is well. */
  readonly problems: readonly LogFormatProblem[];
}

/** `option tcplog`, manual §8.2.2. */
export const TCP_LOG_FORMAT = '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq';
/** Without any option, manual §8.2.1. */
export const DEFAULT_LOG_TEXT = 'Connect from %ci:%cp to %fi:%fp (%f/TCP)';

interface Flags {
  readonly quote: boolean;
  readonly hex: boolean;
  readonly escape: boolean;
}

type Part = string | Printer;
type Printer = (record: LogRecord, dates: LogDates) => string | number;

/** Flags, then a fetch in brackets or a name; or what stands there instead. */
const TOKEN = /%(?:%|(-?)(?:\{([^}]*)\})?(?:\[([^\]]*)\]|([A-Za-z]+)|(.?)))/gs;

/** @param text the argument of `log-format`, after unquoting */
export function compileLogFormat(text: string): CompiledLogFormat {
  const problems: LogFormatProblem[] = [];
  const parts: Part[] = [];
  let flags: Flags = { quote: false, hex: false, escape: false };
  let at = 0;
  for (const token of text.matchAll(TOKEN)) {
    addText(parts, text.slice(at, token.index));
    at = token.index + token[0].length;
    const own = token[2] === undefined ? flags : withFlags(token[2], flags);
    if (token[0] === '%%') addText(parts, '%');
    else if (token[4] === 'o') flags = own;
    else addVariable(parts, token, own, problems);
  }
  addText(parts, text.slice(at));
  return { problems, format: joiner(parts) };
}

/** Spaces merge, also around a variable that prints nothing, and none begins a line. */
function addText(parts: Part[], text: string): void {
  const last = parts.at(-1);
  const afterSpace = last === undefined || (typeof last === 'string' && last.endsWith(' '));
  const merged = text.replace(/ +/g, ' ');
  const own = afterSpace ? merged.replace(/^ /, '') : merged;
  if (own === '') return;
  if (typeof last === 'string') parts[parts.length - 1] = last + own;
  else parts.push(own);
}

function addVariable(parts: Part[], token: RegExpExecArray, flags: Flags, problems: LogFormatProblem[]): void {
  const [whole, , , fetch, name] = token;
  const variable = fetch !== undefined ? fetchVariable(fetch) : aliasVariable(name);
  if (variable === undefined) problems.push({ offset: token.index, length: whole.length, message: complaint(token) });
  else if (variable.kind !== 'nothing') parts.push(printer(variable, flags));
}

function aliasVariable(name: string | undefined): Variable | undefined {
  return name !== undefined && Object.hasOwn(TCP_ALIASES, name) ? TCP_ALIASES[name] : undefined;
}

const VERBATIM = "to write the '%' character itself, use '%%'";

function complaint(token: RegExpExecArray): string {
  const [whole, , flags, fetch, name, other] = token;
  if (fetch !== undefined) return `sample expression '${fetch}' is not available in tcp logs`;
  if (name !== undefined && HTTP_ALIASES.has(name)) return `format variable '${name}' is reserved for HTTP mode`;
  if (name !== undefined) return `no such format variable '${name}'; ${VERBATIM}`;
  if (other === '{') return "the flags after '%{' have no closing '}'";
  if (other === '[') return "the expression after '%[' has no closing ']'";
  if (flags !== undefined) return `'${whole}' has flags and no variable`;
  return `'%' without the name of a variable; ${VERBATIM}`;
}

function withFlags(text: string, inherited: Flags): Flags {
  const flags = { ...inherited };
  for (const part of text.split(',')) {
    const on = !part.trim().startsWith('-');
    const letter = part.trim().slice(-1);
    if (letter === 'Q') flags.quote = on;
    if (letter === 'X') flags.hex = on;
    if (letter === 'E') flags.escape = on;
  }
  return flags;
}

function printer({ kind, read, hexDigits }: Variable, { quote, hex, escape }: Flags): Printer {
  if (hex && kind === 'ip') return (r, d) => hexIp(String(read(r, d)));
  if (hex && hexDigits !== undefined) return (r, d) => hexNumber(read(r, d), hexDigits);
  if (kind !== 'text' && kind !== 'ip') return read;
  if (!quote && !escape) return read;
  return (r, d) => dressed(String(read(r, d)), quote, escape);
}

/** A value that is not there is `-`, and nothing between quotes. */
function dressed(value: string, quote: boolean, escape: boolean): string {
  if (value === '-') return quote ? '""' : '-';
  const safe = escape ? value.replace(/["\\\]]/g, '\\$&') : value;
  return quote ? `"${safe}"` : safe;
}

function hexNumber(value: string | number, digits: number): string | number {
  return value === '-' ? value : Number(value).toString(16).toUpperCase().padStart(digits, '0');
}

function hexIp(value: string): string {
  const parts = value.split('.');
  return parts.length === 4 ? parts.map((p) => hexNumber(p, 2)).join('') : value;
}

function joiner(parts: readonly Part[]): CompiledLogFormat['format'] {
  return (record, dates) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : part(record, dates);
    return line;
  };
}
