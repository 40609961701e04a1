/**
 * Compiles a format string (manual §8.2.6) to a function from a LogRecord to text: literal text, `%alias`,
 * `%{flags}alias` with +Q (quote), +X (hexadecimal), +E (escape), and `%[expression]`. Which flag applies to which
 * variable, and how spaces merge, is as HAProxy 2.6.12 prints it (test/core/log-format).
 */
import { bytesOf } from '../expr/bytes-of.js';
import type { SampleContext } from '../expr/context.js';
import { TCP_ALIASES, type Variable } from './aliases.js';
import type { LogDates } from './dates.js';
import { CAPTURE_ALIASES, HTTP_ALIASES } from './http-aliases.js';
import { printer, samplePrinter } from './printers.js';
import type { LogRecord } from './record.js';
import { type Flags, readTokens, type Token } from './tokens.js';

interface LogFormatProblem {
  /** Where in the text, and how many characters. */
  readonly offset: number;
  readonly length: number;
  readonly message: string;
}

export interface CompiledLogFormat {
  /**
   * @param context of the session; without one expressions have no value
   * @returns the line without a header and without a newline
   */
  format(record: LogRecord, dates: LogDates, context?: SampleContext): string;
  /** Empty when all is well. */
  readonly problems: readonly LogFormatProblem[];
  /** False where no alias looks at the record. */
  readonly readsRecord: boolean;
}

export interface FormatOptions {
  /** `tcp` refuses what only requests have. */
  readonly mode: 'tcp' | 'http';
  /** Of a rule: spaces stay, what has no value is '', and samples are made safe for a header. */
  readonly isRule?: boolean;
}

/** `option tcplog`, manual §8.2.2. */
export const TCP_LOG_FORMAT = '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq';
/** `option httplog`, manual §8.2.3. */
export const HTTP_LOG_FORMAT =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r';
/** `option httpslog`, manual §8.2.4; what it says of TLS is that there is none. */
export const HTTPS_LOG_FORMAT = `${HTTP_LOG_FORMAT} 0/-/-/-/0 -/-/-`;
/** `option httplog clf`, manual §8.2.3. */
export const CLF_LOG_FORMAT =
  '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq ' +
  '%CC %CS %hrl %hsl';
/** Without any option, manual §8.2.1. */
export const DEFAULT_LOG_TEXT = 'Connect from %ci:%cp to %fi:%fp (%f/TCP)';
/** The same in mode http. */
export const DEFAULT_HTTP_LOG_TEXT = 'Connect from %ci:%cp to %fi:%fp (%f/HTTP)';

/** A literal, or what prints a variable; `vanishes`: with nothing printed the space behind it is not either. */
type Part = string | { readonly print: Printer; readonly vanishes: boolean };
export type Printer = (record: LogRecord, dates: LogDates, context: SampleContext | undefined) => string | number;

const TCP: FormatOptions = { mode: 'tcp' };

/** @param text the argument of `log-format`, after unquoting */
export function compileLogFormat(text: string, options: FormatOptions = TCP): CompiledLogFormat {
  const compiler = new Compiler(options);
  for (const token of readTokens(text)) compiler.add(token);
  const { parts, problems, readsRecord } = compiler;
  return { problems, readsRecord, format: joiner(parts) };
}

class Compiler {
  readonly parts: Part[] = [];
  readonly problems: LogFormatProblem[] = [];
  readsRecord = false;
  private flags: Flags = { quote: false, hex: false, escape: false };

  constructor(private readonly options: FormatOptions) {}

  add(token: Token): void {
    if (token.kind === 'text') this.addText(bytesOf(token.text));
    else if (token.kind === 'problem') this.complain(token, token.text);
    else if (token.kind === 'sample') this.addSample(token);
    else if (token.text === 'o') this.flags = token.flags(this.flags);
    else this.addAlias(token);
  }

  /** In logs spaces merge, and none begins a line. */
  private addText(text: string): void {
    const last = this.parts.at(-1);
    let own = text;
    if (!this.options.isRule) {
      const isAfterSpace = last === undefined || (typeof last === 'string' && last.endsWith(' '));
      own = text.replace(/ +/g, ' ');
      if (isAfterSpace) own = own.replace(/^ /, '');
    }
    if (own === '') return;
    if (typeof last === 'string') this.parts[this.parts.length - 1] = last + own;
    else this.parts.push(own);
  }

  private addAlias(token: Token): void {
    const variable = this.aliasNamed(token.text);
    if (variable === undefined) {
      this.complain(token, this.complaintOf(token.text));
      return;
    }
    this.readsRecord = true;
    const vanishes = variable.kind === 'captures' || variable.kind === 'list';
    this.parts.push({ print: printer(variable, token.flags(this.flags), this.options.isRule === true), vanishes });
  }

  private aliasNamed(name: string): Variable | undefined {
    for (const aliases of [TCP_ALIASES, CAPTURE_ALIASES, this.options.mode === 'http' ? HTTP_ALIASES : {}])
      if (Object.hasOwn(aliases, name)) return aliases[name];
    return undefined;
  }

  private complaintOf(name: string): string {
    if (Object.hasOwn(HTTP_ALIASES, name)) return `format variable '${name}' is reserved for HTTP mode`;
    return `no such format variable '${name}'; to write the '%' character itself, use '%%'`;
  }

  private addSample(token: Token): void {
    const print = samplePrinter(token.text, token.flags(this.flags), this.options);
    if (typeof print === 'string') this.complain(token, print);
    else this.parts.push({ print, vanishes: false });
  }

  private complain({ offset, length }: Token, message: string): void {
    this.problems.push({ offset, length, message });
  }
}

function joiner(parts: readonly Part[]): CompiledLogFormat['format'] {
  return (record, dates, context) => {
    let line = '';
    let hasVanished = false;
    for (const part of parts) {
      if (typeof part === 'string') {
        line += hasVanished && part.startsWith(' ') && (line === '' || line.endsWith(' ')) ? part.slice(1) : part;
        hasVanished = false;
        continue;
      }
      const text = part.print(record, dates, context);
      hasVanished = part.vanishes && text === '';
      line += text;
    }
    return line;
  };
}
