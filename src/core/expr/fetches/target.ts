/** Sample fetches of the request line and of the parts of its target (manual §7.3.6). */

import { findKnown, headerValue } from '../../http1/headers.js';
import { H_HOST, type HttpMessage } from '../../http1/message.js';
import { HeaderValues } from '../../http1/values.js';
import { parseIpv4, parseIpv6 } from '../../ip.js';
import type { SampleContext } from '../context.js';
import { binary, derived, type Fetch, type Fetches, integer, spans, text, waiting } from '../fetch.js';
import { sdbm } from '../hashes.js';
import { codeAt, indexOfCode, makeSpan, type Span, setSpan, spanText } from '../span.js';
import type { IpValue } from '../values.js';
import { receivedRequest, requestOf } from './messages.js';

const SLASH = 47;
const QUESTION = 63;
const COLON = 58;
const HASH = 35;
/** Of `HttpMessage.pathFrom`. */
const UNKNOWN = -1;
const NO_PATH = -2;

/** One for all fetches: a sample is used before the next one is taken. */
const target = makeSpan();
const host = new HeaderValues();

export const TARGET: Fetches = {
  method: { ...waiting(text((c) => receivedRequest(c)?.method)), match: 'meth' },
  path: spans(() => ({ find: path })),
  pathq: spans(() => ({ find: pathq })),
  query: spans(() => ({ find: query })),
  url: spans(() => ({ find: url })),
  url_ip: derived('ip', () => ({ find: url }), hostAddress),
  url_port: derived('integer', () => ({ find: url }), hostPort),
  base: waiting(text((c) => withHost(c, path))),
  baseq: waiting(text((c) => withHost(c, pathq))),
  base32: waiting(integer((c) => hashed(withHost(c, path)))),
  'base32+src': waiting(binary((c) => withSource(c, hashed(withHost(c, path))))),
  url32: waiting(integer((c) => hashed(withWholeHost(c)))),
  'url32+src': waiting(binary((c) => withSource(c, hashed(withWholeHost(c))))),
  'req.ver': version(requestOf),
  req_ver: version(requestOf),
  'req.proto_http': isHttp(),
  req_proto_http: isHttp(),
};

function version(of: (c: SampleContext) => HttpMessage | null): Fetch {
  return waiting(text((c) => versionText(of(c))));
}

export function versionText(message: HttpMessage | null): string | undefined {
  return message === null ? undefined : message.minor === 0 ? '1.0' : '1.1';
}

function isHttp(): Fetch {
  return {
    kind: 'boolean',
    contents: true,
    make: () => ({ read: (c) => (receivedRequest(c) === null ? undefined : true) }),
  };
}

function url(c: SampleContext): Span | null {
  const message = requestOf(c);
  return message === null ? null : targetOf(message);
}

function targetOf(message: HttpMessage): Span {
  setSpan(target, message.bytes, message.targetText, message.targetFrom, message.targetTo);
  return target;
}

function pathq(c: SampleContext): Span | null {
  const message = requestOf(c);
  return message === null ? null : pathOf(message);
}

/** From the first slash behind scheme and authority, to the end; not there in `*` and in the target of CONNECT. */
function pathOf(message: HttpMessage): Span | null {
  const span = targetOf(message);
  if (span.from === span.to) return null;
  if (codeAt(span, span.from) === SLASH) return span;
  const from = behindAuthority(span);
  if (from < 0) return null;
  span.from = from;
  return span;
}

/** @returns position of the slash behind `scheme://host`, -1 where there is none */
function behindAuthority(span: Span): number {
  const colon = indexOfCode(span, COLON, span.from, span.to);
  if (colon < 0 || colon + 2 >= span.to) return -1;
  if (codeAt(span, colon + 1) !== SLASH || codeAt(span, colon + 2) !== SLASH) return -1;
  return indexOfCode(span, SLASH, colon + 3, span.to);
}

/** Found once for each request, because rules ask for it again and again. */
function path(c: SampleContext): Span | null {
  const message = requestOf(c);
  if (message === null) return null;
  if (message.targetText !== null) return pathOnly(pathOf(message));
  if (message.pathFrom === UNKNOWN) findPath(message);
  if (message.pathFrom === NO_PATH) return null;
  target.bytes = message.bytes;
  target.text = null;
  target.from = message.pathFrom;
  target.to = message.pathTo;
  return target;
}

function findPath(message: HttpMessage): void {
  const span = pathOnly(pathOf(message));
  message.pathFrom = span === null ? NO_PATH : span.from;
  message.pathTo = span === null ? 0 : span.to;
}

function pathOnly(span: Span | null): Span | null {
  if (span === null) return null;
  const end = indexOfCode(span, QUESTION, span.from, span.to);
  if (end >= 0) span.to = end;
  return span;
}

function query(c: SampleContext): Span | null {
  const span = url(c);
  const mark = span === null ? -1 : indexOfCode(span, QUESTION, span.from, span.to);
  if (mark < 0) return null;
  span!.from = mark + 1;
  const hash = indexOfCode(span!, HASH, span!.from, span!.to);
  if (hash >= 0) span!.to = hash;
  return span;
}

/** Behind the host header's value; either alone where the other is not there. */
function withHost(c: SampleContext, part: (c: SampleContext) => Span | null): string | undefined {
  const span = part(c);
  const message = requestOf(c);
  if (message === null) return undefined;
  const tail = span === null ? '' : spanText(span);
  if (host.first(message, 'host')) return host.string() + tail;
  return span === null ? undefined : tail;
}

/** `url32` takes the line of the host header as it is. */
function withWholeHost(c: SampleContext): string | undefined {
  const span = pathq(c);
  const message = requestOf(c);
  if (message === null) return undefined;
  const row = findKnown(message, H_HOST);
  const tail = span === null ? '' : spanText(span);
  return row < 0 ? tail || undefined : headerValue(message, row) + tail;
}

function hashed(value: string | undefined): number | undefined {
  return value === undefined ? undefined : sdbm(value, true);
}

/** Four bytes of hash and the client's address. */
function withSource(c: SampleContext, hash: number | undefined): string | undefined {
  if (hash === undefined || c.sourceFamily === 0) return undefined;
  const bytes = [24, 16, 8, 0].map((shift) => (hash >>> shift) & 255);
  const width = c.sourceFamily === 4 ? 4 : 16;
  return String.fromCharCode(...bytes, ...c.source.subarray(0, width));
}

function authorityOf(span: Span): string {
  const whole = spanText(span);
  const [, authority = ''] = /^[^/]*:\/\/([^/?#]*)/.exec(whole) ?? [];
  return authority;
}

function hostAddress(span: Span): IpValue | undefined {
  const name = authorityOf(span).replace(/:\d*$/, '');
  const bytes = parseIpv4(name) ?? parseIpv6(name.replace(/^\[(.*)\]$/, '$1'));
  return bytes && { family: bytes.length === 4 ? 4 : 6, bytes };
}

function hostPort(span: Span): number | undefined {
  const authority = authorityOf(span);
  if (hostAddress(span) === undefined) return undefined;
  return Number(/:(\d+)$/.exec(authority)?.[1] ?? 80);
}
