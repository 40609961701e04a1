/** One virtual router of this host as the thread keeps it: its configuration, its figures, what happened to it. */

import type { VrrpInstance } from '../config/model.js';
import { ADVERT_TTL, MULTICAST_GROUP } from '../config/vip-defaults.js';
import type { VipCounters, VipInstanceStatus } from '../core/vrrp/messages.js';
import type { Refusal, Transition, VrrpState } from '../core/vrrp/types.js';
import type { PlacedAddress } from './holdings.js';

const TRANSITIONS_MAX = 32;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class VirtualRouter {
  readonly counters: Writable<Omit<VipCounters, 'refused'>> & { refused: { [reason in Refusal]?: number } } = {
    advertsSent: 0,
    advertsReceived: 0,
    priorityZeroSent: 0,
    priorityZeroReceived: 0,
    becameMaster: 0,
    releasedMaster: 0,
    announcementsSent: 0,
    sendErrors: 0,
    refused: {},
  };
  readonly transitions: VipInstanceStatus['transitions'][number][] = [];
  /** Where the addresses are put; empty while this host does not have them. */
  held: readonly PlacedAddress[] = [];
  isHolding = false;
  /** The configuration that is being applied does not have it any more. */
  isDeleted = false;
  /** As last told. */
  state: VrrpState = 'INIT';
  /** Effective, as last told. */
  priority = 0;
  /** Why it may not be anybody's router, as last told to the machine. */
  faults: readonly string[] = [];
  /** Own source address; '' while none is known. */
  sourceIp = '';
  /** Faults that neither the link nor tracking tell: no socket, no address to speak from. */
  ownFault = '';
  /** When the next periodic advertisement is due, monotonic ms; null while none is. */
  advertDueMs: number | null = null;
  /** When an announcement of somebody else was answered last, monotonic ms. */
  defendedMs = Number.NEGATIVE_INFINITY;
  /** Whose address list was found right (`skip_check_adv_addr`). */
  checkedSource = '';

  constructor(
    /** As configured now. */
    public config: VrrpInstance,
    public password: string,
    /** Sync group, '' for none. */
    public group: string,
  ) {}

  get name(): string {
    return this.config.name;
  }

  /** '' where adverts go to unicast peers. */
  get multicastGroup(): string {
    const { unicastPeers, multicastGroup, family } = this.config;
    return unicastPeers === undefined ? (multicastGroup ?? MULTICAST_GROUP[family]) : '';
  }

  get destinations(): readonly string[] {
    return this.config.unicastPeers?.map(({ ip }) => ip) ?? [this.multicastGroup];
  }

  get ttl(): number {
    return this.config.unicastTtl ?? ADVERT_TTL;
  }

  /** As adverts name them. */
  get advertisedAddresses(): string[] {
    return this.config.addresses.map(({ ip }) => ip);
  }

  get allAddresses(): string[] {
    return [...this.config.addresses, ...this.config.excludedAddresses].map(({ ip }) => ip);
  }

  refused(refusal: Refusal): void {
    this.counters.refused[refusal] = (this.counters.refused[refusal] ?? 0) + 1;
  }

  /** A successor on this host has them. */
  forgetHoldings(): void {
    this.held = [];
    this.isHolding = false;
  }

  /** @param atMs epoch ms */
  remember({ from, to, why }: Transition, atMs: number): void {
    this.state = to;
    if (to === 'MASTER') this.counters.becameMaster++;
    if (from === 'MASTER') this.counters.releasedMaster++;
    this.transitions.push({ atMs, from, to, why });
    if (this.transitions.length > TRANSITIONS_MAX) this.transitions.shift();
  }
}
