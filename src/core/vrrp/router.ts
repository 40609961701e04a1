/**
 * One virtual router of this host, and what its states have in common. The states themselves are in `backup.ts`,
 * `master.ts` and `fault.ts`; `machine.ts` holds all routers and knows the groups.
 */
import { addressBytes } from './checksum.js';
import { downMs, skewMs } from './timers.js';
import type { KnownAtStart, RouterAction, RouterSettings, RouterView, VrrpState } from './types.js';

/** One event, handled: when, and what it asks for. */
export class Turn {
  readonly actions: RouterAction[] = [];
  /** Those whose state has changed, in order; their groups follow. */
  readonly changed: VirtualRouter[] = [];
  /** Members of groups whose timer has ended. */
  readonly ready: VirtualRouter[] = [];

  constructor(readonly nowMs: number) {}

  push(action: RouterAction): void {
    this.actions.push(action);
  }

  remark(router: VirtualRouter, level: 'notice' | 'warning' | 'alert', text: string): void {
    this.actions.push({ do: 'remark', router: router.name, level, text });
  }
}

/** A master that has said goodbye. */
export interface Handover {
  readonly startedMs: number;
  readonly untilMs: number;
  readonly then: 'BACKUP' | 'STOP';
  readonly holdMs: number;
  readonly why: string;
}

/** Another router that goes on as master although it should hear us. */
export interface Rival {
  source: string;
  count: number;
  lastMs: number;
  isTold: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Fields that mean something in one state only are reset by `enter…` of that state. */
export class VirtualRouter {
  readonly name: string;
  state: VrrpState = 'INIT';
  sinceMs: number;
  /** Effective. */
  priority: number;
  sourceIp: string;
  /** Of its own; those of its group come on top. */
  ownFaults: readonly string[];
  groupFaults: readonly string[] = [];

  /** Whose advertisements we wait for; '' while there is nobody, or only one whom we are about to preempt. */
  followed = '';
  /** Any master heard last. */
  seen = '';
  seenPriority = 0;
  masterIntervalMs: number;
  lastAdvertMs: number | null = null;

  /** BACKUP: the master down timer, and where it started. */
  downFromMs = 0;
  downAtMs = NEVER;
  /** The master has said goodbye: only the skew is waited. */
  goodbyeFrom = '';
  /** Lower priorities are followed until then: `preempt_delay`, or an operator's failover. */
  preemptAtMs: number | null = null;
  holdUntilMs = 0;
  /** BACKUP: when to ask whether the silent master's address answers. */
  askAtMs = NEVER;
  isPeerAnswering = false;
  /** Took no addresses although the time was over, because the master's address answers. */
  isWaitingForPeer = false;

  /** Of a group: the timer is over, and the others' are waited for. */
  isReady = false;

  /** MASTER: next advertisement, and the last one. */
  advertAtMs = NEVER;
  lastSentMs = 0;
  /** Answers to lower priorities that may still be given before `advertAtMs`. */
  replies = 0;
  rival: Rival | null = null;
  handover: Handover | null = null;
  lateToldMs = Number.NEGATIVE_INFINITY;

  constructor(
    public settings: RouterSettings,
    nowMs: number,
    known: KnownAtStart = {},
  ) {
    this.name = settings.name;
    this.sinceMs = nowMs;
    this.priority = known.priority ?? settings.basePriority;
    this.sourceIp = settings.sourceIp;
    this.ownFaults = known.faults ?? [];
    this.masterIntervalMs = settings.advertIntervalMs;
  }

  get isMaster(): boolean {
    return this.state === 'MASTER';
  }

  get isFaulty(): boolean {
    return this.ownFaults.length > 0 || this.groupFaults.length > 0;
  }

  /** RFC 9568 §6.4.1: the router that owns the addresses. */
  get isOwner(): boolean {
    return this.priority === 255;
  }

  /** `nopreempt` and `preempt_delay` mean nothing for the owner, nor with `state MASTER`: keepalived clears them there. */
  get mayWait(): boolean {
    return !this.isOwner && this.settings.initialState !== 'MASTER';
  }

  /** Master that neither stops nor hands over. */
  get isStanding(): boolean {
    return this.state === 'MASTER' && this.handover === null;
  }

  get skewMs(): number {
    return skewMs(this.settings.version, this.priority, this.masterIntervalMs);
  }

  get downMs(): number {
    const { version, downTimerAdverts } = this.settings;
    return downMs(version, this.priority, this.masterIntervalMs, downTimerAdverts);
  }

  get nextMs(): number {
    if (this.state === 'BACKUP') return Math.min(this.downAtMs, this.askAtMs);
    if (this.state !== 'MASTER') return NEVER;
    return this.handover?.untilMs ?? this.advertAtMs;
  }

  /** RFC 9568 §6.4.3, of two routers of one priority: the greater source address wins. Not knowing ours, we give in. */
  losesTieTo(source: string): boolean {
    const [ours, theirs] = [addressBytes(this.sourceIp), addressBytes(source)];
    if (ours === undefined || theirs === undefined) return true;
    for (let i = 0; i < ours.length; i++) if (ours[i] !== theirs[i]) return theirs[i] > ours[i];
    return false;
  }

  /** Seen from one member, all of its group would be master: it is, or its timer is over. */
  get wouldBeMaster(): boolean {
    return this.isStanding || (this.state === 'BACKUP' && this.isReady);
  }

  moveTo(to: VrrpState, why: string, turn: Turn): void {
    const from = this.state;
    this.state = to;
    this.sinceMs = turn.nowMs;
    turn.push({ do: 'transition', router: this.name, change: { from, to, why, priority: this.priority } });
    turn.changed.push(this);
  }

  view(): RouterView {
    return {
      name: this.name,
      state: this.state,
      priority: this.priority,
      sinceMs: this.sinceMs,
      master: this.isMaster ? this.sourceIp : this.followed || this.seen,
      masterPriority: this.isMaster ? this.priority : this.seenPriority,
      masterIntervalMs: this.isMaster ? this.settings.advertIntervalMs : this.masterIntervalMs,
      lastAdvertMs: this.lastAdvertMs,
      faults: [...this.ownFaults, ...this.groupFaults],
      isHandingOver: this.handover !== null,
      nextMs: this.nextMs,
    };
  }
}
