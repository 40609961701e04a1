/** The head of an HTTP/1 response and its body, from the bytes received so far (RFC 9112 §4 to §7). */

/**
 * A complete head. Most checks look at the status alone, and a thousand heads a second are read: what few ask for is
 * only made when they do.
 */
export class ResponseHead {
  constructor(
    private readonly bytes: Buffer,
    readonly status: number,
    /** Where the body begins. */
    readonly bodyAt: number,
    /** The head says something impossible about its body. */
    readonly hasBadFraming: boolean,
  ) {}

  get reason(): string {
    return STATUS_LINE.exec(line(this.bytes, 0, lineEnd(this.bytes, 0)))?.[1] ?? '';
  }

  /** Names in lower case. */
  get headers(): (readonly [string, string])[] {
    const headers: (readonly [string, string])[] = [];
    for (let from = lineEnd(this.bytes, 0) + 1; from < this.bodyAt; ) {
      const end = lineEnd(this.bytes, from);
      const match = HEADER.exec(line(this.bytes, from, end));
      if (match !== null) headers.push([match[1].toLowerCase(), match[2]]);
      from = end + 1;
    }
    return headers;
  }
}

export type HeadResult = ResponseHead | 'need-more' | 'bad';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const DOT = 0x2e;
const STATUS_LINE = /^HTTP\/\d\.\d +\d{3} (.*)$/s;
const PROTOCOL = Buffer.from('HTTP/');
const CONTENT_LENGTH = Buffer.from('content-length');
const LENGTH_DIGITS_MAX = 15;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s;
/** 1 for the bytes of a header's name (RFC 9110 §5.6.2). */
const TOKEN = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * Lines may end in LF alone: check scripts behind xinetd write them so, and HAProxy takes it.
 * @param bytes what was received
 */
export function parseHead(bytes: Buffer): HeadResult {
  if (!couldBeHttp(bytes)) return 'bad';
  const first = lineEnd(bytes, 0);
  if (first < 0) return 'need-more';
  const status = statusOf(bytes, textEnd(bytes, 0, first));
  if (status < 0) return 'bad';
  let hasBadFraming = false;
  for (let from = first + 1; ; ) {
    const lf = lineEnd(bytes, from);
    if (lf < 0) return 'need-more';
    const end = textEnd(bytes, from, lf);
    if (end === from) return new ResponseHead(bytes, status, lf + 1, hasBadFraming);
    const colon = nameEnd(bytes, from);
    if (colon === from || bytes[colon] !== COLON) return 'bad';
    if (isContentLength(bytes, from, colon) && !isLength(bytes, colon + 1, end)) hasBadFraming = true;
    from = lf + 1;
  }
}

/** Garbage is told from the start of a response at the first byte that is wrong: no need to wait for more. */
function couldBeHttp(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, PROTOCOL.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== PROTOCOL[i]) return false;
  return true;
}

/** `HTTP/1.1 200 reason`, with one space or more before the status. @returns the status, or -1 */
function statusOf(bytes: Buffer, end: number): number {
  if (end < 12 || !isDigit(bytes[5]) || bytes[6] !== DOT || !isDigit(bytes[7]) || bytes[8] !== SPACE) return -1;
  let at = 9;
  while (at < end && bytes[at] === SPACE) at++;
  if (at + 3 > end || !isDigit(bytes[at]) || !isDigit(bytes[at + 1]) || !isDigit(bytes[at + 2])) return -1;
  if (at + 3 < end && bytes[at + 3] !== SPACE) return -1;
  return (bytes[at] - 48) * 100 + (bytes[at + 1] - 48) * 10 + bytes[at + 2] - 48;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function nameEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (TOKEN[bytes[at]] === 1) at++;
  return at;
}

function isContentLength(bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== CONTENT_LENGTH.length) return false;
  for (let i = 0; i < CONTENT_LENGTH.length; i++) if ((bytes[from + i] | 0x20) !== CONTENT_LENGTH[i]) return false;
  return true;
}

/** Digits alone, with blanks around them. */
function isLength(bytes: Buffer, from: number, to: number): boolean {
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  if (start === end || end - start > LENGTH_DIGITS_MAX) return false;
  for (let at = start; at < end; at++) if (!isDigit(bytes[at])) return false;
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function lineEnd(bytes: Buffer, from: number): number {
  return bytes.indexOf(LF, from);
}

/** @param lf where the line's LF is @returns the end of its text: a CR before the LF is no part of it */
function textEnd(bytes: Buffer, from: number, lf: number): number {
  return lf > from && bytes[lf - 1] === CR ? lf - 1 : lf;
}

function line(bytes: Buffer, from: number, lf: number): string {
  return bytes.toString('latin1', from, textEnd(bytes, from, lf));
}

export interface ResponseBody {
  readonly bytes: Buffer;
  /** The message ended by its own account; otherwise it ends with the connection. */
  readonly isComplete: boolean;
}

/** @returns the body so far, or 'bad' where its framing is broken */
export function bodyOf(head: ResponseHead, received: Buffer): ResponseBody | 'bad' {
  const bytes = received.subarray(head.bodyAt);
  const { headers } = head;
  const encoding = headers.find(([name]) => name === 'transfer-encoding');
  if (encoding !== undefined && /chunked$/i.test(encoding[1])) return dechunk(bytes);
  const length = headers.find(([name]) => name === 'content-length');
  if (length === undefined)
    return { bytes, isComplete: head.status < 200 || head.status === 204 || head.status === 304 };
  const expected = Number(length[1]);
  return { bytes: bytes.subarray(0, expected), isComplete: bytes.length >= expected };
}

function dechunk(bytes: Buffer): ResponseBody | 'bad' {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = lineEnd(bytes, at);
    if (end < 0) return { bytes: Buffer.concat(parts), isComplete: false };
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(;.*)?$/.exec(line(bytes, at, end));
    if (size === null) return 'bad';
    const length = Number.parseInt(size[1], 16);
    if (length === 0) return { bytes: Buffer.concat(parts), isComplete: true };
    parts.push(bytes.subarray(end + 1, Math.min(bytes.length, end + 1 + length)));
    const next = lineEnd(bytes, end + 1 + length);
    if (next < 0) return { bytes: Buffer.concat(parts), isComplete: false };
    at = next + 1;
  }
}
