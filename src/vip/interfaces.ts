/** The interfaces of this host and their addresses, as the kernel told last. */
import { parseIpv4, parseIpv6 } from '../core/ip.js';
import type { AddressInfo, LinkInfo } from '../linux/route-info.js';
import type { RouteNetlink } from '../linux/route-netlink.js';

const SCOPE_GLOBAL = 0;
const SCOPE_LINK = 253;

export class Interfaces {
  private links = new Map<number, LinkInfo>();
  private addresses: AddressInfo[] = [];

  /** Asks the kernel for everything. @returns 0 or -errno */
  load(netlink: RouteNetlink): number {
    const links = netlink.links();
    if (typeof links === 'number') return links;
    const addresses = netlink.addresses();
    if (typeof addresses === 'number') return addresses;
    this.links = new Map(links.map((link) => [link.index, link]));
    this.addresses = addresses;
    return 0;
  }

  linkChanged(link: LinkInfo): void {
    this.links.set(link.index, link);
  }

  linkGone(index: number): void {
    this.links.delete(index);
    this.addresses = this.addresses.filter((address) => address.interfaceIndex !== index);
  }

  addressAdded(address: AddressInfo): void {
    this.addressGone(address);
    this.addresses.push(address);
  }

  addressGone({ interfaceIndex, ip, prefixLength }: AddressInfo): void {
    this.addresses = this.addresses.filter(
      (one) => one.interfaceIndex !== interfaceIndex || one.ip !== ip || one.prefixLength !== prefixLength,
    );
  }

  byName(name: string): LinkInfo | undefined {
    for (const link of this.links.values()) if (link.name === name) return link;
    return undefined;
  }

  byIndex(index: number): LinkInfo | undefined {
    return this.links.get(index);
  }

  /** @returns why nothing can be sent on it, or null when something can */
  faultOf(name: string): string | null {
    const link = this.byName(name);
    if (link === undefined) return `interface ${name} does not exist`;
    if (!link.isUp) return `interface ${name} is down`;
    return link.isRunning ? null : `interface ${name} has no link`;
  }

  has(interfaceIndex: number, ip: string): boolean {
    return this.addresses.some((one) => one.interfaceIndex === interfaceIndex && one.ip === ip);
  }

  /** Wherever on this host. */
  holderOf(ip: string): AddressInfo | undefined {
    return this.addresses.find((one) => one.ip === ip);
  }

  /**
   * The address that an instance speaks from where none is written: the first of the interface that is none of the
   * virtual ones; IPv6 speaks from the link-local one (RFC 9568 §5.1.2.1).
   */
  sourceOf(name: string, family: 4 | 6, isVirtual: (ip: string) => boolean): string | undefined {
    const link = this.byName(name);
    const scope = family === 6 ? SCOPE_LINK : SCOPE_GLOBAL;
    const fits = (one: AddressInfo) => one.family === family && (family === 4 || one.scope === scope);
    return this.addresses.find((one) => one.interfaceIndex === link?.index && fits(one) && !isVirtual(one.ip))?.ip;
  }

  /** The address to speak from to a neighbour: one of its network where there is one. */
  sourceTowards(name: string, ip: string, isVirtual: (ip: string) => boolean): string | undefined {
    const index = this.byName(name)?.index;
    const bytes = bytesOf(ip);
    const near = this.addresses.find(
      (one) => one.interfaceIndex === index && !isVirtual(one.ip) && isWithin(bytes, bytesOf(one.ip), one.prefixLength),
    );
    return near?.ip ?? this.sourceOf(name, ip.includes(':') ? 6 : 4, isVirtual);
  }

  /** Whether a neighbour of that address would be on the link itself, and not beyond a gateway. */
  isOnLink(name: string, ip: string): boolean {
    const index = this.byName(name)?.index;
    const bytes = bytesOf(ip);
    return this.addresses.some(
      (one) => one.interfaceIndex === index && isWithin(bytes, bytesOf(one.ip), one.prefixLength),
    );
  }

  names(): string[] {
    return [...this.links.values()].map(({ name }) => name);
  }
}

function bytesOf(ip: string): Uint8Array {
  return (ip.includes(':') ? parseIpv6(ip) : parseIpv4(ip)) ?? new Uint8Array();
}

function isWithin(ip: Uint8Array, network: Uint8Array, prefixLength: number): boolean {
  if (ip.length !== network.length) return false;
  for (let bit = 0; bit < prefixLength; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((ip[bit >> 3] ^ network[bit >> 3]) & mask) !== 0) return false;
  }
  return true;
}
