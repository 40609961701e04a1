/** The `%x` variables of log-format that only mode http has (manual §8.2.6). */
import type { Variable } from './aliases.js';
import { encodeCapture, encodeLine } from './encode.js';
import type { LogRecord } from './record.js';

type Read = Variable['read'];

const text = (read: Read): Variable => ({ kind: 'text', read });
const number = (read: Read): Variable => ({ kind: 'number', read });
const date = (read: Read): Variable => ({ kind: 'date', read });

export const HTTP_ALIASES: { readonly [name: string]: Variable } = {
  CC: text((r) => encodeCapture(r.http.requestCookie) || '-'),
  CS: text((r) => encodeCapture(r.http.responseCookie) || '-'),
  HM: text((r) => part(r, methodOf)),
  HP: text((r) => part(r, (line) => targetOf(line).replace(/\?.*$/s, ''))),
  HPO: text((r) => part(r, (line) => pathOf(targetOf(line)))),
  HQ: text((r) => part(r, (line) => /\?.*$/s.exec(targetOf(line))?.[0] ?? '')),
  HU: text((r) => part(r, targetOf)),
  HV: text((r) => part(r, (line) => line.slice(line.lastIndexOf(' ') + 1))),
  Ta: number((r) => (r.early ? `+${r.http.activeMs}` : r.http.activeMs)),
  Ti: number((r) => r.http.idleMs),
  TR: number((r) => r.http.requestMs),
  Tq: number((r) => (r.http.requestMs < 0 ? -1 : r.handshakeMs + Math.max(0, r.http.idleMs) + r.http.requestMs)),
  Tr: number((r) => r.http.responseMs),
  r: text((r) => part(r, (line) => line)),
  tr: date((r, d) => d.local(begin(r))),
  trg: date((r, d) => d.gmt(begin(r))),
  trl: date((r, d) => d.localZone(begin(r))),
  tsc: number((r) => r.termination + r.http.cookieFlags),
};

/** `{a|b}` and the list of the CLF format; nothing where nothing is captured. */
export const CAPTURE_ALIASES: { readonly [name: string]: Variable } = {
  hr: { kind: 'captures', read: (r) => inBraces(r.http.requestCaptures) },
  hs: { kind: 'captures', read: (r) => inBraces(r.http.responseCaptures) },
  hrl: { kind: 'list', read: () => '', list: (r) => r.http.requestCaptures },
  hsl: { kind: 'list', read: () => '', list: (r) => r.http.responseCaptures },
};

/** Without a request the connection began it. */
function begin(record: LogRecord): number {
  return record.http.requestEpochMs || record.acceptedEpochMs;
}

/** Of the request line as it came. */
function part(record: LogRecord, of: (line: string) => string): string {
  const line = record.http.requestLine;
  return line === '' ? '<BADREQ>' : encodeLine(of(line));
}

function methodOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf(' ')));
}

function targetOf(line: string): string {
  return line.slice(line.indexOf(' ') + 1, Math.max(line.indexOf(' ') + 1, line.lastIndexOf(' ')));
}

/** Without scheme, host and query; of `*` nothing. */
function pathOf(target: string): string {
  const path = /^[^/?]*:\/\/[^/?]*/.exec(target)?.[0].length ?? 0;
  const [found = ''] = /^\/[^?]*/.exec(target.slice(path)) ?? [];
  return found;
}

function inBraces(captures: readonly (string | null)[]): string {
  if (captures.length === 0) return '';
  return `{${captures.map((one) => (one === null ? '' : encodeCapture(one))).join('|')}}`;
}
