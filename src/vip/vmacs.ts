/**
 * Macvlans with the virtual router's own MAC address (`use_vmac`; RFC 9568 §7.3): the addresses live on them, so that
 * clients need not learn another MAC when a router takes over.
 */
import type { VipConfig, VrrpInstance } from '../config/model.js';
import { errnoText } from '../linux/errors.js';
import type { RouteNetlink } from '../linux/route-netlink.js';
import { prepareVmac } from '../linux/vmac-settings.js';
import type { Interfaces } from './interfaces.js';

const DEFAULT_PREFIX = 'vrrp';

export class Vmacs {
  private prefix = DEFAULT_PREFIX;
  private parents: ReadonlySet<string> = new Set();
  /** Interface index by the name that we made. */
  private readonly made = new Map<string, number>();

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

  /** Makes those that are missing, removes those that nobody wants any more. @returns complaints */
  prepare({ instances, settings }: VipConfig): string[] {
    this.prefix = settings.vmacPrefix ?? DEFAULT_PREFIX;
    this.parents = new Set(instances.flatMap((one) => (one.vmac && one.interface ? [one.interface] : [])));
    const wanted = new Set(instances.map((instance) => this.nameOf(instance)));
    for (const [name, index] of this.made) if (!wanted.has(name)) this.remove(name, index);
    const complaints = instances.flatMap((instance) => this.make(instance) ?? []);
    if (this.made.size > 0) this.interfaces.load(this.netlink);
    return complaints;
  }

  removeAll(): void {
    for (const [name, index] of this.made) this.remove(name, index);
  }

  private remove(name: string, index: number): void {
    this.netlink.removeLink(index);
    this.made.delete(name);
  }

  /** @returns a complaint, or null */
  private make(instance: VrrpInstance): string | null {
    const name = this.nameOf(instance);
    if (name === undefined || instance.interface === undefined) return null;
    const parent = this.interfaces.byName(instance.interface);
    if (parent === undefined) return `${instance.name}: no ${name}: interface ${instance.interface} does not exist`;
    const there = this.interfaces.byName(name);
    const mac = macOf(instance);
    if (there !== undefined && (there.kind !== 'macvlan' || there.parentIndex !== parent.index))
      return `${instance.name}: ${name} exists and is no macvlan of ${instance.interface}; write another name behind use_vmac`;
    const index = there?.index ?? this.netlink.addMacvlan({ name, parentIndex: parent.index, mac, mode: 'private' });
    if (index < 0) return `${instance.name}: ${name} cannot be made: ${errnoText(index)}`;
    this.made.set(name, index);
    const prepared = prepareVmac(this.netlink, { name, index, parent: instance.interface, family: instance.family });
    return prepared === null ? null : `${instance.name}: ${name}: ${prepared}`;
  }
}

/** RFC 9568 §7.3: 00-00-5E-00-01-{VRID} over IPv4, 00-00-5E-00-02-{VRID} over IPv6. */
function macOf({ vmac, family, virtualRouterId }: VrrpInstance): string {
  const last = virtualRouterId.toString(16).padStart(2, '0');
  const written = vmac?.mac;
  if (written === undefined) return `00:00:5e:00:0${family === 4 ? 1 : 2}:${last}`;
  return written.split(':').length === 5 ? `${written}:${last}` : written;
}
