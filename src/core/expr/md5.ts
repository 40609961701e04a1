/** MD5 (RFC 1321) of texts of one character a byte, for those who compare with what others have computed. */

/** The integer part of 2^32 times the sine of 1 to 64 (§3.4). */
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

/** @returns 16 bytes */
export function md5(text: string): string {
  const words = padded(text);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < words.length; at += 16) block(state, words.subarray(at, at + 16));
  let out = '';
  for (let i = 0; i < 16; i++) out += String.fromCharCode((state[i >> 2] >>> (8 * (i & 3))) & 255);
  return out;
}

/** Little-endian words: the text, a bit, zeroes and the length in bits. */
function padded(text: string): Int32Array {
  const words = new Int32Array(((text.length + 8) >> 6) * 16 + 16);
  for (let i = 0; i < text.length; i++) words[i >> 2] |= (text.charCodeAt(i) & 255) << (8 * (i & 3));
  words[text.length >> 2] |= 0x80 << (8 * (text.length & 3));
  words[words.length - 2] = text.length << 3;
  words[words.length - 1] = text.length >>> 29;
  return words;
}

function block(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const sum = a + mix(round, b, c, d) + SINES[i] + words[indexOf(round, i)];
    const by = SHIFTS[4 * round + (i & 3)];
    [a, d, c, b] = [d, c, b, (b + ((sum << by) | ((sum | 0) >>> (32 - by)))) | 0];
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

function indexOf(round: number, i: number): number {
  return [i, 5 * i + 1, 3 * i + 5, 7 * i][round] & 15;
}
