/**
 * Primary or replica of MySQL and MariaDB replication. The statements changed their words: SHOW SLAVE STATUS with
 * Slave_IO_Running and Seconds_Behind_Master, since MySQL 8.0.22 SHOW REPLICA STATUS with Replica_IO_Running and
 * Seconds_Behind_Source; MariaDB answers SHOW ALL SLAVES STATUS with one row per connection.
 */
import type { RoleCheck } from '../../config/model.js';
import { isOn, type Values } from './galera.js';
import type { Claim } from './report.js';
import { type Finding, identifier, judge, lagTime, quoted, type Standing } from './verdict.js';

export type Flavor = 'mysql' | 'mariadb';

/** System variables asked for; those a server does not have are left out. */
export const MYSQL_VARIABLES = [
  'read_only',
  'super_read_only',
  'server_id',
  'server_uuid',
  'gtid_executed',
  'gtid_current_pos',
] as const;

/** @param version as in the server's greeting. @returns the statement that shows what it replicates from */
export function replicaStatement(flavor: Flavor, version: string): string {
  if (flavor === 'mariadb') return 'SHOW ALL SLAVES STATUS';
  const [major, minor, patch] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const isNew = major > 8 || (major === 8 && (minor > 0 || patch >= 22));
  return isNew ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
}

/** One source that the server replicates from. */
interface Link {
  readonly io: string;
  readonly sql: string;
  readonly behindMs: number | null;
  readonly error: string;
}

const YES = 'Yes';
const NO = 'No';
/** Characters of a GTID set; an answer is no longer. */
const GTIDS_MAX = 524_288;

/**
 * @param variables values of MYSQL_VARIABLES
 * @param rows what the replica statement answered, columns by name
 */
export function evaluateMysql(flavor: Flavor, variables: Values, rows: readonly Values[], check: RoleCheck): Finding {
  const claim = claimOf(flavor, variables);
  const isReadOnly = isOn(variables.read_only) || isOn(variables.super_read_only);
  const links = rows.map(linkOf);
  // `Connecting` too: it follows somebody, who may just have died.
  const isFollowing = links.some(({ io, sql }) => io !== NO || sql !== NO);
  const base = { claim, lagMs: null, lagBytes: null };
  if (links.length > 0 && (isFollowing || isReadOnly)) return judge(check, { ...replica(links, isReadOnly), claim });
  if (isReadOnly) return judge(check, { ...base, role: 'unfit', text: 'read-only, and replicates from nobody' });
  const text = links.length > 0 ? 'primary, its own replication stopped' : 'primary';
  return judge(check, { ...base, role: 'primary', text });
}

function linkOf(row: Values): Link {
  const behind = row.Seconds_Behind_Source ?? row.Seconds_Behind_Master ?? null;
  return {
    io: row.Replica_IO_Running ?? row.Slave_IO_Running ?? '',
    sql: row.Replica_SQL_Running ?? row.Slave_SQL_Running ?? '',
    behindMs: behind === null || behind === '' ? null : Number(behind) * 1000,
    error: row.Last_SQL_Error || row.Last_IO_Error || '',
  };
}

/** The worst of its links decides. */
function replica(links: readonly Link[], isReadOnly: boolean): Omit<Standing, 'claim'> {
  const broken = links.find(({ io, sql }) => io !== YES || sql !== YES);
  if (broken !== undefined) {
    const error = broken.error === '' ? '' : `: ${broken.error}`;
    const text = `replica whose replication does not run (IO ${quoted(broken.io)}, SQL ${quoted(broken.sql)})${error}`;
    return { role: 'unfit', text, lagMs: null, lagBytes: null };
  }
  const lags = links.map(({ behindMs }) => behindMs);
  const lagMs = lags.includes(null) ? null : Math.max(...(lags as number[]));
  const behind =
    lagMs === null ? 'how far behind it does not say' : lagMs === 0 ? 'caught up' : `${lagTime(lagMs)} behind`;
  return { role: 'replica', text: `replica${isReadOnly ? '' : ' that is writable'}, ${behind}`, lagMs, lagBytes: null };
}

/** MariaDB has no server_uuid: its server_id names it, as in the middle of the GTIDs it wrote. */
function claimOf(flavor: Flavor, variables: Values): Claim {
  const serverUuid = identifier(variables.server_uuid ?? variables.server_id);
  const gtid = (flavor === 'mysql' ? variables.gtid_executed : variables.gtid_current_pos) ?? '';
  return { kind: 'mysql', serverUuid, gtid: identifier(gtid, GTIDS_MAX), flavor };
}
