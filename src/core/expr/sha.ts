/**
 * Secure hashes (FIPS 180-4) of texts of one character a byte. For fingerprints in rules, not for bulk data: about 10 MB
 * a second.
 */

/** Fractional parts of roots of primes are where the standard takes its constants from (FIPS 180-4 §4.2, §5.3). */
const PRIMES = primes(80);
const CUBE_ROOTS = PRIMES.map((prime) => BigInt.asUintN(64, root(prime << 192n, 3n)));
const SQUARE_ROOTS = PRIMES.slice(0, 16).map((prime) => BigInt.asUintN(64, root(prime << 128n, 2n)));

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((prime) => n % prime !== 0n)) found.push(n);
  return found;
}

/** The integer part of the k-th root, by Newton's method from above. */
function root(value: bigint, k: bigint): bigint {
  let guess = 1n << (BigInt(value.toString(2).length) / k + 1n);
  for (;;) {
    const next = ((k - 1n) * guess + value / guess ** (k - 1n)) / k;
    if (next >= guess) return guess;
    guess = next;
  }
}

const high = (word: bigint) => Number(word >> 32n);
const K = Uint32Array.from(CUBE_ROOTS.slice(0, 64), high);
const H256 = SQUARE_ROOTS.slice(0, 8).map(high);
const H224 = SQUARE_ROOTS.slice(8).map((word) => Number(word & 0xffff_ffffn));

/** @returns 20 bytes */
export function sha1(text: string): string {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const schedule = new Int32Array(80);
  for (const block of blocks(text, 64)) block1(state, schedule, block);
  return bytesOf(state, 20);
}

/** @param bits 224, 256, 384 or 512 @returns that many bits */
export function sha2(text: string, bits: number): string {
  if (bits > 256) return sha512(text, bits);
  const state = Int32Array.from(bits === 224 ? H224 : H256);
  const schedule = new Int32Array(64);
  for (const block of blocks(text, 64)) block256(state, schedule, block);
  return bytesOf(state, bits / 8);
}

/** The message with its padding (FIPS 180-4 §5.1), cut into blocks of bytes. */
function blocks(text: string, size: number): DataView[] {
  const lengthBytes = size / 8;
  const total = Math.ceil((text.length + 1 + lengthBytes) / size) * size;
  const bytes = new Uint8Array(total);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  bytes[text.length] = 0x80;
  new DataView(bytes.buffer).setBigUint64(total - 8, BigInt(text.length) * 8n);
  return Array.from({ length: total / size }, (_, i) => new DataView(bytes.buffer, i * size, size));
}

function bytesOf(state: Int32Array, count: number): string {
  let out = '';
  for (let i = 0; i < count; i++) out += String.fromCharCode((state[i >> 2] >>> (24 - 8 * (i & 3))) & 255);
  return out;
}

const left = (word: number, by: number) => (word << by) | (word >>> (32 - by));
const right = (word: number, by: number) => (word >>> by) | (word << (32 - by));

function block1(state: Int32Array, w: Int32Array, block: DataView): void {
  for (let t = 0; t < 80; t++)
    w[t] = t < 16 ? block.getInt32(4 * t) : left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  let [a, b, c, d, e] = state;
  for (let t = 0; t < 80; t++) {
    const next = (left(a, 5) + mix(t, b, c, d) + e + ROUNDS[Math.floor(t / 20)] + w[t]) | 0;
    [e, d, c, b, a] = [d, c, left(b, 30), a, next];
  }
  [a, b, c, d, e].forEach((word, i) => {
    state[i] += word;
  });
}

const ROUNDS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c) | (~b & d);
  return t >= 40 && t < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
}

function block256(state: Int32Array, w: Int32Array, block: DataView): void {
  for (let t = 0; t < 64; t++) w[t] = t < 16 ? block.getInt32(4 * t) : extended(w, t);
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const one = h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t];
    const two = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}

function extended(w: Int32Array, t: number): number {
  const [x, y] = [w[t - 15], w[t - 2]];
  const low = right(x, 7) ^ right(x, 18) ^ (x >>> 3);
  return (w[t - 16] + low + w[t - 7] + (right(y, 17) ^ right(y, 19) ^ (y >>> 10))) | 0;
}

const word64 = (value: bigint) => BigInt.asUintN(64, value);
const right64 = (word: bigint, by: bigint) => word64((word >> by) | (word << (64n - by)));

/** The initial words of SHA-384 are the roots of the second eight primes. */
function sha512(text: string, bits: number): string {
  const state = SQUARE_ROOTS.slice(bits === 384 ? 8 : 0, bits === 384 ? 16 : 8);
  for (const block of blocks(text, 128)) block512(state, block);
  const hex = state.map((word) => word.toString(16).padStart(16, '0')).join('');
  return hex.slice(0, bits / 4).replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

function block512(state: bigint[], block: DataView): void {
  const w = Array.from({ length: 16 }, (_, t) => block.getBigUint64(8 * t));
  for (let t = 16; t < 80; t++) {
    const [x, y] = [w[t - 15], w[t - 2]];
    const low = right64(x, 1n) ^ right64(x, 8n) ^ (x >> 7n);
    w.push(word64(w[t - 16] + low + w[t - 7] + (right64(y, 19n) ^ right64(y, 61n) ^ (y >> 6n))));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 80; t++) {
    const sum = right64(e, 14n) ^ right64(e, 18n) ^ right64(e, 41n);
    const one = h + sum + ((e & f) ^ (word64(~e) & g)) + CUBE_ROOTS[t] + w[t];
    const two = (right64(a, 28n) ^ right64(a, 34n) ^ right64(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, word64(d + one), c, b, a, word64(one + two)];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = word64(state[i] + word);
  });
}
