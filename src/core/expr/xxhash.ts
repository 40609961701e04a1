/** XXH32 and XXH64 (the xxHash specification, version 0.1.1) of texts of one character a byte. */

const A32 = 0x9e3779b1;
const B32 = 0x85ebca77;
const C32 = 0xc2b2ae3d;
const D32 = 0x27d4eb2f;
const E32 = 0x165667b1;

const rotate = (word: number, by: number) => (word << by) | (word >>> (32 - by));

/** @returns 32 bits, unsigned */
export function xxh32(text: string, seed: bigint): number {
  const start = Number(BigInt.asUintN(32, seed));
  const length = text.length;
  let at = 0;
  let hash = (start + E32) | 0;
  if (length >= 16) {
    const lanes = [(start + A32 + B32) | 0, (start + B32) | 0, start | 0, (start - A32) | 0];
    for (; at + 16 <= length; at += 16)
      for (let i = 0; i < 4; i++)
        lanes[i] = Math.imul(rotate((lanes[i] + Math.imul(word32(text, at + 4 * i), B32)) | 0, 13), A32);
    hash = (rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18)) | 0;
  }
  return finish32((hash + length) | 0, text, at);
}

function finish32(sum: number, text: string, from: number): number {
  let [hash, at] = [sum, from];
  for (; at + 4 <= text.length; at += 4)
    hash = Math.imul(rotate((hash + Math.imul(word32(text, at), C32)) | 0, 17), D32);
  for (; at < text.length; at++) hash = Math.imul(rotate((hash + Math.imul(text.charCodeAt(at), E32)) | 0, 11), A32);
  hash = Math.imul(hash ^ (hash >>> 15), B32);
  hash = Math.imul(hash ^ (hash >>> 13), C32);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function word32(text: string, at: number): number {
  let word = 0;
  for (let i = 3; i >= 0; i--) word = (word << 8) | text.charCodeAt(at + i);
  return word;
}

const A64 = 0x9e3779b185ebca87n;
const B64 = 0xc2b2ae3d27d4eb4fn;
const C64 = 0x165667b19e3779f9n;
const D64 = 0x85ebca77c2b2ae63n;
const E64 = 0x27d4eb2f165667c5n;

const word = (value: bigint) => BigInt.asUintN(64, value);
const turn = (value: bigint, by: bigint) => word((value << by) | (value >> (64n - by)));
const round = (lane: bigint, input: bigint) => word(turn(word(lane + input * B64), 31n) * A64);

/** @returns 64 bits, unsigned */
export function xxh64(text: string, seed: bigint): bigint {
  const length = text.length;
  let at = 0;
  let hash = word(seed + E64);
  if (length >= 32) {
    const lanes = [word(seed + A64 + B64), word(seed + B64), word(seed), word(seed - A64)];
    for (; at + 32 <= length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], wordAt(text, at + 8 * i, 8));
    hash = word(turn(lanes[0], 1n) + turn(lanes[1], 7n) + turn(lanes[2], 12n) + turn(lanes[3], 18n));
    for (const lane of lanes) hash = word((hash ^ round(0n, lane)) * A64 + D64);
  }
  return finish64(word(hash + BigInt(length)), text, at);
}

function finish64(sum: bigint, text: string, from: number): bigint {
  let [hash, at] = [sum, from];
  for (; at + 8 <= text.length; at += 8) hash = word(turn(hash ^ round(0n, wordAt(text, at, 8)), 27n) * A64 + D64);
  if (at + 4 <= text.length) {
    hash = word(turn(hash ^ word(wordAt(text, at, 4) * A64), 23n) * B64 + C64);
    at += 4;
  }
  for (; at < text.length; at++) hash = word(turn(hash ^ word(BigInt(text.charCodeAt(at)) * E64), 11n) * A64);
  hash = word((hash ^ (hash >> 33n)) * B64);
  hash = word((hash ^ (hash >> 29n)) * C64);
  return hash ^ (hash >> 32n);
}

/** Little-endian. */
function wordAt(text: string, at: number, bytes: number): bigint {
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(text.charCodeAt(at + i));
  return value;
}
