/**
 * The VIP thread's work, without the thread: feeds the machine of core/vrrp with packets, deadlines, priorities and
 * faults, and has its actions done. It decides nothing about who is master.
 */
import type { VrrpInstance } from '../config/model.js';
import { DEFAULT_DOWN_TIMER_ADVERTS } from '../config/vip-defaults.js';
import type { Timed } from '../core/timer-heap.js';
import { VrrpMachine } from '../core/vrrp/machine.js';
import type { FromVip, TrackedValue, VipPlan, VipStatus } from '../core/vrrp/messages.js';
import type { RouterEvent, RouterSettings } from '../core/vrrp/types.js';
import type { Reactor } from '../linux/reactor.js';
import type { RouteInfo, RuleInfo } from '../linux/route-info.js';
import { Announcer } from './announcer.js';
import { Effects } from './effects.js';
import { Frames } from './frames.js';
import type { FromHelper } from './helper/messages.js';
import { Host } from './host.js';
import { Lateness } from './lateness.js';
import { Neighbours } from './neighbours.js';
import { PeerProbe } from './peer-probe.js';
import { Realtime } from './realtime.js';
import { statusOf } from './status.js';
import { Tracker } from './tracker.js';
import { Transport } from './transport.js';
import { Unresolved } from './unresolved.js';
import { VirtualRouter } from './virtual-router.js';
import { Watchdog } from './watchdog.js';

/** How often what is read from the shared table is looked at. */
const LOOK_MS = 100;
/** Announcements of others are answered this often at most (RFC 5227 §2.4 says 10 s; clients would wait that long). */
const DEFEND_MS = 1000;

export class VipService implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  private plan: VipPlan | null = null;
  private routers = new Map<string, VirtualRouter>();
  private readonly machine = new VrrpMachine();
  private readonly host: Host;
  private readonly transport: Transport;
  private readonly frames: Frames;
  private readonly announcer: Announcer;
  private readonly neighbours: Neighbours;
  private readonly unresolved: Unresolved;
  private readonly probe: PeerProbe;
  private readonly tracker: Tracker;
  private readonly watchdog: Watchdog;
  private readonly effects: Effects;
  private readonly lateness = new Lateness();
  private readonly realtime = new Realtime();
  private readonly looks: Timed;
  /** The startup script must have ended before anybody is master. */
  private startupFaults: string[] = [];
  private isStartingUp = false;
  private isStopping = false;
  private readonly startedMs: number;

  constructor(
    private readonly reactor: Reactor,
    private readonly post: (message: FromVip) => void,
    private readonly epochMs: () => number,
  ) {
    this.startedMs = reactor.nowMs;
    const log = (level: 'notice' | 'warning' | 'alert', text: string) => post({ type: 'log', level, text });
    this.host = new Host(reactor, {
      linkChanged: (name, isBack) => this.linkChanged(name, isBack),
      addressRemoved: (index, ip) => this.addressRemoved(index, ip),
      routeRemoved: (route) => this.routeRemoved(route),
      ruleRemoved: (rule) => this.ruleRemoved(rule),
      log,
    });
    this.transport = new Transport(reactor, this.host, () => this.routers.values(), {
      heard: (router, ad, source) => this.handle({ type: 'advert', router: router.name, ad, source }),
      log,
      epochMs,
    });
    this.frames = new Frames(reactor, this.host, (_interface, address, mac) => this.claimed(address, mac));
    this.announcer = new Announcer(reactor, this.frames, this.routers, log);
    this.neighbours = new Neighbours(reactor, this.host, this.frames, () => this.hearAbout());
    this.unresolved = new Unresolved(reactor, this.host, this.frames);
    this.probe = new PeerProbe(
      reactor,
      this.host,
      this.frames,
      (router, answers) => this.handle({ type: 'peer-answers', router: router.name, answers }),
      () => this.hearAbout(),
    );
    this.tracker = new Tracker(this.host.interfaces);
    this.watchdog = new Watchdog(reactor, {
      routers: () => this.routers.values(),
      holdings: this.host.holdings,
      goodbye: (router) => this.transport.goodbye(router),
      heard: (message) => this.helperSaid(message),
      log,
    });
    this.effects = new Effects({
      routers: this.routers,
      transport: this.transport,
      holdings: this.host.holdings,
      announcer: this.announcer,
      probe: this.probe,
      lateness: this.lateness,
      post,
      notify: (notice, programs) => this.watchdog.notify(notice, programs),
      groupNotifications: (group) => this.plan?.config.groups.find(({ name }) => name === group)?.notify,
      holdingsChanged: () => {
        this.watchdog.tell();
        this.neighbours.review(this.routers.values());
      },
      ownInterface: (router) => this.host.ownInterface(router.config),
      nowMs: () => performance.now(),
      epochMs,
    });
    this.looks = { wakeAtMs: 0, heapIndex: -1, onTimer: (nowMs) => this.look(nowMs) };
  }

  // ── Configuration ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** @returns what does not work, for the operator */
  apply(plan: VipPlan): string[] {
    const isFirst = this.plan === null;
    this.plan = plan;
    if (isFirst && plan.config.settings.startupScript) this.startupFaults = ['the startup script has not ended'];
    const complaints: string[] = [];
    this.realtime.apply(plan.config.settings, plan.changesUser);
    complaints.push(...this.host.load());
    const settings = plan.config.instances.map((instance) => this.settingsOf(instance));
    this.retire(settings);
    complaints.push(...this.host.prepare(plan.config, plan.inherited));
    const before = this.place(plan);
    if (isFirst) this.settleLeftovers(plan);
    this.transport.logsUnknown = plan.config.settings.logUnknownVrids ?? false;
    this.transport.sync();
    this.hearAbout();
    this.tracker.apply(plan, this.reactor.nowMs);
    this.instruct(plan);
    this.startRouters(
      plan,
      settings.map((one) => ({ ...one, sourceIp: this.routers.get(one.name)!.sourceIp })),
    );
    for (const [router, old] of before) {
      this.transport.configured(router);
      if (router.isHolding) this.effects.moveHoldings(router, old);
    }
    this.watchdog.tell();
    this.arm();
    if (this.looks.heapIndex < 0) this.reactor.timers.arm(this.looks, this.reactor.nowMs + LOOK_MS);
    return complaints;
  }

  private settingsOf(instance: VrrpInstance): RouterSettings {
    const group = this.plan!.config.groups.find(({ instances }) => instances.includes(instance.name));
    return {
      name: instance.name,
      version: instance.version,
      family: instance.family,
      vrid: instance.virtualRouterId,
      basePriority: instance.priority,
      advertIntervalMs: instance.advertIntervalMs,
      preempt: instance.preempt ?? true,
      preemptDelayMs: instance.preemptDelayMs ?? 0,
      downTimerAdverts: instance.downTimerAdverts ?? DEFAULT_DOWN_TIMER_ADVERTS,
      initialState: instance.initialState ?? 'BACKUP',
      lowerPrioNoAdvert: instance.lowerPrioNoAdvert ?? false,
      higherPrioSendAdvert: instance.higherPrioSendAdvert ?? true,
      arbiter: instance.arbiter ?? 'warn',
      sourceIp: this.host.sourceOf(instance) ?? '',
      group: group?.name ?? '',
    };
  }

  /** Those that end say goodbye by the settings they had. */
  private retire(settings: readonly RouterSettings[]): void {
    const names = this.machine.leaving(settings);
    for (const name of names) this.routers.get(name)!.isDeleted = true;
    this.effects.perform(this.machine.retire(names, this.reactor.nowMs));
    for (const name of names) this.routers.delete(name);
  }

  /** @returns those that stay, with the configuration they had */
  private place({ config, passwords }: VipPlan): Map<VirtualRouter, VrrpInstance> {
    const before = new Map<VirtualRouter, VrrpInstance>();
    for (const instance of config.instances) {
      const group = config.groups.find(({ instances }) => instances.includes(instance.name))?.name ?? '';
      const password = passwords[instance.name] ?? '';
      const router = this.routers.get(instance.name) ?? new VirtualRouter(instance, password, group);
      if (this.routers.has(instance.name)) before.set(router, router.config);
      Object.assign(router, { config: instance, password, group });
      router.sourceIp = this.host.sourceOf(instance) ?? '';
      this.routers.set(instance.name, router);
    }
    return before;
  }

  /** What a process that crashed has left would make two owners as soon as another router takes over. */
  private settleLeftovers({ config, inherited }: VipPlan): void {
    for (const instance of config.instances) {
      if (inherited.includes(instance.name) || instance.priority === 255) continue;
      for (const text of this.host.removeLeftovers(instance)) this.post({ type: 'log', level: 'warning', text });
    }
  }

  private startRouters({ inherited }: VipPlan, settings: readonly RouterSettings[]): void {
    const known = Object.fromEntries(
      settings.map(({ name }) => {
        const router = this.routers.get(name)!;
        const { priority, faults } = this.judge(router);
        Object.assign(router, { priority, faults });
        return [name, { priority, faults, isInherited: inherited.includes(name) }];
      }),
    );
    this.effects.perform(this.machine.apply(settings, this.reactor.nowMs, known));
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────

  private handle(event: RouterEvent): void {
    this.effects.perform(this.machine.handle(event, this.reactor.nowMs));
    this.arm();
    if (this.isStopping && this.machine.isStopped) this.stopped();
  }

  onTimer(): void {
    this.handle({ type: 'time' });
  }

  private arm(): void {
    const next = this.machine.nextMs;
    if (next === Number.POSITIVE_INFINITY) this.reactor.timers.cancel(this);
    else this.reactor.timers.arm(this, next);
  }

  private judge(router: VirtualRouter): { priority: number; faults: string[]; why: string } {
    const { priority, faults, why } = this.tracker.judge(router);
    const own = this.host.faultsOf(router);
    const waits = this.isEarly(this.reactor.nowMs) ? ['vrrp_startup_delay is not over'] : [];
    return { priority, faults: [...waits, ...this.startupFaults, ...own, ...faults], why };
  }

  private isEarly(nowMs: number): boolean {
    return nowMs - this.startedMs < (this.plan?.config.settings.startupDelayMs ?? 0);
  }

  /** After something that a router rests on may have changed. */
  private review(router: VirtualRouter): void {
    const { priority, faults, why } = this.judge(router);
    if (faults.join('\n') !== router.faults.join('\n')) {
      router.faults = faults;
      this.handle({ type: 'fault', router: router.name, reasons: faults });
    }
    if (priority !== router.priority) {
      router.priority = priority;
      this.handle({ type: 'priority', router: router.name, priority, why });
    }
  }

  private reviewAll(): void {
    for (const router of this.routers.values()) this.review(router);
  }

  private look(nowMs: number): void {
    if (this.tracker.look(nowMs) || this.isEarly(nowMs - LOOK_MS)) this.reviewAll();
    this.reactor.timers.arm(this.looks, nowMs + LOOK_MS);
  }

  /** A link, or an address that a router speaks from. */
  private linkChanged(name: string, isBack: boolean): void {
    if (this.plan !== null && this.host.vmacs.isParent(name)) this.host.prepare(this.plan.config);
    for (const router of this.routers.values()) {
      const sourceIp = this.host.sourceOf(router.config) ?? '';
      if (sourceIp !== router.sourceIp) {
        router.sourceIp = sourceIp;
        this.handle({ type: 'source', router: router.name, sourceIp });
      }
    }
    this.transport.sync();
    this.frames.interfaceChanged(name);
    this.reviewAll();
    if (!isBack) return;
    this.unresolved.linkReturned(name);
    for (const router of this.routers.values())
      if (router.isHolding && this.host.transmitInterface(router.config) === name)
        this.handle({ type: 'regained', router: router.name, why: `the link of ${name} is back` });
  }

  /** Who says that he has an address of ours, or one that was asked for. */
  private hearAbout(): void {
    const ours = [...this.routers.values()].flatMap(({ allAddresses }) => allAddresses);
    this.frames.hearAbout([...new Set([...ours, ...this.probe.addresses, ...this.neighbours.addresses])]);
  }

  private claimed(address: string, mac: string): void {
    this.probe.heard(address);
    this.neighbours.heard(address);
    for (const router of this.routers.values())
      if (router.isHolding && router.held.some(({ spec }) => spec.ip === address)) this.defend(router, address, mac);
  }

  /** Another host announces an address that is ours: clients are led back, but not in a duel without end. */
  private defend(router: VirtualRouter, address: string, mac: string): void {
    const nowMs = this.reactor.nowMs;
    this.transport.duplicate(router, address, mac);
    if (nowMs - router.defendedMs < DEFEND_MS) return;
    router.defendedMs = nowMs;
    this.announcer.announce(router, 'regained');
  }

  private addressRemoved(interfaceIndex: number, ip: string): void {
    for (const router of this.routers.values()) {
      const lost = router.held.find(({ spec }) => spec.interfaceIndex === interfaceIndex && spec.ip === ip);
      if (lost?.isTracked) this.handle({ type: 'address-lost', router: router.name, address: ip });
    }
  }

  /** Routes and rules belong to the router as its addresses do. */
  private routeRemoved(route: RouteInfo): void {
    const address = `route to ${route.destination}/${route.prefixLength}`;
    for (const { name, config, isHolding } of this.routers.values())
      if (isHolding && this.host.holdings.hasRoute(config, route))
        this.handle({ type: 'address-lost', router: name, address });
  }

  private ruleRemoved(rule: RuleInfo): void {
    const address = `rule with preference ${rule.preference}`;
    for (const { name, config, isHolding } of this.routers.values())
      if (isHolding && this.host.holdings.hasRule(config, rule))
        this.handle({ type: 'address-lost', router: name, address });
  }

  private helperSaid(message: FromHelper): void {
    if (message.type === 'tracked') this.tracked(message.kind, message.name, message.value);
    if (message.type === 'released') this.released(message.afterMs);
    if (message.type === 'started') this.startupEnded(message.error);
    if (message.type === 'log') this.post(message);
  }

  /** The watchdog thought that we hang, and removed the addresses: others have taken over by now. */
  private released(afterMs: number): void {
    this.post({ type: 'log', level: 'alert', text: `the watchdog did not hear us for ${Math.round(afterMs)} ms` });
    for (const router of this.routers.values())
      if (router.isHolding)
        this.handle({ type: 'address-lost', router: router.name, address: router.allAddresses.join(', ') });
  }

  private startupEnded(error: string | null): void {
    if (error !== null) this.post({ type: 'log', level: 'alert', text: `startup_script: ${error}` });
    this.startupFaults = [];
    this.reviewAll();
  }

  // ── Orders and questions ──────────────────────────────────────────────────────────────────────────────────────────

  tracked(kind: 'script' | 'file' | 'process', name: string, value: TrackedValue): void {
    this.tracker.set(kind, name, value);
    this.reviewAll();
  }

  openHelper(fd: number, pid: number): void {
    this.watchdog.open(fd, pid);
    if (this.plan !== null) this.instruct(this.plan);
  }

  /** A helper that has just started, or a new configuration. */
  private instruct({ config }: VipPlan): void {
    if (this.watchdog.pid === 0) return;
    this.watchdog.plan(config, this.realtime.priority);
    if (this.startupFaults.length > 0 && !this.isStartingUp) this.watchdog.startUp();
    this.isStartingUp = true;
    this.watchdog.tell();
  }

  status(): VipStatus {
    return statusOf({
      plan: this.plan!,
      routers: [...this.routers.values()],
      machine: this.machine,
      tracker: this.tracker,
      host: this.host,
      transport: this.transport,
      lateness: this.lateness,
      realtime: this.realtime,
      watchdogPid: this.watchdog.pid,
      nowMs: this.reactor.nowMs,
      epochMs: this.epochMs(),
    });
  }

  /** @returns an error text, or null */
  failover(name: string | null, holdMs: number, who: string): string | null {
    const asked = name === null ? [...this.routers.values()] : [this.routers.get(name)];
    if (asked.includes(undefined)) return `no virtual router '${name}'.`;
    const masters = (asked as VirtualRouter[]).filter(({ isHolding }) => isHolding);
    if (masters.length === 0) return name === null ? 'this host is master of none.' : `'${name}' is not MASTER here.`;
    for (const router of masters) this.handle({ type: 'failover', router: router.name, holdMs, why: who });
    return null;
  }

  privilegesDropped(): void {
    const fault = this.realtime.keepCapabilities();
    if (fault !== null) this.post({ type: 'log', level: 'alert', text: `virtual addresses: ${fault}` });
  }

  /** @param isHandover the addresses stay: a successor on this host has them */
  stop(isHandover: boolean, graceMs: number): void {
    this.isStopping = true;
    if (isHandover) {
      for (const router of this.routers.values()) router.forgetHoldings();
      this.stopped();
    } else this.handle({ type: 'stop', graceMs, why: 'stopped' });
  }

  private stopped(): void {
    this.watchdog.end();
    this.transport.close();
    this.frames.close();
    this.host.close(this.routers.size > 0);
    this.post({ type: 'vip-stopped' });
    this.reactor.stop();
  }
}
