/**
 * How a message's body ends and what its connection may do afterwards (RFC 9112 §6 and §9.3). Anything that two readers
 * could take for two different lengths is an error, also where the standard would let a recipient repair it.
 */
import { COMMA, equalsLower, isDigit, isSpace, latin1 } from './characters.js';
import {
  BAD_CODING,
  BAD_LENGTH,
  BAD_UPGRADE,
  BODY_IN_1_0,
  BOTH_LENGTHS,
  CODING_IN_1_0,
  CONNECT_WITH_BODY,
  REPEATED_HOST,
  REPEATED_LENGTH,
  UNASKED_UPGRADE,
  UNKNOWN_CODING,
} from './errors.js';
import { fail } from './fields.js';
import {
  BODY_CHUNKED,
  BODY_CLOSE,
  BODY_LENGTH,
  BODY_NONE,
  BODY_TUNNEL,
  H_CONNECTION,
  H_CONTENT_LENGTH,
  H_EXPECT,
  H_HOST,
  H_OTHER,
  H_TE,
  H_TRANSFER_ENCODING,
  H_UPGRADE,
  type HttpMessage,
} from './message.js';
import { checkHost } from './target.js';

/** Sets what the headers of a request say of body and connection. @returns 0 or an error */
export function frameRequest(message: HttpMessage, bytes: Uint8Array): number {
  const error = readHeaders(message, bytes);
  if (error < 0) return error;
  if (message.body === BODY_CLOSE) message.body = BODY_NONE; // a request without a length has no body
  const hasBody = message.body === BODY_CHUNKED || message.contentLength > 0;
  if (hasBody && message.method === 'CONNECT') return fail(message, CONNECT_WITH_BODY, message.headFrom);
  if (hasBody && message.minor === 0 && BODILESS.has(message.method))
    return fail(message, BODY_IN_1_0, message.headFrom);
  if (hasBody && message.wantsUpgrade) dropUpgrade(message);
  return checkWebsocket(message, bytes);
}

/** Methods whose body an HTTP/1.0 server may not know of: it would take it for the next request. As HAProxy does. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE']);

/** A request with a body is not upgraded, as in HAProxy: nobody could say where the body ends. */
function dropUpgrade(message: HttpMessage): void {
  message.wantsUpgrade = false;
  for (let row = 0; row < message.count; row++) if (message.known[row] === H_UPGRADE) message.dead[row] = 1;
}

/** The same of a response; `requestMethod` and `mayUpgrade` as in `parseResponse`. */
export function frameResponse(
  message: HttpMessage,
  bytes: Uint8Array,
  requestMethod: string,
  mayUpgrade: boolean,
): number {
  const error = readHeaders(message, bytes);
  if (error < 0) return error;
  const { status } = message;
  if (status === 101 && !mayUpgrade) return fail(message, UNASKED_UPGRADE, message.headFrom);
  if (status === 101 || (requestMethod === 'CONNECT' && status >= 200 && status < 300)) message.body = BODY_TUNNEL;
  else if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') message.body = BODY_NONE;
  if (status < 200 || status === 204) dropLengths(message);
  if (message.body === BODY_CLOSE || message.body === BODY_TUNNEL) message.keepsAlive = false;
  return status === 101 ? checkWebsocket(message, bytes) : 0;
}

/** A length has no business in 1xx and 204 (RFC 9110 §8.6, RFC 9112 §6.1). */
function dropLengths(message: HttpMessage): void {
  for (let row = 0; row < message.count; row++)
    if (message.known[row] === H_CONTENT_LENGTH || message.known[row] === H_TRANSFER_ENCODING) message.dead[row] = 1;
}

/** One pass over the rows that matter. */
function readHeaders(message: HttpMessage, bytes: Uint8Array): number {
  message.body = BODY_CLOSE;
  message.keepsAlive = message.minor > 0;
  let host = -1;
  let hasUpgrade = false;
  for (let row = 0; row < message.count; row++) {
    const known = message.known[row];
    if (known === H_OTHER) continue;
    let error = 0;
    if (known === H_CONTENT_LENGTH) error = readLength(message, bytes, row);
    else if (known === H_TRANSFER_ENCODING) error = readCoding(message, bytes, row);
    else if (known === H_CONNECTION) readConnection(message, bytes, row);
    else if (known === H_UPGRADE) hasUpgrade = true;
    else if (known === H_TE) readTe(message, bytes, row);
    else if (known === H_EXPECT) readExpect(message, bytes, row);
    else if (known === H_HOST && !message.isResponse) {
      if (host >= 0) return fail(message, REPEATED_HOST, message.nameFrom[row]);
      host = row;
    }
    if (error < 0) return error;
  }
  message.wantsUpgrade = message.saysUpgrade && hasUpgrade; // it needs both headers
  return message.isResponse ? 0 : checkHost(message, bytes, host);
}

/** Digits only, once, below 2^53. */
function readLength(message: HttpMessage, bytes: Uint8Array, row: number): number {
  if (message.body === BODY_CHUNKED) return fail(message, BOTH_LENGTHS, message.nameFrom[row]);
  if (message.body === BODY_LENGTH) return fail(message, REPEATED_LENGTH, message.nameFrom[row]);
  const from = message.valueFrom[row];
  const to = message.valueTo[row];
  let length = 0;
  for (let at = from; at < to; at++) {
    if (!isDigit(bytes[at])) return fail(message, BAD_LENGTH, at);
    length = length * 10 + bytes[at] - 0x30;
    if (length > Number.MAX_SAFE_INTEGER) return fail(message, BAD_LENGTH, at);
  }
  if (from === to) return fail(message, BAD_LENGTH, from);
  message.body = BODY_LENGTH;
  message.contentLength = length;
  return 0;
}

/** Exactly one `chunked`. Other codings are not for us to pass on: their end is not ours to find. */
function readCoding(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const at = message.nameFrom[row];
  if (message.minor === 0) return fail(message, CODING_IN_1_0, at);
  if (message.body === BODY_LENGTH) return fail(message, BOTH_LENGTHS, at);
  if (message.body === BODY_CHUNKED) return fail(message, BAD_CODING, at);
  const from = message.valueFrom[row];
  const to = message.valueTo[row];
  if (!equalsLower(bytes, from, to, 'chunked')) return fail(message, badCoding(bytes, from, to), from);
  message.body = BODY_CHUNKED;
  return 0;
}

/** `gzip, chunked` is well formed and not supported; what does not end with one `chunked` has no end. */
function badCoding(bytes: Uint8Array, from: number, to: number): number {
  const codings = latin1(bytes, from, to)
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  return codings.indexOf('chunked') === codings.length - 1 ? UNKNOWN_CODING : BAD_CODING;
}

/** `Connection`: what it says of keeping alive is ours and leaves the message; other words stay (RFC 9110 §7.6.1). */
function readConnection(message: HttpMessage, bytes: Uint8Array, row: number): void {
  const to = message.valueTo[row];
  let removed = 0;
  let kept = 0;
  for (let at = message.valueFrom[row]; at < to; ) {
    let end = at;
    while (end < to && bytes[end] !== COMMA) end++;
    if (readWord(message, bytes, at, end)) removed++;
    else kept++;
    at = end + 1;
  }
  if (removed > 0 && kept === 0) message.dead[row] = 1;
  else if (removed > 0) message.valueText[row] = otherWords(latin1(bytes, message.valueFrom[row], to));
}

/** @returns whether it is `close` or `keep-alive` */
function readWord(message: HttpMessage, bytes: Uint8Array, from: number, to: number): boolean {
  while (from < to && isSpace(bytes[from])) from++;
  while (to > from && isSpace(bytes[to - 1])) to--;
  if (equalsLower(bytes, from, to, 'upgrade')) message.saysUpgrade = true;
  if (equalsLower(bytes, from, to, 'close')) {
    message.keepsAlive = false;
    message.saysClose = true;
    return true;
  }
  if (!equalsLower(bytes, from, to, 'keep-alive')) return false;
  if (!message.saysClose) message.keepsAlive = true;
  return true;
}

function otherWords(value: string): string {
  const words = value.split(',').map((word) => word.trim());
  return words.filter((word) => word !== '' && !/^(close|keep-alive)$/i.test(word)).join(', ');
}

/** Of what a client takes as transfer codings only `trailers` is passed on: we pass on no other (as HAProxy, observed). */
function readTe(message: HttpMessage, bytes: Uint8Array, row: number): void {
  const from = message.valueFrom[row];
  const to = message.valueTo[row];
  if (equalsLower(bytes, from, to, 'trailers')) return;
  const words = latin1(bytes, from, to)
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  if (words.includes('trailers')) message.valueText[row] = 'trailers';
  else message.dead[row] = 1;
}

function readExpect(message: HttpMessage, bytes: Uint8Array, row: number): void {
  if (message.minor > 0 && equalsLower(bytes, message.valueFrom[row], message.valueTo[row], '100-continue'))
    message.expectsContinue = true;
}

/** An upgrade to websocket needs its key, and the answer to that key. */
function checkWebsocket(message: HttpMessage, bytes: Uint8Array): number {
  if (!message.wantsUpgrade) return 0;
  const row = upgradeToWebsocket(message, bytes);
  if (row < 0 || hasHeader(message, bytes, message.isResponse ? 'sec-websocket-accept' : 'sec-websocket-key')) return 0;
  return fail(message, BAD_UPGRADE, message.nameFrom[row]);
}

/** Row of the Upgrade header, the last one if there are several, when it asks for websocket; else -1. */
function upgradeToWebsocket(message: HttpMessage, bytes: Uint8Array): number {
  for (let row = message.count - 1; row >= 0; row--)
    if (message.known[row] === H_UPGRADE)
      return equalsLower(bytes, message.valueFrom[row], message.valueTo[row], 'websocket') ? row : -1;
  return -1;
}

function hasHeader(message: HttpMessage, bytes: Uint8Array, name: string): boolean {
  for (let row = 0; row < message.count; row++)
    if (equalsLower(bytes, message.nameFrom[row], message.nameTo[row], name)) return true;
  return false;
}
