/**
 * What can be wrong with a message. The parser returns these numbers, all below zero; the position is `errorAt` of the
 * message or of the chunk scanner. Codes are stable names for logs and `show errors`.
 */

/** The head is not complete: read more and ask again. No error. */
export const NEED_MORE = 0;

export const BAD_METHOD = -1;
export const BAD_TARGET = -2;
export const BAD_VERSION = -3;
export const BAD_START_LINE = -4;
export const BAD_STATUS = -5;
export const BARE_LF = -6;
export const BARE_CR = -7;
export const BAD_NAME = -8;
export const BAD_VALUE = -9;
export const FOLDED = -10;
export const TOO_MANY_HEADERS = -11;
export const BAD_LENGTH = -12;
export const REPEATED_LENGTH = -13;
export const BOTH_LENGTHS = -14;
export const BAD_CODING = -15;
export const UNKNOWN_CODING = -16;
export const CODING_IN_1_0 = -17;
export const REPEATED_HOST = -18;
export const BAD_HOST = -19;
export const HOST_MISMATCH = -20;
export const BAD_UPGRADE = -21;
export const UNASKED_UPGRADE = -22;
/** Found by the owner of the buffer: the head does not fit. */
export const HEAD_TOO_LARGE = -23;
export const BAD_CHUNK_SIZE = -24;
export const BAD_CHUNK_EXTENSION = -25;
export const BAD_CHUNK_END = -26;
export const BAD_TRAILER = -27;
export const TRAILERS_TOO_LARGE = -28;
export const CONNECT_WITH_BODY = -29;
export const BODY_IN_1_0 = -30;

interface Meaning {
  readonly code: string;
  readonly text: string;
}

const meaning = (code: string, text: string): Meaning => ({ code, text });

/** By -error. */
const MEANINGS: readonly Meaning[] = [
  meaning('NEED_MORE', 'the message is not complete'),
  meaning('BAD_METHOD', 'no method, or a character that no method has'),
  meaning('BAD_TARGET', 'a request target that is none, or a character that must be encoded in it'),
  meaning('BAD_VERSION', 'no HTTP/1 version'),
  meaning('BAD_START_LINE', 'one space, and only one, separates the parts of the first line'),
  meaning('BAD_STATUS', 'a status is three digits from 100'),
  meaning('BARE_LF', 'a line ended by LF without CR'),
  meaning('BARE_CR', 'CR without LF'),
  meaning('BAD_NAME', 'no header name, a character that no name has, or no colon right behind it'),
  meaning('BAD_VALUE', 'a control character in a header value'),
  meaning('FOLDED', 'a header value continued on the next line (obs-fold)'),
  meaning('TOO_MANY_HEADERS', 'too many headers'),
  meaning('BAD_LENGTH', 'Content-Length is not one decimal number'),
  meaning('REPEATED_LENGTH', 'more than one Content-Length'),
  meaning('BOTH_LENGTHS', 'Content-Length beside Transfer-Encoding'),
  meaning('BAD_CODING', 'Transfer-Encoding does not end with chunked, or has it twice'),
  meaning('UNKNOWN_CODING', 'a transfer coding other than chunked'),
  meaning('CODING_IN_1_0', 'Transfer-Encoding in an HTTP/1.0 message'),
  meaning('REPEATED_HOST', 'more than one Host'),
  meaning('BAD_HOST', 'Host is not a host and a port'),
  meaning('HOST_MISMATCH', 'Host differs from the host of the request target'),
  meaning(
    'BAD_UPGRADE',
    'an upgrade to websocket without Sec-WebSocket-Key, or an answer to it without Sec-WebSocket-Accept',
  ),
  meaning('UNASKED_UPGRADE', 'the server switches protocols and nobody asked for it'),
  meaning('HEAD_TOO_LARGE', 'the head does not fit into the buffer'),
  meaning('BAD_CHUNK_SIZE', 'no hexadecimal chunk size, or too large a one'),
  meaning('BAD_CHUNK_EXTENSION', 'a chunk extension that is none, or too long a one'),
  meaning('BAD_CHUNK_END', 'no CRLF at the end of a chunk'),
  meaning('BAD_TRAILER', 'a trailer that is no header, or one that says where the message ends'),
  meaning('TRAILERS_TOO_LARGE', 'too many trailers'),
  meaning('CONNECT_WITH_BODY', 'CONNECT with a body'),
  meaning('BODY_IN_1_0', 'GET, HEAD or DELETE with a body in HTTP/1.0'),
];

/** Stable name of an error, for logs and metrics. */
export const errorCode = (error: number): string => MEANINGS[-error].code;

/** What is wrong, for people. */
export const errorText = (error: number): string => MEANINGS[-error].text;

/** Status of the answer to a request with this error, as HAProxy gives it. */
export function errorStatus(error: number): number {
  if (error === UNKNOWN_CODING) return 422;
  return error === BODY_IN_1_0 ? 413 : 400;
}
