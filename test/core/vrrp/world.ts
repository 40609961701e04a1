/**
 * Several routers of one id on simulated time and a simulated network: the production machine and announcement schedule,
 * one pair per host, with sockets that keep what a frozen process has not read, a watchdog that takes the addresses from
 * one, and a client that believes the last announcement it has heard. What must hold is judged after every event.
 */
import { AnnounceSchedule, type AnnounceSettings } from '../../../src/core/vrrp/announce.js';
import { VrrpMachine } from '../../../src/core/vrrp/machine.js';
import type { Advertisement, RouterAction, RouterEvent, RouterSettings } from '../../../src/core/vrrp/types.js';
import { Judge } from './judge.js';
import { Random } from './random.js';
import { Timeline } from './timeline.js';

const NAME = 'VI_1';
export const NOBODY = -1;
/** What a socket keeps of what was not read. */
const UNREAD_MAX = 32;

export interface WorldSettings {
  readonly hosts: number;
  readonly version: 2 | 3;
  readonly intervalMs: number;
  /** One way, at most; less than half an interval. */
  readonly delayMsMax: number;
  /** Of adverts and announcements, until the quiet time. */
  readonly loss: number;
  /** Of packets, how many arrive twice. */
  readonly duplicates: number;
  /** A frozen or dead process loses its addresses after this; 0 for no watchdog. */
  readonly watchdogMs: number;
  readonly refreshMs: number;
  readonly secondBurstMs: number;
  readonly router: Partial<RouterSettings>;
  readonly priorities: readonly number[];
}

interface Packet {
  readonly ad: Advertisement;
  readonly from: number;
}

export class Host {
  machine = new VrrpMachine();
  schedule = new AnnounceSchedule();
  priority: number;
  holds = false;
  isAlive = false;
  isFrozen = false;
  isFaulty = false;
  /** The watchdog has taken the addresses while the process stood still. */
  wasReleased = false;
  /** Hosts of one number hear each other. */
  island = 0;
  /** What makes an event of an earlier life or sleep void. */
  wakeToken = 0;
  lifeToken = 0;
  wakeAtMs = Number.POSITIVE_INFINITY;
  readonly unread: Packet[] = [];

  constructor(
    readonly index: number,
    readonly basePriority: number,
  ) {
    this.priority = basePriority;
  }

  get ip(): string {
    return `10.0.0.${this.index + 1}`;
  }

  get runs(): boolean {
    return this.isAlive && !this.isFrozen;
  }

  /** Could be master. */
  get isFit(): boolean {
    return this.runs && !this.isFaulty;
  }
}

export class World {
  readonly random: Random;
  readonly hosts: Host[];
  /** Loss ends with the chaos. */
  loss: number;
  clientIsland = 0;
  clientSees = NOBODY;
  readonly counts: { [what: string]: number } = {};
  /** When told: what happened, a line each. */
  log: string[] | null = null;

  private readonly timeline = new Timeline();
  private readonly judge: Judge;

  constructor(
    readonly settings: WorldSettings,
    seed: number,
  ) {
    this.random = new Random(seed);
    this.loss = settings.loss;
    this.hosts = settings.priorities.map((priority, i) => new Host(i, priority));
    this.judge = new Judge(this);
  }

  // ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get nowMs(): number {
    return this.timeline.nowMs;
  }

  at(ms: number, run: () => void): void {
    this.timeline.at(ms, run);
  }

  runUntil(ms: number): void {
    this.timeline.runUntil(ms, () => this.judge.look());
  }

  // ── Hosts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A new process. Addresses that one before it left behind are settled first. */
  start(host: Host): void {
    if (host.isAlive) return;
    this.note(host, 'starts');
    host.machine = new VrrpMachine();
    host.schedule = new AnnounceSchedule();
    host.isAlive = true;
    host.isFrozen = false;
    host.wasReleased = false;
    host.holds = false;
    host.unread.length = 0;
    host.lifeToken++;
    const known = { [NAME]: { priority: host.priority, faults: host.isFaulty ? ['link down'] : [] } };
    this.perform(host, host.machine.apply([this.routerOf(host)], this.nowMs, known));
    this.judge.disturbed();
  }

  /** A new process goes on where the one before it was, which leaves the addresses in place. */
  upgrade(host: Host): void {
    if (!host.runs) return;
    this.note(host, 'is upgraded');
    const faults = host.isFaulty ? ['link down'] : [];
    const known = { [NAME]: { priority: host.priority, faults, isInherited: host.holds } };
    host.machine = new VrrpMachine();
    host.schedule = new AnnounceSchedule();
    this.perform(host, host.machine.apply([this.routerOf(host)], this.nowMs, known));
    this.judge.disturbed();
  }

  /** The same configuration again: nothing may happen. */
  reload(host: Host): void {
    if (!host.runs) return;
    const known = { [NAME]: { priority: host.priority } };
    const actions = host.machine.apply([this.routerOf(host)], this.nowMs, known);
    if (actions.length > 0) this.fail(`a reload of the same configuration does ${JSON.stringify(actions)}`);
  }

  /** The process is gone without a word; the watchdog speaks for it. */
  crash(host: Host): void {
    if (!host.isAlive) return;
    this.note(host, 'crashes');
    host.isAlive = false;
    host.isFrozen = false;
    this.watch(host);
    this.judge.disturbed();
  }

  freeze(host: Host, ms: number): void {
    if (!host.runs) return;
    this.note(host, `freezes for ${Math.round(ms)} ms`);
    host.isFrozen = true;
    this.watch(host);
    const life = host.lifeToken;
    this.at(ms, () => {
      if (host.lifeToken === life && host.isFrozen) this.thaw(host);
    });
    this.judge.disturbed();
  }

  /** What lies in the sockets comes before the time. */
  private thaw(host: Host): void {
    this.note(host, 'runs again');
    host.isFrozen = false;
    if (host.wasReleased) this.tell(host, { type: 'address-lost', router: NAME, address: '10.0.0.100' });
    host.wasReleased = false;
    this.tell(host, { type: 'fault', router: NAME, reasons: host.isFaulty ? ['link down'] : [] });
    this.tell(host, { type: 'priority', router: NAME, priority: host.priority, why: 'script' });
    for (const packet of host.unread.splice(0)) this.hear(host, packet);
    this.wake(host);
    this.judge.disturbed();
  }

  private watch(host: Host): void {
    const { watchdogMs } = this.settings;
    if (watchdogMs === 0) return;
    const life = host.lifeToken;
    const from = this.nowMs;
    this.at(watchdogMs, () => {
      if (host.lifeToken !== life || host.runs || !host.holds) return;
      if (host.machine.view(NAME).lastAdvertMs! > from) return;
      this.count('watchdog');
      host.holds = false;
      host.wasReleased = true;
      this.send(host, 0);
    });
  }

  stop(host: Host): void {
    if (!host.runs) return;
    this.tell(host, { type: 'stop', graceMs: 2 * this.settings.intervalMs, why: 'told to' });
    this.judge.disturbed();
  }

  failover(host: Host): void {
    if (!host.runs) return;
    const holdMs = this.random.between(0, 10) * this.settings.intervalMs;
    this.tell(host, { type: 'failover', router: NAME, holdMs, why: 'operator' });
  }

  setPriority(host: Host, priority: number): void {
    host.priority = priority;
    if (host.runs) this.tell(host, { type: 'priority', router: NAME, priority, why: 'script' });
    this.judge.disturbed();
  }

  /** The link is gone, and is known to be. */
  setFault(host: Host, isFaulty: boolean): void {
    host.isFaulty = isFaulty;
    if (host.runs) this.tell(host, { type: 'fault', router: NAME, reasons: isFaulty ? ['link down'] : [] });
    this.judge.disturbed();
  }

  setIslands(islands: readonly number[], client: number): void {
    this.log?.push(`${this.time()} islands ${islands.join(' ')}, client ${client}`);
    this.hosts.forEach((host, i) => {
      host.island = islands[i];
    });
    this.clientIsland = client;
    this.judge.disturbed();
  }

  private routerOf(host: Host): RouterSettings {
    const { version, intervalMs, router } = this.settings;
    return {
      name: NAME,
      version,
      family: 4,
      vrid: 51,
      basePriority: host.basePriority,
      advertIntervalMs: intervalMs,
      preempt: true,
      preemptDelayMs: 0,
      downTimerAdverts: 3,
      initialState: 'BACKUP',
      lowerPrioNoAdvert: false,
      higherPrioSendAdvert: true,
      arbiter: 'off',
      sourceIp: host.ip,
      group: '',
      ...router,
    };
  }

  private get announcing(): AnnounceSettings {
    const { refreshMs, secondBurstMs } = this.settings;
    return {
      masterDelayMs: secondBurstMs,
      masterRepeat: 2,
      lowerPrioDelayMs: secondBurstMs,
      lowerPrioRepeat: 2,
      refreshMs,
      refreshRepeat: 1,
      extraMs: 0,
      garpIntervalUs: 0,
      gnaIntervalUs: 0,
      targets: [{ address: '10.0.0.100', interface: 'eth0' }],
    };
  }

  private tell(host: Host, event: RouterEvent): void {
    this.perform(host, host.machine.handle(event, this.nowMs));
    this.arm(host);
  }

  private hear(host: Host, { ad, from }: Packet): void {
    this.tell(host, { type: 'advert', router: NAME, ad, source: this.hosts[from].ip });
  }

  private wake(host: Host): void {
    host.wakeAtMs = Number.POSITIVE_INFINITY;
    this.tell(host, { type: 'time' });
    for (const _ of host.schedule.take(this.nowMs)) this.announce(host);
    this.arm(host);
  }

  /** Timers are a little late, as they are. */
  private arm(host: Host): void {
    const nextMs = Math.min(host.machine.nextMs, host.schedule.nextMs);
    if (nextMs === host.wakeAtMs) return;
    host.wakeAtMs = nextMs;
    const token = ++host.wakeToken;
    const life = host.lifeToken;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    const lateMs = this.random.unit() * this.lateMsMax;
    this.at(Math.max(0, nextMs - this.nowMs) + lateMs, () => {
      if (host.wakeToken === token && host.lifeToken === life && host.runs) this.wake(host);
    });
  }

  get lateMsMax(): number {
    return this.settings.intervalMs / 50;
  }

  // ── What a machine asks for ─────────────────────────────────────────────────────────────────────────────────────────

  private perform(host: Host, actions: readonly RouterAction[]): void {
    for (const action of actions) this.performOne(host, action);
    this.arm(host);
  }

  private performOne(host: Host, action: RouterAction): void {
    switch (action.do) {
      case 'advertise':
        if (action.priority === 0) host.schedule.drop(NAME);
        this.send(host, action.priority);
        break;
      case 'take':
        host.holds = true;
        break;
      case 'release':
        host.holds = false;
        host.schedule.drop(NAME);
        break;
      case 'announce':
        this.count(action.why);
        host.schedule.announce(NAME, this.announcing, action.why, this.nowMs);
        for (const _ of host.schedule.take(this.nowMs)) this.announce(host);
        break;
      case 'ask-peer':
        this.ask(host, action.address);
        break;
      case 'transition':
        this.count(`to ${action.change.to}`);
        this.note(host, `${action.change.from} → ${action.change.to}: ${action.change.why}`);
        if (action.change.to === 'STOP') host.isAlive = false;
        break;
      default:
        this.count(action.do);
    }
  }

  private send(host: Host, priority: number): void {
    const { version, intervalMs } = this.settings;
    const ad = {
      version,
      family: 4,
      vrid: 51,
      priority,
      intervalMs,
      addresses: [],
      password: '',
      authType: 0,
    } as const;
    for (const other of this.hosts) {
      if (other === host || !this.passes(host, other.island)) continue;
      this.deliver(other, { ad, from: host.index });
      if (this.random.chance(this.settings.duplicates)) this.deliver(other, { ad, from: host.index });
    }
  }

  private deliver(to: Host, packet: Packet): void {
    this.at(this.delay(), () => {
      if (to.runs) this.hear(to, packet);
      else if (to.isFrozen && to.unread.length < UNREAD_MAX) to.unread.push(packet);
    });
  }

  private announce(host: Host): void {
    if (!this.passes(host, this.clientIsland)) return;
    this.at(this.delay(), () => {
      this.clientSees = host.index;
    });
  }

  /** The kernel answers, whatever the process does. */
  private ask(host: Host, address: string): void {
    const life = host.lifeToken;
    const near = this.hosts.filter((other) => other !== host && other.island === host.island);
    const answers = near.some(({ ip }) => ip === address) && near.some(({ holds }) => holds);
    this.at(2 * this.delay(), () => {
      if (host.lifeToken === life && host.runs) this.tell(host, { type: 'peer-answers', router: NAME, answers });
    });
  }

  private passes(from: Host, island: number): boolean {
    return from.island === island && !this.random.chance(this.loss);
  }

  private delay(): number {
    return this.random.unit() * this.settings.delayMsMax;
  }

  // ── What is found ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The only one that has the address, of all or on one island; NOBODY for none or several. */
  ownerOn(island: number | null): number {
    let owner = NOBODY;
    for (const host of this.hosts) {
      if (!host.holds || (island !== null && host.island !== island)) continue;
      if (owner !== NOBODY) return NOBODY;
      owner = host.index;
    }
    return owner;
  }

  stateOf(host: Host): string {
    return host.isAlive ? host.machine.view(NAME).state : 'gone';
  }

  /** @throws Error always */
  fail(text: string): never {
    throw new Error(`${this.time()}: ${text}`);
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  private note(host: Host, text: string): void {
    this.log?.push(`${this.time()} host ${host.index} (${host.priority}): ${text}`);
  }

  private time(): string {
    return `at ${this.nowMs.toFixed(1)} ms`;
  }
}
