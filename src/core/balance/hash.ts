/** Hashes for `balance source` and the consistent ring. 32-bit, unsigned. */

/** FNV-1a with a final avalanche: the same client always gives the same key. @param length bytes, 4 or 16 */
export function hashSource(bytes: Uint8Array, offset: number, length: number): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < length; i++) h = Math.imul(h ^ bytes[offset + i], 0x01000193);
  return avalanche(h);
}

/** Spreads every input bit over the word (MurmurHash3's finaliser constants). */
export function avalanche(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
