/**
 * Primary or standby of PostgreSQL 10 and later, asked in one statement that any login may run (functions of the
 * manual's "System Administration Functions"; pg_stat_wal_receiver shows its details to pg_monitor alone).
 */
import type { RoleCheck } from '../../config/model.js';
import type { Claim } from './report.js';
import { type Finding, judge, lagSize, lagTime, quoted, type Standing } from './verdict.js';

/** Asked once per session: a cluster keeps its identifier. */
export const POSTGRES_SYSTEM = 'SELECT system_identifier FROM pg_control_system()';

/**
 * The timeline comes from the name of the log file being written; in recovery, where no file is written, from the
 * control file. The primary's walfile functions are errors in recovery, and the other way round: hence the CASEs.
 */
export const POSTGRES_QUESTION = `SELECT ${[
  `r, current_setting('transaction_read_only')`,
  'CASE WHEN r THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END',
  `CASE WHEN r THEN (SELECT greatest(c.timeline_id, m.min_recovery_end_timeline)::text
     FROM pg_control_checkpoint() c, pg_control_recovery() m)
   ELSE 'x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END`,
  'CASE WHEN r THEN pg_last_wal_receive_lsn() END',
  'CASE WHEN r THEN (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint END',
  'CASE WHEN r THEN (SELECT count(*) FROM pg_stat_wal_receiver) END',
  'CASE WHEN r THEN (SELECT max(latest_end_lsn) FROM pg_stat_wal_receiver) END',
  'CASE WHEN r THEN pg_is_wal_replay_paused() END',
].join(',\n  ')}\nFROM pg_is_in_recovery() r`;

/** Columns of the question. */
export const POSTGRES_COLUMNS = 9;

/** What the session knows besides the row. */
export interface PostgresMemory {
  /** From POSTGRES_SYSTEM, empty where the server does not tell. */
  readonly systemId: string;
  readonly caughtUp: CaughtUp | null;
  /** When it was asked, on the clock of `caughtUp`. */
  readonly nowMs: number;
}

/**
 * When a standby was last seen streaming with nothing left to replay, and what it had replayed. Whoever has replayed as
 * much of the same log lacks nothing that was there then: he is behind by no more than the time since.
 */
export interface CaughtUp {
  readonly atMs: number;
  readonly claim: PostgresClaim;
}

type PostgresClaim = Extract<Claim, { kind: 'postgres' }>;

/** @param row one row of the question */
export function evaluatePostgres(row: readonly (string | null)[], memory: PostgresMemory, check: RoleCheck): Finding {
  const claim = claimOf(row, memory.systemId);
  if (row[0] !== 'f') return judge(check, { ...standby(row, caughtUpAgoMs(memory, claim)), claim });
  const where = `timeline ${claim.timeline} at ${quoted(row[2])}`;
  const base = { claim, lagMs: null, lagBytes: null };
  if (row[1] === 'off') return judge(check, { ...base, role: 'primary', text: `primary, ${where}` });
  const text = `primary that refuses writes, ${where}: default_transaction_read_only is on, for all or for this user`;
  return judge(check, { ...base, role: 'unfit', text });
}

/** @returns what is to be remembered once a row has been judged: whoever is a standby no more begins anew */
export function caughtUpAfter(
  row: readonly (string | null)[],
  { systemId, caughtUp, nowMs }: PostgresMemory,
): CaughtUp | null {
  if (row[0] !== 't') return null;
  return isCaughtUp(row) ? { atMs: nowMs, claim: claimOf(row, systemId) } : caughtUp;
}

function claimOf(row: readonly (string | null)[], systemId: string): PostgresClaim {
  return { kind: 'postgres', systemId, timeline: timelineOf(row[3] ?? ''), lsn: row[2] ?? '' };
}

/** Hexadecimal in the name of a log file, decimal elsewhere; 0 where the server does not tell. */
function timelineOf(text: string): number {
  const timeline = text.startsWith('x') ? Number.parseInt(text.slice(1), 16) : Number.parseInt(text, 10);
  return Number.isSafeInteger(timeline) ? timeline : 0;
}

function standby(row: readonly (string | null)[], agoMs: number | null): Omit<Standing, 'claim'> {
  const lagBytes = behindBytes(row);
  const ageMs = ageOf(row[5]);
  // The first transaction after an idle hour is not an hour late, though the last one replayed is that old.
  const isBySight = agoMs !== null && (ageMs === null || agoMs < ageMs);
  const lagMs = isCaughtUp(row) ? 0 : isBySight ? agoMs : ageMs;
  const pause = row[8] === 't' ? ', replay paused' : '';
  const text = `standby, ${distance(row, { lagMs, lagBytes, isBySight })}${pause}`;
  return { role: 'replica', text, lagMs, lagBytes };
}

/** Nothing left to replay and a sender at the other end: the age of the last transaction means nothing then. */
function isCaughtUp(row: readonly (string | null)[]): boolean {
  return isStreaming(row) && behindBytes(row) === 0;
}

/** A receiver has a connection to its sender. */
function isStreaming(row: readonly (string | null)[]): boolean {
  return row[6] !== null && row[6] !== '0';
}

/** @returns how long ago it was seen caught up, null where it was not, or has gone back behind what it had then */
function caughtUpAgoMs({ caughtUp, nowMs }: PostgresMemory, now: PostgresClaim): number | null {
  if (caughtUp === null) return null;
  const { atMs, claim } = caughtUp;
  const [at, then] = [position(now.lsn), position(claim.lsn)];
  // A copy of another day at the same address, or one that was rewound, has not what was seen.
  const isSameLog = claim.systemId === now.systemId && claim.timeline === now.timeline;
  return isSameLog && at !== null && then !== null && at >= then ? Math.max(0, nowMs - atMs) : null;
}

function ageOf(sinceMs: string | null): number | null {
  return sinceMs === null ? null : Math.max(0, Number(sinceMs));
}

interface Distance {
  readonly lagMs: number | null;
  readonly lagBytes: number | null;
  /** Known from when it was seen caught up. */
  readonly isBySight: boolean;
}

function distance(row: readonly (string | null)[], { lagMs, lagBytes, isBySight }: Distance): string {
  if (isCaughtUp(row)) return 'caught up';
  const size = lagBytes === null || lagBytes === 0 ? '' : ` (${lagSize(lagBytes)})`;
  const link = isStreaming(row) ? '' : ', not streaming';
  if (lagMs === null) return `how far behind it does not say${size}${link}`;
  // Without a primary nobody knows how far it is behind, or whether there is anything to be behind of.
  if (isBySight && link !== '') return `caught up ${lagTime(lagMs)} ago${size}${link}`;
  return `${lagTime(lagMs)} behind${size}${link}`;
}

/** What was sent or received and is not replayed. What the primary wrote and did not send, no standby knows. */
function behindBytes([, , replayed, , received, , , sent]: readonly (string | null)[]): number | null {
  const at = position(replayed);
  const ends = [position(received), position(sent)].filter((end) => end !== null);
  if (at === null || ends.length === 0) return null;
  return Math.max(0, ...ends.map((end) => Number(end - at)));
}

/** A log sequence number, `16/B374D848`: two halves of 32 bits in hexadecimal. */
function position(lsn: string | null): bigint | null {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn ?? '');
  return match === null ? null : (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}
