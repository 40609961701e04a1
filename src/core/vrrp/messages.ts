/**
 * What the VIP thread says and hears, and what `fairlead vip status` shows. Types only. The thread sits in epoll_wait(2):
 * whoever posts to it writes to its eventfd.
 */
import type { VipConfig } from '../../config/model.js';
import type { RowRef, Segment } from '../table.js';
import type { Refusal, VrrpState } from './types.js';

/** A configuration to run. Passwords have been looked up. */
export interface VipPlan {
  readonly revision: number;
  /** Name of this host. */
  readonly hostname: string;
  readonly config: VipConfig;
  /** Passwords by instance name. */
  readonly passwords: { readonly [instance: string]: string };
  /** The shared table, for `track: frontends` and the proxy's own health. */
  readonly segments: Segment[];
  readonly rows: { readonly [key: string]: RowRef };
  /** Row keys of the backends that a frontend can lead to, by frontend. */
  readonly backends: { readonly [frontend: string]: readonly string[] };
  /** The process gives root away after its start. */
  readonly changesUser: boolean;
  /** eventfds of the data-plane workers. */
  readonly workers: readonly number[];
  /** Routers that were master in the process before us, and whose addresses it left in place. */
  readonly inherited: readonly string[];
}

export type ToVip =
  | { type: 'apply'; plan: VipPlan }
  /** Answer `vip-status`. */
  | { type: 'ask-status'; request: number }
  /** Answer `vip-done`. No name: all routers of this host. */
  | { type: 'failover'; request: number; router: string | null; holdMs: number; who: string }
  /** What a script, file or process is found to be (from the helper process). */
  | { type: 'tracked'; kind: 'script' | 'file' | 'process'; name: string; value: TrackedValue }
  /** The process gave root away: keep what the thread needs. */
  | { type: 'privileges-dropped' }
  /** The helper process was started: our end of the socket pair. The thread closes the descriptor in the end. */
  | { type: 'helper'; fd: number; pid: number }
  /** Give the addresses up, then answer `vip-stopped`. With `isHandover` they stay: a successor has them. */
  | { type: 'stop'; isHandover: boolean; graceMs: number };

/** Up or down, or a number (files). */
export type TrackedValue = { readonly up: boolean } | { readonly number: number };

export type FromVip =
  | { type: 'ready' }
  | { type: 'vip-applied'; revision: number; complaints: readonly string[] }
  | { type: 'vip-status'; request: number; status: VipStatus }
  | { type: 'vip-done'; request: number; error: string | null }
  | { type: 'vip-stopped' }
  | VipEvent
  | { type: 'vip-notify'; notice: VipNotice }
  /** Addresses were lost: sessions on them end where the instance says so. */
  | { type: 'vip-lost'; instance: string; addresses: readonly string[] }
  | { type: 'log'; level: 'notice' | 'warning' | 'alert'; text: string };

/** For the journal. */
export interface VipEvent {
  readonly type: 'vip-event';
  /** Instance or group. */
  readonly name: string;
  /** Wall clock, epoch ms. */
  readonly atMs: number;
  readonly from: VrrpState;
  readonly to: VrrpState;
  readonly level: 'notice' | 'warning' | 'alert';
  /** Why, or what is remarked: without the name, the states and a full stop. */
  readonly text: string;
}

/** What notify programs and FIFOs are told. */
export interface VipNotice {
  readonly kind: 'INSTANCE' | 'GROUP';
  readonly name: string;
  readonly state:
    | 'MASTER'
    | 'BACKUP'
    | 'FAULT'
    | 'STOP'
    | 'DELETED'
    | 'MASTER_RX_LOWER_PRI'
    | 'MASTER_PRIORITY'
    | 'BACKUP_PRIORITY';
  readonly priority: number;
}

export interface VipStatus {
  /** When this was said, epoch ms. */
  readonly atMs: number;
  readonly hostname: string;
  readonly instances: readonly VipInstanceStatus[];
  readonly groups: readonly {
    readonly name: string;
    readonly state: VrrpState;
    readonly instances: readonly string[];
  }[];
  readonly thread: {
    /** SCHED_RR priority, 0 for ordinary scheduling. */
    readonly rtPriority: number;
    /** The pages of its program; the heap cannot be (docs/design/on-time.md). */
    readonly isMemoryLocked: boolean;
    /** Why real-time scheduling or locked memory could not be had; '' when both hold. */
    readonly reason: string;
    /** Longest delay of an advertisement behind its time since the start, and in the last minute. */
    readonly worstDelayMs: number;
    readonly worstDelayLastMinuteMs: number;
    /** The helper process that gives the addresses up if this one ends or hangs; 0 while it does not run. */
    readonly watchdogPid: number;
  };
  /** Packets that belong to no instance. */
  readonly refused: { readonly [reason in Refusal]?: number };
}

export interface VipInstanceStatus {
  readonly name: string;
  readonly state: VrrpState;
  /** Epoch ms. */
  readonly sinceMs: number;
  readonly virtualRouterId: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** '' without one. */
  readonly interface: string;
  readonly group: string;
  readonly basePriority: number;
  readonly priority: number;
  readonly advertIntervalMs: number;
  /** Of those that say so in their adverts. */
  readonly masterIntervalMs: number;
  readonly sourceIp: string;
  readonly unicastPeers: readonly string[];
  readonly preempt: boolean;
  readonly accept: boolean;
  /** Source address of the router that has the addresses; null when none is known. */
  readonly owner: string | null;
  readonly ownerPriority: number | null;
  /** Epoch ms of the last advertisement, sent or heard; null before the first. */
  readonly lastAdvertMs: number | null;
  readonly addresses: readonly { readonly text: string; readonly interface: string; readonly isHeld: boolean }[];
  readonly faults: readonly string[];
  readonly tracked: readonly {
    readonly kind: 'interface' | 'script' | 'file' | 'process' | 'frontend' | 'proxy';
    readonly name: string;
    /** null = not known yet */
    readonly up: boolean | null;
    readonly weight: number;
    /** What it adds to the priority now. */
    readonly effect: number;
    /** The number in a file, or how many processes run. */
    readonly value?: number;
  }[];
  /** The last ones, the oldest first. */
  readonly transitions: readonly {
    readonly atMs: number;
    readonly from: VrrpState;
    readonly to: VrrpState;
    readonly why: string;
  }[];
  /** What is wrong between this router and others that speak for the same id. */
  readonly problems: readonly VipProblem[];
  readonly counters: VipCounters;
}

export interface VipProblem {
  /** Stable: `two-masters`, `interval-differs`, `version-differs`, `addresses-differ`, `auth-differs`, `same-priority`, `duplicate-address`, `stranger`. */
  readonly code: string;
  readonly text: string;
  /** What to correct, and where. */
  readonly remedy: string;
  /** Epoch ms. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

export interface VipCounters {
  readonly advertsSent: number;
  readonly advertsReceived: number;
  readonly priorityZeroSent: number;
  readonly priorityZeroReceived: number;
  readonly becameMaster: number;
  readonly releasedMaster: number;
  readonly announcementsSent: number;
  readonly sendErrors: number;
  readonly refused: { readonly [reason in Refusal]?: number };
}
