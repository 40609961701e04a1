/** The numbers behind `balance source`. */

/**
 * Hash of a client address for `balance source`: the xor of its big-endian 32-bit words, which is what HAProxy 2.6
 * takes for both families (observed; its hash functions do not apply to addresses, only the avalanche modifier does).
 * @param length 4 (IPv4) or 16 (IPv6); 0 (unix clients) hashes to 0
 * @returns 32 bits, unsigned
 */
export function hashSource(bytes: Uint8Array, offset: number, length: number): number {
  let h = 0;
  for (let i = offset; i + 3 < offset + length; i += 4)
    h ^= (bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3];
  return h >>> 0;
}

/** Spreads a 32-bit key over all bits (the finalizer of MurmurHash3, in the public domain). */
export function avalanche(key: number): number {
  let h = key | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
