/** Base64 (RFC 4648 §4 and §5) of texts of one character a byte. */
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

export function encodeBase64(bytes: string): string {
  return encode(bytes, STANDARD, true);
}

/** Without padding. */
export function encodeBase64Url(bytes: string): string {
  return encode(bytes, URL_SAFE, false);
}

/** @returns undefined where the text is not base64 with its padding */
export function decodeBase64(text: string): string | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? decode(text, STANDARD) : undefined;
}

/** Padding may be left out. */
export function decodeBase64Url(text: string): string | undefined {
  const body = text.replace(/={0,2}$/, '');
  return /^[A-Za-z0-9_-]*$/.test(body) && body.length % 4 !== 1 ? decode(body, URL_SAFE) : undefined;
}

function encode(bytes: string, alphabet: string, pads: boolean): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (byteAt(bytes, i) << 16) | (byteAt(bytes, i + 1) << 8) | byteAt(bytes, i + 2);
    for (let n = 0; n < 4; n++) {
      if (n <= left) out += alphabet[(word >> (18 - 6 * n)) & 63];
      else if (pads) out += '=';
    }
  }
  return out;
}

function byteAt(bytes: string, i: number): number {
  return i < bytes.length ? bytes.charCodeAt(i) & 255 : 0;
}

function decode(text: string, alphabet: string): string {
  let out = '';
  let word = 0;
  let bits = 0;
  for (const c of text) {
    if (c === '=') break;
    word = ((word << 6) | alphabet.indexOf(c)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += String.fromCharCode((word >> bits) & 255);
  }
  return out;
}
