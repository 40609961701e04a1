/** Addresses and networks of ACLs: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.9/255.0.0.255`, `2001:db8::/32` (manual §7.1.5). */
import { isV4Mapped, parseIpv4, parseIpv6 } from '../ip.js';

export interface IpPattern {
  readonly family: 4 | 6;
  /** The address, already masked. */
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

/** @returns undefined where the text is no address or network */
export function parseIpPattern(text: string): IpPattern | undefined {
  const [address, maskText, more] = text.split('/');
  const family = address.includes(':') ? 6 : 4;
  const bytes = family === 6 ? parseIpv6(address) : parseAbbreviated(address);
  if (bytes === undefined || more !== undefined) return undefined;
  const mask = maskText === undefined ? prefixMask(bytes.length * 8, bytes.length) : parseMask(maskText, bytes.length);
  return mask && { family, mask, bytes: bytes.map((b, i) => b & mask[i]) };
}

/** `127.1` is 127.0.0.1: the zero octets before the last one may be left out (manual §7.1.6; not CIDR's reading). */
function parseAbbreviated(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  return parseIpv4([...parts.slice(0, -1), ...new Array<string>(4 - parts.length).fill('0'), parts.at(-1)].join('.'));
}

/** `/8`, or for IPv4 a mask of any bits. */
export function parseMask(text: string, width: number): Uint8Array | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= width * 8 ? prefixMask(Number(text), width) : undefined;
  return width === 4 ? parseIpv4(text) : undefined;
}

function prefixMask(bits: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, bits - 8 * i)));
}

/** An address of one family against a pattern of the other: manual §7.1.6. */
export function matchesIp(pattern: IpPattern, family: 0 | 4 | 6, bytes: Uint8Array): boolean {
  if (family === 0) return false;
  if (pattern.family === family) return matchesAt(pattern, bytes, 0);
  if (family === 4) return matchesMapped(pattern, bytes);
  const at = embeddedIpv4(bytes);
  return at >= 0 && matchesAt(pattern, bytes, at);
}

/** Where an IPv6 address carries an IPv4 one: 2002:IPV4::, ::IPV4 or ::ffff:IPV4; -1 nowhere. */
export function embeddedIpv4(bytes: Uint8Array): number {
  if (bytes[0] === 0x20 && bytes[1] === 0x02) return 2;
  if (isV4Mapped(bytes)) return 12;
  for (let i = 0; i < 12; i++) if (bytes[i] !== 0) return -1;
  return 12;
}

function matchesAt({ bytes: wanted, mask }: IpPattern, bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < wanted.length; i++) if ((bytes[offset + i] & mask[i]) !== wanted[i]) return false;
  return true;
}

/** An IPv4 address seen as ::ffff:a.b.c.d. */
function matchesMapped({ bytes: wanted, mask }: IpPattern, bytes: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) {
    const byte = i < 10 ? 0 : i < 12 ? 0xff : bytes[i - 12];
    if ((byte & mask[i]) !== wanted[i]) return false;
  }
  return true;
}
