/** Advertisements made by hand, right and wrong ones, as whole Ethernet frames; and who sends them. */
import type { Host } from '../../lab/support/host.js';
import { INTERFACE } from '../../lab/vip/network.js';

export interface Handmade {
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  /** What follows the IP header. */
  readonly payload: Buffer;
}

export interface Version2 {
  readonly vrid: number;
  readonly priority: number;
  readonly intervalS: number;
  readonly addresses: readonly string[];
  readonly password: string;
}

/** RFC 2338 §5.3: with PASS authentication, or type 0 with an empty password. */
export function version2({ vrid, priority, intervalS, addresses, password }: Version2): Buffer {
  const head = [0x21, vrid, priority, addresses.length, password === '' ? 0 : 1, intervalS, 0, 0];
  const auth = Buffer.alloc(8);
  auth.write(password.slice(0, 8), 'latin1');
  const bytes = Buffer.concat([Buffer.from(head), ...addresses.map(ipv4), auth]);
  bytes.writeUInt16BE(checksum(bytes), 6);
  return bytes;
}

function ipv4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** RFC 1071 */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function frame({ source, destination, ttl, payload }: Handmade, mac: string): Buffer {
  const header = Buffer.from([0x45, 0xc0, 0, 0, 0, 0, 0, 0, ttl, 112, 0, 0]);
  header.writeUInt16BE(20 + payload.length, 2);
  const ip = Buffer.concat([header, ipv4(source), ipv4(destination)]);
  ip.writeUInt16BE(checksum(ip), 10);
  const ethernet = Buffer.from(`${mac.replaceAll(':', '')}0200deadbeef0800`, 'hex');
  return Buffer.concat([ethernet, ip, payload]);
}

const SENDER = `
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('${INTERFACE}', 0))
for line in sys.stdin:
    out.send(bytes.fromhex(line))
`;

/** @param mac of whom they are for; of the VRRP group (RFC 1112 §6.4) unless given */
export function send(host: Host, packets: readonly Handmade[], mac = '01:00:5e:00:00:12'): void {
  const lines = packets.map((packet) => frame(packet, mac).toString('hex'));
  host.run('python3', ['-c', SENDER], `${lines.join('\n')}\n`);
}
