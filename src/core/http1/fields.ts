/** Header lines into the rows of a message (RFC 9112 §5), and which of them framing will ask for. */
import { COLON, CR, equalsLower, isSpace, LF, TEXT, TOKEN } from './characters.js';
import { BAD_NAME, BAD_VALUE, BARE_CR, BARE_LF, FOLDED, NEED_MORE, TOO_MANY_HEADERS } from './errors.js';
import {
  H_AUTHORIZATION,
  H_CONNECTION,
  H_CONTENT_LENGTH,
  H_COOKIE,
  H_EXPECT,
  H_HOST,
  H_KEEP_ALIVE,
  H_OTHER,
  H_PROXY_CONNECTION,
  H_SET_COOKIE,
  H_TE,
  H_TRANSFER_ENCODING,
  H_UPGRADE,
  type HttpMessage,
  MAX_HEADERS,
} from './message.js';

/** Notes where the message is wrong. @returns the error */
export function fail(message: HttpMessage, error: number, at: number): number {
  message.errorAt = at;
  return error;
}

/** Notes what `isLenient` lets pass. */
export function tolerate(message: HttpMessage, error: number, at: number): void {
  if (message.oddity !== 0) return;
  message.oddity = error;
  message.oddAt = at;
}

/** Waits for more of the line that begins at `line`. */
export function wait(message: HttpMessage, line: number): number {
  message.resumeAt = line;
  return NEED_MORE;
}

/**
 * Reads header lines from the beginning of one to behind the empty line.
 * @returns the position behind it, NEED_MORE (`resumeAt` is the first incomplete line), or an error
 */
export function parseFields(message: HttpMessage, bytes: Uint8Array, at: number, to: number): number {
  for (;;) {
    if (at >= to) return wait(message, at);
    if (bytes[at] === CR) return endOfHead(message, bytes, at, to);
    const next = parseField(message, bytes, at, to);
    if (next <= 0) return next;
    at = next;
  }
}

function endOfHead(message: HttpMessage, bytes: Uint8Array, at: number, to: number): number {
  if (at + 1 >= to) return wait(message, at);
  return bytes[at + 1] === LF ? at + 2 : fail(message, BARE_CR, at);
}

/** One line. @returns the position behind its CRLF */
function parseField(message: HttpMessage, bytes: Uint8Array, line: number, to: number): number {
  let at = line;
  while (at < to && TOKEN[bytes[at]] !== 0) at++;
  if (at < to && bytes[at] !== COLON) at = endOfOddName(message, bytes, at, to);
  if (at >= to) return wait(message, line);
  if (bytes[at] !== COLON || at === line) return badName(message, bytes, line, at);
  const nameTo = at++;
  while (at < to && isSpace(bytes[at])) at++;
  const valueFrom = at;
  while (at < to && TEXT[bytes[at]] !== 0) at++;
  if (at < to && bytes[at] !== CR && message.isLenient) at = endOfOddValue(message, bytes, at, to);
  if (at >= to) return wait(message, line);
  if (bytes[at] !== CR) return fail(message, bytes[at] === LF ? BARE_LF : BAD_VALUE, at);
  if (at + 1 >= to) return wait(message, line);
  if (bytes[at + 1] !== LF) return fail(message, BARE_CR, at);
  let valueTo = at;
  while (valueTo > valueFrom && isSpace(bytes[valueTo - 1])) valueTo--;
  return addRow(message, line, nameTo, valueFrom, valueTo) ? at + 2 : fail(message, TOO_MANY_HEADERS, line);
}

function badName(message: HttpMessage, bytes: Uint8Array, line: number, at: number): number {
  if (at === line && isSpace(bytes[at])) return fail(message, FOLDED, at);
  return fail(message, at === line && bytes[at] === LF ? BARE_LF : BAD_NAME, at);
}

/** `accept-invalid-http-*`: names may have any visible character. Space before the colon stays an error. */
function endOfOddName(message: HttpMessage, bytes: Uint8Array, at: number, to: number): number {
  if (!message.isLenient || bytes[at] <= 0x20) return at;
  tolerate(message, BAD_NAME, at);
  while (at < to && bytes[at] > 0x20 && bytes[at] !== COLON && bytes[at] !== 0x7f) at++;
  return at;
}

/** `accept-invalid-http-*`: values may have control characters, but not those that end lines or strings. */
function endOfOddValue(message: HttpMessage, bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] !== LF && bytes[at] !== 0) tolerate(message, BAD_VALUE, at);
  while (at < to && bytes[at] !== CR && bytes[at] !== LF && bytes[at] !== 0) at++;
  return at;
}

function addRow(message: HttpMessage, nameFrom: number, nameTo: number, valueFrom: number, valueTo: number): boolean {
  const row = message.count;
  if (row === MAX_HEADERS - 1) return false;
  message.count = row + 1;
  message.nameFrom[row] = nameFrom;
  message.nameTo[row] = nameTo;
  message.valueFrom[row] = valueFrom;
  message.valueTo[row] = valueTo;
  message.known[row] = knownName(message.bytes!, nameFrom, nameTo);
  return true;
}

/** Names that framing and the usual rules ask for, by their length. */
const KNOWN: [string, number][][] = Array.from({ length: 18 }, () => []);
for (const [name, known] of [
  ['host', H_HOST],
  ['connection', H_CONNECTION],
  ['content-length', H_CONTENT_LENGTH],
  ['transfer-encoding', H_TRANSFER_ENCODING],
  ['expect', H_EXPECT],
  ['upgrade', H_UPGRADE],
  ['cookie', H_COOKIE],
  ['set-cookie', H_SET_COOKIE],
  ['keep-alive', H_KEEP_ALIVE],
  ['proxy-connection', H_PROXY_CONNECTION],
  ['authorization', H_AUTHORIZATION],
  ['te', H_TE],
] as const)
  KNOWN[name.length].push([name, known]);

function knownName(bytes: Uint8Array, from: number, to: number): number {
  if (to - from >= KNOWN.length) return H_OTHER;
  const candidates = KNOWN[to - from];
  for (let i = 0; i < candidates.length; i++)
    if (equalsLower(bytes, from, to, candidates[i][0])) return candidates[i][1];
  return H_OTHER;
}

/** @returns H_* of a name in lower case */
export function knownText(name: string): number {
  const found = KNOWN[name.length]?.find(([one]) => one === name);
  return found === undefined ? H_OTHER : found[1];
}

/** Names leave in lower case, as HAProxy writes them: from here on they are compared byte by byte. */
export function lowerNames(message: HttpMessage): void {
  const bytes = message.bytes!;
  for (let row = 0; row < message.count; row++)
    for (let i = message.nameFrom[row]; i < message.nameTo[row]; i++) bytes[i] = TOKEN[bytes[i]] || bytes[i];
}
