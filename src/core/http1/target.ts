/** Request targets (RFC 9112 §3.2): which of the four forms it is, and whether the host in it is the one in Host. */
import { AUTHORITY, COLON, isDigit, TOKEN } from './characters.js';
import { BAD_HOST, BAD_TARGET, HOST_MISMATCH } from './errors.js';
import { fail } from './fields.js';
import type { HttpMessage } from './message.js';

const SLASH = 47;
const STAR = 42;
const QUESTION = 63;

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
  return host === end ? fail(message, BAD_TARGET, host) : 0;
}

/** @returns 0, or the error of a Host value that is none or contradicts the target */
export function checkHost(message: HttpMessage, bytes: Uint8Array, row: number): number {
  const { targetFrom, targetTo } = message;
  const from = message.valueFrom[row];
  const to = message.valueTo[row];
  for (let at = from; at < to; at++) if (AUTHORITY[bytes[at]] === 0) return fail(message, BAD_HOST, at);
  if (bytes[targetFrom] === SLASH || bytes[targetFrom] === STAR) return 0;
  const isConnect = message.method === 'CONNECT';
  const host = isConnect ? targetFrom : hostStart(bytes, targetFrom, targetTo);
  const hostTo = isConnect ? targetTo : hostEnd(bytes, host, targetTo);
  return isSameHost(bytes, host, hostTo, from, to) ? 0 : fail(message, HOST_MISMATCH, from);
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
export function hostStart(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== COLON && TOKEN[bytes[at]] !== 0) at++;
  if (at === from || at + 3 > to || bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH)
    return -1;
  return at + 3;
}

/** Behind the last byte of `host[:port]`. */
export function hostEnd(bytes: Uint8Array, host: number, to: number): number {
  while (host < to && bytes[host] !== SLASH && bytes[host] !== QUESTION) host++;
  return host;
}

/** Equal without regard to case and to a port that is the default of http or https. */
function isSameHost(bytes: Uint8Array, aFrom: number, aTo: number, bFrom: number, bTo: number): boolean {
  const a = withoutDefaultPort(bytes, aFrom, aTo);
  const b = withoutDefaultPort(bytes, bFrom, bTo);
  if (a - aFrom !== b - bFrom) return false;
  for (let i = 0; i < a - aFrom; i++) if (lower(bytes[aFrom + i]) !== lower(bytes[bFrom + i])) return false;
  return true;
}

const lower = (byte: number) => (byte >= 65 && byte <= 90 ? byte + 32 : byte);

function withoutDefaultPort(bytes: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && isDigit(bytes[at - 1])) at--;
  if (at === from || bytes[at - 1] !== COLON) return to;
  const port = to - at;
  const is80 = port === 2 && bytes[at] === 0x38 && bytes[at + 1] === 0x30;
  const is443 = port === 3 && bytes[at] === 0x34 && bytes[at + 1] === 0x34 && bytes[at + 2] === 0x33;
  return is80 || is443 || port === 0 ? at - 1 : to;
}
