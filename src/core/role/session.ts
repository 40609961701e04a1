/** What a held check session offers to whoever runs it: the role thread for servers, the agents for their endpoints. */
import type { RoleReport } from './report.js';

/** One authenticated session to one server, opened when first asked and held between checks. */
export interface HeldSession {
  /**
   * Asks once; connects and logs in first where needed. `done` is called exactly once, within the check's time limit,
   * never synchronously. A second call while one is under way is a programming error.
   * @param limitMs a shorter limit for this once; without it that of the check holds
   */
  check(done: (report: RoleReport) => void, limitMs?: number): void;
  /**
   * Live traffic was refused, which a session from before may not notice: what a new login meets counts for the checks
   * that follow.
   */
  renew(): void;
  /** Ends it at once; a check under way is not answered any more. */
  close(): void;
}

export interface SessionTarget {
  /** Numeric address, or a path starting with `/` for a unix socket. */
  readonly host: string;
  /** Where to connect; for Patroni its REST port. */
  readonly port: number;
  /** For programs (`exec`), which are told as HAProxy tells its external checks. */
  readonly names?: TargetNames;
}

interface TargetNames {
  readonly proxyName: string;
  readonly serverName: string;
}

export interface SessionEvents {
  /** The peer closed or reset the session while no check was under way: reason enough to check at once. */
  broken(): void;
}
