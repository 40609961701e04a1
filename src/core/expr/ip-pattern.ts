/** Addresses and networks of ACLs: `10.0.0.1`, `10.0.0.0/8`, `192.168.1.0/255.255.255.0`, `2001:db8::/32`. */

export interface IpPattern {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  /** Leading bits that count. */
  readonly bits: number;
}

/** @returns undefined where the text is no address or network */
export function parseIpPattern(text: string): IpPattern | undefined {
  const [address, mask] = text.split('/');
  const bytes = address.includes(':') ? ipv6Bytes(address) : ipv4Bytes(address);
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

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = groups.reduce((n, g) => n + g.length, 0);
  if (halves.length > 2 || (halves.length === 1 ? count !== 8 : count > 7)) return undefined;
  const all = [...groups[0], ...new Array<string>(8 - count).fill('0'), ...(groups[1] ?? [])];
  if (!all.every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return undefined;
  return Uint8Array.from(all.flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 255]));
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** IPv4 patterns also match IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2). */
export function matchesIp(pattern: IpPattern, family: 0 | 4 | 6, bytes: Uint8Array): boolean {
  if (family === 0) return false;
  if (pattern.family === family) return samePrefix(pattern, bytes, 0);
  if (family !== 6 || !MAPPED_PREFIX.every((b, i) => bytes[i] === b)) return false;
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
