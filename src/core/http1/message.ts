/**
 * One HTTP/1 message head: where its parts stand in the buffer they were read into, and what rules have made of them.
 * Objects are pooled with their session and of one shape; strings are made only when something asks for them.
 *
 *   bytes   GET /a?b HTTP/1.1\r\nHost: x\r\n…\r\n\r\nbody
 *           ^method ^target           ^name ^value   ^headEnd
 *
 * A header is a row of the columns `nameFrom … valueTo`; a row whose `nameText`/`valueText` is not null was written by a
 * rule and that text stands instead. Deleted rows have `dead` set. Names are compared without case and leave in lower
 * case, as HAProxy writes them.
 */

/** Headers that framing, connections and the usual rules ask for; the parser marks their rows. */
export const H_OTHER = 0;
export const H_HOST = 1;
export const H_CONNECTION = 2;
export const H_CONTENT_LENGTH = 3;
export const H_TRANSFER_ENCODING = 4;
export const H_EXPECT = 5;
export const H_UPGRADE = 6;
export const H_COOKIE = 7;
export const H_SET_COOKIE = 8;
export const H_KEEP_ALIVE = 9;
export const H_PROXY_CONNECTION = 10;
export const H_AUTHORIZATION = 11;
export const H_TE = 12;

/** Rows of a head; HAProxy's `tune.http.maxhdr` default. */
export const MAX_HEADERS = 101;

/** How the body ends. */
export const BODY_NONE = 0;
export const BODY_LENGTH = 1;
export const BODY_CHUNKED = 2;
/** Until the sender closes (responses). */
export const BODY_CLOSE = 3;
/** After 101 or a CONNECT answered by 2xx: bytes both ways without HTTP. */
export const BODY_TUNNEL = 4;

export class HttpMessage {
  /** The buffer the head was read into; null while there is no message. */
  bytes: Uint8Array | null = null;
  headFrom = 0;
  /** First byte behind the empty line. */
  headEnd = 0;
  isResponse = false;
  /** `GET`; `methodText` of rules stands in it too. */
  method = '';
  targetFrom = 0;
  targetTo = 0;
  /** Written by a rule; null = as received. */
  targetText: string | null = null;
  /** 0 or 1: HTTP/1.x as received. */
  minor = 1;
  status = 0;
  reasonFrom = 0;
  reasonTo = 0;
  reasonText: string | null = null;
  count = 0;
  readonly nameFrom = new Int32Array(MAX_HEADERS);
  readonly nameTo = new Int32Array(MAX_HEADERS);
  readonly valueFrom = new Int32Array(MAX_HEADERS);
  readonly valueTo = new Int32Array(MAX_HEADERS);
  readonly known = new Uint8Array(MAX_HEADERS);
  readonly dead = new Uint8Array(MAX_HEADERS);
  readonly nameText: (string | null)[] = new Array<string | null>(MAX_HEADERS).fill(null);
  readonly valueText: (string | null)[] = new Array<string | null>(MAX_HEADERS).fill(null);
  /** BODY_*. */
  body = BODY_NONE;
  /** With BODY_LENGTH. */
  contentLength = 0;
  /** What the peer said of its connection: it may be used again after this message. */
  keepsAlive = false;
  /** `Connection: upgrade` and an `Upgrade` header. */
  wantsUpgrade = false;
  /** `Expect: 100-continue` of an HTTP/1.1 request with a body. */
  expectsContinue = false;
}
