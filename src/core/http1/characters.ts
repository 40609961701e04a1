/**
 * Classes of bytes (RFC 9110 §5.5 and §5.6.2, RFC 3986), and text out of bytes and into them. Text is latin1
 * everywhere: one character a byte.
 */

const HTAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const COMMA = 44;
export const COLON = 58;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

/** Token characters (RFC 9110 §5.6.2) to themselves, letters in lower case; 0 for every other byte. */
export const TOKEN = new Uint8Array(256);
for (const c of `${LETTERS}${DIGITS}!#$%&'*+-.^_\`|~`) TOKEN[c.charCodeAt(0)] = c.charCodeAt(0);
for (const c of LETTERS) TOKEN[c.toUpperCase().charCodeAt(0)] = c.charCodeAt(0);

/** 1 for what may stand in a field value or reason: HTAB, SP, VCHAR and obs-text (RFC 9110 §5.5). */
export const TEXT = new Uint8Array(256).fill(1, 0x20);
TEXT[HTAB] = 1;
TEXT[0x7f] = 0;

/** 1 for what may stand in a request target: visible ASCII but `#`, as HAProxy takes it (RFC 3986 has fewer). */
export const TARGET = new Uint8Array(256).fill(1, 0x21, 0x7f);
TARGET[0x23] = 0;

/** 1 for what may stand in `host[:port]` (RFC 3986 §3.2.2). */
export const AUTHORITY = new Uint8Array(256);
for (const c of `${LETTERS}${LETTERS.toUpperCase()}${DIGITS}-._~!$&'()*+,;=%:[]`) AUTHORITY[c.charCodeAt(0)] = 1;

/** Value of a hexadecimal digit; -1 for every other byte. */
export const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i;
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

export const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
export const isSpace = (byte: number) => byte === SP || byte === HTAB;

interface NativeText {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number;
}
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as NativeText;

/** Above it the engine's own copy is quicker than a loop (measured: about 90 ns a call). */
const SHORT = 16;

/** @returns bytes [from, to) as text */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > SHORT) return latin1Slice.call(bytes, from, to);
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Writes text at `at`; the caller has made sure that it fits. @returns the position behind it */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  const length = text.length;
  if (length > SHORT) return at + latin1Write.call(bytes, text, at, length);
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}

/** Whether bytes [from, to) are `text`, which is in lower case, without regard to case. */
export function equalsLower(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (TOKEN[bytes[from + i]] !== text.charCodeAt(i)) return false;
  return true;
}
