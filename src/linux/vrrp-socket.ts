/**
 * Raw sockets of IP protocol 112, by which VRRP is sent and heard (RFC 9568 §5.1; raw(7), ip(7), ipv6(7)). One socket does
 * both, for one family and interface, or for all interfaces where only unicast peers are spoken to.
 *
 * IPv4 headers are our own (IP_HDRINCL), so that a source address can be named that the interface does not have: the
 * virtual MAC's interface has none, and `mcast_src_ip` may stand elsewhere. IPv6 takes it from IPV6_PKTINFO with
 * IPV6_FREEBIND. The kernel does not look at VRRP checksums (IPV6_CHECKSUM stays off): the sender computes them over the
 * source it names, and those that are wrong on arrival are counted by whoever decodes them.
 *
 * No filter by router id: what belongs to nobody is worth counting, and there is little of it.
 */
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from '../core/ip.js';
import { accept, attachFilter, type BpfProgram, ifAllEqual, ifEqual, load8, loadInterface, refuse } from './bpf.js';
import {
  AF_INET,
  AF_INET6,
  EINVAL,
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_FREEBIND,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from './constants.js';
import { MessageHeader } from './message-header.js';
import { bindToDevice, setOption, setOptionBytes, setReceiveBuffer } from './socket-options.js';
import { close, recvmsg, sendmsg, socket } from './syscalls.js';

const SOCK_RAW = 3;
const IPPROTO_VRRP = 112;
const SO_PRIORITY = 12;
const IP_HDRINCL = 3;
const IP_PKTINFO = 8;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_ADD_MEMBERSHIP = 20;
const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;
const IPV6_RECVHOPLIMIT = 51;
const IPV6_HOPLIMIT = 52;

/** DSCP CS6, internetwork control; the same number as keepalived sends. */
const TRAFFIC_CLASS = 0xc0;
/** Of the queues of this host: the first band of pfifo_fast; may be set without privileges. */
const PRIORITY = 6;
/** Some hundred adverts: what 100 routers say during a second in which we do not run. */
const RECEIVE_BYTES = 256 * 1024;
/** The longest packet that can be right: 255 IPv6 addresses are 4,088 bytes, and an IPv4 header at most 60. */
const PACKET_BYTES = 4160;
const IPV4_HEADER_BYTES = 20;
const CONTROL_BYTES = 128;

interface Device {
  readonly name: string;
  readonly index: number;
}

export interface VrrpSocketOptions {
  readonly family: 4 | 6;
  /** Sent through; without one all interfaces are heard, and routes lead to the peers. A VRF will do. */
  readonly device?: Device;
  /**
   * Heard on; default: the device. With a virtual MAC this is the interface beneath: to join a group on the macvlan sends
   * a membership report from the virtual MAC, and switches then take its traffic away from the router that is master.
   */
  readonly hears?: Device;
  /** Joined where is heard. */
  readonly groups: readonly string[];
  /** TTL or hop limit of what is sent, 1..255; RFC 9568 §5.1.1.3 wants 255. */
  readonly ttl: number;
}

/** One packet that was heard. */
export interface HeardPacket {
  /** The VRRP packet, without IP header; a view that the next `receive` overwrites. */
  readonly payload: Uint8Array;
  readonly source: string;
  readonly destination: string;
  /** TTL or hop limit as it arrived; -1 where the kernel did not say. */
  readonly ttl: number;
  readonly interfaceIndex: number;
  /** It was longer than any right packet, and the rest is lost. */
  readonly isTruncated: boolean;
}

export class VrrpSocket {
  private readonly incoming = new MessageHeader(PACKET_BYTES, CONTROL_BYTES);
  private readonly outgoing = new MessageHeader(PACKET_BYTES, CONTROL_BYTES);
  /** IPv4 identification; 0 would leave it to the kernel. */
  private identification = 0;

  constructor(
    /** Non-blocking. */
    readonly fd: number,
    private readonly options: VrrpSocketOptions,
  ) {}

  /**
   * @param packet with its checksum
   * @param source own address; need not stand on the interface
   * @param destination the group, or a peer
   * @returns bytes of the packet sent, or -errno: -EINVAL for what is no address of the family or too long
   */
  send(packet: Uint8Array, source: string, destination: string): number {
    if (packet.length > PACKET_BYTES - IPV4_HEADER_BYTES) return -EINVAL;
    return this.options.family === 4
      ? this.send4(packet, parseIpv4(source), parseIpv4(destination))
      : this.send6(packet, parseIpv6(source), parseIpv6(destination));
  }

  private send4(packet: Uint8Array, source: Uint8Array | undefined, destination: Uint8Array | undefined): number {
    if (source === undefined || destination === undefined) return -EINVAL;
    const { data, name } = this.outgoing;
    const b = data.bytes;
    b.fill(0, 0, IPV4_HEADER_BYTES);
    this.identification = (this.identification % 0xffff) + 1;
    b[0] = 0x45;
    b[1] = TRAFFIC_CLASS;
    data.view.setUint16(2, IPV4_HEADER_BYTES + packet.length);
    data.view.setUint16(4, this.identification);
    b[8] = this.options.ttl;
    b[9] = IPPROTO_VRRP;
    b.set(source, 12); // the kernel adds the header's checksum
    b.set(destination, 16);
    b.set(packet, IPV4_HEADER_BYTES);
    name.buffer.bytes.fill(0, 0, 16);
    name.buffer.bytes[0] = AF_INET;
    name.buffer.bytes.set(destination, 4);
    name.length = 16;
    const sent = sendmsg(this.fd, this.outgoing.forSending(IPV4_HEADER_BYTES + packet.length, 0), MSG_DONTWAIT);
    return sent < 0 ? sent : sent - IPV4_HEADER_BYTES;
  }

  private send6(packet: Uint8Array, source: Uint8Array | undefined, destination: Uint8Array | undefined): number {
    if (source === undefined || destination === undefined) return -EINVAL;
    const { data, name } = this.outgoing;
    const index = this.options.device?.index ?? 0;
    data.bytes.set(packet);
    name.buffer.bytes.fill(0, 0, 28);
    name.buffer.bytes[0] = AF_INET6;
    name.buffer.bytes.set(destination, 8);
    name.buffer.i32[6] = index; // sin6_scope_id
    name.length = 28;
    const info = new Uint8Array(20); // struct in6_pktinfo
    info.set(source);
    new DataView(info.buffer).setInt32(16, index, true);
    const controlLength = this.outgoing.putControl(IPPROTO_IPV6, IPV6_PKTINFO, info);
    return sendmsg(this.fd, this.outgoing.forSending(packet.length, controlLength), MSG_DONTWAIT);
  }

  /** @returns the next packet, or -errno (-EAGAIN: no more) */
  receive(): HeardPacket | number {
    const length = recvmsg(this.fd, this.incoming.forReceiving(), MSG_DONTWAIT);
    if (length < 0) return length;
    return this.options.family === 4 ? this.heard4(length) : this.heard6(length);
  }

  /** The kernel hands over the IPv4 header too, and has checked it. */
  private heard4(length: number): HeardPacket {
    const { data } = this.incoming;
    const headerBytes = Math.min(length, (data.bytes[0] & 0xf) * 4);
    const info = this.incoming.findControl(IPPROTO_IP, IP_PKTINFO, 12);
    return {
      payload: data.bytes.subarray(headerBytes, length),
      source: ipv4Text(data.bytes, 12),
      destination: ipv4Text(data.bytes, 16),
      ttl: data.bytes[8],
      interfaceIndex: info < 0 ? 0 : this.incoming.controlView.getInt32(info, true),
      isTruncated: this.incoming.isTruncated,
    };
  }

  private heard6(length: number): HeardPacket {
    const { name, data } = this.incoming;
    const info = this.incoming.findControl(IPPROTO_IPV6, IPV6_PKTINFO, 20);
    const hops = this.incoming.findControl(IPPROTO_IPV6, IPV6_HOPLIMIT, 4);
    const control = this.incoming.controlView;
    return {
      payload: data.bytes.subarray(0, length),
      source: ipv6Text(name.buffer.bytes.subarray(8, 24)),
      destination: info < 0 ? '::' : ipv6Text(new Uint8Array(control.buffer, info, 16)),
      ttl: hops < 0 ? -1 : control.getInt32(hops, true),
      interfaceIndex: info < 0 ? 0 : control.getInt32(info + 16, true),
      isTruncated: this.incoming.isTruncated,
    };
  }

  /** At once: not while a reactor may still have events for it (then `closeLater` its descriptor). */
  close(): void {
    close(this.fd);
  }
}

/**
 * An interface that is removed and comes back under the same name needs a new socket: binding and groups go with it.
 * @returns the socket, or -errno: -EPERM without CAP_NET_RAW, -ENODEV without the interface
 */
export function openVrrpSocket(options: VrrpSocketOptions): VrrpSocket | number {
  const domain = options.family === 4 ? AF_INET : AF_INET6;
  const fd = socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_VRRP);
  if (fd < 0) return fd;
  const result = configure(fd, options);
  if (result === 0) return new VrrpSocket(fd, options);
  close(fd);
  return result;
}

function configure(fd: number, options: VrrpSocketOptions): number {
  const { device, family, groups } = options;
  const hears = options.hears ?? device;
  setReceiveBuffer(fd, RECEIVE_BYTES);
  const confined = confine(fd, options);
  const set = confined < 0 ? confined : family === 4 ? configure4(fd, options) : configure6(fd, options);
  if (set < 0) return set;
  for (const group of groups) {
    const joined = join(fd, family, group, hears?.index ?? 0);
    if (joined < 0) return joined;
  }
  return setOption(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY); // after IP_TOS, which sets one of its own
}

/** Other interfaces of the host are kept out: by binding to the one, or where there are two by the filter. */
function confine(fd: number, { device, hears, family, groups }: VrrpSocketOptions): number {
  const isOne = hears === undefined || hears.index === device?.index;
  const bound = device !== undefined && isOne ? bindToDevice(fd, device.name) : 0;
  if (bound < 0) return bound;
  const members = family === 6 ? groups.map(parseIpv6).filter((group) => group !== undefined) : null;
  const devices = [device, hears].filter((one) => one !== undefined);
  return attachFilter(fd, packetFilter(isOne ? [] : devices, members));
}

/**
 * Only these interfaces, where any are named. And only groups that this socket has joined: raw IPv6 sockets hear those
 * that others of this host have joined, too, even with IPV6_MULTICAST_ALL off (seen with Linux 6.18). Offsets count from
 * the IPv6 header (SKF_NET_OFF).
 * @param groups null for IPv4, where IP_MULTICAST_ALL does it
 */
function packetFilter(devices: readonly Device[], groups: readonly Uint8Array[] | null): BpfProgram {
  const destination = 0xfff00000 + 24;
  const behind = groups === null ? [accept] : [load8(destination), ifEqual(0xff, 1, 0), accept];
  const isGroup = (groups ?? []).flatMap((group) => ifAllEqual(destination, group));
  const isOurs = devices.map(({ index }, i) => ifEqual(index, devices.length - i, 0));
  return [...(devices.length > 0 ? [loadInterface, ...isOurs, refuse] : []), ...behind, ...isGroup, refuse];
}

type Setting = readonly [name: number, value: number];

function setAll(fd: number, level: number, settings: readonly Setting[]): number {
  for (const [name, value] of settings) {
    const result = setOption(fd, level, name, value);
    if (result < 0) return result;
  }
  return 0;
}

function configure4(fd: number, { device }: VrrpSocketOptions): number {
  const result = setAll(fd, IPPROTO_IP, [
    [IP_HDRINCL, 1],
    [IP_TOS, TRAFFIC_CLASS],
    [IP_PKTINFO, 1],
    [IP_MULTICAST_ALL, 0], // only groups that this socket has joined, whatever others of this host have
    [IP_MULTICAST_LOOP, 0],
  ]);
  if (result < 0 || device === undefined) return result;
  return setOptionBytes(fd, IPPROTO_IP, IP_MULTICAST_IF, requestOf4(new Uint8Array(4), device.index));
}

function configure6(fd: number, { device, ttl }: VrrpSocketOptions): number {
  const result = setAll(fd, IPPROTO_IPV6, [
    [IPV6_FREEBIND, 1],
    [IPV6_TCLASS, TRAFFIC_CLASS],
    [IPV6_UNICAST_HOPS, ttl],
    [IPV6_MULTICAST_HOPS, ttl],
    [IPV6_RECVPKTINFO, 1],
    [IPV6_RECVHOPLIMIT, 1],
    [IPV6_MULTICAST_LOOP, 0],
  ]);
  if (result < 0 || device === undefined) return result;
  return setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, device.index);
}

/** struct ip_mreqn. */
function requestOf4(group: Uint8Array, index: number): Uint8Array {
  const request = new Uint8Array(12);
  request.set(group);
  new DataView(request.buffer).setInt32(8, index, true);
  return request;
}

function join(fd: number, family: 4 | 6, group: string, index: number): number {
  const bytes = family === 4 ? parseIpv4(group) : parseIpv6(group);
  if (bytes === undefined) return -EINVAL;
  if (family === 4) return setOptionBytes(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, requestOf4(bytes, index));
  const request = new Uint8Array(20); // struct ipv6_mreq
  request.set(bytes);
  new DataView(request.buffer).setInt32(16, index, true);
  return setOptionBytes(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, request);
}
