/** The data of a chunked body that lies in a buffer, for those who want to look at it (RFC 9112 §7.1). */
import { CR, HEX, LF } from './characters.js';

/**
 * Copies the data of all chunks in bytes [from, to), of the last one as far as it is there. What is no chunk ends it:
 * whoever forwards the body has found the error.
 * @returns a new array; the length of the data may be 0
 */
export function dechunk(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const data = new Uint8Array(Math.max(0, to - from));
  let length = 0;
  for (let at = from; at < to; ) {
    let size = 0;
    const line = at;
    for (; at < to && HEX[bytes[at]] >= 0; at++) size = size * 16 + HEX[bytes[at]];
    if (at === line || size === 0) break;
    while (at < to && bytes[at] !== LF) at++; // extensions
    const end = Math.min(to, ++at + size);
    if (at >= to) break;
    data.set(bytes.subarray(at, end), length);
    length += end - at;
    at = end;
    if (at < to && bytes[at] === CR) at += 2;
  }
  return data.subarray(0, length);
}
