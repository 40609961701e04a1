/** Bytes (one character each) as hexadecimal text and back. */

/** @returns undefined where the text is not pairs of digits */
export function bytesOfHex(hex: string): string | undefined {
  if (!/^([0-9a-fA-F]{2})*$/.test(hex)) return undefined;
  return hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** In capitals. */
export function hexOf(bytes: string): string {
  let hex = '';
  for (let i = 0; i < bytes.length; i++) hex += PAIRS[bytes.charCodeAt(i) & 255];
  return hex;
}
