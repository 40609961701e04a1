/** Bytes and text of rules: one character a byte (latin1). */

/** @returns the bytes of a latin1 text; characters above 255 as UTF-8 */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, /[^\x00-\xff]/.test(text) ? 'utf8' : 'latin1');
}

/**
 * A header value as it may be sent. What would end the line, and with it begin a header or a request of somebody
 * else's choice, becomes a space (RFC 9110 §5.5); HAProxy sends it as it is.
 */
export function safeValue(text: string): string {
  return /[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]/g, ' ') : text;
}
