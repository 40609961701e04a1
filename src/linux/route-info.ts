/** What NETLINK_ROUTE says of links, addresses, routes, neighbours and rules (rtnetlink(7)): bytes to plain objects, nothing thrown. */
import { ipv4Text, ipv6Text } from '../core/ip.js';
import { AF_INET, AF_INET6 } from './constants.js';
import { type Attributes, attributesOf, nestedIn, textOf, u8Of, u32Of } from './netlink-message.js';

export const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x10000;
const ARPHRD_ETHER = 1;
const NUD_INCOMPLETE = 0x01;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;
/** IF_OPER_* of RFC 2863, by number. */
const OPER_STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;

export interface LinkInfo {
  readonly index: number;
  readonly name: string;
  /** `veth`, `bridge`, `bond`, `macvlan`, `vlan`, `vrf`, `dummy` …; '' for a device of its own. */
  readonly kind: string;
  /** Set up by the administrator (IFF_UP). */
  readonly isUp: boolean;
  /** Has carrier and can carry packets (IFF_LOWER_UP and IFF_RUNNING). */
  readonly isRunning: boolean;
  readonly operState: (typeof OPER_STATES)[number];
  readonly isLoopback: boolean;
  /** Has Ethernet addresses: ARP and gratuitous announcements work. */
  readonly isEthernet: boolean;
  /** `aa:bb:cc:dd:ee:ff`; '' where it has none. */
  readonly mac: string;
  readonly mtu: number;
  /** The interface beneath a macvlan or VLAN of this namespace; 0 for none. */
  readonly parentIndex: number;
  /** The bridge, bond or VRF that it belongs to; 0 for none. */
  readonly masterIndex: number;
}

export interface AddressInfo {
  readonly interfaceIndex: number;
  readonly family: 4 | 6;
  readonly ip: string;
  readonly prefixLength: number;
  /** Of a point-to-point address; '' for others. */
  readonly peer: string;
  readonly broadcast: string;
  readonly scope: number;
  /** IFA_F_*. */
  readonly flags: number;
  readonly isTentative: boolean;
  /** IPv6: another host has it too (duplicate address detection). */
  readonly isDuplicate: boolean;
  readonly label: string;
  /** IFA_PROTO; 0 where the kernel (before 5.18) or whoever added it does not say. */
  readonly protocol: number;
}

export interface RouteInfo {
  readonly family: 4 | 6;
  /** RTN_*. */
  readonly type: number;
  readonly destination: string;
  readonly prefixLength: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly tos: number;
  readonly metric: number;
  readonly source: string;
  readonly via: string;
  readonly interfaceIndex: number;
  /** Empty with a single next hop. */
  readonly nexthops: readonly { readonly via: string; readonly interfaceIndex: number; readonly weight: number }[];
}

export interface NeighbourInfo {
  readonly interfaceIndex: number;
  readonly family: 4 | 6;
  readonly ip: string;
  /** The kernel has asked for its MAC, and waits for the answer. */
  readonly isIncomplete: boolean;
}

export interface RuleInfo {
  readonly family: 4 | 6;
  /** FR_ACT_*. */
  readonly action: number;
  readonly preference: number;
  /** `10.0.0.0/8`; '' for all. */
  readonly from: string;
  readonly to: string;
  readonly iif: string;
  readonly oif: string;
  readonly fwmark: number;
  readonly fwmask: number;
  readonly tos: number;
  readonly table: number;
  readonly goto: number;
  readonly isInverted: boolean;
  readonly protocol: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function familyOf(number: number): 4 | 6 | 0 {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : 0;
}

/** '' where the bytes are no address of the family. */
function ipOf(family: 4 | 6, bytes: Uint8Array | undefined): string {
  if (family === 4) return bytes?.length === 4 ? ipv4Text(bytes) : '';
  return bytes?.length === 16 ? ipv6Text(bytes) : '';
}

function macOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':');
}

/** Body of RTM_NEWLINK or RTM_DELLINK. @returns null where it is none of an interface (a bridge port speaks here too) */
export function linkOf(body: Uint8Array): LinkInfo | null {
  const at = attributesOf(body, 16); // struct ifinfomsg
  const name = textOf(at, 3); // IFLA_IFNAME
  if (body.length < 16 || body[0] !== 0 || name === '') return null;
  const view = viewOf(body);
  const index = view.getInt32(4, true);
  const flags = view.getUint32(8, true);
  const isEthernet = view.getUint16(2, true) === ARPHRD_ETHER && at.get(1)?.length === 6; // IFLA_ADDRESS
  return {
    index,
    name,
    kind: textOf(nestedIn(at, 18), 1), // IFLA_LINKINFO, IFLA_INFO_KIND
    isUp: (flags & IFF_UP) !== 0,
    isRunning: (flags & IFF_RUNNING) !== 0 && (flags & IFF_LOWER_UP) !== 0,
    operState: OPER_STATES[u8Of(at, 16) ?? 0] ?? 'unknown',
    isLoopback: (flags & IFF_LOOPBACK) !== 0,
    isEthernet,
    mac: macOf(at.get(1)),
    mtu: u32Of(at, 4) ?? 0,
    parentIndex: parentOf(at, index),
    masterIndex: u32Of(at, 10) ?? 0,
  };
}

/** IFLA_LINK also names the other end of a veth pair; with IFLA_LINK_NETNSID it is an index of another namespace. */
function parentOf(at: Attributes, index: number): number {
  const parent = u32Of(at, 5) ?? 0;
  return parent === index || at.has(37) || textOf(nestedIn(at, 18), 1) === 'veth' ? 0 : parent;
}

/** Body of RTM_NEWADDR or RTM_DELADDR. @returns null where it is not about an IP address */
export function addressOf(body: Uint8Array): AddressInfo | null {
  const family = familyOf(body[0]);
  if (body.length < 8 || family === 0) return null; // struct ifaddrmsg
  const at = attributesOf(body, 8);
  const address = ipOf(family, at.get(1)); // IFA_ADDRESS: the peer where there is one
  const local = ipOf(family, at.get(2)) || address; // IFA_LOCAL
  if (local === '') return null;
  const flags = u32Of(at, 8) ?? body[2]; // IFA_FLAGS has room for those above 0xff
  return {
    interfaceIndex: viewOf(body).getUint32(4, true),
    family,
    ip: local,
    prefixLength: body[1],
    peer: address === local ? '' : address,
    broadcast: ipOf(family, at.get(4)),
    scope: body[3],
    flags,
    isTentative: (flags & IFA_F_TENTATIVE) !== 0,
    isDuplicate: (flags & IFA_F_DADFAILED) !== 0,
    label: textOf(at, 3),
    protocol: u8Of(at, 11) ?? 0, // IFA_PROTO
  };
}

/** Body of RTM_NEWROUTE or RTM_DELROUTE. @returns null where it is no route of IPv4 or IPv6 */
export function routeOf(body: Uint8Array): RouteInfo | null {
  const family = familyOf(body[0]);
  if (body.length < 12 || family === 0) return null; // struct rtmsg
  const at = attributesOf(body, 12);
  return {
    family,
    type: body[7],
    destination: ipOf(family, at.get(1)) || (family === 4 ? '0.0.0.0' : '::'),
    prefixLength: body[1],
    table: u32Of(at, 15) ?? body[4], // RTA_TABLE
    protocol: body[5],
    scope: body[6],
    tos: body[3],
    metric: u32Of(at, 6) ?? 0, // RTA_PRIORITY
    source: ipOf(family, at.get(7)), // RTA_PREFSRC
    via: viaOf(family, at),
    interfaceIndex: u32Of(at, 4) ?? 0, // RTA_OIF
    nexthops: nexthopsOf(family, at.get(9)), // RTA_MULTIPATH
  };
}

/** RTA_GATEWAY, or RTA_VIA where the gateway is of the other family. */
function viaOf(family: 4 | 6, at: Attributes): string {
  const other = at.get(18);
  if (other === undefined || other.length < 2) return ipOf(family, at.get(5));
  const its = familyOf(other[0] | (other[1] << 8));
  return its === 0 ? '' : ipOf(its, other.subarray(2));
}

function nexthopsOf(family: 4 | 6, bytes: Uint8Array | undefined): RouteInfo['nexthops'] {
  const hops: { via: string; interfaceIndex: number; weight: number }[] = [];
  if (bytes === undefined) return hops;
  const view = viewOf(bytes);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = view.getUint16(at, true); // struct rtnexthop
    if (length < 8 || at + length > bytes.length) break;
    const via = viaOf(family, attributesOf(bytes.subarray(at, at + length), 8));
    hops.push({ via, interfaceIndex: view.getInt32(at + 4, true), weight: bytes[at + 3] + 1 });
    at += (length + 3) & ~3;
  }
  return hops;
}

/** Body of RTM_NEWNEIGH. @returns null where it is no neighbour by IPv4 or IPv6 (a bridge tells its table here, too) */
export function neighbourOf(body: Uint8Array): NeighbourInfo | null {
  const family = familyOf(body[0]);
  if (body.length < 12 || family === 0) return null; // struct ndmsg
  const ip = ipOf(family, attributesOf(body, 12).get(1)); // NDA_DST
  if (ip === '') return null;
  const view = viewOf(body);
  const isIncomplete = (view.getUint16(8, true) & NUD_INCOMPLETE) !== 0;
  return { interfaceIndex: view.getInt32(4, true), family, ip, isIncomplete };
}

/** Body of RTM_NEWRULE or RTM_DELRULE. @returns null where it is no rule of IPv4 or IPv6 */
export function ruleOf(body: Uint8Array): RuleInfo | null {
  const family = familyOf(body[0]);
  if (body.length < 12 || family === 0) return null; // struct fib_rule_hdr
  const at = attributesOf(body, 12);
  const prefix = (type: number, length: number) => (at.has(type) ? `${ipOf(family, at.get(type))}/${length}` : '');
  return {
    family,
    action: body[7],
    preference: u32Of(at, 6) ?? 0, // FRA_PRIORITY
    from: prefix(2, body[2]), // FRA_SRC
    to: prefix(1, body[1]), // FRA_DST
    iif: textOf(at, 3),
    oif: textOf(at, 17),
    fwmark: u32Of(at, 10) ?? 0,
    fwmask: u32Of(at, 16) ?? 0,
    tos: body[3],
    table: u32Of(at, 15) ?? body[4], // FRA_TABLE
    goto: u32Of(at, 4) ?? 0,
    isInverted: (viewOf(body).getUint32(8, true) & 2) !== 0, // FIB_RULE_INVERT
    protocol: u8Of(at, 21) ?? 0,
  };
}
