/**
 * What the VRRP core takes and gives. Times are monotonic milliseconds unless a name says otherwise; addresses are
 * text in their shortest form (RFC 5952). States keep the words that notify scripts receive.
 */

/** Words of keepalived's notify scripts; INIT until started, STOP when ended for good. */
export type VrrpState = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT' | 'STOP';

/** An advertisement as decoded (RFC 3768 §5, RFC 9568 §5). */
export interface Advertisement {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vrid: number;
  /** 0 is a goodbye. */
  readonly priority: number;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  /** Version 2: what it carried, at most 8 bytes; '' for none. */
  readonly password: string;
  /** Version 2: 0 none, 1 PASS, 2 AH. Version 3: 0. */
  readonly authType: number;
}

/** Where a packet came from, as the socket told. */
export interface PacketOrigin {
  readonly source: string;
  readonly destination: string;
  /** TTL or hop limit. */
  readonly ttl: number;
}

/** Why a packet was not acted on; names of counters. */
export type Refusal =
  | 'truncated'
  | 'oversized'
  | 'version'
  | 'type'
  | 'checksum'
  | 'ttl'
  | 'vrid-unknown'
  | 'source'
  | 'own-packet'
  | 'auth-type'
  | 'auth-pass'
  | 'interval'
  | 'addresses'
  | 'address-count'
  | 'replayed';

/** What one virtual router must know of its configuration. */
export interface RouterSettings {
  readonly name: string;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly vrid: number;
  /** As configured; what holds at a moment is given by `priority` events. */
  readonly basePriority: number;
  readonly advertIntervalMs: number;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  /** Default 3 (RFC). */
  readonly downTimerAdverts: number;
  readonly initialState: 'MASTER' | 'BACKUP';
  readonly lowerPrioNoAdvert: boolean;
  readonly higherPrioSendAdvert: boolean;
  readonly arbiter: 'off' | 'warn' | 'wait';
  /** Own source address, for ties (RFC 9568 §6.4.3); '' while unknown. */
  readonly sourceIp: string;
  /** Of the same sync group move together; '' for none. */
  readonly group: string;
}

/** What is known of a router when it starts, so that it does not start with what will be wrong a moment later. */
export interface KnownAtStart {
  /** The effective priority; not given: the base priority. */
  readonly priority?: number;
  readonly faults?: readonly string[];
  /** It was master in the process before us, which has left the addresses in place. */
  readonly isInherited?: boolean;
}

export type RouterEvent =
  /** An advertisement that passed all checks. */
  | { readonly type: 'advert'; readonly router: string; readonly ad: Advertisement; readonly source: string }
  /** Deadlines that have come are acted on. */
  | { readonly type: 'time' }
  /** The effective priority, 1..254 (or 255 for the owner); `why` for the journal. */
  | { readonly type: 'priority'; readonly router: string; readonly priority: number; readonly why: string }
  /** Why it cannot be anybody's router now, one text each; empty: nothing any more. */
  | { readonly type: 'fault'; readonly router: string; readonly reasons: readonly string[] }
  /** Own source address has become known or another. */
  | { readonly type: 'source'; readonly router: string; readonly sourceIp: string }
  /** Hand the addresses over (an operator asked), and do not take them back for `holdMs`. */
  | { readonly type: 'failover'; readonly router: string; readonly holdMs: number; readonly why: string }
  /** The link (or its peers) is back after a silence that was no fault: whoever is master announces again. */
  | { readonly type: 'regained'; readonly router: string; readonly why: string }
  /** Answer to `ask-peer`: others answer ARP (or neighbour solicitation) for that address, and for a virtual one. */
  | { readonly type: 'peer-answers'; readonly router: string; readonly answers: boolean }
  /** An address of ours was taken from the interface by somebody else. */
  | { readonly type: 'address-lost'; readonly router: string; readonly address: string }
  /** Ends all routers: masters say goodbye (priority 0), keep the address until a successor is heard or `graceMs` is over. */
  | { readonly type: 'stop'; readonly graceMs: number; readonly why: string };

export type RouterAction =
  /** Send an advertisement with this priority now. */
  | { readonly do: 'advertise'; readonly router: string; readonly priority: number }
  /** Put addresses, routes and rules in place. */
  | { readonly do: 'take'; readonly router: string }
  /** Remove them. */
  | { readonly do: 'release'; readonly router: string }
  /** Gratuitous ARP or unsolicited neighbour advertisements for every address: how many, `announce.ts` knows. */
  | { readonly do: 'announce'; readonly router: string; readonly why: AnnounceReason }
  /**
   * Ask who answers for the silent master's own address, and for a virtual one; the answer is a `peer-answers` event. A
   * peer that answers but holds no virtual address is no master: two backups must not wait for each other for ever.
   */
  | { readonly do: 'ask-peer'; readonly router: string; readonly address: string }
  /** State changed: journal, notify programs, status. */
  | { readonly do: 'transition'; readonly router: string; readonly change: Transition }
  /** All of a sync group have reached a state. keepalived tells its programs 0 for the priority of a group. */
  | { readonly do: 'group-transition'; readonly group: string; readonly to: VrrpState }
  /** Priority changed without a change of state (`notify_priority_changes`). */
  | { readonly do: 'priority-changed'; readonly router: string; readonly priority: number; readonly why: string }
  /** A master heard a lower priority (notify_master_rx_lower_pri). */
  | { readonly do: 'heard-lower'; readonly router: string; readonly source: string; readonly priority: number }
  /** Something for the operator that is no transition: two owners, a peer that answers, a late advert. */
  | {
      readonly do: 'remark';
      readonly router: string;
      readonly level: 'notice' | 'warning' | 'alert';
      readonly text: string;
    };

export type AnnounceReason = 'became-master' | 'second-burst' | 'heard-lower' | 'regained' | 'refresh';

export interface Transition {
  readonly from: VrrpState;
  readonly to: VrrpState;
  /** For a person: `no advertisement of 10.0.0.101 for 3.6 s`. */
  readonly why: string;
  readonly priority: number;
}

/** What the status shows of a router, from the core. */
export interface RouterView {
  readonly name: string;
  readonly state: VrrpState;
  readonly priority: number;
  /** Monotonic ms of the last change of state. */
  readonly sinceMs: number;
  /** Source address of the master heard last; own address while master; '' when none is known. */
  readonly master: string;
  readonly masterPriority: number;
  readonly masterIntervalMs: number;
  /** Monotonic ms of the last advertisement sent or heard; null before the first. */
  readonly lastAdvertMs: number | null;
  readonly faults: readonly string[];
  /** MASTER that has said goodbye and waits for its successor: nothing is announced any more. */
  readonly isHandingOver: boolean;
  /** When the next thing happens by itself; Infinity for nothing. */
  readonly nextMs: number;
}
