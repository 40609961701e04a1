/**
 * While a link was away the kernel asked into it for neighbours, and it asks once a second only: what goes to them after
 * the link is back waits for as long, connections to the servers and adverts alike. So for a while they are asked for by
 * ourselves, more often; the kernel learns from the answers.
 */
import type { Timed } from '../core/timer-heap.js';
import { arpRequest } from '../core/vrrp/arp.js';
import { neighbourSolicitation } from '../core/vrrp/ndp.js';
import type { Reactor } from '../linux/reactor.js';
import type { Frames } from './frames.js';
import type { Host } from './host.js';

const ASK_MS = 100;
/** By then the kernel has asked by itself. */
const LASTS_MS = 1500;
/** A broken network must not become a storm of questions. */
const ASKED_AT_ONCE = 64;

export class Unresolved implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  /** Until when, by interface. */
  private readonly untilMs = new Map<string, number>();

  constructor(
    private readonly reactor: Reactor,
    private readonly host: Host,
    private readonly frames: Frames,
  ) {}

  /** A link is back. */
  linkReturned(name: string): void {
    this.untilMs.set(name, this.reactor.nowMs + LASTS_MS);
    this.onTimer(this.reactor.nowMs);
  }

  onTimer(nowMs: number): void {
    for (const [name, untilMs] of this.untilMs)
      if (nowMs < untilMs) this.ask(name);
      else this.untilMs.delete(name);
    if (this.untilMs.size > 0) this.reactor.timers.arm(this, nowMs + ASK_MS);
  }

  private ask(name: string): void {
    for (const { family, ip } of this.host.unresolvedOn(name).slice(0, ASKED_AT_ONCE)) {
      const source = this.host.sourceTowards(name, ip);
      if (source === undefined) continue;
      this.frames.send(name, family, (mac) =>
        family === 4 ? arpRequest(mac, source, ip) : neighbourSolicitation(mac, source, ip),
      );
    }
  }
}
