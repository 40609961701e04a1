/**
 * What the VIP thread and its helper process say to each other: one JSON document per line (at most 4 MiB) over a socket
 * pair. The helper runs programs (checks, notifications), looks at files and processes, and is the watchdog: it removes
 * the addresses when the daemon ends, or has not been heard for `limitMs`. Types only.
 */
import type { Program, TrackFile, TrackProcess, TrackScript, VipSettings } from '../../config/model.js';
import type { TrackedValue, VipNotice } from '../../core/vrrp/messages.js';

export type ToHelper =
  /**
   * What to watch from now on. What stays as it was keeps its state, and every value known is told once more. Only
   * things that somebody tracks are listed.
   */
  | {
      type: 'plan';
      settings: VipSettings;
      scripts: readonly TrackScript[];
      files: readonly TrackFile[];
      processes: readonly TrackProcess[];
      /** Priority of SCHED_RR, 0 for none. */
      rtPriority: number;
      /**
       * This helper takes the place of one that has ended: what is done once (`init_file`) was done. Counts in the first
       * plan that a helper hears.
       */
      isReplacement?: boolean;
    }
  /** Runs the startup script of the plan and answers `started`; not said to a helper that replaces another. */
  | { type: 'startup' }
  /** Everything to remove, and the goodbyes to say, should the daemon end now. Replaces what was said before. */
  | { type: 'held'; held: Held }
  /** The thread lives. No limit: nothing is held. */
  | { type: 'beat'; limitMs: number | null }
  /** Programs to run, one after the other per name, and a line for the FIFOs. */
  | { type: 'notify'; notice: VipNotice; programs: readonly NotifyProgram[]; toFifos: boolean }
  /** Packets to these addresses are dropped from now on (`no_accept`). To be said once at the start, if only with []. */
  | { type: 'firewall'; dropped: readonly Dropped[] }
  /** An orderly end: run what must still run (notify_stop, shutdown script), then exit. */
  | { type: 'end' };

/** @property withNotice `notify`: kind, name, state and priority behind its own arguments */
export type NotifyProgram = Program & { readonly withNotice?: boolean };

export interface Dropped {
  readonly address: string;
  /** Counts for link-local addresses, which others may have on another link; '' where there is none. */
  readonly interface: string;
}

/** All that a dead daemon would leave behind. */
export interface Held {
  readonly addresses: readonly HeldAddress[];
  readonly routes: readonly HeldRequest[];
  readonly goodbyes: readonly Goodbye[];
}

export interface HeldAddress {
  readonly interfaceIndex: number;
  readonly ip: string;
  readonly prefixLength: number;
}

/** A netlink request, whole, that undoes a route, a rule or a macvlan; base64. */
export interface HeldRequest {
  readonly text: string;
  readonly message: string;
}

/** A priority 0 advertisement, made beforehand. */
export interface Goodbye {
  readonly family: 4 | 6;
  readonly interface: string;
  readonly source: string;
  readonly destinations: readonly string[];
  readonly ttl: number;
  /** VRRP packet without IP header, base64. */
  readonly packet: string;
}

export type FromHelper =
  | { type: 'ready'; pid: number }
  /** The startup script has ended, or there is none. */
  | { type: 'started'; error: string | null }
  | { type: 'tracked'; kind: TrackedKind; name: string; value: TrackedValue; why: string }
  /** The thread was not heard: everything held was removed, and nothing is held until `held` is said again. */
  | { type: 'released'; afterMs: number }
  | { type: 'log'; level: LogLevel; text: string };

export type TrackedKind = 'script' | 'file' | 'process';
export type LogLevel = 'notice' | 'warning' | 'alert';

/** Between the two threads of the helper. */
export type ToChores =
  | Extract<ToHelper, { type: 'plan' | 'startup' | 'notify' | 'firewall' | 'end' }>
  /** All values that are known, once more. */
  | { type: 'tell-all' }
  /** The daemon is dead: end everything. */
  | { type: 'bereaved' };

export type FromChores =
  | Extract<FromHelper, { type: 'started' | 'tracked' | 'log' }>
  /** Nothing is left to do. */
  | { type: 'finished' };
