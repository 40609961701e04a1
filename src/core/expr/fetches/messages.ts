/** The messages that HTTP fetches look at: those of the transaction, or in mode tcp what the client has sent so far. */
import { HttpMessage } from '../../http1/message.js';
import { NEED_MORE, parseRequest } from '../../http1/parse.js';
import type { SampleContext } from '../context.js';

const peeked = new HttpMessage();

/** @returns null where there is no request, or none yet; once the response is there it is gone, as in HAProxy */
export function requestOf(c: SampleContext): HttpMessage | null {
  return c.response === null ? receivedRequest(c) : null;
}

/** The same for what is known of it until the end. */
export function receivedRequest(c: SampleContext): HttpMessage | null {
  const { request } = c;
  if (request !== null) return request.method === '' ? null : request;
  return c.http === null ? peek(c) : null;
}

/** @returns null where there is no response, or none yet */
export function responseOf(c: SampleContext): HttpMessage | null {
  return c.response;
}

/** The response once it is there, else the request: the direction rules run in. */
export function currentOf(c: SampleContext): HttpMessage | null {
  return c.response ?? requestOf(c);
}

/** Rules over contents in mode tcp (manual §7.3.6): the head is read anew by each fetch. */
function peek(c: SampleContext): HttpMessage | null {
  const length = c.contentsLength;
  peeked.reset();
  const end = parseRequest(peeked, c.contents, 0, length);
  c.mayChange = end === NEED_MORE;
  return end > 0 ? peeked : null;
}

export type MessageOf = (c: SampleContext) => HttpMessage | null;
