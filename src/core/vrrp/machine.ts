/**
 * All virtual routers and sync groups of a host. Events in, actions out; the shell performs the actions in their order
 * and feeds adverts that wait in its sockets before it says that time has passed.
 */
import { enterBackup, hearInBackup, peerAnswers, rearm, restartTimer, timeInBackup } from './backup.js';
import { begin, enterFault, settleFault } from './fault.js';
import { SyncGroup } from './groups.js';
import { handOver, leaveMaster, retire, stop } from './handover.js';
import {
  advertise,
  announceAfterPause,
  enterMaster,
  giveUpAfterPause,
  hearInMaster,
  pauseOf,
  regain,
  timeInMaster,
} from './master.js';
import { Turn, VirtualRouter } from './router.js';
import type { KnownAtStart, RouterAction, RouterEvent, RouterSettings, RouterView } from './types.js';

type EventOf<T extends RouterEvent['type']> = Extract<RouterEvent, { type: T }>;

export class VrrpMachine {
  private routers = new Map<string, VirtualRouter>();
  private groups = new Map<string, SyncGroup>();

  /**
   * Start and reload. Routers that stay keep their state, their master and their timers; those that are gone, or have
   * become another virtual router (id, version, family), say goodbye first.
   * @param known what is known of routers that start now, and of the priority of those that stay
   */
  apply(
    routers: readonly RouterSettings[],
    nowMs: number,
    known: { readonly [name: string]: KnownAtStart } = {},
  ): RouterAction[] {
    const turn = new Turn(nowMs);
    this.retireInto(this.leaving(routers), turn);
    const started = routers.filter(({ name }) => !this.routers.has(name));
    for (const settings of routers) this.place(settings, known[settings.name], turn);
    this.regroup();
    for (const r of this.routers.values()) if (r.settings.group === '') settleFault(r, turn);
    for (const { name } of started) start(this.routers.get(name)!, known[name], turn);
    for (const group of this.groups.values()) {
      group.settleFaults(turn);
      group.settleReload(turn);
      group.tell(turn);
    }
    return turn.actions;
  }

  /** Names that `apply` would retire: whose sockets and addresses the shell still needs for the goodbye. */
  leaving(routers: readonly RouterSettings[]): string[] {
    const next = new Map(routers.map((settings) => [settings.name, settings]));
    return [...this.routers.values()].filter((r) => isAnother(r.settings, next.get(r.name))).map(({ name }) => name);
  }

  /** Goodbye and release, before the shell forgets their settings. */
  retire(names: readonly string[], nowMs: number): RouterAction[] {
    const turn = new Turn(nowMs);
    this.retireInto(names, turn);
    return turn.actions;
  }

  handle(event: RouterEvent, nowMs: number): RouterAction[] {
    const turn = new Turn(nowMs);
    const paused = nowMs > this.nextMs ? this.paused(nowMs) : [];
    for (const { r, pauseMs } of paused) if (!r.isOwner) giveUpAfterPause(r, pauseMs, turn);
    this.dispatch(event, turn);
    for (const { r, pauseMs } of paused) if (r.isOwner) announceAfterPause(r, pauseMs, turn);
    this.settle(turn);
    return turn.actions;
  }

  private paused(nowMs: number): { r: VirtualRouter; pauseMs: number }[] {
    const all = [...this.routers.values()].map((r) => ({ r, pauseMs: pauseOf(r, nowMs) }));
    return all.filter(({ pauseMs }) => pauseMs > 0);
  }

  /** When `time` must be said next; Infinity for never. */
  get nextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const r of this.routers.values()) next = Math.min(next, r.nextMs);
    return next;
  }

  /** All have come to their end after a `stop` event. */
  get isStopped(): boolean {
    for (const { state } of this.routers.values()) if (state !== 'STOP') return false;
    return true;
  }

  /** @throws Error for a name that is not configured: our bug */
  view(name: string): RouterView {
    return this.find(name).view();
  }

  private find(name: string): VirtualRouter {
    const router = this.routers.get(name);
    if (router === undefined) throw new Error(`no virtual router ${name}`);
    return router;
  }

  private retireInto(names: readonly string[], turn: Turn): void {
    for (const name of names) {
      retire(this.find(name), 'not configured any more', turn);
      this.routers.delete(name);
    }
  }

  private place(settings: RouterSettings, known: KnownAtStart | undefined, turn: Turn): void {
    const router = this.routers.get(settings.name);
    if (router === undefined) this.routers.set(settings.name, new VirtualRouter(settings, turn.nowMs, known));
    else change(router, settings, known, turn);
  }

  private regroup(): void {
    const before = this.groups;
    this.groups = new Map();
    for (const router of this.routers.values()) {
      router.groupFaults = [];
      const { group } = router.settings;
      if (group !== '') this.groupOf(group, before).members.push(router);
    }
    for (const group of this.groups.values()) group.shareFaults();
  }

  private groupOf(name: string, before: ReadonlyMap<string, SyncGroup>): SyncGroup {
    const group = this.groups.get(name) ?? new SyncGroup(name);
    if (!this.groups.has(name)) group.inherit(before.get(name));
    this.groups.set(name, group);
    return group;
  }

  private dispatch(event: RouterEvent, turn: Turn): void {
    if (event.type === 'time') this.time(turn);
    else if (event.type === 'stop') for (const r of this.routers.values()) stop(r, event.graceMs, event.why, turn);
    else this.dispatchTo(this.find(event.router), event, turn);
  }

  private dispatchTo(r: VirtualRouter, event: Exclude<RouterEvent, { type: 'time' | 'stop' }>, turn: Turn): void {
    switch (event.type) {
      case 'advert':
        hear(r, event, turn);
        break;
      case 'priority':
        changePriority(r, event.priority, event.why, turn);
        break;
      case 'fault':
        this.fault(r, event.reasons, turn);
        break;
      case 'source':
        r.sourceIp = event.sourceIp;
        break;
      case 'failover':
        this.failover(r, event, turn);
        break;
      case 'regained':
        regain(r, event.why, turn);
        break;
      case 'peer-answers':
        peerAnswers(r, event.answers, turn);
        break;
      case 'address-lost':
        loseAddress(r, event.address, turn);
        break;
    }
  }

  private time(turn: Turn): void {
    for (const r of this.routers.values())
      if (r.nextMs <= turn.nowMs) {
        if (r.isMaster) timeInMaster(r, turn);
        else timeInBackup(r, turn);
      }
  }

  private fault(r: VirtualRouter, reasons: readonly string[], turn: Turn): void {
    r.ownFaults = [...reasons];
    const group = this.groups.get(r.settings.group);
    if (group) group.settleFaults(turn);
    else settleFault(r, turn);
  }

  /** A group is handed over as one. */
  private failover(r: VirtualRouter, { holdMs, why }: EventOf<'failover'>, turn: Turn): void {
    if (!r.isStanding) {
      const state = r.isMaster ? 'already handing over' : `${r.state}, not MASTER`;
      turn.remark(r, 'notice', `nothing to hand over: ${state} (${why})`);
      return;
    }
    const together = this.groups.get(r.settings.group)?.members ?? [r];
    for (const member of together) if (member.isStanding) handOver(member, holdMs, why, turn);
  }

  /** Groups follow their members; whoever follows is in `changed` as well, and finds nothing left to do. */
  private settle(turn: Turn): void {
    const touched = new Set<SyncGroup>();
    for (const r of turn.ready) this.groups.get(r.settings.group)?.takeOverIfAllReady(r, turn);
    for (let i = 0; i < turn.changed.length; i++) {
      const group = this.groups.get(turn.changed[i].settings.group);
      group?.followMember(turn.changed[i], turn);
      if (group) touched.add(group);
    }
    for (const group of touched) group.tell(turn);
  }
}

function isAnother(now: RouterSettings, next: RouterSettings | undefined): boolean {
  return next === undefined || next.vrid !== now.vrid || next.version !== now.version || next.family !== now.family;
}

function start(r: VirtualRouter, known: KnownAtStart | undefined, turn: Turn): void {
  if (r.isFaulty) enterFault(r, turn);
  else if (known?.isInherited) enterMaster(r, 'master in the process before', turn);
  else begin(r, 'started', turn);
}

/** Least disturbance: a master stays master, and says at once what has changed. */
function change(r: VirtualRouter, next: RouterSettings, known: KnownAtStart | undefined, turn: Turn): void {
  const before = r.settings;
  r.settings = next;
  r.sourceIp = next.sourceIp || r.sourceIp;
  if (known?.faults) r.ownFaults = known.faults;
  const isIntervalNew = next.advertIntervalMs !== before.advertIntervalMs;
  if (isIntervalNew && (next.version === 2 || r.followed === '')) r.masterIntervalMs = next.advertIntervalMs;
  if (r.state === 'BACKUP' && (isIntervalNew || next.group !== before.group)) restartTimer(r, turn.nowMs);
  else if (r.state === 'BACKUP') rearm(r);
  const isBaseNew = next.basePriority !== before.basePriority;
  changePriority(r, known?.priority ?? (isBaseNew ? next.basePriority : r.priority), 'configuration', turn);
  if (isIntervalNew && r.isStanding && r.lastSentMs < turn.nowMs) advertise(r, turn);
}

function hear(r: VirtualRouter, { ad, source }: EventOf<'advert'>, turn: Turn): void {
  if (r.state === 'BACKUP') hearInBackup(r, ad, source, turn);
  else if (r.isMaster) hearInMaster(r, ad, source, turn);
}

/** A master says so at once: the sooner a better backup knows, the sooner it takes over. */
function changePriority(r: VirtualRouter, priority: number, why: string, turn: Turn): void {
  if (priority === r.priority) return;
  r.priority = priority;
  turn.push({ do: 'priority-changed', router: r.name, priority, why });
  if (r.state === 'BACKUP' && r.isOwner) enterMaster(r, `${why}; owner of the addresses (priority 255)`, turn);
  else if (r.state === 'BACKUP') rearm(r);
  else if (r.isStanding) advertise(r, turn);
}

/** As in keepalived: goodbye, and after the skew the best router takes over, which may be this one again. */
function loseAddress(r: VirtualRouter, address: string, turn: Turn): void {
  if (!r.isMaster) return;
  leaveMaster(r, turn);
  enterBackup(r, `${address} was removed from this host by somebody else`, turn, r.skewMs);
}
