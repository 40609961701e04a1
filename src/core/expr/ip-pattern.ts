/** Addresses and networks of ACLs: `10.0.0.1`, `10.0.0.0/8`, `192.168.1.0/255.255.255.0`, `2001:db8::/32`. */
import { isV4Mapped, parseIpv6 } from '../ip.js';

export interface IpPattern {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  /** Leading bits that count. */
  readonly bits: number;
}

/** @returns undefined where the text is no address or network */
export function parseIpPattern(text: string): IpPattern | undefined {
  const [address, mask] = text.split('/');
  const bytes = address.includes(':') ? parseIpv6(address) : ipv4Bytes(address);
  if (bytes === undefined) return undefined;
  const most = bytes.length * 8;
  const bits = mask === undefined ? most : maskBits(mask, most);
  return bits === undefined ? undefined : { family: most === 32 ? 4 : 6, bytes, bits };
}

function maskBits(mask: string, most: number): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= most ? Number(mask) : undefined;
  const bytes = most === 32 ? ipv4Bytes(mask) : undefined;
  if (bytes === undefined) return undefined;
  const binary = [...bytes].map((b) => b.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(binary) ? binary.lastIndexOf('1') + 1 : undefined;
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)) return undefined;
  const parts = text.split('.').map(Number);
  if (parts.some((p) => p > 255)) return undefined;
  return Uint8Array.from([...parts, 0, 0, 0].slice(0, 4)); // `10/8` and `127.0/16` are written like that too
}

/** IPv4 patterns also match IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2). */
export function matchesIp(pattern: IpPattern, family: 0 | 4 | 6, bytes: Uint8Array): boolean {
  if (family === 0) return false;
  if (pattern.family === family) return samePrefix(pattern, bytes, 0);
  if (family !== 6 || !isV4Mapped(bytes)) return false;
  return samePrefix(pattern, bytes, 12);
}

function samePrefix(pattern: IpPattern, bytes: Uint8Array, offset: number): boolean {
  const whole = pattern.bits >> 3;
  for (let i = 0; i < whole; i++) if (pattern.bytes[i] !== bytes[offset + i]) return false;
  const rest = pattern.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return (pattern.bytes[whole] & mask) === (bytes[offset + whole] & mask & 0xff);
}
