/**
 * A client of NETLINK_ROUTE (rtnetlink(7)): asks the kernel for links, addresses, routes and rules, and changes them. Each
 * call blocks until the kernel has answered, which it does at once; a change waits for the kernel's own lock (rtnl), which
 * others may hold for some milliseconds. Failures are -errno, with the kernel's own words in `why`.
 */
import { EADDRNOTAVAIL, EEXIST, EINTR, EINVAL, ENOBUFS, ENODEV, ENOENT, ESRCH, ETIMEDOUT } from './constants.js';
import {
  type NetlinkMessage,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  netlinkMessage,
  numberMessage,
  splitMessages,
  textAttribute,
  u32Attribute,
  verdictOf,
} from './netlink-message.js';
import { type NetlinkChannel, openNetlink } from './netlink-socket.js';
import {
  type AddressInfo,
  addressOf,
  type LinkInfo,
  linkOf,
  type NeighbourInfo,
  neighbourOf,
  type RouteInfo,
  type RuleInfo,
  routeOf,
  ruleOf,
} from './route-info.js';
import {
  type AddressSpec,
  addAddressRequest,
  addMacvlanRequest,
  addRouteRequest,
  addRuleRequest,
  addressGenerationRequest,
  changeAddressRequest,
  linkHeader,
  type MacvlanSpec,
  type RouteSpec,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETNEIGH,
  RTM_GETROUTE,
  RTM_GETRULE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
  RTM_NEWRULE,
  type RuleSpec,
  removeAddressRequest,
  removeLinkRequest,
  removeRouteRequest,
  removeRuleRequest,
  setUpRequest,
} from './route-requests.js';

const LIMIT_MS = 2000;
/** Dumps that a change interrupted are asked for again, so often. */
const ATTEMPTS = 5;
/** Requests in one send: their answers must fit the receive buffer. */
const BATCH = 32;
/** A request was answered, but the answer was lost; sent again, these say that it had been carried out. */
const DONE_BEFORE = [-EEXIST, -EADDRNOTAVAIL, -ESRCH, -ENOENT, -ENODEV];

export class RouteNetlink {
  /** The kernel's words for the last refusal; '' where it had none. */
  why = '';
  private sequence = (Math.random() * 0x7fffffff) >>> 0;

  constructor(private readonly channel: NetlinkChannel) {}

  /** @returns a client of the namespace this thread is in, or -errno */
  static open(): RouteNetlink | number {
    const channel = openNetlink({ groups: [], receiveBytes: 1 << 20, timeoutMs: LIMIT_MS });
    return typeof channel === 'number' ? channel : new RouteNetlink(channel);
  }

  close(): void {
    this.channel.close();
  }

  /** All of the namespace, or -errno. */
  links(): LinkInfo[] | number {
    return this.dump(RTM_GETLINK, RTM_NEWLINK, linkHeader(0, 0, 0), linkOf);
  }

  /** One interface, or -ENODEV. */
  linkByName(name: string): LinkInfo | number {
    const found: LinkInfo[] = [];
    const request = netlinkMessage(RTM_GETLINK, NLM_F_REQUEST, linkHeader(0, 0, 0), textAttribute(3, name));
    const result = this.ask(request, false, RTM_NEWLINK, (body) => push(found, linkOf(body)));
    return result < 0 ? result : (found[0] ?? -ENODEV);
  }

  addresses(): AddressInfo[] | number {
    return this.dump(RTM_GETADDR, RTM_NEWADDR, new Uint8Array(8), addressOf);
  }

  /** Those of one interface, of both families. */
  neighbours(interfaceIndex: number): NeighbourInfo[] | number {
    const onlyThere = u32Attribute(8, interfaceIndex); // NDA_IFINDEX
    const found = this.dump(RTM_GETNEIGH, RTM_NEWNEIGH, new Uint8Array(12), neighbourOf, onlyThere);
    return typeof found === 'number' ? found : found.filter((one) => one.interfaceIndex === interfaceIndex);
  }

  /** Of all tables. @param protocol only those of that RTPROT_*; the kernel sorts the others out (since 4.20) */
  routes(protocol?: number): RouteInfo[] | number {
    const head = new Uint8Array(12);
    head[5] = protocol ?? 0;
    const found = this.dump(RTM_GETROUTE, RTM_NEWROUTE, head, routeOf);
    return typeof found === 'number' ? found : found.filter((r) => protocol === undefined || r.protocol === protocol);
  }

  rules(): RuleInfo[] | number {
    return this.dump(RTM_GETRULE, RTM_NEWRULE, new Uint8Array(12), ruleOf);
  }

  /** @returns 0, -EEXIST where it is there already, -ENODEV without the interface */
  addAddress(spec: AddressSpec): number {
    return this.change(addAddressRequest(spec));
  }

  /** Adds, or gives an existing address these lifetimes and flags. */
  changeAddress(spec: AddressSpec): number {
    return this.change(changeAddressRequest(spec));
  }

  /** @returns 0, -EADDRNOTAVAIL where it was gone already */
  removeAddress(spec: Parameters<typeof removeAddressRequest>[0]): number {
    return this.change(removeAddressRequest(spec));
  }

  addRoute(spec: RouteSpec): number {
    return this.change(addRouteRequest(spec));
  }

  /** @returns 0, -ESRCH where there was none */
  removeRoute(spec: RouteSpec): number {
    return this.change(removeRouteRequest(spec));
  }

  addRule(spec: RuleSpec): number {
    return this.change(addRuleRequest(spec));
  }

  /** @returns 0, -ENOENT where there was none */
  removeRule(spec: RuleSpec): number {
    return this.change(removeRuleRequest(spec));
  }

  /** @returns the index of the new interface, which is down still; or -errno */
  addMacvlan(spec: MacvlanSpec): number {
    const result = this.change(addMacvlanRequest(spec));
    if (result < 0) return result;
    const link = this.linkByName(spec.name);
    return typeof link === 'number' ? link : link.index;
  }

  removeLink(index: number): number {
    return this.change(removeLinkRequest(index));
  }

  setUp(index: number, isUp = true): number {
    return this.change(setUpRequest(index, isUp));
  }

  /** Whether the interface makes itself a link-local IPv6 address when it is set up. */
  setAddressGeneration(index: number, mode: 'eui64' | 'none'): number {
    return this.change(addressGenerationRequest(index, mode));
  }

  /** Sends one request made by route-requests.ts. @returns 0 or -errno; -EINVAL for none */
  change(request: Uint8Array | null): number {
    return request === null ? -EINVAL : this.changeAll([request])[0];
  }

  /** Sends prebuilt requests, many at a time. @returns 0 or -errno for each, in order */
  changeAll(requests: readonly Uint8Array[]): number[] {
    const results: number[] = [];
    for (let i = 0; i < requests.length; i += BATCH) results.push(...this.changeSome(requests.slice(i, i + BATCH)));
    return results;
  }

  private changeSome(requests: readonly Uint8Array[]): number[] {
    const results = this.transact(requests);
    return results.map((result, i) => {
      if (result !== -ENOBUFS && result !== -ETIMEDOUT) return result;
      this.channel.drain();
      const again = this.transact([requests[i]])[0];
      return DONE_BEFORE.includes(again) ? 0 : again;
    });
  }

  /** One send, one answer for each request. */
  private transact(requests: readonly Uint8Array[]): number[] {
    const first = this.takeSequences(requests.length);
    requests.forEach((request, i) => {
      numberMessage(request, (first + i) >>> 0);
    });
    const sent = this.channel.send(Buffer.concat(requests));
    if (sent < 0) return requests.map(() => sent);
    const results: (number | undefined)[] = requests.map(() => undefined);
    let left = results.length;
    const failed = this.receiveUntil((message) => {
      const i = (message.sequence - first) >>> 0;
      if (i >= results.length || message.type !== NLMSG_ERROR || results[i] !== undefined) return false;
      results[i] = this.verdict(message);
      return --left === 0;
    });
    return results.map((result) => result ?? failed);
  }

  private dump<T>(
    type: number,
    answer: number,
    head: Uint8Array,
    parse: (body: Uint8Array) => T | null,
    ...filter: readonly Uint8Array[]
  ): T[] | number {
    let result = -EINTR;
    for (let i = 0; i < ATTEMPTS; i++) {
      const found: T[] = [];
      const request = netlinkMessage(type, NLM_F_REQUEST | NLM_F_DUMP, head, ...filter);
      result = this.ask(request, true, answer, (body) => push(found, parse(body)));
      if (result === 0) return found;
      if (result !== -EINTR && result !== -ENOBUFS) return result;
      this.channel.drain();
    }
    return result;
  }

  /** A request whose answer is data. @returns 0, or -errno; -EINTR where something changed while the kernel answered */
  private ask(request: Uint8Array, isDump: boolean, answer: number, onBody: (body: Uint8Array) => void): number {
    const sequence = this.takeSequences(1);
    numberMessage(request, sequence);
    const sent = this.channel.send(request);
    if (sent < 0) return sent;
    let result = 0;
    const failed = this.receiveUntil((message) => {
      if (message.sequence !== sequence) return false;
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) result = -EINTR;
      if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
        result = this.verdict(message) || result;
        return true;
      }
      if (message.type === answer) onBody(message.body);
      return !isDump;
    });
    return failed || result;
  }

  /** @param onMessage true when it was the last one waited for @returns 0 or -errno */
  private receiveUntil(onMessage: (message: NetlinkMessage) => boolean): number {
    const deadline = performance.now() + LIMIT_MS;
    while (performance.now() < deadline) {
      const received = this.channel.receive();
      if (typeof received === 'number') {
        if (received === -EINTR) continue;
        return received;
      }
      for (const message of splitMessages(received).messages) if (onMessage(message)) return 0;
    }
    return -ETIMEDOUT;
  }

  private verdict(message: NetlinkMessage): number {
    const { errno, text } = verdictOf(message);
    if (errno < 0) this.why = text;
    return errno;
  }

  /** 0 is what the kernel's own notifications have. */
  private takeSequences(count: number): number {
    if (this.sequence + count > 0xffffffff) this.sequence = 0;
    const first = this.sequence + 1;
    this.sequence += count;
    return first;
  }
}

function push<T>(list: T[], item: T | null): void {
  if (item !== null) list.push(item);
}
