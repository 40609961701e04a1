/** A message parsed from text, for the tables of this folder. */
import { errorCode } from '../../../src/core/http1/errors.js';
import { HttpMessage } from '../../../src/core/http1/message.js';
import { parseRequest, parseResponse } from '../../../src/core/http1/parse.js';
import { writeHead } from '../../../src/core/http1/serialize.js';

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export function request(text: string, isLenient = false): { message: HttpMessage; length: number } {
  const message = new HttpMessage();
  message.isLenient = isLenient;
  const bytes = bytesOf(text);
  return { message, length: parseRequest(message, bytes, 0, bytes.length) };
}

export function response(text: string, method = 'GET', mayUpgrade = false): { message: HttpMessage; length: number } {
  const message = new HttpMessage();
  const bytes = bytesOf(text);
  return { message, length: parseResponse(message, bytes, 0, bytes.length, method, mayUpgrade) };
}

/** The head as it leaves. */
export function written(message: HttpMessage, connection = ''): string {
  const out = new Uint8Array(32_768);
  const end = writeHead(message, out, 0, out.length, connection);
  return Buffer.from(out.subarray(0, end)).toString('latin1');
}

/** `BAD_NAME@12`, or `more`, or the head as it leaves. */
export function outcome({ message, length }: { message: HttpMessage; length: number }): string {
  if (length < 0) return `${errorCode(length)}@${message.errorAt}`;
  return length === 0 ? 'more' : written(message);
}
