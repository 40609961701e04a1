/** The bearer token (RFC 6750 §2.1), compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** @param header the `Authorization` header @returns whether it carries the token */
export function carriesToken(header: string | undefined, token: string): boolean {
  const [, sent] = /^Bearer +([\x21-\x7e]+) *$/i.exec(header ?? '') ?? [];
  // Digests have one length, so that neither content nor length of the token shows in the time.
  return timingSafeEqual(digest(sent ?? ''), digest(token)) && sent !== undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
