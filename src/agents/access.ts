/** Who may ask: `only-from` and `no-access` as xinetd.conf(5) has them. */
import type { AgentEndpoint } from '../config/model.js';
import { type IpPattern, matchesIp, parseIpPattern } from '../core/expr/ip-pattern.js';
import { parseIpv4, parseIpv6 } from '../core/ip.js';

export class AccessList {
  private readonly only: readonly IpPattern[] | undefined;
  private readonly not: readonly IpPattern[];

  constructor({ onlyFrom, noAccess }: Pick<AgentEndpoint, 'onlyFrom' | 'noAccess'>) {
    this.only = onlyFrom && patterns(onlyFrom);
    this.not = patterns(noAccess ?? []);
  }

  /** Where both lists match, the narrower network decides; equally narrow, no. @param ip numeric */
  allows(ip: string): boolean {
    if (this.only === undefined && this.not.length === 0) return true;
    const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = plain.includes(':') ? 6 : 4;
    const bytes = family === 6 ? parseIpv6(plain) : parseIpv4(plain);
    if (bytes === undefined) return false;
    const allowed = this.only === undefined ? 0 : narrowest(this.only, family, bytes);
    return allowed >= 0 && narrowest(this.not, family, bytes) < (this.only === undefined ? 0 : allowed);
  }
}

function patterns(texts: readonly string[]): IpPattern[] {
  return texts.flatMap((text) => parseIpPattern(text) ?? []);
}

/** Bits of the narrowest network that holds the address; -1 for none. */
function narrowest(list: readonly IpPattern[], family: 4 | 6, bytes: Uint8Array): number {
  const found = list.filter((pattern) => pattern.family === family && matchesIp(pattern, family, bytes));
  return Math.max(-1, ...found.map(({ mask }) => mask.reduce((sum, byte) => sum + bitsOf(byte), 0)));
}

function bitsOf(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
