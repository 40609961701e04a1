/**
 * When which address is announced (gratuitous ARP, unsolicited neighbour advertisements): a burst at once, a second one
 * after a delay, a refresh while master. Packets of one interface keep their distance (`garp_interval`, `gna_interval`).
 * What is waiting is a number per address and not a queue, so that no order of events makes it grow.
 */
import type { Announcing } from '../../config/vip-defaults.js';
import type { AnnounceReason } from './types.js';

const NEVER = Number.POSITIVE_INFINITY;

interface AnnounceTarget {
  readonly address: string;
  readonly interface: string;
  /** On another interface than the router's own, and to be refreshed by `garp_extra_if`. */
  readonly isExtra?: boolean;
}

export interface AnnounceSettings extends Announcing {
  readonly targets: readonly AnnounceTarget[];
  /** `garp_extra_if`; 0 for never. */
  readonly extraMs: number;
  /** Between two packets on one interface, in microseconds, IPv4 and IPv6; 0 for none. */
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
}

/** One packet to send now. */
export interface Announcement {
  readonly router: string;
  readonly address: string;
  readonly interface: string;
  readonly why: AnnounceReason;
}

interface Pending {
  readonly target: AnnounceTarget;
  /** What keeps its distance: the interface, each family for itself. */
  readonly lane: string;
  readonly spacingMs: number;
  left: number;
  why: AnnounceReason;
}

/** A router that is master, and what it owes. */
class Announcer {
  secondAtMs = NEVER;
  secondRepeat = 0;
  refreshAtMs = NEVER;
  extraAtMs = NEVER;
  readonly pending: Pending[];

  constructor(
    readonly name: string,
    public settings: AnnounceSettings,
  ) {
    this.pending = settings.targets.map((target) => pendingOf(target, settings));
  }

  get nextMs(): number {
    return Math.min(this.secondAtMs, this.refreshAtMs, this.extraAtMs);
  }

  burst(repeat: number, why: AnnounceReason, isExtraOnly = false): void {
    for (const pending of this.pending) {
      if (repeat <= pending.left || (isExtraOnly && !pending.target.isExtra)) continue;
      pending.left = repeat;
      pending.why = why;
    }
  }
}

function pendingOf(target: AnnounceTarget, settings: AnnounceSettings): Pending {
  const isV6 = target.address.includes(':');
  const spacingUs = isV6 ? settings.gnaIntervalUs : settings.garpIntervalUs;
  const lane = `${target.interface} ${isV6 ? 6 : 4}`;
  return { target, lane, spacingMs: spacingUs / 1000, left: 0, why: 'became-master' };
}

/** Of all routers of a host: interfaces are shared. */
export class AnnounceSchedule {
  private readonly masters = new Map<string, Announcer>();
  /** When a lane may be used again. */
  private readonly freeAtMs = new Map<string, number>();

  /** The machine's `announce`. The first one of a router starts its refresh. */
  announce(router: string, settings: AnnounceSettings, why: AnnounceReason, nowMs: number): void {
    const isLower = why === 'heard-lower';
    const master = this.masterOf(router, settings, nowMs);
    const delayMs = isLower ? settings.lowerPrioDelayMs : settings.masterDelayMs;
    master.burst(isLower ? settings.lowerPrioRepeat : settings.masterRepeat, why);
    if (delayMs === 0) return;
    // The second burst that is due stays: a rival that goes on must not put it off for ever.
    master.secondAtMs = Math.min(master.secondAtMs, nowMs + delayMs);
    master.secondRepeat = isLower ? settings.lowerPrioRepeat : settings.masterRepeat;
  }

  /** Other addresses or times, after a reload. What was added is announced once more by the caller. */
  change(router: string, settings: AnnounceSettings, nowMs: number): void {
    if (this.masters.delete(router)) this.masterOf(router, settings, nowMs);
  }

  /** Released, or about to be: nothing more of it. To be called with every goodbye. */
  drop(router: string): void {
    this.masters.delete(router);
  }

  /** What may go out now, in turns: first every address once. */
  take(nowMs: number): Announcement[] {
    const out: Announcement[] = [];
    for (const master of this.masters.values()) wake(master, nowMs);
    for (let isMore = true; isMore; ) {
      isMore = false;
      for (const master of this.masters.values())
        for (const pending of master.pending) if (this.send(master, pending, nowMs, out)) isMore = true;
    }
    return out;
  }

  /** When `take` has something next. */
  get nextMs(): number {
    let next = NEVER;
    for (const master of this.masters.values()) {
      next = Math.min(next, master.nextMs);
      for (const { lane, left } of master.pending) if (left > 0) next = Math.min(next, this.freeAtMs.get(lane) ?? 0);
    }
    return next;
  }

  private masterOf(name: string, settings: AnnounceSettings, nowMs: number): Announcer {
    const known = this.masters.get(name);
    if (known) return known;
    const master = new Announcer(name, settings);
    if (settings.refreshMs > 0) master.refreshAtMs = nowMs + settings.refreshMs;
    if (settings.extraMs > 0) master.extraAtMs = nowMs + settings.extraMs;
    this.masters.set(name, master);
    return master;
  }

  /** @returns whether it is worth asking again in this turn */
  private send(master: Announcer, pending: Pending, nowMs: number, out: Announcement[]): boolean {
    const { address, interface: link } = pending.target;
    const { lane, spacingMs } = pending;
    if (pending.left === 0 || (this.freeAtMs.get(lane) ?? 0) > nowMs) return false;
    pending.left--;
    out.push({ router: master.name, address, interface: link, why: pending.why });
    if (spacingMs > 0) this.freeAtMs.set(lane, nowMs + spacingMs);
    return pending.left > 0;
  }
}

function wake(master: Announcer, nowMs: number): void {
  const { refreshMs, refreshRepeat, extraMs } = master.settings;
  if (nowMs >= master.secondAtMs) {
    master.secondAtMs = NEVER;
    master.burst(master.secondRepeat, 'second-burst');
  }
  if (nowMs >= master.refreshAtMs) {
    master.refreshAtMs = nowMs + refreshMs;
    master.burst(refreshRepeat, 'refresh');
  }
  if (nowMs >= master.extraAtMs) {
    master.extraAtMs = nowMs + extraMs;
    master.burst(1, 'refresh', true);
  }
}
