/** Neighbour discovery (RFC 4861): announcing our IPv6 addresses, asking for those of others, reading what others say. */
import { ipv6Text, parseIpv6 } from '../ip.js';
import { checksumOf, pseudoHeaderSum, sumOf } from './checksum.js';
import { ETHERNET_BYTES, ETHERTYPE_IPV6, frame, macText, putShort, shortAt } from './ethernet.js';

const IPV6_BYTES = 40;
const ICMPV6 = 58;
const ICMP_AT = ETHERNET_BYTES + IPV6_BYTES;
/** Type, checksum, flags, target, one option with a link-layer address. */
const MESSAGE_BYTES = 32;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;
const FLAG_OVERRIDE = 0x20;
const ALL_NODES = 'ff02::1';

export interface NeighbourMessage {
  readonly type: 'solicitation' | 'advertisement';
  readonly source: string;
  readonly target: string;
  /** Of the link-layer option; without one that of the frame. */
  readonly mac: string;
  readonly isSolicited: boolean;
  readonly isOverride: boolean;
  readonly isRouter: boolean;
}

/** RFC 4861 §7.2.6, with the override flag, from the address itself: as keepalived sends it. @param isRouter this host forwards */
export function unsolicitedAdvertisement(mac: Uint8Array, ip: string, isRouter: boolean): Uint8Array {
  const bytes = packet(mac, ip, ALL_NODES);
  const flags = FLAG_OVERRIDE | (isRouter ? FLAG_ROUTER : 0);
  return message(bytes, ADVERTISEMENT, flags, ip, TARGET_LINK_LAYER, mac);
}

/** Who has it? To the solicited-node group of the target (RFC 4861 §4.3). @param source our own address on that link */
export function neighbourSolicitation(mac: Uint8Array, source: string, target: string): Uint8Array {
  const bytes = packet(mac, source, solicitedNode(target));
  return message(bytes, SOLICITATION, 0, target, SOURCE_LINK_LAYER, mac);
}

/** RFC 4291 §2.7.1 */
function solicitedNode(target: string): string {
  const bytes = parseIpv6('ff02::1:ff00:0')!;
  bytes.set((parseIpv6(target) ?? new Uint8Array(16)).subarray(13), 13);
  return ipv6Text(bytes);
}

/** Ethernet and IPv6 headers; hop limit 255 (RFC 4861 §7.1). Groups have a MAC of their own (RFC 2464 §7). */
function packet(mac: Uint8Array, source: string, group: string): Uint8Array {
  const destination = parseIpv6(group)!;
  const groupMac = Uint8Array.of(0x33, 0x33, ...destination.subarray(12));
  const bytes = frame(ICMP_AT + MESSAGE_BYTES, groupMac, mac, ETHERTYPE_IPV6);
  bytes[14] = 0x60;
  putShort(bytes, 18, MESSAGE_BYTES);
  bytes[20] = ICMPV6;
  bytes[21] = 255;
  bytes.set(parseIpv6(source) ?? [], 22);
  bytes.set(destination, 38);
  return bytes;
}

function message(
  bytes: Uint8Array,
  type: number,
  flags: number,
  target: string,
  option: number,
  mac: Uint8Array,
): Uint8Array {
  bytes[ICMP_AT] = type;
  bytes[ICMP_AT + 4] = flags;
  bytes.set(parseIpv6(target) ?? [], ICMP_AT + 8);
  bytes.set([option, 1], ICMP_AT + 24);
  bytes.set(mac, ICMP_AT + 26);
  putShort(bytes, ICMP_AT + 2, icmpChecksum(bytes));
  return bytes;
}

/** Over the pseudo-header and the message (RFC 4443 §2.3); 0 where the one inside is right. */
function icmpChecksum(bytes: Uint8Array): number {
  const [source, destination] = [ipv6Text(bytes.subarray(22, 38)), ipv6Text(bytes.subarray(38, 54))];
  const body = bytes.subarray(ICMP_AT, ICMP_AT + shortAt(bytes, 18));
  return checksumOf(sumOf(body, pseudoHeaderSum(source, destination, ICMPV6, body.length)));
}

/** @param bytes a frame with its Ethernet header. @returns null for anything but a valid message (RFC 4861 §7.1) */
export function parseNeighbour(bytes: Uint8Array): NeighbourMessage | null {
  if (bytes.length < ICMP_AT + 24 || shortAt(bytes, 12) !== ETHERTYPE_IPV6) return null;
  const length = shortAt(bytes, 18);
  if (bytes[20] !== ICMPV6 || bytes[21] !== 255 || length < 24 || ICMP_AT + length > bytes.length) return null;
  const type = bytes[ICMP_AT];
  if ((type !== SOLICITATION && type !== ADVERTISEMENT) || bytes[ICMP_AT + 1] !== 0 || icmpChecksum(bytes) !== 0)
    return null;
  const flags = type === ADVERTISEMENT ? bytes[ICMP_AT + 4] : 0;
  return {
    type: type === ADVERTISEMENT ? 'advertisement' : 'solicitation',
    source: ipv6Text(bytes.subarray(22, 38)),
    target: ipv6Text(bytes.subarray(ICMP_AT + 8, ICMP_AT + 24)),
    mac: linkLayerOption(bytes, length, type === ADVERTISEMENT ? TARGET_LINK_LAYER : SOURCE_LINK_LAYER),
    isSolicited: (flags & FLAG_SOLICITED) !== 0,
    isOverride: (flags & FLAG_OVERRIDE) !== 0,
    isRouter: (flags & FLAG_ROUTER) !== 0,
  };
}

/** Options are in units of 8 bytes; one of length 0 ends the reading (RFC 4861 §4.6). */
function linkLayerOption(bytes: Uint8Array, length: number, wanted: number): string {
  const end = ICMP_AT + length;
  for (let at = ICMP_AT + 24; at + 8 <= end && bytes[at + 1] > 0; at += bytes[at + 1] * 8)
    if (bytes[at] === wanted) return macText(bytes, at + 2);
  return macText(bytes, 6);
}
