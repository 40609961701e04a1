/**
 * Whole Ethernet frames of this host's interfaces: announcements and questions go out, answers and the claims of others
 * come in. One packet socket per interface and family, opened when something of it is first needed.
 */
import { gratuitousArp, parseArp } from '../core/vrrp/arp.js';
import { macBytes } from '../core/vrrp/ethernet.js';
import { parseNeighbour, unsolicitedAdvertisement } from '../core/vrrp/ndp.js';
import { EAGAIN, EPOLLIN } from '../linux/constants.js';
import { PacketSocket } from '../linux/packet-socket.js';
import type { Pollable, Reactor } from '../linux/reactor.js';
import { forwardsIpv6 } from '../linux/sysctl.js';
import type { Host } from './host.js';

const FRAMES_PER_TURN = 64;
const ENODEV = 19;

/** Somebody else says that an address is at its MAC. */
export type Claim = (interfaceName: string, address: string, mac: string) => void;

class Port implements Pollable {
  constructor(
    readonly name: string,
    readonly index: number,
    readonly mac: Uint8Array,
    readonly macText: string,
    readonly family: 4 | 6,
    readonly socket: PacketSocket,
    private readonly onClaim: Claim,
  ) {}

  onEvents(): void {
    for (let i = 0; i < FRAMES_PER_TURN; i++) {
      const heard = this.socket.receive();
      if (heard === -EAGAIN) return;
      if (typeof heard === 'number' || heard.isOwn) continue;
      const said = this.family === 4 ? claimOfArp(heard.frame) : claimOfNeighbour(heard.frame);
      if (said !== null && said.mac !== this.macText) this.onClaim(this.name, said.address, said.mac);
    }
  }
}

function claimOfArp(frame: Uint8Array): { address: string; mac: string } | null {
  const packet = parseArp(frame);
  return packet === null ? null : { address: packet.senderIp, mac: packet.senderMac };
}

function claimOfNeighbour(frame: Uint8Array): { address: string; mac: string } | null {
  const message = parseNeighbour(frame);
  return message?.type === 'advertisement' ? { address: message.target, mac: message.mac } : null;
}

export class Frames {
  private readonly ports = new Map<string, Port>();
  /** What is listened for: our virtual addresses, and those that were asked for. */
  private addresses: readonly string[] = [];

  constructor(
    private readonly reactor: Reactor,
    private readonly host: Host,
    private readonly onClaim: Claim,
  ) {}

  hearAbout(addresses: readonly string[]): void {
    if (addresses.join() === this.addresses.join()) return;
    this.addresses = addresses;
    for (const port of this.ports.values()) port.socket.hearOnly(addresses);
  }

  /** Tells all on the link that the address is here. @returns 0 or -errno */
  announce(interfaceName: string, address: string): number {
    const port = this.port(interfaceName, address.includes(':') ? 6 : 4);
    if (typeof port === 'number') return port;
    const frame =
      port.family === 4
        ? gratuitousArp(port.mac, address)
        : unsolicitedAdvertisement(port.mac, address, forwardsIpv6(interfaceName));
    return Math.min(0, port.socket.send(frame));
  }

  /** @param make builds the frame from our MAC. @returns 0 or -errno */
  send(interfaceName: string, family: 4 | 6, make: (mac: Uint8Array) => Uint8Array): number {
    const port = this.port(interfaceName, family);
    return typeof port === 'number' ? port : Math.min(0, port.socket.send(make(port.mac)));
  }

  /** Sockets of interfaces that are gone, or have another MAC now, are opened anew when they are needed. */
  interfaceChanged(name: string): void {
    for (const [key, port] of this.ports) {
      if (port.name !== name) continue;
      const link = this.host.interfaces.byName(name);
      if (link?.index === port.index && link.mac === port.macText) continue;
      this.ports.delete(key);
      this.reactor.closeLater(port.socket.fd);
    }
  }

  private port(name: string, family: 4 | 6): Port | number {
    const key = `${name} ${family}`;
    const known = this.ports.get(key);
    if (known !== undefined) return known;
    const link = this.host.interfaces.byName(name);
    const mac = link && macBytes(link.mac);
    if (link === undefined || mac === undefined) return -ENODEV;
    const socket = PacketSocket.open(link.index, family === 4 ? 'arp' : 'neighbours', this.addresses);
    if (typeof socket === 'number') return socket;
    const port = new Port(name, link.index, mac, link.mac, family, socket, this.onClaim);
    this.reactor.add(socket.fd, port, EPOLLIN);
    this.ports.set(key, port);
    return port;
  }

  /** So that claims of others are heard before anything has been sent. */
  listen(interfaceName: string, family: 4 | 6): void {
    this.port(interfaceName, family);
  }

  close(): void {
    for (const port of this.ports.values()) this.reactor.closeLater(port.socket.fd);
    this.ports.clear();
  }
}
