/**
 * Before a silent master is succeeded: do its own address and the virtual one still answer? Then its host lives and
 * serves, and only the adverts are lost. (Its own address alone says nothing: two backups would wait for each other.)
 * Asks by ARP or neighbour solicitation, and answers within a bounded time either way.
 */
import type { Timed } from '../core/timer-heap.js';
import { arpRequest } from '../core/vrrp/arp.js';
import { neighbourSolicitation } from '../core/vrrp/ndp.js';
import type { Reactor } from '../linux/reactor.js';
import type { Frames } from './frames.js';
import type { Host } from './host.js';
import type { VirtualRouter } from './virtual-router.js';

/** A host on the same link answers within a few milliseconds. */
const ANSWER_MS_MAX = 200;

class Question implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;

  constructor(
    readonly router: VirtualRouter,
    /** Those that have not answered yet. */
    readonly waiting: Set<string>,
    private readonly onEnd: (question: Question) => void,
  ) {}

  onTimer(): void {
    this.onEnd(this);
  }
}

export class PeerProbe {
  private readonly open = new Map<string, Question>();

  constructor(
    private readonly reactor: Reactor,
    private readonly host: Host,
    private readonly frames: Frames,
    private readonly answered: (router: VirtualRouter, answers: boolean) => void,
    private readonly addressesChanged: () => void,
  ) {}

  /** Addresses that are asked for, to be listened for. */
  get addresses(): string[] {
    return [...this.open.values()].flatMap(({ waiting }) => [...waiting]);
  }

  ask(router: VirtualRouter, address: string): void {
    const name = this.host.transmitInterface(router.config);
    const known = this.open.get(router.name);
    if (known !== undefined) this.reactor.timers.cancel(known);
    const asked = [address, router.advertisedAddresses[0]];
    const question = new Question(router, new Set(asked), (one) => this.end(one, false));
    this.open.set(router.name, question);
    this.addressesChanged();
    const waitMs = Math.min(ANSWER_MS_MAX, router.config.advertIntervalMs);
    this.reactor.timers.arm(question, this.reactor.nowMs + waitMs);
    if (name !== undefined) for (const one of asked) this.send(name, router, one);
  }

  private send(name: string, { sourceIp, config }: VirtualRouter, address: string): void {
    this.frames.send(name, config.family, (mac) =>
      config.family === 4 ? arpRequest(mac, sourceIp, address) : neighbourSolicitation(mac, sourceIp, address),
    );
  }

  /** Somebody says that it has that address. */
  heard(address: string): void {
    for (const question of this.open.values())
      if (question.waiting.delete(address) && question.waiting.size === 0) this.end(question, true);
  }

  private end(question: Question, answers: boolean): void {
    this.reactor.timers.cancel(question);
    this.open.delete(question.router.name);
    this.addressesChanged();
    this.answered(question.router, answers);
  }
}
