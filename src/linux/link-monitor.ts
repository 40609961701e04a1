/**
 * Tells what changes in the network of this host while we run: links, addresses, routes, rules (the multicast groups of
 * rtnetlink(7)). What it says is about the past: the kernel may have gone on meanwhile. When changes were lost, it says
 * `resync` once, and the owner asks for everything anew. With a link that goes down, IPv4 routes through it go without
 * a word of their own.
 */
import { accept, attachFilter, type BpfProgram, ifAnyBit, ifEqual, load8, load16, refuse } from './bpf.js';
import { EAGAIN, EPOLLIN } from './constants.js';
import { type NetlinkMessage, NLM_F_REPLACE, splitMessages } from './netlink-message.js';
import { type NetlinkSocket, openNetlink } from './netlink-socket.js';
import type { Pollable, Reactor } from './reactor.js';
import {
  type AddressInfo,
  addressOf,
  type LinkInfo,
  linkOf,
  type RouteInfo,
  type RuleInfo,
  routeOf,
  ruleOf,
} from './route-info.js';
import {
  PROTOCOL_VRRP,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
} from './route-requests.js';

const RTNLGRP_LINK = 1;
/** RTNLGRP_ LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE. */
const ALL_GROUPS = [RTNLGRP_LINK, 5, 7, 8, 9, 11, 19];
const RECEIVE_BYTES = 4 << 20;
const DATAGRAMS_PER_TURN = 64;

export type NetworkChange =
  /** New (`previous` null), or something of it has changed: compare. */
  | { readonly what: 'link'; readonly link: LinkInfo; readonly previous: LinkInfo | null }
  | { readonly what: 'link-removed'; readonly link: LinkInfo }
  /** Also when flags of it change: no longer tentative, found to be a duplicate. */
  | { readonly what: 'address-added'; readonly address: AddressInfo }
  | { readonly what: 'address-removed'; readonly address: AddressInfo }
  | { readonly what: 'route-removed'; readonly route: RouteInfo }
  /** This route now stands where another one stood (`ip route replace`). */
  | { readonly what: 'route-replaced'; readonly route: RouteInfo }
  | { readonly what: 'rule-removed'; readonly rule: RuleInfo }
  /** Changes were lost: ask for everything anew. */
  | { readonly what: 'resync' };

export class LinkMonitor implements Pollable {
  private readonly known = new Map<number, LinkInfo>();

  private constructor(
    private readonly socket: NetlinkSocket,
    private readonly onChange: (change: NetworkChange) => void,
  ) {}

  /**
   * @param routeProtocols RTPROT_* of the routes whose removal matters; a router with a full table changes others
   *   thousands of times a second, and those wake nobody
   * @returns a monitor of this thread's namespace, or -errno
   */
  static open(
    onChange: (change: NetworkChange) => void,
    routeProtocols: readonly number[] = [PROTOCOL_VRRP],
  ): LinkMonitor | number {
    const monitor = LinkMonitor.listen(ALL_GROUPS, onChange);
    if (typeof monitor === 'number') return monitor;
    const result = monitor.setRouteProtocols(routeProtocols);
    if (result === 0) return monitor;
    monitor.socket.close();
    return result;
  }

  /** As `open`, for whom only links matter. */
  static ofLinks(onChange: (change: NetworkChange) => void): LinkMonitor | number {
    return LinkMonitor.listen([RTNLGRP_LINK], onChange);
  }

  private static listen(groups: readonly number[], onChange: (change: NetworkChange) => void): LinkMonitor | number {
    const socket = openNetlink({ groups, receiveBytes: RECEIVE_BYTES, timeoutMs: 0 });
    return typeof socket === 'number' ? socket : new LinkMonitor(socket, onChange);
  }

  /** @returns 0 or -errno */
  setRouteProtocols(protocols: readonly number[]): number {
    return attachFilter(this.socket.fd, routeFilter(protocols));
  }

  /** Level-triggered: what one turn leaves is there in the next. @returns 0 or -errno */
  watch(reactor: Reactor): number {
    return reactor.add(this.socket.fd, this, EPOLLIN);
  }

  /** Stops watching; the descriptor closes at the end of the turn. */
  close(reactor: Reactor): void {
    reactor.closeLater(this.socket.fd);
  }

  /** What the owner has just asked for, so that `previous` is right from the start, and after a resync. */
  know(links: readonly LinkInfo[]): void {
    this.known.clear();
    for (const link of links) this.known.set(link.index, link);
  }

  onEvents(): void {
    for (let i = 0; i < DATAGRAMS_PER_TURN; i++) {
      const received = this.socket.receiveNow();
      if (received === -EAGAIN) return;
      if (typeof received !== 'number' && this.takeAll(received)) continue;
      this.lost();
      return;
    }
  }

  /** @returns whether all of it could be read */
  private takeAll(datagram: Uint8Array): boolean {
    const { messages, isWhole } = splitMessages(datagram);
    for (const message of messages) this.take(message);
    return isWhole;
  }

  /** What is queued is older than what was lost, and of no use any more. */
  private lost(): void {
    this.socket.drain();
    this.onChange({ what: 'resync' });
  }

  private take({ type, flags, body }: NetlinkMessage): void {
    if (type === RTM_NEWLINK) this.tell(linkOf(body), (link) => this.changed(link));
    else if (type === RTM_DELLINK) this.tell(linkOf(body), (link) => this.removed(link));
    else if (type === RTM_NEWADDR) this.tell(addressOf(body), (address) => ({ what: 'address-added', address }));
    else if (type === RTM_DELADDR) this.tell(addressOf(body), (address) => ({ what: 'address-removed', address }));
    else if (type === RTM_DELROUTE) this.tell(routeOf(body), (route) => ({ what: 'route-removed', route }));
    else if (type === RTM_NEWROUTE && (flags & NLM_F_REPLACE) !== 0)
      this.tell(routeOf(body), (route) => ({ what: 'route-replaced', route }));
    else if (type === RTM_DELRULE) this.tell(ruleOf(body), (rule) => ({ what: 'rule-removed', rule }));
  }

  private tell<T>(info: T | null, make: (info: T) => NetworkChange | null): void {
    const change = info === null ? null : make(info);
    if (change !== null) this.onChange(change);
  }

  /** Statistics of a wireless card and the like are no change. */
  private changed(link: LinkInfo): NetworkChange | null {
    const previous = this.known.get(link.index) ?? null;
    if (previous !== null && isSame(previous, link)) return null;
    this.known.set(link.index, link);
    return { what: 'link', link, previous };
  }

  private removed(link: LinkInfo): NetworkChange {
    this.known.delete(link.index);
    return { what: 'link-removed', link };
  }
}

function isSame(a: LinkInfo, b: LinkInfo): boolean {
  return (Object.keys(a) as (keyof LinkInfo)[]).every((key) => a[key] === b[key]);
}

/** Host order as BPF reads it: loads of two bytes are in network order. */
function asLoaded(type: number): number {
  return ((type & 0xff) << 8) | (type >> 8);
}

/** Of routes only removals and replacements pass, of these protocols; everything else passes. Each notice is a datagram of its own. */
export function routeFilter(protocols: readonly number[]): BpfProgram {
  return [
    load16(4), // nlmsg_type
    ifEqual(asLoaded(RTM_DELROUTE), 4, 0),
    ifEqual(asLoaded(RTM_NEWROUTE), 1, 0),
    accept,
    load8(7), // nlmsg_flags, upper half
    ifAnyBit(NLM_F_REPLACE >> 8, 0, 2 * protocols.length + 1),
    load8(21), // rtm_protocol
    ...protocols.flatMap((protocol) => [ifEqual(protocol, 0, 1), accept]),
    refuse,
  ];
}
