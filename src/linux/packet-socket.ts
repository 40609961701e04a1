/**
 * AF_PACKET (packet(7)): whole Ethernet frames of one interface. Sends gratuitous ARP and neighbour advertisements; hears
 * who else claims addresses that are ours, and who answers when asked. Frames are made and read elsewhere. A BPF program
 * lets through only frames about the addresses given, so that a busy network wakes nobody.
 */
import { parseIpv4, parseIpv6 } from '../core/ip.js';
import {
  accept,
  attachFilter,
  type BpfProgram,
  type Instruction,
  ifAllEqual,
  ifEqual,
  jump,
  load8,
  load16,
  load32,
  refuse,
  wordOf,
} from './bpf.js';
import { EINVAL, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_NONBLOCK } from './constants.js';
import { MessageHeader } from './message-header.js';
import { SockAddr } from './sockaddr.js';
import { bindSocket, close, getsockname, recvmsg, sendmsg, socket } from './syscalls.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const ETHERNET_HEADER_BYTES = 14;
const ARPHRD_ETHER = 1;
const PACKET_OUTGOING = 4;
const EOPNOTSUPP = 95;
const FRAME_BYTES = 2048;
const IPPROTO_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Programs are at most 4,096 instructions long: 4 per IPv4 address, 9 per IPv6 address. With more, all are let through. */
const FILTER_ADDRESSES_MAX = { arp: 1000, neighbours: 400 } as const;

/** `arp`: IPv4; `neighbours`: neighbour advertisements of IPv6. */
export type Hearing = 'arp' | 'neighbours' | 'nothing';

export interface HeardFrame {
  /** From the Ethernet header on; a view that the next `receive` overwrites. */
  readonly frame: Uint8Array;
  /** It was sent by this host. */
  readonly isOwn: boolean;
}

export class PacketSocket {
  private readonly incoming = new MessageHeader(FRAME_BYTES);
  private readonly outgoing = new MessageHeader(FRAME_BYTES);

  private constructor(
    /** Non-blocking. */
    readonly fd: number,
    private readonly interfaceIndex: number,
    private readonly hearing: Hearing,
  ) {}

  /**
   * @param addresses what is heard is about one of them
   * @returns the socket, or -errno: -EPERM without CAP_NET_RAW, -ENODEV without the interface, -EOPNOTSUPP where it has no
   *   Ethernet addresses of six bytes
   */
  static open(interfaceIndex: number, hearing: Hearing, addresses: readonly string[]): PacketSocket | number {
    const fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); // protocol 0 hears nothing, so far
    if (fd < 0) return fd;
    const opened = new PacketSocket(fd, interfaceIndex, hearing);
    const filtered = opened.hearOnly(addresses);
    const result = filtered < 0 ? filtered : opened.bind();
    if (result === 0) return opened;
    close(fd);
    return result;
  }

  /** Hears about these addresses from now on. @returns 0 or -errno */
  hearOnly(addresses: readonly string[]): number {
    if (this.hearing === 'nothing') return 0;
    return attachFilter(this.fd, this.hearing === 'arp' ? arpFilter(addresses) : neighbourFilter(addresses));
  }

  private bind(): number {
    const protocol = { arp: ETH_P_ARP, neighbours: ETH_P_IPV6, nothing: 0 }[this.hearing];
    const address = new SockAddr();
    setAddress(address, this.interfaceIndex, protocol);
    const result = bindSocket(this.fd, address.ptr, address.length);
    if (result < 0) return result;
    address.prepare();
    getsockname(this.fd, address.ptr, address.lengthPtr);
    const b = address.buffer;
    return b.view.getUint16(8, true) === ARPHRD_ETHER && b.bytes[11] === 6 ? 0 : -EOPNOTSUPP; // sll_hatype, sll_halen
  }

  /** @param frame from the Ethernet header on, at most 2,048 bytes @returns bytes sent or -errno */
  send(frame: Uint8Array): number {
    if (frame.length < ETHERNET_HEADER_BYTES || frame.length > FRAME_BYTES) return -EINVAL;
    this.outgoing.data.bytes.set(frame);
    setAddress(this.outgoing.name, this.interfaceIndex, (frame[12] << 8) | frame[13]);
    return sendmsg(this.fd, this.outgoing.forSending(frame.length, 0), MSG_DONTWAIT);
  }

  /** @returns the next frame, or -errno (-EAGAIN: no more; -ENETDOWN once, when the interface goes down) */
  receive(): HeardFrame | number {
    const length = recvmsg(this.fd, this.incoming.forReceiving(), MSG_DONTWAIT);
    if (length < 0) return length;
    const { data, name } = this.incoming;
    return { frame: data.bytes.subarray(0, length), isOwn: name.buffer.bytes[10] === PACKET_OUTGOING };
  }

  /** At once: not while a reactor may still have events for it (then `closeLater` its descriptor). */
  close(): void {
    close(this.fd);
  }
}

/** struct sockaddr_ll. */
function setAddress(address: SockAddr, interfaceIndex: number, protocol: number): void {
  const { bytes, view } = address.buffer;
  bytes.fill(0, 0, 20);
  bytes[0] = AF_PACKET;
  view.setUint16(2, protocol);
  view.setInt32(4, interfaceIndex, true);
  bytes[11] = 6;
  address.length = 20;
}

function parsed(addresses: readonly string[], parse: (text: string) => Uint8Array | undefined): Uint8Array[] {
  return [...new Set(addresses)].map(parse).filter((bytes) => bytes !== undefined);
}

/** Goes on where the value loaded last is `value`, and refuses the packet where it is not. */
function need(value: number): Instruction[] {
  return [ifEqual(value, 1, 0), refuse];
}

/**
 * ARP (RFC 826) whose sender is one of the addresses: replies and gratuitous announcements; and the probe of one who is
 * about to take it (RFC 5227: sender 0.0.0.0, target the address). Who merely asks for an address is not let through:
 * all clients do that all the time.
 */
export function arpFilter(addresses: readonly string[]): BpfProgram {
  const list = parsed(addresses, parseIpv4);
  const head = [load16(12), ...need(ETH_P_ARP), load32(14), ...need(0x00010800), load16(18), ...need(0x0604)];
  if (list.length > FILTER_ADDRESSES_MAX.arp) return [...head, accept];
  const oneOf = [...list.flatMap((sender) => [ifEqual(wordOf(sender, 0), 0, 1), accept]), refuse];
  return [...head, load32(28), ifEqual(0, 0, 1), jump(oneOf.length), ...oneOf, load32(38), ...oneOf];
}

/** Neighbour advertisements (RFC 4861 §4.4, without extension headers) whose target is one of the addresses. */
export function neighbourFilter(addresses: readonly string[]): BpfProgram {
  const list = parsed(addresses, parseIpv6);
  const head = [
    load16(12),
    ...need(ETH_P_IPV6),
    load8(20),
    ...need(IPPROTO_ICMPV6),
    load8(21),
    ...need(255), // RFC 4861 §7.1.2: others come from beyond a router
    load8(54),
    ...need(NEIGHBOUR_ADVERTISEMENT),
  ];
  if (list.length > FILTER_ADDRESSES_MAX.neighbours) return [...head, accept];
  return [...head, ...list.flatMap((target) => ifAllEqual(62, target)), refuse];
}
