/**
 * Primary or replica of Redis replication, from the fields of INFO replication (redis.io, "INFO") and the answer to a
 * PING, which is refused while the data set is being loaded. Valkey and KeyDB answer alike.
 */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../check-status.js';
import type { Claim } from './report.js';
import { type Finding, failure, identifier, judge, lagSize, lagTime, quoted, type Standing } from './verdict.js';

type Fields = ReadonlyMap<string, string>;

/** @param info text of INFO replication. @param ping what PING was answered: `PONG`, or an error without its dash */
export function evaluateRedis(info: string, ping: string, check: RoleCheck): Finding {
  const fields = fieldsOf(info);
  const role = fields.get('role');
  const claim = claimOf(fields);
  const base = { claim, lagMs: null, lagBytes: null };
  if (ping.startsWith('LOADING')) return judge(check, { ...base, role: 'unfit', text: 'loading its data set' });
  if (ping.startsWith('MASTERDOWN')) return judge(check, { ...replica(fields), ...base, role: 'unfit' });
  if (ping !== 'PONG' && !ping.startsWith('NOPERM'))
    return judge(check, { ...base, role: 'unfit', text: `PING was answered with: ${ping}` });
  if (role === 'master') return judge(check, { ...base, role: 'primary', text: primaryText(fields) });
  if (role === 'slave') return judge(check, { ...replica(fields), claim });
  return failure(CheckStatus.L7RSP, `INFO names no role that this check knows: ${quoted(role)}`);
}

function fieldsOf(info: string): Fields {
  const fields = new Map<string, string>();
  for (const line of info.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimEnd());
  }
  return fields;
}

function primaryText(fields: Fields): string {
  const replicas = fields.get('connected_slaves');
  return replicas === undefined
    ? 'primary'
    : `primary with ${quoted(replicas)} ${replicas === '1' ? 'replica' : 'replicas'}`;
}

function replica(fields: Fields): Omit<Standing, 'claim'> {
  const none = { lagMs: null, lagBytes: null };
  if (fields.get('master_sync_in_progress') === '1')
    return { ...none, role: 'unfit', text: 'replica that is copying the whole data set from its primary' };
  if (fields.get('master_link_status') !== 'up') {
    const seconds = fields.get('master_link_down_since_seconds');
    const since = seconds === undefined || seconds === '-1' ? '' : ` for ${quoted(seconds)} s`;
    return { ...none, role: 'unfit', text: `replica whose link to its primary is down${since}` };
  }
  const lagMs = secondsOf(fields.get('master_last_io_seconds_ago'));
  const lagBytes = unread(fields);
  const heard =
    lagMs === null ? '' : lagMs === 0 ? ', heard its primary just now' : `, heard its primary ${lagTime(lagMs)} ago`;
  return {
    role: 'replica',
    text: `replica${heard}${lagBytes ? ` (${lagSize(lagBytes)} behind)` : ''}`,
    lagMs,
    lagBytes,
  };
}

function secondsOf(text: string | undefined): number | null {
  const seconds = Number(text);
  return text === undefined || !Number.isFinite(seconds) || seconds < 0 ? null : seconds * 1000;
}

/** Read from the primary and not yet applied (both offsets since Redis 7). */
function unread(fields: Fields): number | null {
  const bytes = Number(fields.get('slave_read_repl_offset')) - Number(fields.get('slave_repl_offset'));
  return Number.isFinite(bytes) ? Math.max(0, bytes) : null;
}

/** One without a replication id (before Redis 4, and some that only speak its protocol) claims all the same. */
function claimOf(fields: Fields): Claim {
  return {
    kind: 'redis',
    replicationId: identifier(fields.get('master_replid')),
    secondReplicationId: identifier(fields.get('master_replid2')),
    offset: identifier(fields.get('master_repl_offset'), 20),
  };
}
