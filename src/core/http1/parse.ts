/**
 * Heads of HTTP/1 messages (RFC 9112), strictly: what two readers could understand in two ways is an error. Where the
 * standard leaves room and nothing can be smuggled through it, we take what HAProxy takes (docs/differences.md).
 *
 * A head may come in pieces: the same call with the same `from` and a larger `to` goes on where the first incomplete
 * line begins. Cost of a usual head of 400 bytes: one pass, no allocation.
 */
import { CR, isDigit, isSpace, LF, latin1, SP, TARGET, TEXT, TOKEN } from './characters.js';
import { BAD_METHOD, BAD_START_LINE, BAD_STATUS, BAD_TARGET, BAD_VERSION, BARE_CR, BARE_LF } from './errors.js';
import { fail, lowerNames, parseFields, tolerate, wait } from './fields.js';
import { frameRequest, frameResponse } from './framing.js';
import type { HttpMessage } from './message.js';
import { checkTarget } from './target.js';

export { NEED_MORE } from './errors.js';

/**
 * Reads the head of a request from bytes [from, to) into a message that was `reset`.
 * @returns its length with leading empty lines, NEED_MORE, or an error below zero whose position is `message.errorAt`
 */
export function parseRequest(message: HttpMessage, bytes: Uint8Array, from: number, to: number): number {
  if (message.resumeAt < 0) begin(message, bytes, from, false);
  if (message.method === '') {
    const at = parseRequestLine(message, bytes, message.resumeAt, to);
    if (at <= 0) return at;
    message.resumeAt = at;
  }
  const end = parseFields(message, bytes, message.resumeAt, to);
  if (end <= 0) return end;
  const error = frameRequest(message, bytes);
  return error < 0 ? error : finish(message, from, end);
}

/**
 * Reads the head of a response from bytes [from, to) into a message that was `reset`.
 * @param requestMethod method of the request it answers: HEAD and CONNECT decide how the body ends
 * @param mayUpgrade the request asked for an upgrade: 101 is an error otherwise
 * @returns as `parseRequest`
 */
export function parseResponse(
  message: HttpMessage,
  bytes: Uint8Array,
  from: number,
  to: number,
  requestMethod: string,
  mayUpgrade = true,
): number {
  if (message.resumeAt < 0) begin(message, bytes, from, true);
  if (message.status === 0) {
    const at = parseStatusLine(message, bytes, message.resumeAt, to);
    if (at <= 0) return at;
    message.resumeAt = at;
  }
  const end = parseFields(message, bytes, message.resumeAt, to);
  if (end <= 0) return end;
  const error = frameResponse(message, bytes, requestMethod, mayUpgrade);
  return error < 0 ? error : finish(message, from, end);
}

function begin(message: HttpMessage, bytes: Uint8Array, from: number, isResponse: boolean): void {
  message.bytes = bytes;
  message.isResponse = isResponse;
  message.headFrom = message.resumeAt = from;
}

function finish(message: HttpMessage, from: number, end: number): number {
  lowerNames(message);
  message.headEnd = end;
  message.resumeAt = -1;
  return end - from;
}

/** Empty lines before a message are ignored (RFC 9112 §2.2). @returns 1 when `headFrom` is its first byte, or an error */
function skipEmptyLines(message: HttpMessage, bytes: Uint8Array, at: number, to: number): number {
  while (at < to && bytes[at] === CR) {
    if (at + 1 >= to) return wait(message, at);
    if (bytes[at + 1] !== LF) return fail(message, BARE_CR, at);
    at += 2;
  }
  if (at >= to) return wait(message, at);
  message.headFrom = at;
  return bytes[at] === LF ? fail(message, BARE_LF, at) : 1;
}

/** Methods that need no new string. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'PATCH', 'TRACE'];

function methodOf(bytes: Uint8Array, from: number, to: number): string {
  next: for (const method of METHODS) {
    if (method.length !== to - from) continue;
    for (let i = 0; i < method.length; i++) if (bytes[from + i] !== method.charCodeAt(i)) continue next;
    return method;
  }
  return latin1(bytes, from, to);
}

/** `METHOD SP target SP HTTP/1.x CRLF`. @returns the position of the first header line */
function parseRequestLine(message: HttpMessage, bytes: Uint8Array, line: number, to: number): number {
  const found = skipEmptyLines(message, bytes, line, to);
  if (found <= 0) return found;
  const from = message.headFrom;
  let at = from;
  while (at < to && TOKEN[bytes[at]] !== 0) at++;
  if (at >= to) return wait(message, from);
  if (at === from || bytes[at] !== SP) return fail(message, BAD_METHOD, at);
  const methodTo = at++;
  message.targetFrom = at;
  while (at < to && TARGET[bytes[at]] !== 0) at++;
  if (message.isLenient && at < to && bytes[at] !== SP) at = endOfOddTarget(message, bytes, at, to);
  if (at >= to) return wait(message, from);
  if (at === message.targetFrom || bytes[at] !== SP) return badTarget(message, bytes, at);
  message.targetTo = at;
  const end = parseVersion(message, bytes, at + 1, to, from);
  if (end <= 0) return end;
  return endOfRequestLine(message, bytes, from, methodTo, end, to);
}

/** `accept-invalid-http-request`: targets may have `#` and bytes above ASCII. */
function endOfOddTarget(message: HttpMessage, bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] > SP && bytes[at] !== 0x7f) tolerate(message, BAD_TARGET, at);
  while (at < to && bytes[at] > SP && bytes[at] !== 0x7f) at++;
  return at;
}

function badTarget(message: HttpMessage, bytes: Uint8Array, at: number): number {
  if (bytes[at] === CR || bytes[at] === LF) return fail(message, BAD_VERSION, at);
  return fail(message, at === message.targetFrom && isSpace(bytes[at]) ? BAD_START_LINE : BAD_TARGET, at);
}

function endOfRequestLine(
  message: HttpMessage,
  bytes: Uint8Array,
  from: number,
  methodTo: number,
  at: number,
  to: number,
): number {
  if (at >= to) return wait(message, from);
  if (bytes[at] === LF) return fail(message, BARE_LF, at);
  if (bytes[at] !== CR) return fail(message, BAD_VERSION, at);
  if (at + 1 >= to) return wait(message, from);
  if (bytes[at + 1] !== LF) return fail(message, BARE_CR, at);
  message.method = methodOf(bytes, from, methodTo);
  const error = checkTarget(message, bytes);
  return error < 0 ? error : at + 2;
}

const VERSION = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e]; // HTTP/1.

/** `HTTP/1.x`. @returns the position behind it */
function parseVersion(message: HttpMessage, bytes: Uint8Array, at: number, to: number, line: number): number {
  for (let i = 0; i < VERSION.length; i++) {
    if (at + i >= to) return wait(message, line);
    if (bytes[at + i] !== VERSION[i])
      return fail(message, i === 0 && isSpace(bytes[at]) ? BAD_START_LINE : BAD_VERSION, at + i);
  }
  at += VERSION.length;
  if (at >= to) return wait(message, line);
  if (!isDigit(bytes[at])) return fail(message, BAD_VERSION, at);
  message.minor = bytes[at] === 0x30 ? 0 : 1;
  return at + 1;
}

/** `HTTP/1.x SP 3DIGIT [SP reason] CRLF`. @returns the position of the first header line */
function parseStatusLine(message: HttpMessage, bytes: Uint8Array, line: number, to: number): number {
  const found = skipEmptyLines(message, bytes, line, to);
  if (found <= 0) return found;
  const from = message.headFrom;
  let at = parseVersion(message, bytes, from, to, from);
  if (at <= 0) return at;
  if (at + 4 > to) return wait(message, from);
  if (bytes[at] !== SP) return fail(message, BAD_START_LINE, at);
  const status = statusAt(bytes, at + 1);
  if (status < 100) return fail(message, BAD_STATUS, at + 1);
  at += 4;
  if (at < to && bytes[at] !== SP && bytes[at] !== CR && bytes[at] !== LF) return fail(message, BAD_STATUS, at);
  while (at < to && isSpace(bytes[at])) at++;
  message.reasonFrom = at;
  while (at < to && TEXT[bytes[at]] !== 0) at++;
  if (at >= to || (bytes[at] === CR && at + 1 >= to)) return wait(message, from);
  if (bytes[at] !== CR) return fail(message, bytes[at] === LF ? BARE_LF : BAD_START_LINE, at);
  if (bytes[at + 1] !== LF) return fail(message, BARE_CR, at);
  message.reasonTo = at;
  message.status = status;
  return at + 2;
}

/** @returns the number of three digits, 0 if they are none */
function statusAt(bytes: Uint8Array, at: number): number {
  if (!isDigit(bytes[at]) || !isDigit(bytes[at + 1]) || !isDigit(bytes[at + 2])) return 0;
  return (bytes[at] - 0x30) * 100 + (bytes[at + 1] - 0x30) * 10 + bytes[at + 2] - 0x30;
}
