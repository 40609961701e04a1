/**
 * What the helper process is told: what to watch, whom to notify, and what to remove should we end or hang. While this
 * host has an address it hears from us several times within the time that other routers wait.
 */
import type { Notifications, Program, Tracked, VipConfig, VrrpInstance } from '../config/model.js';
import type { Timed } from '../core/timer-heap.js';
import type { VipNotice } from '../core/vrrp/messages.js';
import type { Reactor } from '../linux/reactor.js';
import type { FromHelper, Goodbye, Held, NotifyProgram, ToHelper } from './helper/messages.js';
import { HelperLink } from './helper-link.js';
import type { Holdings } from './holdings.js';
import type { VirtualRouter } from './virtual-router.js';

/** Peers wait three intervals and a skew; after two of silence nobody has taken over yet. */
const SILENT_INTERVALS = 2;
/** Less could not be told from a busy machine. */
const LIMIT_MS_MIN = 40;
const BEATS_PER_LIMIT = 4;
/** Nobody needs to hear sooner how a slow router fares. */
const LIMIT_MS_MAX = 5000;

export interface WatchdogContext {
  readonly routers: () => Iterable<VirtualRouter>;
  readonly holdings: Holdings;
  /** The packet by which others hear at once that we are gone. */
  readonly goodbye: (router: VirtualRouter) => Goodbye | null;
  readonly heard: (message: FromHelper) => void;
  readonly log: (level: 'notice' | 'warning' | 'alert', text: string) => void;
}

export class Watchdog implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  private readonly link: HelperLink;
  private limitMs: number | null = null;
  /** How many there have been. */
  private helpers = 0;

  constructor(
    private readonly reactor: Reactor,
    private readonly context: WatchdogContext,
  ) {
    this.link = new HelperLink(
      reactor,
      (message) => context.heard(message),
      (why) => context.log('alert', `virtual addresses: the watchdog process ${why}`),
    );
  }

  get pid(): number {
    return this.link.pid;
  }

  open(fd: number, pid: number): void {
    this.helpers++;
    this.link.open(fd, pid);
  }

  /** Only what somebody tracks is watched. */
  plan(config: VipConfig, rtPriority: number): void {
    const isReplacement = this.helpers > 1;
    const trackers = [...config.instances, ...config.groups].map(({ track }) => track);
    const tracked = (of: (track: (typeof trackers)[number]) => readonly Tracked[]) =>
      new Set(trackers.flatMap(of).map(({ name }) => name));
    const [scripts, files, processes] = [
      tracked((track) => track.scripts),
      tracked((track) => track.files),
      tracked((track) => track.processes),
    ];
    this.link.send({
      type: 'plan',
      settings: config.settings,
      scripts: config.scripts.filter(({ name, means }) => scripts.has(name) && means === undefined),
      files: config.files.filter(({ name }) => files.has(name)),
      processes: config.processes.filter(({ name }) => processes.has(name)),
      rtPriority,
      isReplacement,
    });
    this.link.send({ type: 'firewall', dropped: config.instances.flatMap(droppedOf) });
  }

  /** The startup script is run, once in the life of this process. */
  startUp(): void {
    this.link.send({ type: 'startup' });
  }

  /** All that is held at this moment. */
  tell(): void {
    const held: Mutable<Held> = { addresses: [], routes: [], goodbyes: [] };
    let intervalMs = Number.POSITIVE_INFINITY;
    for (const router of this.context.routers()) {
      if (!router.isHolding) continue;
      const { addresses, routes } = this.context.holdings.undoing(router.config, router.held);
      held.addresses.push(...addresses);
      held.routes.push(...routes);
      const goodbye = this.context.goodbye(router);
      if (goodbye !== null) held.goodbyes.push(goodbye);
      intervalMs = Math.min(intervalMs, router.config.advertIntervalMs);
    }
    this.limitMs =
      intervalMs === Number.POSITIVE_INFINITY
        ? null
        : Math.min(LIMIT_MS_MAX, Math.max(LIMIT_MS_MIN, SILENT_INTERVALS * intervalMs));
    this.link.send({ type: 'held', held });
    this.beat();
  }

  onTimer(): void {
    this.beat();
  }

  beat(): void {
    this.link.send({ type: 'beat', limitMs: this.limitMs });
    if (this.limitMs === null) this.reactor.timers.cancel(this);
    else this.reactor.timers.arm(this, this.reactor.nowMs + this.limitMs / BEATS_PER_LIMIT);
  }

  /** @param notify the programs of the instance or group that the notice is about */
  notify(notice: VipNotice, notify: Notifications): void {
    const own = ownProgram(notify, notice.state);
    const any = notify.any.map((program): NotifyProgram => ({ ...program, withNotice: true }));
    const isTransition = !['MASTER_RX_LOWER_PRI', 'MASTER_PRIORITY', 'BACKUP_PRIORITY'].includes(notice.state);
    const programs: NotifyProgram[] = [...(own === undefined ? [] : [own]), ...(isTransition ? any : [])];
    this.link.send({ type: 'notify', notice, programs, toFifos: true });
  }

  end(): void {
    this.reactor.timers.cancel(this);
    this.limitMs = null;
    this.tell();
    this.link.send({ type: 'end' } satisfies ToHelper);
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

function ownProgram(notify: Notifications, state: VipNotice['state']): Program | undefined {
  switch (state) {
    case 'MASTER':
      return notify.master;
    case 'BACKUP':
      return notify.backup;
    case 'FAULT':
      return notify.fault;
    case 'STOP':
      return notify.stop;
    case 'DELETED':
      return notify.deleted;
    case 'MASTER_RX_LOWER_PRI':
      return notify.masterRxLowerPri;
    default:
      return undefined;
  }
}

/** `no_accept`: unless the router owns its addresses. */
function droppedOf(instance: VrrpInstance): { address: string; interface: string }[] {
  if (instance.accept !== false || instance.priority === 255) return [];
  return [...instance.addresses, ...instance.excludedAddresses].map(({ ip, interface: name }) => ({
    address: ip,
    interface: name ?? instance.interface ?? '',
  }));
}
