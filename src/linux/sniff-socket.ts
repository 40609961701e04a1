/**
 * AF_PACKET (packet(7)) as an ear: every VRRP packet of one interface, also those that this host sends, whoever on it does.
 * Packets begin at their IP header, so that it does not matter what kind of interface it is.
 */
import koffi from 'koffi';
import { ipv4Text, ipv6Text } from '../core/ip.js';
import { accept, attachFilter, type BpfProgram, ifEqual, load8, refuse } from './bpf.js';
import { MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from './constants.js';
import { NativeBuffer } from './memory.js';
import { MessageHeader } from './message-header.js';
import { SockAddr } from './sockaddr.js';
import { bindSocket, close, poll, recvmsg, setsockopt, socket } from './syscalls.js';

const AF_PACKET = 17;
const ETH_P_ALL = 3;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_ALLMULTI = 2;
const IPPROTO_VRRP = 112;
const IPV6_HEADER_BYTES = 40;
const PACKET_BYTES = 4224;
const POLLIN = 1;
const ENODEV = 19;

const nametoindex = koffi.load('libc.so.6').func('if_nametoindex', 'uint', ['str']) as unknown as (
  name: string,
) => number;

/** An IP packet with a VRRP packet in it. */
export interface SniffedPacket {
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  /** TTL or hop limit. */
  readonly ttl: number;
  /** The VRRP packet; a view that the next `receive` overwrites. */
  readonly payload: Uint8Array;
}

/** Protocol of IPv4 at byte 9, next header of IPv6 at byte 6: what is no VRRP all the same is dropped behind it. */
const FILTER: BpfProgram = [
  load8(9),
  ifEqual(IPPROTO_VRRP, 2, 0),
  load8(6),
  ifEqual(IPPROTO_VRRP, 0, 1),
  accept,
  refuse,
];

export class SniffSocket {
  private readonly incoming = new MessageHeader(PACKET_BYTES);
  private readonly waiting = new NativeBuffer(8);

  private constructor(private readonly fd: number) {
    this.waiting.i32[0] = fd;
  }

  /** @returns the socket, or -errno: -EPERM without CAP_NET_RAW, -ENODEV without the interface */
  static open(interfaceName: string): SniffSocket | number {
    const interfaceIndex = nametoindex(interfaceName);
    if (interfaceIndex === 0) return -ENODEV;
    const fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    const result = prepare(fd, interfaceIndex);
    if (result === 0) return new SniffSocket(fd);
    close(fd);
    return result;
  }

  /** Blocks for at most `timeoutMs`. @returns whether there is something to receive */
  wait(timeoutMs: number): boolean {
    this.waiting.view.setInt16(4, POLLIN, true);
    return poll(this.waiting.ptr, 1, timeoutMs) > 0;
  }

  /** @returns the next packet, null for one that is none of VRRP, or -errno (-EAGAIN: no more; -ENETDOWN once) */
  receive(): SniffedPacket | null | number {
    const length = recvmsg(this.fd, this.incoming.forReceiving(), MSG_DONTWAIT);
    return length < 0 ? length : packetOf(this.incoming.data.bytes, length);
  }

  close(): void {
    close(this.fd);
  }
}

function prepare(fd: number, interfaceIndex: number): number {
  const filtered = attachFilter(fd, FILTER);
  if (filtered < 0) return filtered;
  // Cards drop groups that nobody has joined; those of VRRP may have no member on this host.
  const membership = new NativeBuffer(16); // struct packet_mreq
  membership.view.setInt32(0, interfaceIndex, true);
  membership.view.setUint16(4, PACKET_MR_ALLMULTI, true);
  const joined = setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership.ptr, 16);
  if (joined < 0) return joined;
  const address = new SockAddr();
  const { bytes, view } = address.buffer; // struct sockaddr_ll
  bytes.fill(0, 0, 20);
  bytes[0] = AF_PACKET;
  view.setUint16(2, ETH_P_ALL);
  view.setInt32(4, interfaceIndex, true);
  address.length = 20;
  return bindSocket(fd, address.ptr, address.length);
}

/** A fragment that is not the first, or an extension header before, is no advertisement that anybody sends. */
export function packetOf(bytes: Uint8Array, length: number): SniffedPacket | null {
  const version = length > 0 ? bytes[0] >> 4 : 0;
  if (version === 4 && length >= 20 && bytes[9] === IPPROTO_VRRP) {
    const headerBytes = (bytes[0] & 15) * 4;
    const end = Math.min(length, (bytes[2] << 8) | bytes[3]);
    const isFragment = (((bytes[6] & 0x1f) << 8) | bytes[7]) !== 0;
    if (headerBytes < 20 || end < headerBytes || isFragment) return null;
    const [source, destination] = [ipv4Text(bytes, 12), ipv4Text(bytes, 16)];
    return { family: 4, source, destination, ttl: bytes[8], payload: bytes.subarray(headerBytes, end) };
  }
  if (version !== 6 || length < IPV6_HEADER_BYTES || bytes[6] !== IPPROTO_VRRP) return null;
  const end = Math.min(length, IPV6_HEADER_BYTES + ((bytes[4] << 8) | bytes[5]));
  const [source, destination] = [ipv6Text(bytes.subarray(8, 24)), ipv6Text(bytes.subarray(24, 40))];
  return { family: 6, source, destination, ttl: bytes[7], payload: bytes.subarray(IPV6_HEADER_BYTES, end) };
}
