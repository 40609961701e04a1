/**
 * What says where a message ends is not for rules to change: a receiver that reads another end than we send takes the
 * rest of a body for the next message (RFC 9112 §11.2).
 */
import { addHeader, removeRow } from './headers.js';
import {
  BODY_CHUNKED,
  BODY_CLOSE,
  BODY_LENGTH,
  BODY_NONE,
  H_CONTENT_LENGTH,
  H_TRANSFER_ENCODING,
  type HttpMessage,
} from './message.js';

/** Puts the headers right that frame the body, after the rules. Costs a look at each row. */
export function keepFraming(message: HttpMessage): void {
  const { body } = message;
  const wanted = body === BODY_LENGTH ? H_CONTENT_LENGTH : body === BODY_CHUNKED ? H_TRANSFER_ENCODING : -1;
  let stands = false;
  for (let row = 0; row < message.count; row++) {
    const known = message.known[row];
    if ((known !== H_CONTENT_LENGTH && known !== H_TRANSFER_ENCODING) || message.dead[row] !== 0) continue;
    const isAsReceived = message.nameText[row] === null && message.valueText[row] === null;
    if (known === wanted && isAsReceived) stands = true;
    else if (isFalse(message, known)) removeRow(message, row);
  }
  if (stands || wanted < 0) return;
  if (wanted === H_CONTENT_LENGTH) addHeader(message, 'content-length', String(message.contentLength));
  else addHeader(message, 'transfer-encoding', 'chunked');
}

/** The answer to HEAD, and 304, may tell the length of what they do not bring (RFC 9110 §8.6). */
function isFalse({ isResponse, body, status }: HttpMessage, known: number): boolean {
  if (body === BODY_NONE) return !isResponse || status < 200 || status === 204;
  return body === BODY_LENGTH || body === BODY_CHUNKED || body === BODY_CLOSE || known === H_TRANSFER_ENCODING;
}
