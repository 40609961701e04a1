/** Sample fetches of header fields (manual §7.3.6): `hdr` splits values at commas, `fhdr` takes whole lines. */
import { findHeader, headerName, headerValue, nextRow } from '../../http1/headers.js';
import type { HttpMessage } from '../../http1/message.js';
import { HeaderValues } from '../../http1/values.js';
import { parseIpv4, parseIpv6 } from '../../ip.js';
import { derived, type Fetch, type Fetches, integer, type SpanReader, spans, text, waiting } from '../fetch.js';
import { looseNumber } from '../loose-number.js';
import { makeSpan, type Span, setSpan, spanText } from '../span.js';
import type { IpValue } from '../values.js';
import { currentOf, type MessageOf, requestOf, responseOf } from './messages.js';

export const HEADERS: Fetches = {
  ...family('req.', requestOf),
  ...family('res.', responseOf),
  ...shortNames('', 'req.'),
  ...shortNames('s', 'res.'),
  // Without a direction in its name it looks at what rules look at.
  hdr: values(currentOf),
};

function family(prefix: 'req.' | 'res.', of: MessageOf): Fetches {
  return {
    [`${prefix}hdr`]: values(of),
    [`${prefix}hdr_ip`]: derived('ip', (args) => occurrences(args, of, valueCursor()), addressOf),
    [`${prefix}hdr_val`]: derived('integer', (args) => occurrences(args, of, valueCursor()), numberOf),
    [`${prefix}hdr_cnt`]: counted(of, valueCursor()),
    [`${prefix}fhdr`]: spans((args) => occurrences(args, of, lineCursor())),
    [`${prefix}fhdr_cnt`]: counted(of, lineCursor()),
    [`${prefix}hdr_names`]: waiting(text((c, [delimiter = ',']) => namesOf(of(c), delimiter[0] ?? ','), 0, 1)),
    [`${prefix}hdrs`]: waiting(text((c) => linesOf(of(c)))),
  };
}

/** `hdr_cnt` is `req.hdr_cnt`, `shdr_cnt` is `res.hdr_cnt`. */
function shortNames(letter: string, prefix: 'req.' | 'res.'): Fetches {
  const all = family(prefix, prefix === 'req.' ? requestOf : responseOf);
  const names = ['hdr', 'hdr_ip', 'hdr_val', 'hdr_cnt'];
  return Object.fromEntries(names.map((name) => [letter + name, all[prefix + name]]));
}

function values(of: MessageOf): Fetch {
  return spans((args) => occurrences(args, of, valueCursor()));
}

/** Goes through the occurrences of a header; '' is any header. */
interface Cursor {
  first(message: HttpMessage, name: string): Span | null;
  next(): Span | null;
}

function valueCursor(): Cursor {
  const found = new HeaderValues();
  return {
    first: (message, name) => (found.first(message, name) ? found : null),
    next: () => (found.next() ? found : null),
  };
}

function lineCursor(): Cursor {
  const line = makeSpan();
  let message: HttpMessage;
  let name = '';
  let row = -1;
  const next = () => {
    row = name === '' ? nextRow(message, row) : findHeader(message, name, row);
    if (row < 0) {
      row = message.count;
      return null;
    }
    setSpan(line, message.bytes, message.valueText[row], message.valueFrom[row], message.valueTo[row]);
    return line;
  };
  const first = (of: HttpMessage, wanted: string) => {
    [message, name, row] = [of, wanted, -1];
    return next();
  };
  return { first, next };
}

/** Samples are the last occurrence, or the n-th; ACLs look at all of them unless a number is written. */
function occurrences(args: readonly string[], of: MessageOf, cursor: Cursor): SpanReader | string {
  const [name = '', occurrence] = args;
  if (args.length > 2) return 'takes a name and a number';
  if (occurrence !== undefined && !/^-?\d{1,3}$/.test(occurrence)) return `needs a number, not '${occurrence}'`;
  const wanted = name.toLowerCase();
  const n = Number(occurrence ?? -1);
  const find: SpanReader['find'] = (c) => {
    const message = of(c);
    return message === null ? null : nth(cursor, message, wanted, n);
  };
  if (n !== 0 && occurrence !== undefined) return { find };
  const first: SpanReader['find'] = (c) => {
    const message = of(c);
    return message === null ? null : cursor.first(message, wanted);
  };
  return { find, first, next: () => cursor.next() };
}

function nth(cursor: Cursor, message: HttpMessage, name: string, n: number): Span | null {
  let left = n > 0 ? n : count(cursor, message, name) + 1 + n;
  if (left <= 0) return null;
  let span = cursor.first(message, name);
  while (span !== null && --left > 0) span = cursor.next();
  return span;
}

function count(cursor: Cursor, message: HttpMessage, name: string): number {
  let found = 0;
  for (let span = cursor.first(message, name); span !== null; span = cursor.next()) found++;
  return found;
}

function counted(of: MessageOf, cursor: Cursor): Fetch {
  return waiting(
    integer(
      (c, [name = '']) => {
        const message = of(c);
        return message === null ? undefined : count(cursor, message, name.toLowerCase());
      },
      0,
      1,
    ),
  );
}

/** RFC 7239 without its obfuscated forms; a port behind an IPv4 address is dropped (manual, `req.hdr_ip`). */
function addressOf(span: Span): IpValue | undefined {
  const value = spanText(span);
  const [, ipv4] = /^([\d.]+)(?::\d{1,5})?$/.exec(value) ?? [];
  const bytes = ipv4 === undefined ? parseIpv6(value.replace(/^\[(.*)\]$/, '$1')) : parseIpv4(ipv4);
  return bytes && { family: bytes.length === 4 ? 4 : 6, bytes };
}

function numberOf(span: Span): number {
  return looseNumber(spanText(span));
}

function namesOf(message: HttpMessage | null, delimiter: string): string | undefined {
  return message === null
    ? undefined
    : rowsOf(message)
        .map((row) => headerName(message, row))
        .join(delimiter);
}

/** With the empty line behind them. */
function linesOf(message: HttpMessage | null): string | undefined {
  if (message === null) return undefined;
  const lines = rowsOf(message).map((row) => `${headerName(message, row)}: ${headerValue(message, row)}\r\n`);
  return `${lines.join('')}\r\n`;
}

function rowsOf(message: HttpMessage): number[] {
  return Array.from({ length: message.count }, (_, row) => row).filter((row) => message.dead[row] === 0);
}
