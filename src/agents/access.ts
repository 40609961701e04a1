/**
 * Who may ask: `only-from` and `no-access`. xinetd.conf(5) says that the better match of the two decides; the program
 * (2.3.15) turns away whoever is in `no_access`, which is also the safe reading.
 */
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

  /** @param ip numeric */
  allows(ip: string): boolean {
    if (this.only === undefined && this.not.length === 0) return true;
    const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = plain.includes(':') ? 6 : 4;
    const bytes = family === 6 ? parseIpv6(plain) : parseIpv4(plain);
    if (bytes === undefined) return false;
    const isIn = (list: readonly IpPattern[]) =>
      list.some((pattern) => pattern.family === family && matchesIp(pattern, family, bytes));
    return !isIn(this.not) && (this.only === undefined || isIn(this.only));
  }
}

function patterns(texts: readonly string[]): IpPattern[] {
  return texts.flatMap((text) => parseIpPattern(text) ?? []);
}
