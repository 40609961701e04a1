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

/** HAProxy's `tune.http.maxhdr` default: one line less is accepted, as there. */
export const MAX_HEADERS = 101;
/** Rows of a message: what is received, and room for what rules add. */
export const MAX_ROWS = 160;

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
  /** Path of the target as received, once a fetch has looked for it; -1 = not yet, -2 = it has none. */
  pathFrom = -1;
  pathTo = 0;
  /** 0 or 1: HTTP/1.x as received. */
  minor = 1;
  status = 0;
  reasonFrom = 0;
  reasonTo = 0;
  reasonText: string | null = null;
  count = 0;
  readonly nameFrom = new Int32Array(MAX_ROWS);
  readonly nameTo = new Int32Array(MAX_ROWS);
  readonly valueFrom = new Int32Array(MAX_ROWS);
  readonly valueTo = new Int32Array(MAX_ROWS);
  readonly known = new Uint8Array(MAX_ROWS);
  readonly dead = new Uint8Array(MAX_ROWS);
  readonly nameText: (string | null)[] = new Array<string | null>(MAX_ROWS).fill(null);
  readonly valueText: (string | null)[] = new Array<string | null>(MAX_ROWS).fill(null);
  /** BODY_*. */
  body = BODY_NONE;
  /** With BODY_LENGTH. */
  contentLength = 0;
  /** What the peer said of its connection: it may be used again after this message. */
  keepsAlive = false;
  /** `Connection: close` was among its words, whatever else was. */
  saysClose = false;
  /** `Connection: upgrade`, whatever else: HAProxy leaves such a Connection header alone. */
  saysUpgrade = false;
  /** `Connection: upgrade` and an `Upgrade` header. */
  wantsUpgrade = false;
  /** `Expect: 100-continue` of an HTTP/1.1 request with a body. */
  expectsContinue = false;
  /** Where the last error stands: an index of `bytes`. */
  errorAt = 0;
  /** With `isLenient`: the first error that was let pass, 0 = none, and where. */
  oddity = 0;
  oddAt = 0;
  /** `option accept-invalid-http-request|response`; set by the owner, kept by `reset`. */
  isLenient = false;
  /** First byte of the first line that is not complete yet; -1 when no head is being read. The parser's own. */
  resumeAt = -1;

  /** Forgets everything but `isLenient`. Whoever borrows a message calls it before the first bytes of a head. */
  reset(): void {
    for (let row = 0; row < this.count; row++) {
      this.nameText[row] = this.valueText[row] = null;
      this.dead[row] = 0;
    }
    this.count = 0;
    this.bytes = null;
    this.headFrom = this.headEnd = this.errorAt = this.oddity = this.oddAt = 0;
    this.resumeAt = -1;
    this.isResponse =
      this.keepsAlive =
      this.saysClose =
      this.saysUpgrade =
      this.wantsUpgrade =
      this.expectsContinue =
        false;
    this.method = '';
    this.pathFrom = -1;
    this.targetFrom = this.targetTo = this.reasonFrom = this.reasonTo = 0;
    this.targetText = this.reasonText = null;
    this.minor = 1;
    this.status = 0;
    this.body = BODY_NONE;
    this.contentLength = 0;
  }
}
