/** What an endpoint found out at one moment: the one thing all its pollers of that moment are told. */
import type { RoleReport } from '../core/role/report.js';

/** The word that decides which of a script's texts is sent; `fit` and `unfit` are those of the built-in checks. */
export type State =
  | 'synced'
  | 'not-synced'
  | 'read-only'
  | 'disabled'
  | 'leader'
  | 'follower'
  | 'fit'
  | 'unfit'
  /** Nobody could tell: never 200. */
  | 'unknown';

export interface Finding {
  readonly state: State;
  /** May the server take traffic: 200 or 503. */
  readonly isOk: boolean;
  /** One sentence for a person; no password in it. */
  readonly reason: string;
  /** What the database said, where one was asked. */
  readonly report: RoleReport | null;
  /** A program's own answer, sent as it is to whoever does not ask for JSON. */
  readonly output: Buffer | null;
  /** When the question was answered, milliseconds of the monotonic clock. */
  readonly atMs: number;
}

/** A finding that is only a reason not to say 200. */
export function undecided(reason: string, atMs: number): Finding {
  return { state: 'unknown', isOk: false, reason, report: null, output: null, atMs };
}
