/**
 * Macvlans with the virtual router's own MAC address (`use_vmac`; RFC 9568 §7.3): the addresses live on them, so that
 * clients need not learn another MAC when a router takes over.
 */
import type { VipConfig, VrrpInstance } from '../config/model.js';
import { errnoText } from '../linux/errors.js';
import type { RouteNetlink } from '../linux/route-netlink.js';
import { applySettings, prepareVmac, type SysctlSetting } from '../linux/vmac.js';
import type { Interfaces } from './interfaces.js';

const DEFAULT_PREFIX = 'vrrp';

export class Vmacs {
  private prefix = DEFAULT_PREFIX;
  private parents: ReadonlySet<string> = new Set();
  /** By name. */
  private readonly made = new Map<string, Made>();

  constructor(
    private readonly netlink: RouteNetlink,
    private readonly interfaces: Interfaces,
  ) {}

  /** @returns undefined for an instance that has none */
  nameOf({ vmac, virtualRouterId, family }: VrrpInstance): string | undefined {
    if (vmac === undefined) return undefined;
    return vmac.name ?? `${this.prefix}${family === 6 ? '6' : ''}.${virtualRouterId}`;
  }

  /** Whether macvlans depend on that interface. */
  isParent(name: string): boolean {
    return this.parents.has(name);
  }

  /**
   * Makes those that are missing, removes those that nobody wants any more.
   * @param inherited instances whose macvlan a predecessor left in use
   * @returns complaints
   */
  prepare({ instances, settings }: VipConfig, inherited: readonly string[] = []): string[] {
    this.prefix = settings.vmacPrefix ?? DEFAULT_PREFIX;
    this.parents = new Set(instances.flatMap((one) => (one.vmac && one.interface ? [one.interface] : [])));
    const wanted = new Set(instances.map((instance) => this.nameOf(instance)));
    for (const [name, made] of this.made) if (!wanted.has(name)) this.remove(name, made);
    const complaints = instances.flatMap((instance) => this.make(instance, inherited.includes(instance.name)));
    if (this.made.size > 0) this.interfaces.load(this.netlink);
    return complaints;
  }

  removeAll(): void {
    for (const [name, made] of this.made) this.remove(name, made);
  }

  private remove(name: string, { index, before }: Made): void {
    this.netlink.removeLink(index);
    applySettings(before); // those of the macvlan have gone with it
    this.made.delete(name);
  }

  /** @returns complaints */
  private make(instance: VrrpInstance, isInherited: boolean): string[] {
    const name = this.nameOf(instance);
    if (name === undefined || instance.interface === undefined) return [];
    const parent = this.interfaces.byName(instance.interface);
    if (parent === undefined) return [`${instance.name}: no ${name}: interface ${instance.interface} does not exist`];
    const there = this.interfaces.byName(name);
    if (there !== undefined && (isInherited || this.made.get(name)?.index === there.index)) {
      this.made.set(name, this.made.get(name) ?? { index: there.index, before: [] });
      return [];
    }
    if (there !== undefined && (there.kind !== 'macvlan' || there.parentIndex !== parent.index))
      return [
        `${instance.name}: ${name} exists and is no macvlan of ${parent.name}; write another name behind use_vmac`,
      ];
    const addresses = [...instance.addresses, ...instance.excludedAddresses];
    const spec = { name, parent, mac: macOf(instance), ipv6: addresses.some(({ ip }) => ip.includes(':')) };
    const prepared = prepareVmac(this.netlink, spec);
    if (typeof prepared === 'number') return [`${instance.name}: ${name} cannot be made: ${errnoText(prepared)}`];
    this.made.set(name, { index: prepared.index, before: prepared.before.filter(({ path }) => !path.includes(name)) });
    return prepared.complaints.map((text) => `${instance.name}: ${text}`);
  }
}

/** A macvlan of ours, and the settings of its parent before. */
interface Made {
  readonly index: number;
  readonly before: readonly SysctlSetting[];
}

/** RFC 9568 §7.3: 00-00-5E-00-01-{VRID} over IPv4, 00-00-5E-00-02-{VRID} over IPv6. */
function macOf({ vmac, family, virtualRouterId }: VrrpInstance): string {
  const last = virtualRouterId.toString(16).padStart(2, '0');
  const written = vmac?.mac;
  if (written === undefined) return `00:00:5e:00:0${family === 4 ? 1 : 2}:${last}`;
  return written.split(':').length === 5 ? `${written}:${last}` : written;
}
