/** The hashes behind the converters of these names (manual §7.3.1), over texts of one character a byte. 32 bits. */

/** `hash * 65599 + byte` (the sdbm library, in the public domain). */
export function sdbm(text: string, avalanches = false): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (text.charCodeAt(i) + (hash << 6) + (hash << 16) - hash) | 0;
  return finish(hash, avalanches);
}

/** Daniel J. Bernstein's `hash * 33 + byte`. */
export function djb2(text: string, avalanches = false): number {
  let hash = 5381;
  for (let i = 0; i < text.length; i++) hash = ((hash << 5) + hash + text.charCodeAt(i)) | 0;
  return finish(hash, avalanches);
}

/** ISO 3309, as in Ethernet and gzip. */
export function crc32(text: string, avalanches = false): number {
  return finish(cyclic(text, IEEE), avalanches);
}

/** Castagnoli's, RFC 4960 appendix B. */
export function crc32c(text: string, avalanches = false): number {
  return finish(cyclic(text, CASTAGNOLI), avalanches);
}

const IEEE = tableOf(0xedb88320);
const CASTAGNOLI = tableOf(0x82f63b78);

function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
    return rest;
  });
}

function cyclic(text: string, table: Uint32Array): number {
  let rest = 0xffffffff;
  for (let i = 0; i < text.length; i++) rest = table[(rest ^ text.charCodeAt(i)) & 255] ^ (rest >>> 8);
  return ~rest;
}

function finish(hash: number, avalanches: boolean): number {
  return avalanches ? spread(hash) : hash >>> 0;
}

/** Bob Jenkins' integer hash in six shifts (in the public domain), and a factor that HAProxy's answers show. */
export function spread(hash: number): number {
  let h = hash | 0;
  h = (h + 0x7ed55d16 + (h << 12)) | 0;
  h = h ^ 0xc761c23c ^ (h >>> 19);
  h = (h + 0x165667b1 + (h << 5)) | 0;
  h = (h + 0xd3a2646c) ^ (h << 9);
  h = (h + 0xfd7046c5 + (h << 3)) | 0;
  h = h ^ 0xb55a4f09 ^ (h >>> 16);
  return Math.imul(h, 0xc0000001) >>> 0;
}
