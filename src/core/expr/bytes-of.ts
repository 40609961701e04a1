/**
 * What a client sends is text of one character a byte here, and configuration files are read as UTF-8: their texts
 * become bytes before the two are compared or joined.
 */
const encoder = new TextEncoder();

export function bytesOf(text: string): string {
  return BEYOND_ASCII.test(text) ? latin1Of(encoder.encode(text)) : text;
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

function latin1Of(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}
