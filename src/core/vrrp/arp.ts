/** ARP for IPv4 over Ethernet (RFC 826): announcing our addresses, asking for those of others, reading what others say. */
import { ipv4Text, parseIpv4 } from '../ip.js';
import { BROADCAST_MAC, ETHERNET_BYTES, ETHERTYPE_ARP, frame, macText, putShort, shortAt } from './ethernet.js';

const ARP_BYTES = 28;
const REQUEST = 1;
const REPLY = 2;

export interface ArpPacket {
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetIp: string;
}

/**
 * "This address is at this MAC", as a broadcast request for it (RFC 5227 §3): the form that keepalived sends, and that
 * makes every neighbour which knows the address correct its entry.
 */
export function gratuitousArp(mac: Uint8Array, ip: string): Uint8Array {
  return request(mac, ip, ip, BROADCAST_MAC);
}

/** Who has it? @param senderIp our own, or 0.0.0.0 for a probe that changes no cache (RFC 5227 §1.1) */
export function arpRequest(mac: Uint8Array, senderIp: string, targetIp: string): Uint8Array {
  return request(mac, senderIp, targetIp, new Uint8Array(6));
}

function request(mac: Uint8Array, senderIp: string, targetIp: string, targetMac: Uint8Array): Uint8Array {
  const bytes = frame(ETHERNET_BYTES + ARP_BYTES, BROADCAST_MAC, mac, ETHERTYPE_ARP);
  bytes.set([0, 1, 8, 0, 6, 4], ETHERNET_BYTES); // Ethernet, IPv4, their lengths
  putShort(bytes, 20, REQUEST);
  bytes.set(mac, 22);
  bytes.set(parseIpv4(senderIp) ?? [], 28);
  bytes.set(targetMac, 32);
  bytes.set(parseIpv4(targetIp) ?? [], 38);
  return bytes;
}

/** @param bytes a frame with its Ethernet header. @returns null for anything but ARP of IPv4 over Ethernet */
export function parseArp(bytes: Uint8Array): ArpPacket | null {
  if (bytes.length < ETHERNET_BYTES + ARP_BYTES || shortAt(bytes, 12) !== ETHERTYPE_ARP) return null;
  if (shortAt(bytes, 14) !== 1 || shortAt(bytes, 16) !== 0x0800 || bytes[18] !== 6 || bytes[19] !== 4) return null;
  const operation = shortAt(bytes, 20);
  if (operation !== REQUEST && operation !== REPLY) return null;
  return {
    operation: operation === REQUEST ? 'request' : 'reply',
    senderMac: macText(bytes, 22),
    senderIp: ipv4Text(bytes, 28),
    targetIp: ipv4Text(bytes, 38),
  };
}
