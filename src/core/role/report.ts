/**
 * What a role-aware check found: the answer a server gave about itself, and its claim to be the one that takes writes.
 * Types only; evaluation is in the file of each kind, the comparison of claims in `arbiter.ts`.
 */
import type { CheckStatus } from '../check-status.js';

/** What a database says of itself. `unfit`: it answered, and may take no traffic whatever the role (donor, joining …). */
export type Role = 'primary' | 'replica' | 'unfit' | 'unknown';

/**
 * Evidence for being the primary, by kind; `null` fields are what the server would not tell. Sequence numbers are
 * decimal strings where they may pass 2^53.
 */
export type Claim =
  | { kind: 'postgres'; systemId: string; timeline: number; lsn: string }
  | { kind: 'mysql'; serverUuid: string; gtid: string; flavor: 'mysql' | 'mariadb' }
  | {
      kind: 'galera';
      clusterUuid: string;
      confId: string;
      isPrimaryComponent: boolean;
      size: number;
      lastCommitted: string;
    }
  | { kind: 'redis'; replicationId: string; secondReplicationId: string; offset: string }
  | { kind: 'patroni'; systemId: string; timeline: number; leaderKey: string | null };

/** One result of a check over a held session. */
export interface RoleReport {
  /** CheckStatus: L7OK fit for what was asked; L7STS answered and unfit; L4/L6/L7 failures otherwise. */
  readonly status: CheckStatusCode;
  readonly role: Role;
  /** A person's sentence: `standby, 1.2 s behind`; never a password, at most 200 characters, printable. */
  readonly text: string;
  readonly durationMs: number;
  readonly claim: Claim | null;
  /** Replication lag where known. */
  readonly lagMs: number | null;
  readonly lagBytes: number | null;
  /** The server itself said it is unfit: no packet was lost, so nothing speaks for waiting. */
  readonly isDefinite: boolean;
  /** It let the check's user not in: each further try is a line in its log, or brings a lock nearer. */
  readonly isLoginRefused: boolean;
}

/** A value of `CheckStatus`. */
export type CheckStatusCode = (typeof CheckStatus)[keyof typeof CheckStatus];
