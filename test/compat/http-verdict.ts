/** What our own parser has to say of an exchange: the first error in what the client or the server sends. */
import { ChunkScanner } from '../../src/core/http1/chunked.js';
import { errorCode } from '../../src/core/http1/errors.js';
import { BODY_CHUNKED, BODY_LENGTH, HttpMessage } from '../../src/core/http1/message.js';
import { parseRequest, parseResponse } from '../../src/core/http1/parse.js';
import type { Exchange } from './wire.js';

/** tune.bufsize less tune.maxrewrite. */
const HEAD_BYTES_MAX = 15_360;

/** @returns its stable code, null when all is well formed */
export function firstError({ request, answer }: Exchange): string | null {
  return firstIn(request, null) ?? (answer === undefined ? null : firstIn(answer.text, request));
}

/** @param request what it answers; null = it is requests itself */
function firstIn(text: string, request: string | null): string | null {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  const method = request?.slice(0, request.indexOf(' ')) ?? '';
  for (let at = 0; at < bytes.length; ) {
    const message = new HttpMessage();
    const length =
      request === null
        ? parseRequest(message, bytes, at, bytes.length)
        : parseResponse(message, bytes, at, bytes.length, method, /\r\nupgrade:/i.test(request));
    if (length < 0) return errorCode(length);
    if (Math.max(length, bytes.length - at) > HEAD_BYTES_MAX && (length === 0 || length > HEAD_BYTES_MAX))
      return 'HEAD_TOO_LARGE';
    if (length === 0) return null;
    at += length;
    if (message.body === BODY_LENGTH) at += message.contentLength;
    else if (message.body === BODY_CHUNKED) {
      const scanner = new ChunkScanner();
      at = scanner.scan(bytes, at, bytes.length);
      if (at < 0) return errorCode(at);
    } else if (request !== null && message.status >= 200) return null;
  }
  return null;
}
