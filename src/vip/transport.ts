/**
 * Advertisements on their way: one raw socket per interface and family, shared by the routers on it. What is heard is
 * decoded, checked and counted here; only what may be acted on goes further. What speaks for our id and does not fit is
 * remembered for the operator.
 */
import type { VrrpInstance } from '../config/model.js';
import { decodeAdvertisement } from '../core/vrrp/acceptance.js';
import { Disagreements, type OwnSettings } from '../core/vrrp/disagreements.js';
import type { VipProblem } from '../core/vrrp/messages.js';
import { type Decoded, encodeAdvertisement, vridOf } from '../core/vrrp/packet.js';
import { ReplayGuard } from '../core/vrrp/replay.js';
import type { Advertisement, PacketOrigin, Refusal } from '../core/vrrp/types.js';
import { EAGAIN, EPOLLIN } from '../linux/constants.js';
import { errnoText } from '../linux/errors.js';
import type { Pollable, Reactor } from '../linux/reactor.js';
import { type HeardPacket, openVrrpSocket, type VrrpSocket } from '../linux/vrrp-socket.js';
import type { Goodbye } from './helper/messages.js';
import { type Host, refusalText } from './host.js';
import type { VirtualRouter } from './virtual-router.js';

/** Of one socket in one turn; the rest waits for the next. */
const PACKETS_PER_TURN = 256;
/** Send errors of one router are told this often. */
const ERROR_TOLD_MS = 60_000;

export interface TransportListeners {
  heard(router: VirtualRouter, ad: Advertisement, source: string): void;
  log(level: 'notice' | 'warning' | 'alert', text: string): void;
  epochMs(): number;
}

/** Routers that send and hear on one socket. */
class Channel implements Pollable {
  routers: VirtualRouter[] = [];

  constructor(
    readonly key: string,
    readonly socket: VrrpSocket,
    private readonly onPackets: (channel: Channel) => void,
  ) {}

  onEvents(): void {
    this.onPackets(this);
  }
}

/** What is remembered of other routers with the same id. */
interface Others {
  readonly disagreements: Disagreements;
  readonly replays: ReplayGuard;
}

export class Transport {
  /** Packets that belong to no router of ours. */
  readonly refused: { [reason in Refusal]?: number } = {};
  private readonly channels = new Map<string, Channel>();
  private readonly channelOf = new Map<VirtualRouter, Channel>();
  private readonly others = new Map<VirtualRouter, Others>();
  private readonly errorToldMs = new Map<VirtualRouter, number>();
  private readonly unknownTold = new Set<string>();
  logsUnknown = false;

  constructor(
    private readonly reactor: Reactor,
    private readonly host: Host,
    private readonly routers: () => Iterable<VirtualRouter>,
    private readonly listeners: TransportListeners,
  ) {}

  /** Opens what is missing, closes what nobody needs: after a reload, and when interfaces come and go. */
  sync(): void {
    const wanted = new Map<string, VirtualRouter[]>();
    for (const router of this.routers()) {
      const key = this.keyOf(router);
      if (key === null)
        this.channelOf.delete(router); // its interface is missing: a fault of its own
      else wanted.set(key, [...(wanted.get(key) ?? []), router]);
    }
    for (const channel of this.channels.values()) if (!wanted.has(channel.key)) this.shut(channel);
    for (const [key, routers] of wanted) this.serve(key, routers);
    const alive = new Set(this.routers());
    for (const router of this.others.keys()) if (!alive.has(router)) this.forget(router);
  }

  /** @returns null while the interface does not exist */
  private keyOf({ config, ttl, multicastGroup }: VirtualRouter): string | null {
    const name = this.host.transmitInterface(config);
    const index = name === undefined ? 0 : this.host.interfaces.byName(name)?.index;
    if (index === undefined) return null;
    return `${config.family} ${index} ${name ?? ''} ${ttl} ${multicastGroup}`;
  }

  private serve(key: string, routers: VirtualRouter[]): void {
    const channel = this.channels.get(key) ?? this.open(key, routers[0]);
    for (const router of routers) {
      if (channel instanceof Channel) {
        router.ownFault = '';
        this.channelOf.set(router, channel);
      } else {
        router.ownFault = channel;
        this.channelOf.delete(router);
      }
    }
    if (channel instanceof Channel) channel.routers = routers;
  }

  /** @returns the channel, or why there is none */
  private open(key: string, { config, ttl, multicastGroup }: VirtualRouter): Channel | string {
    const name = this.host.transmitInterface(config);
    const link = name === undefined ? undefined : this.host.interfaces.byName(name);
    const socket = openVrrpSocket({
      family: config.family,
      device: link && { name: link.name, index: link.index },
      hears: this.host.listensOn(config, name),
      groups: multicastGroup === '' ? [] : [multicastGroup],
      ttl,
    });
    if (typeof socket === 'number') return refusalText('no socket for VRRP', socket);
    const channel = new Channel(key, socket, (one) => this.receive(one));
    const result = this.reactor.add(socket.fd, channel, EPOLLIN);
    if (result < 0) {
      socket.close();
      return `no socket for VRRP: ${errnoText(result)}`;
    }
    this.channels.set(key, channel);
    return channel;
  }

  private shut(channel: Channel): void {
    this.channels.delete(channel.key);
    this.reactor.closeLater(channel.socket.fd);
    for (const [router, its] of this.channelOf) if (its === channel) this.channelOf.delete(router);
  }

  private forget(router: VirtualRouter): void {
    this.others.delete(router);
    this.errorToldMs.delete(router);
  }

  // ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  send(router: VirtualRouter, priority: number): void {
    const channel = this.channelOf.get(router);
    if (channel === undefined || router.sourceIp === '') return void router.counters.sendErrors++;
    // Without a link nobody hears; and what is sent to a unicast peer would wait in the queue of its MAC address, in front
    // of what is sent when the link is back.
    if (this.hasNoLink(router)) return;
    for (const destination of router.destinations) {
      const packet = encodeAdvertisement(this.adOf(router, priority), router.sourceIp, destination);
      const result = channel.socket.send(packet, router.sourceIp, destination);
      if (result < 0) this.sendFailed(router, destination, result);
    }
    router.counters.advertsSent++;
    if (priority === 0) router.counters.priorityZeroSent++;
  }

  private hasNoLink({ config }: VirtualRouter): boolean {
    const name = this.host.transmitInterface(config);
    return name !== undefined && this.host.interfaces.faultOf(name) !== null;
  }

  private adOf({ config, password, advertisedAddresses }: VirtualRouter, priority: number): Advertisement {
    const isSigned = config.version === 2 && password !== '';
    return {
      version: config.version,
      family: config.family,
      vrid: config.virtualRouterId,
      priority,
      intervalMs: config.advertIntervalMs,
      addresses: advertisedAddresses,
      password: isSigned ? password : '',
      authType: isSigned ? 1 : 0,
    };
  }

  private sendFailed(router: VirtualRouter, destination: string, errno: number): void {
    router.counters.sendErrors++;
    const nowMs = this.reactor.nowMs;
    if (nowMs - (this.errorToldMs.get(router) ?? Number.NEGATIVE_INFINITY) < ERROR_TOLD_MS) return;
    this.errorToldMs.set(router, nowMs);
    this.listeners.log('warning', `${router.name}: ${refusalText(`advertisement to ${destination} not sent`, errno)}`);
  }

  /** The packet that says for us that we are gone. */
  goodbye(router: VirtualRouter): Goodbye | null {
    const { config, sourceIp, destinations, ttl } = router;
    const device = this.host.transmitInterface(config) ?? '';
    if (sourceIp === '') return null;
    const packet = encodeAdvertisement(this.adOf(router, 0), sourceIp, destinations[0]);
    const text = Buffer.from(packet).toString('base64');
    return { family: config.family, interface: device, source: sourceIp, destinations, ttl, packet: text };
  }

  // ── Hearing ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private receive(channel: Channel): void {
    for (let i = 0; i < PACKETS_PER_TURN; i++) {
      const packet = channel.socket.receive();
      if (packet === -EAGAIN) return;
      if (typeof packet === 'number') continue; // an error that waited on the socket (ENETDOWN) is read away
      this.take(channel, packet);
    }
  }

  private take(channel: Channel, packet: HeardPacket): void {
    const origin: PacketOrigin = { source: packet.source, destination: packet.destination, ttl: packet.ttl };
    const router = this.routerFor(channel, vridOf(packet.payload), origin);
    if (router === undefined) {
      this.unknown(packet);
      return;
    }
    if (packet.isTruncated) {
      router.refused('oversized');
      return;
    }
    const decoded = decodeAdvertisement(packet.payload, origin, this.expectedBy(router));
    const isReplayed = decoded.ok && this.isReplayed(router, packet, decoded.ad);
    const refusal = isReplayed ? 'replayed' : decoded.ok ? null : decoded.refusal;
    this.compare(router, decoded, refusal, packet.source);
    if (!decoded.ok || isReplayed) {
      router.refused(refusal!);
      return;
    }
    router.counters.advertsReceived++;
    if (decoded.ad.priority === 0) router.counters.priorityZeroReceived++;
    router.checkedSource = origin.source;
    this.listeners.heard(router, decoded.ad, origin.source);
  }

  private isReplayed(router: VirtualRouter, { source, payload }: HeardPacket, ad: Advertisement): boolean {
    // A master answers what it hears at once, and is answered so: only those who listen can be misled by a repetition.
    if (router.state === 'MASTER') return false;
    return this.othersOf(router).replays.isReplayed(source, payload, ad.intervalMs, this.reactor.nowMs);
  }

  /** What speaks for our id and does not fit is told once, and shown as long as it goes on. */
  private compare(router: VirtualRouter, decoded: Decoded, refusal: Refusal | null, source: string): void {
    const { state, priority } = router;
    const detail = decoded.ok ? '' : decoded.detail;
    const heard = { source, ad: decoded.ad, refusal, detail, state, priority };
    this.tell(router, this.othersOf(router).disagreements.heard(heard, this.listeners.epochMs()));
  }

  private tell({ name }: VirtualRouter, problem: VipProblem | null): void {
    // Two masters are told of by the machine, as an alert.
    if (problem !== null && problem.code !== 'two-masters')
      this.listeners.log('warning', `${name}: ${problem.text}; ${problem.remedy}`);
  }

  /** Unicast routers of one id are told apart by their peers. */
  private routerFor(channel: Channel, vrid: number | undefined, { source }: PacketOrigin): VirtualRouter | undefined {
    const fits = channel.routers.filter(({ config }) => config.virtualRouterId === vrid);
    if (fits.length <= 1) return fits[0];
    return fits.find(({ config }) => config.unicastPeers?.some(({ ip }) => ip === source)) ?? fits[0];
  }

  private unknown({ payload, source }: HeardPacket): void {
    const vrid = vridOf(payload);
    const reason = vrid === undefined ? 'truncated' : 'vrid-unknown';
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
    const key = `${source} ${vrid}`;
    if (!this.logsUnknown || this.unknownTold.has(key) || this.unknownTold.size >= 256) return;
    this.unknownTold.add(key);
    this.listeners.log('notice', `virtual router ${vrid} of ${source} is not configured here`);
  }

  private expectedBy(router: VirtualRouter) {
    const { config, password, multicastGroup, sourceIp, advertisedAddresses } = router;
    const peers = config.unicastPeers ?? [];
    return {
      version: config.version,
      family: config.family,
      vrid: config.virtualRouterId,
      intervalMs: config.advertIntervalMs,
      addresses: advertisedAddresses,
      password: config.version === 2 ? password : '',
      ownSources: sourceIp === '' ? [] : [sourceIp],
      multicastGroup,
      peers,
      checksSource: checksSource(config),
      checkedSource: config.skipCheckAdvAddr ? router.checkedSource : '',
    };
  }

  private othersOf(router: VirtualRouter): Others {
    const known = this.others.get(router);
    if (known !== undefined) return known;
    const others = { disagreements: new Disagreements(ownSettings(router)), replays: new ReplayGuard() };
    this.others.set(router, others);
    return others;
  }

  /** After a reload: what was wrong may be right now. */
  configured(router: VirtualRouter): void {
    this.others.get(router)?.disagreements.configure(ownSettings(router));
  }

  /** Another host announces an address that this router has. */
  duplicate(router: VirtualRouter, address: string, mac: string): void {
    this.tell(router, this.othersOf(router).disagreements.claimed(address, mac, this.listeners.epochMs()));
  }

  problemsOf(router: VirtualRouter): readonly VipProblem[] {
    return this.others.get(router)?.disagreements.problems(this.listeners.epochMs()) ?? [];
  }

  close(): void {
    for (const channel of [...this.channels.values()]) this.shut(channel);
  }
}

function ownSettings({ name, config, password, advertisedAddresses }: VirtualRouter): OwnSettings {
  const { virtualRouterId: vrid, version, advertIntervalMs: intervalMs } = config;
  return { name, vrid, version, intervalMs, addresses: advertisedAddresses, hasPassword: password !== '' };
}

/** Where a peer's distance is limited, whoever is no peer has no limit to be held to. */
function checksSource({ checkUnicastSource, unicastPeers }: VrrpInstance): boolean {
  const isLimited = unicastPeers?.some(({ minTtl, maxTtl }) => minTtl !== undefined || maxTtl !== undefined);
  return unicastPeers !== undefined && (checkUnicastSource ?? isLimited ?? false);
}
