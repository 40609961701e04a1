/** Announces addresses when they are due: the schedule of core/vrrp over the packet sockets. */
import { announcingOf } from '../config/vip-defaults.js';
import type { Timed } from '../core/timer-heap.js';
import { AnnounceSchedule, type AnnounceSettings } from '../core/vrrp/announce.js';
import type { AnnounceReason } from '../core/vrrp/types.js';
import { errnoText } from '../linux/errors.js';
import type { Reactor } from '../linux/reactor.js';
import type { Frames } from './frames.js';
import type { VirtualRouter } from './virtual-router.js';

export class Announcer implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  private readonly schedule = new AnnounceSchedule();
  /** Interfaces that cannot be announced on, told once. */
  private readonly told = new Set<string>();

  constructor(
    private readonly reactor: Reactor,
    private readonly frames: Frames,
    private readonly routers: ReadonlyMap<string, VirtualRouter>,
    private readonly log: (level: 'notice' | 'warning', text: string) => void,
  ) {}

  announce(router: VirtualRouter, why: AnnounceReason): void {
    this.schedule.announce(router.name, settingsOf(router), why, this.reactor.nowMs);
    this.send();
  }

  /** After a reload: other addresses, other times. */
  change(router: VirtualRouter): void {
    this.schedule.change(router.name, settingsOf(router), this.reactor.nowMs);
    this.send();
  }

  cancel(router: VirtualRouter): void {
    this.schedule.drop(router.name);
    this.arm();
  }

  onTimer(): void {
    this.send();
  }

  private send(): void {
    for (const { router, address, interface: name } of this.schedule.take(this.reactor.nowMs)) {
      const result = this.frames.announce(name, address);
      const counters = this.routers.get(router)?.counters;
      if (result === 0 && counters) counters.announcementsSent++;
      else if (counters) counters.sendErrors++;
      if (result < 0) this.failed(name, result);
    }
    this.arm();
  }

  private failed(name: string, errno: number): void {
    if (this.told.has(name)) return;
    this.told.add(name);
    this.log('warning', `addresses cannot be announced on ${name}: ${errnoText(errno)}`);
  }

  private arm(): void {
    const next = this.schedule.nextMs;
    if (next === Number.POSITIVE_INFINITY) this.reactor.timers.cancel(this);
    else this.reactor.timers.arm(this, Math.max(next, this.reactor.nowMs));
  }
}

function settingsOf({ config, held }: VirtualRouter): AnnounceSettings {
  const { garp, vmac, interface: own } = config;
  return {
    ...announcingOf(config),
    targets: held.map(({ spec, interfaceName }) => ({
      address: spec.ip,
      interface: interfaceName,
      isExtra: garp.extraInterfaceAll === true || (vmac !== undefined && interfaceName !== own),
    })),
    extraMs: garp.extraInterfaceMs ?? 0,
    garpIntervalUs: garp.garpIntervalUs ?? 0,
    gnaIntervalUs: garp.gnaIntervalUs ?? 0,
  };
}
