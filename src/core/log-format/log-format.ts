/**
 * Compiles a log-format string (manual §8.2.6) to a function from a LogRecord to text: literal text, `%alias`,
 * `%{flags}alias` with +Q (quote), +X (hexadecimal), +E (escape), and `%[fetch]` of layer 4.
 */
import { ADDRESS_ALIASES, HTTP_ALIASES, type LogField, STRING_ALIASES, TCP_ALIASES } from './aliases.js';
import type { LogDates } from './dates.js';
import type { LogRecord } from './record.js';

export interface CompiledLogFormat {
  /** @returns the line without a header and without a newline */
  format(record: LogRecord, dates: LogDates): string;
  /** What is wrong, with the offset in the text; empty when all is well. */
  readonly problems: { offset: number; length: number; message: string }[];
}

/** `option tcplog`, manual §8.2.2. */
export const TCP_LOG_FORMAT = '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq';
/** Without any option, manual §8.2.1. */
export const DEFAULT_LOG_TEXT = 'Connect from %ci:%cp to %fi:%fp (%f/TCP)';

interface Flags {
  quote: boolean;
  hex: boolean;
  escape: boolean;
}

const FETCHES: { readonly [name: string]: LogField } = {
  src: (r) => r.clientIp,
  src_port: (r) => r.clientPort,
  dst: (r) => r.frontendIp,
  dst_port: (r) => r.frontendPort,
  fe_name: (r) => r.frontend,
  be_name: (r) => r.backend,
  srv_name: (r) => r.server,
  fe_conn: (r) => r.frontendConnections,
  be_conn: (r) => r.backendConnections,
  pid: (r) => r.pid,
  hostname: (r) => r.hostname,
  bytes_in: (r) => r.bytesToServer,
  bytes_out: (r) => r.bytesToClient,
};

const TOKEN = /%(?:\{([^}]*)\})?(?:\[([^\]]*)\]|(%|[A-Za-z]+))?/g;

/** @param text the argument of `log-format`, after unquoting */
export function compileLogFormat(text: string): CompiledLogFormat {
  const problems: CompiledLogFormat['problems'] = [];
  const parts: (string | LogField)[] = [];
  let flags: Flags = { quote: false, hex: false, escape: false };
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [whole, flagText, fetch, alias] = match;
    const own = flagText === undefined ? flags : parseFlags(flagText, flags);
    if (flagText !== undefined && (alias === undefined || alias === 'o') && fetch === undefined) flags = own;
    const field = fetch !== undefined ? FETCHES[fetch.trim()] : alias === undefined ? undefined : aliasField(alias);
    if (field !== undefined) parts.push(decorate(field, alias ?? '', own));
    else if (flagText === undefined || alias !== undefined || fetch !== undefined)
      problems.push({ offset: match.index, length: whole.length, message: complaint(whole, fetch, alias) });
    if (alias !== undefined && field !== undefined) at -= alias.length - knownLength(alias);
  }
  parts.push(text.slice(at));
  return { problems, format: joiner(parts.filter((p) => p !== '')) };
}

/** `%cix` is the alias `ci` and an x: the longest known name wins. */
function knownLength(alias: string): number {
  for (let n = alias.length; n > 0; n--) if (Object.hasOwn(TCP_ALIASES, alias.slice(0, n))) return n;
  return alias.length;
}

function aliasField(alias: string): LogField | undefined {
  if (HTTP_ALIASES.has(alias)) return undefined;
  const name = alias.slice(0, knownLength(alias));
  return Object.hasOwn(TCP_ALIASES, name) ? TCP_ALIASES[name] : undefined;
}

function complaint(whole: string, fetch: string | undefined, alias: string | undefined): string {
  if (fetch !== undefined) return `sample expression '${fetch}' is not available in tcp logs`;
  if (alias !== undefined && HTTP_ALIASES.has(alias)) return `format variable '${alias}' is reserved for HTTP mode`;
  return `no such format variable '${alias ?? whole}'; if you wanted to emit the '%' character verbatim, you need to use '%%'`;
}

function parseFlags(text: string, inherited: Flags): Flags {
  const flags = { ...inherited };
  for (const part of text.split(',')) {
    const on = part.trim().startsWith('+');
    const letter = part.trim().slice(-1);
    if (letter === 'Q') flags.quote = on;
    if (letter === 'X') flags.hex = on;
    if (letter === 'E') flags.escape = on;
  }
  return flags;
}

function decorate(field: LogField, alias: string, flags: Flags): LogField {
  const quoted = flags.quote && (alias === '' || STRING_ALIASES.has(alias) || ADDRESS_ALIASES.has(alias));
  if (!quoted && !flags.hex && !flags.escape) return field;
  return (record, dates) => {
    let value = field(record, dates);
    if (flags.hex) value = hexadecimal(value, alias);
    if (flags.escape) value = String(value).replace(/["\\\]]/g, '\\$&');
    if (!quoted) return value;
    return value === '-' ? '""' : `"${value}"`;
  };
}

function hexadecimal(value: string | number, alias: string): string | number {
  if (typeof value === 'number') return value.toString(16).toUpperCase().padStart(4, '0');
  if (!ADDRESS_ALIASES.has(alias)) return value;
  const parts = value.split('.');
  if (parts.length !== 4) return value;
  return parts.map((p) => Number(p).toString(16).toUpperCase().padStart(2, '0')).join('');
}

function joiner(parts: (string | LogField)[]): CompiledLogFormat['format'] {
  return (record, dates) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : part(record, dates);
    return line;
  };
}
