/**
 * Unicast adverts need the MAC of each peer. After a link or a network was down the kernel asks for it once a second
 * only, and adverts wait behind that: two masters for as long. So a master asks by itself, once a second while its peers
 * answer and ten times a second while one does not; the kernel learns from the answers.
 */
import type { Timed } from '../core/timer-heap.js';
import { arpRequest } from '../core/vrrp/arp.js';
import { neighbourSolicitation } from '../core/vrrp/ndp.js';
import type { Reactor } from '../linux/reactor.js';
import type { Frames } from './frames.js';
import type { Host } from './host.js';
import type { VirtualRouter } from './virtual-router.js';

const CALM_MS = 1000;
const EAGER_MS = 100;

interface Peer {
  readonly interface: string;
  readonly address: string;
  readonly source: string;
  readonly family: 4 | 6;
  askedMs: number;
  isAnswered: boolean;
}

export class Neighbours implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  private peers = new Map<string, Peer>();

  constructor(
    private readonly reactor: Reactor,
    private readonly host: Host,
    private readonly frames: Frames,
    private readonly addressesChanged: () => void,
  ) {}

  /** Whose answers are listened for. */
  get addresses(): string[] {
    return [...this.peers.values()].map(({ address }) => address);
  }

  /** Who is master, and of what, may be another now. */
  review(routers: Iterable<VirtualRouter>): void {
    const before = this.peers;
    this.peers = new Map();
    for (const router of routers) if (router.isHolding) this.add(router, before);
    if ([...this.peers.keys()].join() === [...before.keys()].join()) return;
    this.addressesChanged();
    this.onTimer(this.reactor.nowMs);
  }

  /** Only peers on the link have a MAC to ask for; to others the way leads over a gateway. */
  private add({ config, sourceIp }: VirtualRouter, before: ReadonlyMap<string, Peer>): void {
    const name = this.host.transmitInterface(config);
    if (name === undefined || config.unicastPeers === undefined) return;
    for (const { ip } of config.unicastPeers) {
      const key = `${name} ${ip}`;
      if (!this.host.interfaces.isOnLink(name, ip)) continue;
      const fresh = { interface: name, address: ip, source: sourceIp, family: config.family };
      this.peers.set(key, before.get(key) ?? { ...fresh, askedMs: Number.NEGATIVE_INFINITY, isAnswered: false });
    }
  }

  /** Somebody says that it has that address. */
  heard(address: string): void {
    for (const peer of this.peers.values()) if (peer.address === address) peer.isAnswered = true;
  }

  onTimer(nowMs: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const peer of this.peers.values()) {
      if (nowMs >= dueMs(peer)) this.ask(peer, nowMs);
      next = Math.min(next, dueMs(peer));
    }
    if (next === Number.POSITIVE_INFINITY) this.reactor.timers.cancel(this);
    else this.reactor.timers.arm(this, next);
  }

  private ask(peer: Peer, nowMs: number): void {
    const { interface: name, family, source, address } = peer;
    peer.askedMs = nowMs;
    peer.isAnswered = false;
    this.frames.send(name, family, (mac) =>
      family === 4 ? arpRequest(mac, source, address) : neighbourSolicitation(mac, source, address),
    );
  }
}

function dueMs({ askedMs, isAnswered }: Peer): number {
  return askedMs + (isAnswered ? CALM_MS : EAGER_MS);
}
