/** The Internet checksum (RFC 1071), and the pseudo-headers that VRRPv3 and ICMPv6 put before the bytes. */
import { parseIpv4, parseIpv6 } from '../ip.js';

/** The bytes of an address in network order: 4 or 16. @returns undefined where the text is no address */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Sum of 16-bit words, carries not folded yet; an odd last byte counts as the high one. Exact below 2^16 words. */
export function sumOf(bytes: Uint8Array, start = 0): number {
  let sum = start;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  return even === bytes.length ? sum : sum + (bytes[even] << 8);
}

/** Carries folded, and the complement taken. Of bytes that contain their own right checksum this is 0. */
export function checksumOf(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Both families: source, destination, next header, length (RFC 9568 §5.2.8, RFC 8200 §8.1). */
export function pseudoHeaderSum(source: string, destination: string, protocol: number, length: number): number {
  const ends = [source, destination].map((text) => addressBytes(text) ?? new Uint8Array(0));
  return sumOf(ends[1], sumOf(ends[0])) + protocol + length;
}
