/** What the role thread hears and says. Types only. Results go straight to the health thread, over a channel of their own. */
import type { RoleCheck } from '../../config/model.js';
import type { RowRef, Segment } from '../table.js';
import type { ClaimsMemory } from './arbiter.js';
import type { CheckStatusCode } from './report.js';

/** One server whose check asks for a role. */
export interface RoleServer {
  /** `rowKey.server`. */
  readonly key: string;
  readonly proxy: string;
  readonly server: string;
  readonly row: RowRef;
  /** Without a password's text and without places. */
  readonly check: RoleCheck;
  readonly password: string | null;
  /** Path of a unix socket, undefined where the row has the address. */
  readonly socketPath: string | undefined;
  /** Host and port that checks go to instead of the server's own; port 0 = the server's, or S_CHECK_PORT. */
  readonly host: string | undefined;
  readonly port: number;
  readonly intervalMs: number;
  readonly downIntervalMs: number;
  readonly rise: number;
  readonly fall: number;
}

export interface RolePlan {
  readonly revision: number;
  readonly segments: Segment[];
  readonly servers: readonly RoleServer[];
  /** eventfd of the health thread. */
  readonly wakeHealth: number;
  /** What a predecessor knew of claims; a thread that has been at work goes by what it knows itself. */
  readonly claims: readonly ClaimsMemory[];
}

export type ToRoles =
  | { type: 'apply'; plan: RolePlan }
  /** `settle backend B [server S]`; answer `settled`. */
  | { type: 'settle'; request: number; proxy: string; server: string | null }
  | { type: 'stop' };

export type FromRoles =
  | { type: 'roles-ready' }
  | { type: 'roles-applied'; revision: number }
  /** What is known of claims now, for whoever succeeds this thread. */
  | { type: 'claims'; claims: ClaimsMemory[] }
  | { type: 'settled'; request: number; error: string | null };

/** What a check found about one server, after everything that speaks against its claim. */
export interface RoleResult {
  readonly key: string;
  /** S_ADDR_CHANGES when its address was read: of another address nothing is known by this. */
  readonly place: number;
  readonly status: CheckStatusCode;
  readonly text: string;
  readonly durationMs: number;
  readonly role: string;
  /** Fit, and only for want of a replica (`primary-as-fallback`). */
  readonly isFallback: boolean;
  /** Decided: not counted by `fall`. */
  readonly isCertain: boolean;
  /** The held session broke so many ms before, which is why it was asked now. */
  readonly brokeMsAgo?: number;
  /** The check before this one ended so many ms ago; steady ones are not told each. */
  readonly previousMsAgo?: number;
}

/** Something about the claims of a backend's servers that a person must know. */
export interface RoleAlarm {
  readonly proxy: string;
  readonly server: string;
  readonly level: 'alert' | 'notice';
  readonly text: string;
}

/** In order: a server that is taken out comes before the one that takes over. */
export interface RoleReports {
  readonly revision: number;
  readonly results: readonly RoleResult[];
  readonly alarms: readonly RoleAlarm[];
}

/** From the health thread: check this server at once. */
export interface RoleNudge {
  readonly key: string;
  /** Its live traffic was refused: what a new login meets counts, not what a session from before is told. */
  readonly isTraffic: boolean;
}
