/**
 * What a router puts on this host while it is master, and takes away after: addresses, routes, rules. Every change comes
 * with the request that undoes it, so that the watchdog can do so without knowing anything.
 */
import type { VipConfig, VirtualAddress, VirtualRoute, VirtualRule, VrrpInstance } from '../config/model.js';
import { EADDRNOTAVAIL } from '../linux/constants.js';
import { errnoText } from '../linux/errors.js';
import type { RouteInfo, RuleInfo } from '../linux/route-info.js';
import { isRoute, isRule } from '../linux/route-match.js';
import type { RouteNetlink } from '../linux/route-netlink.js';
import {
  type AddressSpec,
  PROTOCOL_VRRP,
  type RouteSpec,
  type RuleSpec,
  removeAddressRequest,
  removeRouteRequest,
  removeRuleRequest,
} from '../linux/route-requests.js';
import type { HeldAddress, HeldRequest } from './helper/messages.js';
import type { Interfaces } from './interfaces.js';

const ENOENT = 2;
const ESRCH = 3;
const EEXIST = 17;
const ENODEV = 19;
/** Before the main table (32766), and behind what others usually add. */
const RULE_PREFERENCE = 16_384;
/** It is not there any more: that is what was wanted. */
const GONE = [-EADDRNOTAVAIL, -ESRCH, -ENOENT, -ENODEV];

/** An address with its interface found. */
export interface PlacedAddress {
  readonly spec: AddressSpec;
  readonly interfaceName: string;
  readonly isTracked: boolean;
}

export class Holdings {
  /** What could not be done, for the log. */
  readonly complaints: string[] = [];

  constructor(
    private readonly netlink: RouteNetlink,
    private readonly interfaces: Interfaces,
  ) {}

  /**
   * The addresses of an instance where they belong now; without their interface they are not in the list.
   * @param ownInterface where those go that name none: the instance's interface, or its macvlan
   */
  addressesOf(instance: VrrpInstance, ownInterface: string | undefined): PlacedAddress[] {
    return [...instance.addresses, ...instance.excludedAddresses].flatMap((address) => {
      const name = address.interface ?? ownInterface ?? '';
      const link = this.interfaces.byName(name);
      const spec = link && { ...specOf(address), interfaceIndex: link.index };
      return spec === undefined ? [] : [{ spec, interfaceName: name, isTracked: address.track !== false }];
    });
  }

  /** Puts everything in place; what is there already is made to fit. */
  put(instance: VrrpInstance, addresses: readonly PlacedAddress[]): void {
    for (const { spec, interfaceName } of addresses) {
      const result = this.netlink.changeAddress(spec);
      this.complain(result, `address ${spec.ip}/${spec.prefixLength} on ${interfaceName} cannot be added`);
    }
    this.putRoutes(instance.routes);
    this.putRules(instance.rules);
  }

  /** Addresses, routes and rules that this host always has, master or not. */
  putStatic({ staticAddresses, staticRoutes, staticRules }: VipConfig): void {
    for (const address of staticAddresses) {
      const index = this.interfaces.byName(address.interface ?? '')?.index;
      const result =
        index === undefined ? -ENODEV : this.netlink.changeAddress({ ...specOf(address), interfaceIndex: index });
      this.complain(result, `static address ${address.ip} on ${address.interface ?? '(no interface)'} cannot be added`);
    }
    this.putRoutes(staticRoutes);
    this.putRules(staticRules);
  }

  /** Whether a route that is gone is one of the router's own. */
  hasRoute({ routes }: VrrpInstance, gone: RouteInfo): boolean {
    return routes.some((route) => {
      const spec = route.track === false ? null : this.routeSpec(route);
      return spec !== null && isRoute(gone, spec);
    });
  }

  hasRule({ rules }: VrrpInstance, gone: RuleInfo): boolean {
    return rules.some((rule) => rule.track !== false && isRule(gone, ruleSpec(rule)));
  }

  private putRoutes(routes: readonly VirtualRoute[]): void {
    for (const route of routes) {
      const spec = this.routeSpec(route);
      const result = spec === null ? -ENODEV : this.netlink.addRoute(spec);
      if (result !== -EEXIST)
        this.complain(result, `route to ${route.destination}/${route.prefixLength} cannot be added`);
    }
  }

  private putRules(rules: readonly VirtualRule[]): void {
    for (const rule of rules) {
      const result = this.netlink.addRule(ruleSpec(rule));
      if (result !== -EEXIST) this.complain(result, `rule ${ruleText(rule)} cannot be added`);
    }
  }

  /** Takes everything away, rules and routes first: they may need the address. */
  remove(instance: VrrpInstance, addresses: readonly PlacedAddress[]): void {
    for (const rule of instance.rules) this.gone(this.netlink.removeRule(ruleSpec(rule)), `rule ${ruleText(rule)}`);
    for (const route of instance.routes) {
      const spec = this.routeSpec(route);
      if (spec !== null) this.gone(this.netlink.removeRoute(spec), `route to ${route.destination}`);
    }
    for (const { spec, interfaceName } of addresses)
      this.gone(this.netlink.removeAddress(spec), `address ${spec.ip} on ${interfaceName}`);
  }

  /** What the watchdog must know to undo it. */
  undoing(
    instance: VrrpInstance,
    addresses: readonly PlacedAddress[],
  ): { addresses: HeldAddress[]; routes: HeldRequest[] } {
    const request = (text: string, message: Uint8Array | null): HeldRequest[] =>
      message === null ? [] : [{ text, message: Buffer.from(message).toString('base64') }];
    const [pointed, plain] = [addresses.filter(isPointToPoint), addresses.filter((one) => !isPointToPoint(one))];
    return {
      addresses: plain.map(({ spec: { interfaceIndex, ip, prefixLength } }) => ({
        interfaceIndex,
        ip,
        prefixLength,
      })),
      routes: [
        ...pointed.flatMap(({ spec }) => request(`address ${spec.ip}`, removeAddressRequest(spec))),
        ...instance.rules.flatMap((rule) => request(`rule ${ruleText(rule)}`, removeRuleRequest(ruleSpec(rule)))),
        ...instance.routes.flatMap((route) => {
          const spec = this.routeSpec(route);
          return spec === null ? [] : request(`route to ${route.destination}`, removeRouteRequest(spec));
        }),
      ],
    };
  }

  private gone(result: number, what: string): void {
    if (!GONE.includes(result)) this.complain(result, `${what} cannot be removed`);
  }

  private complain(result: number, what: string): void {
    if (result >= 0) return;
    const words = this.netlink.why === '' ? errnoText(result) : `${errnoText(result)} (${this.netlink.why})`;
    this.complaints.push(`${what}: ${words}`);
    this.netlink.why = '';
  }

  /** @returns null while an interface that it names does not exist */
  private routeSpec(route: VirtualRoute): RouteSpec | null {
    const { interface: name, nexthops, loc: _, at: __, track: ___, ...rest } = route;
    const interfaceIndex = name === undefined ? undefined : this.interfaces.byName(name)?.index;
    if (name !== undefined && interfaceIndex === undefined) return null;
    const hops = nexthops?.map(({ interface: device, ...hop }) => ({
      ...hop,
      interfaceIndex: device === undefined ? undefined : this.interfaces.byName(device)?.index,
    }));
    return { ...rest, interfaceIndex, nexthops: hops };
  }
}

/**
 * IPv6 addresses are usable at once: duplicate address detection would keep each new master silent for a second, and
 * who has the address is settled by VRRP. One that is a host address is never chosen as a source (keepalived.conf(5)).
 */
function specOf(address: VirtualAddress): Omit<AddressSpec, 'interfaceIndex'> {
  const { loc: _, at: __, interface: ___, track: ____, usesVmac: _____, ...spec } = address;
  if (!address.ip.includes(':')) return { ...spec, protocol: PROTOCOL_VRRP };
  const preferredLifetimeS = address.preferredLifetimeS ?? (address.prefixLength === 128 ? 0 : undefined);
  return { ...spec, noDad: true, preferredLifetimeS, protocol: PROTOCOL_VRRP };
}

/** Without a preference the kernel would take the same rule a second time. */
function ruleSpec({ loc: _, at: __, track: ___, ...spec }: VirtualRule): RuleSpec {
  return { ...spec, preference: spec.preference ?? RULE_PREFERENCE };
}

/** The kernel finds such an address by its peer. */
function isPointToPoint({ spec }: PlacedAddress): boolean {
  return spec.peer !== undefined;
}

function ruleText({ from, to, preference }: VirtualRule): string {
  const parts = [from && `from ${from}`, to && `to ${to}`, preference && `preference ${preference}`];
  return parts.filter((part) => part).join(' ') || 'for everything';
}
