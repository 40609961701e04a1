/**
 * May this Galera node take traffic? Status and system variables as in the manuals of Galera Cluster ("Monitoring
 * Cluster Status": wsrep_cluster_status, wsrep_ready, wsrep_connected, wsrep_local_state), MariaDB and Percona XtraDB
 * Cluster (pxc_maint_mode).
 */
import type { RoleCheck } from '../../config/model.js';
import type { Claim } from './report.js';
import { type Finding, identifier, judge, quoted } from './verdict.js';

/** System variables asked for; those a server does not have are left out. */
export const GALERA_VARIABLES = [
  'read_only',
  'wsrep_on',
  'wsrep_provider',
  'wsrep_desync',
  'wsrep_sst_donor_rejects_queries',
  'pxc_maint_mode',
] as const;

const STATUS = [
  'wsrep_local_state',
  'wsrep_local_state_comment',
  'wsrep_cluster_status',
  'wsrep_ready',
  'wsrep_connected',
  'wsrep_cluster_state_uuid',
  'wsrep_cluster_conf_id',
  'wsrep_cluster_size',
  'wsrep_last_committed',
];

/** One statement with two columns, name and value; every login may run it. */
export const GALERA_STATUS = `SHOW GLOBAL STATUS WHERE Variable_name IN (${STATUS.map((name) => `'${name}'`).join(',')})`;

/** Values by name; what the server does not have is absent. */
export type Values = { readonly [name: string]: string | null | undefined };

const DONOR = '2';
const SYNCED = '4';

export function evaluateGalera(variables: Values, status: Values, check: RoleCheck): Finding {
  const why = unfitness(variables, status, check);
  const claim = claimOf(status);
  if (why !== null) return judge(check, { role: 'unfit', text: why, claim, lagMs: null, lagBytes: null });
  const isReadOnly = isOn(variables.read_only);
  const state = status.wsrep_local_state === SYNCED ? 'synced' : 'donor';
  const text = `${state}, ${isReadOnly ? 'read-only, ' : ''}${quoted(status.wsrep_cluster_size)} in the group`;
  return judge(check, { role: isReadOnly ? 'replica' : 'primary', text, claim, lagMs: null, lagBytes: null });
}

/** The first thing that keeps it out, the most telling first: a node outside of its group is also not ready. */
function unfitness(variables: Values, status: Values, check: RoleCheck): string | null {
  const off = notGalera(variables, status);
  if (off !== null) return off;
  if (!isOn(status.wsrep_connected)) return 'not connected to its group (wsrep_connected is OFF)';
  if (status.wsrep_cluster_status !== 'Primary')
    return `cut off from the majority (wsrep_cluster_status is ${quoted(status.wsrep_cluster_status)})`;
  if (!isOn(status.wsrep_ready)) return 'does not take statements yet (wsrep_ready is OFF)';
  return stateUnfitness(variables, status, check) ?? policyUnfitness(variables, check);
}

function notGalera(variables: Values, status: Values): string | null {
  if (variables.wsrep_on === undefined && status.wsrep_local_state === undefined)
    return 'not a Galera node: the server has no wsrep variables';
  const provider = variables.wsrep_provider;
  if (provider === 'none' || provider === '') return 'not a Galera node: no wsrep_provider is loaded';
  if (variables.wsrep_on !== undefined && !isOn(variables.wsrep_on)) return 'not a Galera node: wsrep_on is OFF';
  return null;
}

function stateUnfitness(variables: Values, status: Values, check: RoleCheck): string | null {
  const state = status.wsrep_local_state;
  if (state === SYNCED && !isOn(variables.wsrep_desync)) return null;
  const name = quoted(status.wsrep_local_state_comment) || quoted(state);
  if (state !== SYNCED && state !== DONOR) return `not synced: ${name}`;
  if (check.acceptDonor !== true)
    return isOn(variables.wsrep_desync) ? 'desynced by an operator (wsrep_desync is ON)' : `not synced: ${name}`;
  const rejects = state === DONOR && isOn(variables.wsrep_sst_donor_rejects_queries);
  return rejects ? 'donor that rejects queries (wsrep_sst_donor_rejects_queries is ON)' : null;
}

function policyUnfitness(variables: Values, check: RoleCheck): string | null {
  const maintenance = variables.pxc_maint_mode;
  if (maintenance && maintenance !== 'DISABLED') return `in maintenance (pxc_maint_mode is ${quoted(maintenance)})`;
  return isOn(variables.read_only) && check.acceptReadOnly !== true ? 'read-only (read_only is ON)' : null;
}

function claimOf(status: Values): Claim | null {
  const clusterUuid = identifier(status.wsrep_cluster_state_uuid);
  if (clusterUuid === '') return null;
  return {
    kind: 'galera',
    clusterUuid,
    confId: identifier(status.wsrep_cluster_conf_id, 20),
    isPrimaryComponent: status.wsrep_cluster_status === 'Primary',
    size: Number(status.wsrep_cluster_size ?? 0),
    lastCommitted: identifier(status.wsrep_last_committed, 20),
  };
}

/** Booleans arrive as `ON`/`OFF` from SHOW and as `1`/`0` from SELECT; MariaDB 12 has further values of read_only. */
export function isOn(value: string | null | undefined): boolean {
  return value !== undefined && value !== null && value !== '' && value !== '0' && value.toUpperCase() !== 'OFF';
}
