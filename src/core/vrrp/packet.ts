/**
 * Advertisements as bytes: VRRPv2 with and without keepalived's PASS authentication (RFC 3768 §5, RFC 2338 §5.3.6),
 * VRRPv3 over IPv4 and IPv6 (RFC 9568 §5). Without the IP header, which is the kernel's. What an advertisement must say
 * to be acted on is in `acceptance.ts`. Decoding never throws.
 */
import { ipv4Text, ipv6Text } from '../ip.js';
import { addressBytes, checksumOf, pseudoHeaderSum, sumOf } from './checksum.js';
import type { Advertisement, PacketOrigin, Refusal } from './types.js';

const VRRP_PROTOCOL = 112;
const HEADER_BYTES = 8;
const AUTH_BYTES = 8;
const TYPE_ADVERTISEMENT = 1;
const AUTH_PASS = 1;

/** What was understood of a packet; or why not, with facts for the operator. */
export type Decoded =
  | { readonly ok: true; readonly ad: Advertisement }
  | {
      readonly ok: false;
      readonly refusal: Refusal;
      readonly detail: string;
      /** What it says all the same, where that could be read. */
      readonly ad: Advertisement | null;
    };

/**
 * @param ad `intervalMs` is rounded to whole seconds (version 2) or centiseconds; of `password` the first 8 bytes count
 * @param source @param destination of the IP header: version 3 has them in its checksum
 */
export function encodeAdvertisement(ad: Advertisement, source: string, destination: string): Uint8Array {
  const addressLength = ad.family === 4 ? 4 : 16;
  const authAt = HEADER_BYTES + ad.addresses.length * addressLength;
  const bytes = new Uint8Array(authAt + (ad.version === 2 ? AUTH_BYTES : 0));
  bytes[0] = (ad.version << 4) | TYPE_ADVERTISEMENT;
  bytes[1] = ad.vrid;
  bytes[2] = ad.priority;
  bytes[3] = ad.addresses.length;
  ad.addresses.forEach((text, i) => {
    bytes.set(addressBytes(text) ?? [], HEADER_BYTES + i * addressLength);
  });
  if (ad.version === 2) writeVersion2(bytes, ad, authAt);
  else writeInterval(bytes, Math.round(ad.intervalMs / 10) & 0xfff);
  const sum = ad.version === 2 ? 0 : pseudoHeaderSum(source, destination, VRRP_PROTOCOL, bytes.length);
  const checksum = checksumOf(sumOf(bytes, sum));
  bytes[6] = checksum >> 8;
  bytes[7] = checksum & 0xff;
  return bytes;
}

function writeVersion2(bytes: Uint8Array, ad: Advertisement, authAt: number): void {
  bytes[4] = ad.password === '' ? 0 : AUTH_PASS;
  bytes[5] = Math.round(ad.intervalMs / 1000);
  passwordBytes(ad.password).forEach((byte, i) => {
    bytes[authAt + i] = byte;
  });
}

function writeInterval(bytes: Uint8Array, centiseconds: number): void {
  bytes[4] = centiseconds >> 8;
  bytes[5] = centiseconds & 0xff;
}

/** At most 8 bytes; a password is text of one byte per character, as it stands in the file. */
function passwordBytes(password: string): number[] {
  return Array.from(password.slice(0, AUTH_BYTES), (letter) => letter.charCodeAt(0) & 0xff);
}

/** The part of a password that counts. */
export function effectivePassword(password: string): string {
  const end = password.indexOf('\0');
  return (end < 0 ? password : password.slice(0, end)).slice(0, AUTH_BYTES);
}

/** Virtual router id, to find whom a packet is for. @returns undefined where the packet is too short to say */
export function vridOf(bytes: Uint8Array): number | undefined {
  return bytes.length > 1 ? bytes[1] : undefined;
}

/** What holds for every advertisement, whoever it is for: the checks of RFC 9568 §7.1 in its order, without the TTL. */
export function parseAdvertisement(bytes: Uint8Array, family: 4 | 6, origin: PacketOrigin): Decoded {
  const fixed = checkFixedPart(bytes, family);
  if (fixed !== null) return fixed;
  const version = (bytes[0] >> 4) as 2 | 3;
  const expected = lengthOf(bytes, version, family);
  const ad = readFields(bytes, version, family);
  if (bytes.length < expected) return refuse('truncated', lengthText(bytes, expected), null);
  if (bytes.length > expected) return refuse('oversized', lengthText(bytes, expected), ad);
  const pseudo = version === 2 ? 0 : pseudoHeaderSum(origin.source, origin.destination, VRRP_PROTOCOL, bytes.length);
  if (checksumOf(sumOf(bytes, pseudo)) === 0) return { ok: true, ad };
  return refuse('checksum', `checksum ${hex(bytes[6], bytes[7])} is not that of these bytes`, ad);
}

function checkFixedPart(bytes: Uint8Array, family: 4 | 6): Decoded | null {
  if (bytes.length < HEADER_BYTES) return refuse('truncated', `${bytes.length} bytes, at least 8 are needed`, null);
  const version = bytes[0] >> 4;
  const isKnown = version === 3 || (version === 2 && family === 4);
  if (!isKnown)
    return refuse('version', `version ${version}, over IPv${family} there is ${family === 4 ? '2 and ' : ''}3`, null);
  if ((bytes[0] & 15) === TYPE_ADVERTISEMENT) return null;
  return refuse('type', `type ${bytes[0] & 15}, only 1 (advertisement) is defined`, null);
}

function lengthOf(bytes: Uint8Array, version: 2 | 3, family: 4 | 6): number {
  return HEADER_BYTES + bytes[3] * (family === 4 ? 4 : 16) + (version === 2 ? AUTH_BYTES : 0);
}

function lengthText(bytes: Uint8Array, expected: number): string {
  return `${bytes.length} bytes, with ${bytes[3]} addresses it must have ${expected}`;
}

function readFields(bytes: Uint8Array, version: 2 | 3, family: 4 | 6): Advertisement {
  return {
    version,
    family,
    vrid: bytes[1],
    priority: bytes[2],
    intervalMs: version === 2 ? bytes[5] * 1000 : (((bytes[4] & 15) << 8) | bytes[5]) * 10,
    addresses: readAddresses(bytes, family),
    password: version === 2 ? readPassword(bytes) : '',
    authType: version === 2 ? bytes[4] : 0,
  };
}

/** As many as are there, at most as many as it says. */
function readAddresses(bytes: Uint8Array, family: 4 | 6): string[] {
  const length = family === 4 ? 4 : 16;
  const addresses: string[] = [];
  for (let at = HEADER_BYTES; addresses.length < bytes[3] && at + length <= bytes.length; at += length)
    addresses.push(family === 4 ? ipv4Text(bytes, at) : ipv6Text(bytes.subarray(at, at + length)));
  return addresses;
}

function readPassword(bytes: Uint8Array): string {
  if (bytes[4] !== AUTH_PASS) return '';
  return effectivePassword(String.fromCharCode(...bytes.subarray(HEADER_BYTES + bytes[3] * 4).subarray(0, AUTH_BYTES)));
}

export function refuse(refusal: Refusal, detail: string, ad: Advertisement | null): Decoded {
  return { ok: false, refusal, detail, ad };
}

function hex(high: number, low: number): string {
  return `0x${((high << 8) | low).toString(16).padStart(4, '0')}`;
}
