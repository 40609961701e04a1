/**
 * This host as the virtual routers see it: interfaces and addresses kept up to date by the kernel, and the ways to change
 * them. Without the right to do so every router is in fault, and says why.
 */
import type { VipConfig, VrrpInstance } from '../config/model.js';
import { errnoText } from '../linux/errors.js';
import { LinkMonitor, type NetworkChange } from '../linux/link-monitor.js';
import type { Reactor } from '../linux/reactor.js';
import type { LinkInfo, NeighbourInfo, RouteInfo, RuleInfo } from '../linux/route-info.js';
import { RouteNetlink } from '../linux/route-netlink.js';
import { PROTOCOL_VRRP } from '../linux/route-requests.js';
import { applySettings } from '../linux/vmac.js';
import { Holdings } from './holdings.js';
import { Interfaces } from './interfaces.js';
import type { VirtualRouter } from './virtual-router.js';
import { Vmacs } from './vmacs.js';

const EPERM = 1;

export interface HostListeners {
  /** @param isBack its link has just come back */
  linkChanged(name: string, isBack: boolean): void;
  addressRemoved(interfaceIndex: number, ip: string): void;
  routeRemoved(route: RouteInfo): void;
  ruleRemoved(rule: RuleInfo): void;
  log(level: 'notice' | 'warning' | 'alert', text: string): void;
}

export class Host {
  readonly interfaces = new Interfaces();
  readonly holdings: Holdings;
  readonly vmacs: Vmacs;
  private readonly netlink: RouteNetlink;
  private readonly monitor: LinkMonitor;
  private virtual = new Set<string>();

  /** @throws Error where the kernel has no rtnetlink for us: nothing could work then */
  constructor(
    private readonly reactor: Reactor,
    private readonly listeners: HostListeners,
  ) {
    const netlink = RouteNetlink.open();
    if (typeof netlink === 'number') throw new Error(`rtnetlink: ${errnoText(netlink)}`);
    this.netlink = netlink;
    const monitor = LinkMonitor.open((change) => this.changed(change));
    if (typeof monitor === 'number') throw new Error(`rtnetlink: ${errnoText(monitor)}`);
    this.monitor = monitor;
    const watched = monitor.watch(reactor);
    if (watched < 0) throw new Error(`rtnetlink: ${errnoText(watched)}`);
    this.holdings = new Holdings(netlink, this.interfaces);
    this.vmacs = new Vmacs(netlink, this.interfaces);
  }

  /** Asks the kernel for everything. @returns complaints */
  load(): string[] {
    const links = this.netlink.links();
    const result = typeof links === 'number' ? links : this.interfaces.load(this.netlink);
    if (typeof links !== 'number') this.monitor.know(links);
    return result < 0 ? [`the interfaces of this host cannot be read: ${errnoText(result)}`] : [];
  }

  /** Macvlans, and what is configured to be there always. @returns complaints */
  prepare(config: VipConfig, inherited: readonly string[] = []): string[] {
    this.virtual = new Set(
      config.instances.flatMap((one) => [...one.addresses, ...one.excludedAddresses].map(({ ip }) => ip)),
    );
    const complaints = this.vmacs.prepare(config, inherited);
    for (const { promoteSecondaries, interface: name } of config.instances)
      if (promoteSecondaries && name !== undefined) complaints.push(...keepSecondaries(name));
    this.holdings.putStatic(config);
    const protocols = config.instances.flatMap(({ routes }) => routes.map(({ protocol }) => protocol ?? PROTOCOL_VRRP));
    const result = this.monitor.setRouteProtocols([...new Set([PROTOCOL_VRRP, ...protocols])]);
    if (result < 0) complaints.push(refusalText('routes cannot be watched', result));
    return [...complaints, ...this.holdings.complaints.splice(0)];
  }

  /** Where addresses go that name no interface. */
  ownInterface(instance: VrrpInstance): string | undefined {
    return this.vmacs.nameOf(instance) ?? instance.interface;
  }

  /** Where adverts leave and arrive; undefined with unicast peers and no interface. */
  transmitInterface(instance: VrrpInstance): string | undefined {
    return instance.vmac?.transmitsOnBase ? instance.interface : this.ownInterface(instance);
  }

  /**
   * Groups are joined on the interface beneath a macvlan: joined on the macvlan, its MAC would be sent from backups too,
   * and switches would learn it at the wrong port.
   */
  listensOn(
    { interface: base }: VrrpInstance,
    transmits: string | undefined,
  ): { name: string; index: number } | undefined {
    const parent = base !== undefined && base !== transmits ? this.interfaces.byName(base) : undefined;
    return parent && { name: parent.name, index: parent.index };
  }

  /** The address that adverts come from: as written, else of the interface (with a macvlan: of the one beneath). */
  sourceOf(instance: VrrpInstance): string | undefined {
    if (instance.sourceIp !== undefined) return instance.sourceIp;
    const { interface: name, family } = instance;
    return name === undefined ? undefined : this.interfaces.sourceOf(name, family, (ip) => this.virtual.has(ip));
  }

  /** Our own address that a neighbour at `ip` would hear from; undefined for none. */
  sourceTowards(name: string, ip: string): string | undefined {
    return this.interfaces.sourceTowards(name, ip, (one) => this.virtual.has(one));
  }

  /** Neighbours on an interface whose MAC the kernel waits for; none where it does not tell. */
  unresolvedOn(name: string): NeighbourInfo[] {
    const index = this.interfaces.byName(name)?.index;
    const known = index === undefined ? [] : this.netlink.neighbours(index);
    return typeof known === 'number' ? [] : known.filter(({ isIncomplete }) => isIncomplete);
  }

  /** Why it cannot be anybody's router: the link, the address that it speaks from, the socket. */
  faultsOf({ config, ownFault, sourceIp }: VirtualRouter): string[] {
    const faults: string[] = [];
    const name = this.transmitInterface(config);
    if (config.interface !== undefined && config.trackPrimary !== false) {
      const fault = this.interfaces.faultOf(config.interface) ?? this.interfaces.faultOf(name ?? config.interface);
      if (fault !== null) faults.push(fault);
    }
    if (faults.length === 0 && sourceIp === '')
      faults.push(`interface ${config.interface ?? '(none)'} has no IPv${config.family} address to speak from`);
    if (config.trackSourceIp && this.interfaces.holderOf(sourceIp) === undefined)
      faults.push(`this host does not have its source address ${sourceIp}`);
    if (ownFault !== '' && faults.length === 0) faults.push(ownFault);
    return faults;
  }

  /** Addresses that are here although nobody is master here. @returns what was removed, in words */
  removeLeftovers(instance: VrrpInstance): string[] {
    const found = this.holdings
      .addressesOf(instance, this.ownInterface(instance))
      .filter(({ spec }) => this.interfaces.has(spec.interfaceIndex, spec.ip));
    this.holdings.remove({ ...instance, routes: [], rules: [] }, found);
    return [
      ...found.map(
        ({ spec, interfaceName }) => `${instance.name}: ${spec.ip} was left behind on ${interfaceName}: removed`,
      ),
      ...this.holdings.complaints.splice(0),
    ];
  }

  /** @param hasEnded nothing of ours is needed any more; a successor takes the macvlans over otherwise */
  close(hasEnded: boolean): void {
    if (hasEnded) this.vmacs.removeAll();
    this.monitor.close(this.reactor);
    this.netlink.close();
  }

  private changed(change: NetworkChange): void {
    switch (change.what) {
      case 'link': {
        const { link, previous } = change;
        this.interfaces.linkChanged(this.asItIs(link));
        this.listeners.linkChanged(link.name, link.isRunning && previous !== null && !previous.isRunning);
        if (previous !== null && previous.name !== link.name) this.listeners.linkChanged(previous.name, false);
        return;
      }
      case 'link-removed':
        this.interfaces.linkGone(change.link.index);
        this.listeners.linkChanged(change.link.name, false);
        return;
      case 'address-added':
        this.interfaces.addressAdded(change.address);
        this.addressesChanged(change.address.interfaceIndex);
        return;
      case 'address-removed':
        this.interfaces.addressGone(change.address);
        this.listeners.addressRemoved(change.address.interfaceIndex, change.address.ip);
        this.addressesChanged(change.address.interfaceIndex);
        return;
      case 'route-removed':
        this.listeners.routeRemoved(change.route);
        return;
      case 'rule-removed':
        this.listeners.ruleRemoved(change.rule);
        return;
      case 'resync':
        for (const text of this.load()) this.listeners.log('alert', text);
        for (const name of this.interfaces.names()) this.listeners.linkChanged(name, false);
        return;
      default:
        return;
    }
  }

  /** What a notification says may be over already: a link that has just been made is told of as down, and is up. */
  private asItIs(link: LinkInfo): LinkInfo {
    const now = this.netlink.linkByName(link.name);
    return typeof now === 'number' || now.index !== link.index ? link : now;
  }

  private addressesChanged(interfaceIndex: number): void {
    const link = this.interfaces.byIndex(interfaceIndex);
    if (link !== undefined) this.listeners.linkChanged(link.name, false);
  }
}

/** One address less must not take others of its network along. @returns complaints */
function keepSecondaries(name: string): string[] {
  const path = `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`;
  return applySettings([{ path, value: '1' }]).complaints;
}

/** @returns what to do about a call that was refused */
export function refusalText(what: string, errno: number): string {
  const remedy = errno === -EPERM ? '; run as root, or with CAP_NET_ADMIN and CAP_NET_RAW' : '';
  return `${what}: ${errnoText(errno)}${remedy}`;
}
