/** Request targets (RFC 9112 §3.2): which of the four forms it is, and whether the host in it is the one in Host. */
import { AUTHORITY, COLON, equalsLower, isDigit, latin1, TOKEN } from './characters.js';
import { BAD_HOST, BAD_TARGET, HOST_MISMATCH } from './errors.js';
import { fail } from './fields.js';
import type { HttpMessage } from './message.js';

const SLASH = 47;
const STAR = 42;
const QUESTION = 63;
/** CONNECT has no scheme: the ports of http and https are both taken for the default. */
const ANY_DEFAULT = -1;

/** @returns 0, or the error of a target that fits none of the forms its method may have */
export function checkTarget(message: HttpMessage, bytes: Uint8Array): number {
  const { targetFrom: from, targetTo: to } = message;
  if (message.method === 'CONNECT') return isAuthority(bytes, from, to) ? 0 : fail(message, BAD_TARGET, from);
  if (bytes[from] === SLASH) return 0;
  if (bytes[from] === STAR && to === from + 1 && message.method === 'OPTIONS') return 0;
  const host = hostStart(bytes, from, to);
  if (host < 0) return fail(message, BAD_TARGET, from);
  const end = hostEnd(bytes, host, to);
  for (let at = host; at < end; at++) if (AUTHORITY[bytes[at]] === 0) return fail(message, BAD_TARGET, at);
  // `http://a?b` is refused as HAProxy does: it has no path for rules to look at.
  return host === end || bytes[end] === QUESTION ? fail(message, BAD_TARGET, end) : 0;
}

/**
 * The host of the target beside that of Host, whose row is `row` (-1 = there is none). A port that is the scheme's own
 * is taken off both, as HAProxy does (RFC 9110 §4.2.3).
 * @returns 0, or the error of a Host that is none or contradicts the target
 */
export function checkHost(message: HttpMessage, bytes: Uint8Array, row: number): number {
  if (row >= 0) {
    const to = message.valueTo[row];
    for (let at = message.valueFrom[row]; at < to; at++)
      if (AUTHORITY[bytes[at]] === 0) return fail(message, BAD_HOST, at);
  }
  const first = bytes[message.targetFrom];
  return first === SLASH || first === STAR ? 0 : compareHosts(message, bytes, row);
}

function compareHosts(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const { targetFrom, targetTo } = message;
  const isConnect = message.method === 'CONNECT';
  const from = isConnect ? targetFrom : hostStart(bytes, targetFrom, targetTo);
  const to = isConnect ? targetTo : hostEnd(bytes, from, targetTo);
  const port = isConnect ? ANY_DEFAULT : defaultPort(bytes, targetFrom, from);
  const bare = withoutPort(bytes, from, to, port);
  if (bare < to && !isConnect) message.targetText = latin1(bytes, targetFrom, bare) + latin1(bytes, to, targetTo);
  if (row < 0) return 0;
  const hostFrom = message.valueFrom[row];
  const hostBare = withoutPort(bytes, hostFrom, message.valueTo[row], port);
  if (hostBare < message.valueTo[row]) message.valueText[row] = latin1(bytes, hostFrom, hostBare);
  return isSameHost(bytes, from, bare, hostFrom, hostBare) ? 0 : fail(message, HOST_MISMATCH, hostFrom);
}

/** `host:port` */
function isAuthority(bytes: Uint8Array, from: number, to: number): boolean {
  let digits = to;
  while (digits > from && isDigit(bytes[digits - 1])) digits--;
  if (digits === to || digits - 1 <= from || bytes[digits - 1] !== COLON) return false;
  for (let at = from; at < to; at++) if (AUTHORITY[bytes[at]] === 0) return false;
  return true;
}

/** First byte behind `scheme://`, -1 when there is none. */
function hostStart(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== COLON && TOKEN[bytes[at]] !== 0) at++;
  if (at === from || at + 3 > to || bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH)
    return -1;
  return at + 3;
}

/** Behind the last byte of `host[:port]`. */
function hostEnd(bytes: Uint8Array, host: number, to: number): number {
  while (host < to && bytes[host] !== SLASH && bytes[host] !== QUESTION) host++;
  return host;
}

/** Equal without regard to case. */
function isSameHost(bytes: Uint8Array, aFrom: number, aTo: number, bFrom: number, bTo: number): boolean {
  if (aTo - aFrom !== bTo - bFrom) return false;
  for (let i = 0; i < aTo - aFrom; i++) if (lower(bytes[aFrom + i]) !== lower(bytes[bFrom + i])) return false;
  return true;
}

const lower = (byte: number) => (byte >= 65 && byte <= 90 ? byte + 32 : byte);

/** Port of a target whose scheme ends before `host`; 0 = a scheme without one that we know. */
function defaultPort(bytes: Uint8Array, from: number, host: number): number {
  if (equalsLower(bytes, from, host - 3, 'http')) return 80;
  return equalsLower(bytes, from, host - 3, 'https') ? 443 : 0;
}

/** Where `:port` begins when it is the default one or empty, else `to`. */
function withoutPort(bytes: Uint8Array, from: number, to: number, port: number): number {
  let at = to;
  let value = 0;
  for (let unit = 1; at > from && isDigit(bytes[at - 1]); unit *= 10) value += (bytes[--at] - 0x30) * unit;
  if (at === from || bytes[at - 1] !== COLON) return to;
  const isDefault = value === port || (port === ANY_DEFAULT && (value === 80 || value === 443));
  return at === to || isDefault ? at - 1 : to;
}
