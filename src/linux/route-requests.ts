/**
 * Requests of NETLINK_ROUTE as bytes (rtnetlink(7)): what puts an address, a route, a rule or a macvlan in place, and
 * what undoes it. They can be kept, handed to another process and sent later; nothing here opens a socket. A text that is
 * no address gives `null`: the reader of the configuration has checked it, so that is our own mistake, and not worth a
 * thread that ends while it holds the address.
 */
import { parseIpv4, parseIpv6 } from '../core/ip.js';
import { AF_INET, AF_INET6 } from './constants.js';
import {
  attribute,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  nestedAttribute,
  netlinkMessage,
  textAttribute,
  u8Attribute,
  u32,
  u32Attribute,
} from './netlink-message.js';
import { IFF_UP } from './route-info.js';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_GETNEIGH = 30;
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

/** What `ip route` shows as `proto keepalived`: routes and rules without a protocol of their own get it. */
export const PROTOCOL_VRRP = 18;
export const TABLE_MAIN = 254;

const SCOPE_LINK = 253;
const SCOPE_HOST = 254;
const SCOPE_NOWHERE = 255;
const FOREVER = 0xffffffff;
const ROUTE_TYPES = { unicast: 1, local: 2, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 } as const;
/** FR_ACT_*. */
export const RULE_ACTIONS = { table: 1, goto: 2, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4 } as const;

/** As `ip address add` takes it; with the interface as its index this is the model's VirtualAddress. */
export interface AddressSpec {
  readonly interfaceIndex: number;
  readonly ip: string;
  /** With a peer: that of the peer. */
  readonly prefixLength: number;
  /** An address, `+` (all host bits set) or `-` (all clear). */
  readonly broadcast?: string;
  readonly label?: string;
  readonly scope?: number;
  readonly peer?: string;
  readonly home?: boolean;
  readonly noDad?: boolean;
  readonly manageTempAddress?: boolean;
  readonly noPrefixRoute?: boolean;
  readonly autojoin?: boolean;
  /** Seconds, Infinity for ever; 0 is never chosen as a source (IPv6). */
  readonly preferredLifetimeS?: number;
  /** IFA_PROTO: who added it; kernels before 5.18 do not keep it. */
  readonly protocol?: number;
}

interface NexthopSpec {
  readonly via?: string;
  readonly interfaceIndex?: number;
  /** 1..256 */
  readonly weight?: number;
  readonly onlink?: boolean;
}

/** As `ip route add` takes it. */
export interface RouteSpec extends Omit<NexthopSpec, 'weight'> {
  readonly family: 4 | 6;
  readonly type: keyof typeof ROUTE_TYPES;
  readonly destination: string;
  readonly prefixLength: number;
  readonly source?: string;
  readonly table?: number;
  readonly metric?: number;
  readonly scope?: number;
  readonly protocol?: number;
  readonly tos?: number;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly nexthops?: readonly NexthopSpec[];
}

/** As `ip rule add` takes it; interfaces stay names, the kernel wants them so. */
export interface RuleSpec {
  readonly family: 4 | 6;
  readonly not?: boolean;
  /** `10.0.0.0/8`, an address, or `all`. */
  readonly from?: string;
  readonly to?: string;
  readonly fwmark?: number;
  readonly fwmask?: number;
  readonly tos?: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly preference?: number;
  readonly action: keyof typeof RULE_ACTIONS;
  readonly table?: number;
  readonly goto?: number;
  readonly protocol?: number;
}

export interface MacvlanSpec {
  readonly name: string;
  readonly parentIndex: number;
  /** `00:00:5e:00:01:0a` */
  readonly mac: string;
  readonly mode: keyof typeof MACVLAN_MODES;
}

const ADD = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
const CHANGE = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
const REMOVE = NLM_F_REQUEST | NLM_F_ACK;

/** An attribute, or none where the value is not written. */
function optional<T>(value: T | undefined, make: (value: T) => Uint8Array): Uint8Array[] {
  return value === undefined ? [] : [make(value)];
}

/** @returns 4 or 16 bytes, or undefined where the text is no address */
export function ipBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function familyNumber(bytes: Uint8Array): number {
  return bytes.length === 4 ? AF_INET : AF_INET6;
}

/** Answers -EEXIST where the interface has the address already. */
export function addAddressRequest(spec: AddressSpec): Uint8Array | null {
  return addressRequest(RTM_NEWADDR, ADD, spec);
}

/** Adds, or gives an address that is there the lifetimes and flags written here. */
export function changeAddressRequest(spec: AddressSpec): Uint8Array | null {
  return addressRequest(RTM_NEWADDR, CHANGE, spec);
}

/** Answers -EADDRNOTAVAIL where it is gone already, -ENODEV where the interface is. */
export function removeAddressRequest(
  spec: Pick<AddressSpec, 'interfaceIndex' | 'ip' | 'prefixLength' | 'peer' | 'label'>,
): Uint8Array | null {
  const { interfaceIndex, ip, prefixLength, peer, label } = spec;
  return addressRequest(RTM_DELADDR, REMOVE, { interfaceIndex, ip, prefixLength, peer, label });
}

function addressRequest(type: number, flags: number, spec: AddressSpec): Uint8Array | null {
  const local = ipBytes(spec.ip);
  const address = spec.peer === undefined ? local : ipBytes(spec.peer);
  if (local === undefined || address === undefined) return null;
  const broadcast = broadcastOf(spec, local);
  if (broadcast === null) return null;
  const its = addressFlags(spec);
  return netlinkMessage(
    type,
    flags,
    Uint8Array.of(familyNumber(local), spec.prefixLength, its & 0xff, spec.scope ?? 0),
    u32(spec.interfaceIndex),
    attribute(2, local), // IFA_LOCAL
    attribute(1, address), // IFA_ADDRESS
    ...optional(broadcast, (bytes) => attribute(4, bytes)),
    ...(local.length === 4 ? optional(spec.label, (text) => textAttribute(3, text)) : []), // IPv6 has no labels
    ...(its > 0xff ? [u32Attribute(8, its)] : []), // IFA_FLAGS
    ...optional(spec.preferredLifetimeS, (seconds) => attribute(6, u32(lifetime(seconds), FOREVER, 0, 0))),
    ...optional(spec.protocol, (number) => u8Attribute(11, number)),
  );
}

function lifetime(seconds: number): number {
  return Math.min(seconds, FOREVER);
}

/** linux/if_addr.h, IFA_F_*. */
function addressFlags(spec: AddressSpec): number {
  return (
    (spec.noDad ? 0x02 : 0) |
    (spec.home ? 0x10 : 0) |
    (spec.manageTempAddress ? 0x100 : 0) |
    (spec.noPrefixRoute ? 0x200 : 0) |
    (spec.autojoin ? 0x400 : 0)
  );
}

/** @returns undefined for none, null where the text is no address */
function broadcastOf({ broadcast, prefixLength }: AddressSpec, local: Uint8Array): Uint8Array | undefined | null {
  if (broadcast === undefined || local.length === 16) return undefined;
  if (broadcast !== '+' && broadcast !== '-') return parseIpv4(broadcast) ?? null;
  return local.map((byte, i) => {
    const host = 0xff >> Math.min(8, Math.max(0, prefixLength - 8 * i));
    return broadcast === '+' ? byte | host : byte & ~host;
  });
}

/** Answers -EEXIST where there is one with the same destination, table, TOS and metric. */
export function addRouteRequest(spec: RouteSpec): Uint8Array | null {
  return routeRequest(RTM_NEWROUTE, ADD, spec, spec.scope ?? defaultScope(spec));
}

/** Answers -ESRCH where there is none such. */
export function removeRouteRequest(spec: RouteSpec): Uint8Array | null {
  return routeRequest(RTM_DELROUTE, REMOVE, spec, spec.scope ?? SCOPE_NOWHERE); // nowhere stands for any scope
}

function defaultScope(spec: RouteSpec): number {
  if (spec.type === 'local') return SCOPE_HOST;
  const hasGateway = spec.via !== undefined || spec.nexthops?.some((hop) => hop.via !== undefined);
  return spec.type === 'unicast' && !hasGateway ? SCOPE_LINK : 0;
}

function routeRequest(type: number, flags: number, spec: RouteSpec, scope: number): Uint8Array | null {
  const destination = ipBytes(spec.destination);
  const source = spec.source === undefined ? undefined : ipBytes(spec.source);
  const hop = gatewayAttributes(spec);
  const hops = spec.nexthops === undefined ? [] : spec.nexthops.map(nexthopBytes);
  if (destination === undefined || hop === null || hops.includes(null)) return null;
  if (spec.source !== undefined && source === undefined) return null;
  const table = spec.table ?? TABLE_MAIN;
  const ofFamily = (attributes: Uint8Array[]) => (spec.nexthops === undefined ? attributes : []);
  return netlinkMessage(
    type,
    flags,
    Uint8Array.of(familyNumber(destination), spec.prefixLength, 0, spec.tos ?? 0),
    Uint8Array.of(table < 256 ? table : 0, spec.protocol ?? PROTOCOL_VRRP, scope, ROUTE_TYPES[spec.type]),
    u32(spec.onlink ? 4 : 0), // RTNH_F_ONLINK
    ...(spec.prefixLength > 0 ? [attribute(1, destination)] : []), // RTA_DST
    u32Attribute(15, table), // RTA_TABLE
    ...optional(source, (bytes) => attribute(7, bytes)), // RTA_PREFSRC
    ...optional(spec.metric, (metric) => u32Attribute(6, metric)), // RTA_PRIORITY
    ...ofFamily(hop),
    ...ofFamily(optional(spec.interfaceIndex, (index) => u32Attribute(4, index))), // RTA_OIF
    ...(hops.length > 0 ? [attribute(9, Buffer.concat(hops as Uint8Array[]))] : []), // RTA_MULTIPATH
    ...metricsOf(spec),
  );
}

/** RTA_METRICS: only what is written. */
function metricsOf({ mtu, advmss }: RouteSpec): Uint8Array[] {
  const inner = [...optional(mtu, (n) => u32Attribute(2, n)), ...optional(advmss, (n) => u32Attribute(8, n))];
  return inner.length > 0 ? [nestedAttribute(8, ...inner)] : [];
}

/** RTA_GATEWAY, or RTA_VIA for a gateway of the other family. @returns null where the text is no address */
function gatewayAttributes({ via, family }: { via?: string; family?: 4 | 6 }): Uint8Array[] | null {
  if (via === undefined) return [];
  const bytes = ipBytes(via);
  if (bytes === undefined) return null;
  if (family === undefined || (family === 4) === (bytes.length === 4)) return [attribute(5, bytes)];
  return [attribute(18, Buffer.concat([Uint8Array.of(familyNumber(bytes), 0), bytes]))];
}

/** struct rtnexthop. */
function nexthopBytes(hop: NexthopSpec): Uint8Array | null {
  const gateway = gatewayAttributes(hop);
  if (gateway === null) return null;
  const inner = Buffer.concat(gateway);
  const head = Uint8Array.of(8 + inner.length, 0, hop.onlink ? 4 : 0, (hop.weight ?? 1) - 1);
  return Buffer.concat([head, u32(hop.interfaceIndex ?? 0), inner]);
}

/** Answers -EEXIST where there is one like it. Without a preference it gets one of its own, and there can be many alike. */
export function addRuleRequest(spec: RuleSpec): Uint8Array | null {
  return ruleRequest(RTM_NEWRULE, ADD, spec);
}

/** Answers -ENOENT where there is none such. */
export function removeRuleRequest(spec: RuleSpec): Uint8Array | null {
  return ruleRequest(RTM_DELRULE, REMOVE, spec);
}

interface Prefix {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** @returns undefined for everything, null where the text is no prefix */
export function prefixOf(text: string | undefined, family: 4 | 6): Prefix | undefined | null {
  if (text === undefined || ['all', 'any', 'default'].includes(text)) return undefined;
  const [ip, mask, ...rest] = text.split('/');
  const bytes = family === 4 ? parseIpv4(ip) : parseIpv6(ip);
  if (bytes === undefined || rest.length > 0) return null;
  const length = mask === undefined ? bytes.length * 8 : Number(mask);
  return Number.isInteger(length) && length >= 0 && length <= bytes.length * 8 ? { bytes, length } : null;
}

function ruleRequest(type: number, flags: number, spec: RuleSpec): Uint8Array | null {
  const [from, to] = [prefixOf(spec.from, spec.family), prefixOf(spec.to, spec.family)];
  if (from === null || to === null) return null;
  const table = spec.action === 'table' ? (spec.table ?? TABLE_MAIN) : 0;
  return netlinkMessage(
    type,
    flags,
    Uint8Array.of(spec.family === 4 ? AF_INET : AF_INET6, to?.length ?? 0, from?.length ?? 0, spec.tos ?? 0),
    Uint8Array.of(table < 256 ? table : 0, 0, 0, RULE_ACTIONS[spec.action]),
    u32(spec.not ? 2 : 0), // FIB_RULE_INVERT
    ...optional(to, ({ bytes }) => attribute(1, bytes)),
    ...optional(from, ({ bytes }) => attribute(2, bytes)),
    ...optional(spec.iif, (name) => textAttribute(3, name)),
    ...(spec.action === 'goto' ? [u32Attribute(4, spec.goto ?? 0)] : []),
    ...optional(spec.preference, (number) => u32Attribute(6, number)),
    ...optional(spec.fwmark, (mark) => u32Attribute(10, mark)),
    ...optional(spec.fwmask, (mask) => u32Attribute(16, mask)),
    ...(table > 0 ? [u32Attribute(15, table)] : []),
    ...optional(spec.oif, (name) => textAttribute(17, name)),
    u8Attribute(21, spec.protocol ?? PROTOCOL_VRRP),
  );
}

/** Answers -EEXIST where the name is taken. */
export function addMacvlanRequest(spec: MacvlanSpec): Uint8Array | null {
  const mac = macBytes(spec.mac);
  if (mac === null) return null;
  return netlinkMessage(
    RTM_NEWLINK,
    ADD,
    linkHeader(0, 0, 0),
    textAttribute(3, spec.name), // IFLA_IFNAME
    u32Attribute(5, spec.parentIndex), // IFLA_LINK
    attribute(1, mac), // IFLA_ADDRESS
    nestedAttribute(
      18, // IFLA_LINKINFO: kind and data
      textAttribute(1, 'macvlan'),
      nestedAttribute(2, u32Attribute(1, MACVLAN_MODES[spec.mode])),
    ),
  );
}

/** @returns six bytes, or null */
function macBytes(text: string): Uint8Array | null {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? Buffer.from(text.replaceAll(':', ''), 'hex') : null;
}

/** Answers -ENODEV where it is gone already. */
export function removeLinkRequest(index: number): Uint8Array {
  return netlinkMessage(RTM_DELLINK, REMOVE, linkHeader(index, 0, 0));
}

export function setUpRequest(index: number, isUp: boolean): Uint8Array {
  return netlinkMessage(RTM_NEWLINK, REMOVE, linkHeader(index, isUp ? IFF_UP : 0, IFF_UP));
}

/** `none`: the interface gets no link-local address of its own making (IPv6). Comes before it is set up. */
export function addressGenerationRequest(index: number, mode: 'eui64' | 'none'): Uint8Array {
  const inner = nestedAttribute(AF_INET6, u8Attribute(8, mode === 'none' ? 1 : 0)); // IFLA_INET6_ADDR_GEN_MODE
  return netlinkMessage(RTM_NEWLINK, REMOVE, linkHeader(index, 0, 0), nestedAttribute(26, inner)); // IFLA_AF_SPEC
}

/** struct ifinfomsg. */
export function linkHeader(index: number, flags: number, change: number): Uint8Array {
  return u32(0, index, flags, change);
}
