/** The head of an HTTP/1 response and its body, from the bytes received so far (RFC 9112 §4 to §7). */

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Where the body begins. */
  readonly bodyAt: number;
}

export type HeadResult = ResponseHead | 'need-more' | 'bad';

const LF = 0x0a;
const STATUS_LINE = /^HTTP\/\d\.\d +(\d{3})(?: (.*))?$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Lines may end in LF alone: check scripts behind xinetd write them so, and HAProxy takes it.
 * @param bytes what was received; latin1
 */
export function parseHead(bytes: Buffer): HeadResult {
  const first = lineEnd(bytes, 0);
  if (!couldBeHttp(bytes)) return 'bad';
  if (first < 0) return 'need-more';
  const match = STATUS_LINE.exec(line(bytes, 0, first));
  if (match === null) return 'bad';
  const headers: [string, string][] = [];
  for (let from = first + 1; ; ) {
    const end = lineEnd(bytes, from);
    if (end < 0) return 'need-more';
    const text = line(bytes, from, end);
    from = end + 1;
    if (text === '') return { status: Number(match[1]), reason: match[2] ?? '', headers, bodyAt: from };
    const header = HEADER.exec(text);
    if (header === null) return 'bad';
    headers.push([header[1].toLowerCase(), header[2]]);
  }
}

/** Garbage is told from the start of a response at the first byte that is wrong: no need to wait for more. */
function couldBeHttp(bytes: Buffer): boolean {
  const start = 'HTTP/';
  for (let i = 0; i < Math.min(bytes.length, start.length); i++) if (bytes[i] !== start.charCodeAt(i)) return false;
  return true;
}

function lineEnd(bytes: Buffer, from: number): number {
  return bytes.indexOf(LF, from);
}

function line(bytes: Buffer, from: number, end: number): string {
  const to = end > from && bytes[end - 1] === 0x0d ? end - 1 : end;
  return bytes.toString('latin1', from, to);
}

export interface ResponseBody {
  readonly bytes: Buffer;
  /** The message ended by its own account; otherwise it ends with the connection. */
  readonly isComplete: boolean;
}

/** @returns the body so far, or 'bad' where its framing is broken */
export function bodyOf(head: ResponseHead, received: Buffer): ResponseBody | 'bad' {
  const bytes = received.subarray(head.bodyAt);
  const encoding = head.headers.find(([name]) => name === 'transfer-encoding');
  if (encoding !== undefined && /chunked$/i.test(encoding[1])) return dechunk(bytes);
  const length = head.headers.find(([name]) => name === 'content-length');
  if (length === undefined)
    return { bytes, isComplete: head.status < 200 || head.status === 204 || head.status === 304 };
  const expected = Number(length[1]);
  return { bytes: bytes.subarray(0, expected), isComplete: bytes.length >= expected };
}

/** Whether the head says something impossible about its body. */
export function hasBadFraming(head: ResponseHead): boolean {
  return head.headers.some(([name, value]) => name === 'content-length' && !/^\d{1,15}$/.test(value));
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
