/** Converters between bytes and the ways to write them. */
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from '../base64.js';
import { type Convert, type Converters, plain } from '../converter.js';
import { hexOf } from '../hex.js';
import { bigIntegerOf } from '../values.js';

export const ENCODINGS: Converters = {
  hex: plain('binary', 'string', (value) => hexOf(value as string)),
  hex2i: plain('binary', 'integer', (value) => numberOfHex(value as string)),
  base64: plain('binary', 'string', (value) => encodeBase64(value as string)),
  b64dec: plain('string', 'binary', (value) => decodeBase64(value as string)),
  ub64enc: plain('binary', 'string', (value) => encodeBase64Url(value as string)),
  ub64dec: plain('string', 'binary', (value) => decodeBase64Url(value as string)),
  url_dec: { takes: 'string', gives: 'string', make: makeUrlDecode },
  url_enc: { takes: 'string', gives: 'string', make: makeUrlEncode },
  be2dec: {
    takes: 'binary',
    gives: 'string',
    make: (args) => makeChunks(args, (chunk) => BigInt(`0x${hexOf(chunk)}`)),
  },
  be2hex: { takes: 'binary', gives: 'string', make: (args) => makeChunks(args, hexOf) },
  htonl: plain('integer', 'binary', (value) => networkOrder(value as number)),
};

function numberOfHex(hex: string): number | undefined {
  return /^[0-9a-fA-F]{1,16}$/.test(hex) ? Number(BigInt.asIntN(64, BigInt(`0x${hex}`))) : undefined;
}

function networkOrder(value: number): string {
  const word = Number(BigInt.asUintN(32, bigIntegerOf(value)));
  return String.fromCharCode((word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
}

/** `+` is a space behind the question mark, or anywhere in a form. A lone percent sign is no value. */
function makeUrlDecode([form = '0', ...more]: readonly string[]): Convert | string {
  if (!/^\d+$/.test(form) || more.length > 0) return 'takes 1 for texts of forms';
  return (value) => decodeUrl(value as string, form !== '0');
}

function decodeUrl(text: string, isForm: boolean): string | undefined {
  let inQuery = isForm;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '%') {
      const hex = text.slice(i + 1, i + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
      out += String.fromCharCode(Number.parseInt(hex, 16));
      i += 2;
    } else if (c === '+' && inQuery) out += ' ';
    else out += c;
    if (c === '?') inQuery = true;
  }
  return out;
}

/** Everything but the unreserved characters of RFC 3986 §2.3. */
function makeUrlEncode([type = 'query']: readonly string[]): Convert | string {
  if (type !== 'query') return `knows the type 'query', not '${type}'`;
  return (value) => (value as string).replace(/[^A-Za-z0-9._~-]/g, (c) => `%${hexOf(c)}`);
}

/** Chunks of bytes between separators; a rest shorter than a chunk is left out where it is to be. */
function makeChunks(
  [separator = '', size, truncate = '0']: readonly string[],
  print: (chunk: string) => string | bigint,
): Convert | string {
  const width = size === undefined ? 1 : Number(size);
  if (!Number.isInteger(width) || width < 1) return 'needs a separator and the size of a chunk';
  return (value) => {
    const bytes = value as string;
    const chunks: (string | bigint)[] = [];
    for (let at = 0; at < bytes.length; at += width) {
      const chunk = bytes.slice(at, at + width);
      if (chunk.length === width || truncate === '0') chunks.push(print(chunk));
    }
    return chunks.join(separator);
  };
}
