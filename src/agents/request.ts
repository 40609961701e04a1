/**
 * The request of a poller, as far as an endpoint needs it: path, query, and whether JSON is wanted. Bytes in, request out.
 * The scripts we stand in for never read a request, so nothing here is an error: what is no HTTP is a plain question.
 */

export interface Request {
  /** Upper case; '' where no HTTP was spoken. */
  readonly method: string;
  /** Decoded as far as it can be, without the query; '/' where none was written. */
  readonly path: string;
  /** Text behind the question mark. */
  readonly query: string;
  readonly wantsJson: boolean;
}

/** What a poller means that says nothing, or nothing we understand. */
export const PLAIN: Request = { method: '', path: '/', query: '', wantsJson: false };

/** A head longer than this is answered without reading on. */
export const HEAD_BYTES_MAX = 8192;

/**
 * @param head bytes so far, as latin1
 * @returns undefined while the head is not complete
 */
export function readRequest(head: string): Request | undefined {
  const lineEnd = head.indexOf('\n');
  if (lineEnd < 0) return head.length > HEAD_BYTES_MAX || !mayBeHttp(head) ? PLAIN : undefined;
  const words = head.slice(0, lineEnd).trimEnd().split(' ');
  // HTTP/0.9 and lines of no protocol at all have no head to wait for.
  if (words.length !== 3 || !/^HTTP\/\d\.\d$/.test(words[2])) return { ...PLAIN, ...targetOf(words) };
  const end = endOfHead(head);
  if (end < 0 && head.length <= HEAD_BYTES_MAX) return undefined;
  const fields = head.slice(lineEnd, end < 0 ? undefined : end);
  return { ...targetOf(words), method: words[0].toUpperCase(), wantsJson: wantsJson(fields) };
}

/** Whether these bytes can still become a request line: a method is a few letters. */
function mayBeHttp(bytes: string): boolean {
  return /^[A-Za-z]{0,20}( |$)/.test(bytes);
}

function endOfHead(head: string): number {
  const strict = head.indexOf('\r\n\r\n');
  return strict >= 0 ? strict : head.indexOf('\n\n');
}

function targetOf(words: readonly string[]): { method: string; path: string; query: string } {
  const target = words.length >= 2 ? words[1] : '/';
  const [path, query = ''] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?', 2);
  return { method: '', path: path === '' || path === '*' ? '/' : path, query };
}

/** `Accept` (RFC 9110 §12.5.1): JSON named, and not with a quality of zero. */
function wantsJson(fields: string): boolean {
  const accepts = [...fields.matchAll(/\naccept[ \t]*:([^\r\n]*)/gi)].flatMap(([, value]) => value.split(','));
  return accepts.some((each) => /^\s*application\/json\s*(;|$)/i.test(each) && !/;\s*q=0(\.0*)?\s*$/i.test(each));
}
