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
  /** How long ago it was last seen caught up, ms; null = never. It cannot be further behind than that. */
  readonly caughtUpAgoMs: number | null;
}

/** @param row one row of the question */
export function evaluatePostgres(row: readonly (string | null)[], memory: PostgresMemory, check: RoleCheck): Finding {
  const timeline = timelineOf(row[3] ?? '');
  const claim: Claim = { kind: 'postgres', systemId: memory.systemId, timeline, lsn: row[2] ?? '' };
  if (row[0] !== 'f') return judge(check, { ...standby(row, memory.caughtUpAgoMs), claim });
  const where = `timeline ${timeline} at ${quoted(row[2])}`;
  const base = { claim, lagMs: null, lagBytes: null };
  if (row[1] === 'off') return judge(check, { ...base, role: 'primary', text: `primary, ${where}` });
  const text = `primary that refuses writes, ${where}: default_transaction_read_only is on, for all or for this user`;
  return judge(check, { ...base, role: 'unfit', text });
}

/** Hexadecimal in the name of a log file, decimal elsewhere; 0 where the server does not tell. */
function timelineOf(text: string): number {
  const timeline = text.startsWith('x') ? Number.parseInt(text.slice(1), 16) : Number.parseInt(text, 10);
  return Number.isSafeInteger(timeline) ? timeline : 0;
}

function standby(row: readonly (string | null)[], caughtUpAgoMs: number | null): Omit<Standing, 'claim'> {
  const [, , replayed, , received, sinceMs, receivers, sent, paused] = row;
  const isStreaming = receivers !== null && receivers !== '0';
  const lagBytes = behindBytes(replayed, received, sent);
  // Nothing left to replay and a sender at the other end: the age of the last transaction means nothing then.
  const isCaughtUp = isStreaming && lagBytes === 0;
  const lagMs = isCaughtUp ? 0 : ageOf(sinceMs, isStreaming ? caughtUpAgoMs : null);
  const details = isStreaming ? '' : ', not streaming';
  const pause = paused === 't' ? ', replay paused' : '';
  return { role: 'replica', text: `standby, ${distance(lagMs, lagBytes)}${details}${pause}`, lagMs, lagBytes };
}

/**
 * The first transaction after an idle hour is not an hour late, though the last one replayed is that old: a standby
 * seen caught up a moment ago is behind by no more than that moment.
 */
function ageOf(sinceMs: string | null, caughtUpAgoMs: number | null): number | null {
  if (sinceMs === null) return caughtUpAgoMs;
  const age = Math.max(0, Number(sinceMs));
  return caughtUpAgoMs === null ? age : Math.min(age, caughtUpAgoMs);
}

function distance(lagMs: number | null, lagBytes: number | null): string {
  if (lagMs === 0) return 'caught up';
  const size = lagBytes === null || lagBytes === 0 ? '' : ` (${lagSize(lagBytes)})`;
  return lagMs === null ? `how far behind it does not say${size}` : `${lagTime(lagMs)} behind${size}`;
}

/** What was sent or received and is not replayed. What the primary wrote and did not send, no standby knows. */
function behindBytes(replayed: string | null, received: string | null, sent: string | null): number | null {
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
