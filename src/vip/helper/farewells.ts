/** Goodbyes (advertisements of priority 0), ready to be sent: packets as bytes, sockets open. */
import { attachFilter, refuse } from '../../linux/bpf.js';
import { errnoText } from '../../linux/errors.js';
import { openVrrpSocket, type VrrpSocket } from '../../linux/vrrp-socket.js';
import type { Log } from './launcher.js';
import type { Goodbye } from './messages.js';

interface Farewell {
  readonly goodbye: Goodbye;
  readonly packet: Uint8Array;
  readonly socket: VrrpSocket;
}

export class Farewells {
  private farewells: Farewell[] = [];
  private sockets = new Map<string, VrrpSocket>();

  constructor(private readonly log: Log) {}

  get count(): number {
    return this.farewells.length;
  }

  /**
   * Sockets that are still of use stay open.
   * @param indexOf the index of an interface, or -errno
   */
  prepare(goodbyes: readonly Goodbye[], indexOf: (name: string) => number): void {
    const old = this.sockets;
    this.sockets = new Map();
    this.farewells = goodbyes.flatMap((goodbye) => this.ready(goodbye, indexOf, old));
    for (const [key, socket] of old) if (!this.sockets.has(key)) socket.close();
  }

  /** To everybody, then forgets them. Losing one is no harm: the successor waits for as long as after a crash. */
  say(): void {
    const { farewells } = this;
    this.farewells = [];
    for (const { goodbye, packet, socket } of farewells) {
      for (const destination of goodbye.destinations) {
        const sent = socket.send(packet, goodbye.source, destination);
        if (sent < 0) this.log('warning', `no goodbye from ${goodbye.source} to ${destination}: ${errnoText(sent)}`);
      }
    }
  }

  private ready(goodbye: Goodbye, indexOf: (name: string) => number, old: Map<string, VrrpSocket>): Farewell[] {
    const { family, interface: name, ttl, source } = goodbye;
    const index = name === '' ? 0 : indexOf(name);
    // An interface that was made anew has another index, and needs another socket.
    const key = JSON.stringify([family, name, index, ttl]);
    const socket = this.sockets.get(key) ?? old.get(key) ?? (index < 0 ? index : open(goodbye, index));
    if (typeof socket === 'number') {
      this.log('warning', `no goodbye from ${source} could be sent through '${name}': ${errnoText(socket)}`);
      return [];
    }
    this.sockets.set(key, socket);
    return [{ goodbye, packet: Buffer.from(goodbye.packet, 'base64'), socket }];
  }
}

/** It only sends: what it would hear is refused, so that nothing piles up. */
function open({ family, interface: name, ttl }: Goodbye, index: number): VrrpSocket | number {
  const device = name === '' ? undefined : { name, index };
  const socket = openVrrpSocket({ family, device, groups: [], ttl });
  if (typeof socket !== 'number') attachFilter(socket.fd, [refuse]);
  return socket;
}
