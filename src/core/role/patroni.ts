/**
 * What Patroni's REST API says of its node (Patroni manual, "Patroni REST API"). The status code carries Patroni's own
 * judgement: only the holder of the leader lock answers `GET /primary` with 200. Every answer has the same JSON body.
 */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../check-status.js';
import type { Claim, Role } from './report.js';
import { type Finding, failure, identifier, judge, lagSize, lagTime, quoted } from './verdict.js';

/** @returns the path to ask; Patroni itself applies the limit on lag */
export function patroniPath(check: RoleCheck): string {
  if (check.want === 'any') return '/health';
  if (check.want !== 'replica') return '/primary';
  return check.maxLagBytes === undefined ? '/replica' : `/replica?lag=${check.maxLagBytes}`;
}

interface Body {
  readonly [field: string]: unknown;
}

/** @param status HTTP status. @param body JSON text, latin1 or UTF-8 */
export function evaluatePatroni(status: number, body: string, check: RoleCheck): Finding {
  const node = parse(body);
  if (node === null) return failure(CheckStatus.L7RSP, `HTTP ${status} without the JSON that Patroni answers with`);
  const name = word(node.role);
  const role = roleOf(name);
  const isLeader = check.want !== 'any' && check.want !== 'replica' && status === 200;
  const claim = claimOf(node, isLeader);
  const lagBytes = lagOf(node);
  const lagMs = role === 'replica' ? ageOf(node, lagBytes) : null;
  const base = { claim, lagMs, lagBytes };
  const text = `${sentence(node, name)}${distance(lagMs, lagBytes)}`;
  // Patroni counts the bytes from the leader's position, which the node's own body does not hold: its word stands.
  const limits = { ...check, maxLagBytes: undefined };
  if (status === 200) return judge(limits, { ...base, role, text });
  const objection = refusal(role, check, status);
  return judge(limits, { ...base, role: objection === '' ? role : 'unfit', text: `${text}${objection}` });
}

/** The role alone already explains most refusals; what else there is to say, Patroni keeps to itself. */
function refusal(role: Role, check: RoleCheck, status: number): string {
  const want = check.want ?? 'primary';
  if (role !== 'primary' && role !== 'replica') return `: HTTP ${status}`;
  if (want !== 'any' && role !== want) return '';
  if (want === 'primary') return ': does not hold the leader lock';
  return want === 'replica' ? `: refused as a replica (HTTP ${status}: lag, or a tag)` : `: HTTP ${status}`;
}

function parse(body: string): Body | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'state' in value ? (value as Body) : null;
  } catch {
    return null; // whatever it is, it is not Patroni's
  }
}

/** `master` until Patroni 3; a standby leader replicates from another cluster and takes no writes. */
function roleOf(name: string): Role {
  if (name === 'primary' || name === 'master') return 'primary';
  return name === 'replica' || name === 'standby_leader' ? 'replica' : 'unfit';
}

function sentence(node: Body, role: string): string {
  const state = word(node.state);
  const paused = node.pause === true ? ', automatic failover is paused' : '';
  return `${role === '' ? 'no role' : role}, PostgreSQL ${state === '' ? 'in no state' : state}${paused}`;
}

function claimOf(node: Body, isLeader: boolean): Claim | null {
  const systemId = identifier(word(node.database_system_identifier));
  const { name, scope } = objectOf(node.patroni);
  const timeline = typeof node.timeline === 'number' ? node.timeline : 0;
  if (systemId === '' && timeline === 0 && !isLeader) return null;
  const leaderKey = isLeader ? [word(scope), word(name)].filter((part) => part !== '').join('/') : null;
  return { kind: 'patroni', systemId, timeline, leaderKey };
}

/** Received and not replayed; what the leader wrote since, the node does not know. */
function lagOf(node: Body): number | null {
  const { received_location: received, replayed_location: replayed } = objectOf(node.xlog);
  return typeof received === 'number' && typeof replayed === 'number' ? Math.max(0, received - replayed) : null;
}

/** Age of the last transaction replayed when the node last saw the store, by the node's own clock; whole seconds. */
function ageOf(node: Body, lagBytes: number | null): number | null {
  if (lagBytes === 0) return 0;
  // biome-ignore lint/style/noRestrictedGlobals: it reads a text with its own zone, not the clock
  const replayedMs = Date.parse(String(objectOf(node.xlog).replayed_timestamp ?? ''));
  const seen = node.dcs_last_seen;
  return typeof seen === 'number' && !Number.isNaN(replayedMs) ? Math.max(0, seen * 1000 - replayedMs) : null;
}

function distance(lagMs: number | null, lagBytes: number | null): string {
  if (lagBytes === null) return '';
  if (lagBytes === 0) return ', caught up';
  return `, ${lagSize(lagBytes)} to replay${lagMs === null ? '' : `, ${lagTime(lagMs)} behind`}`;
}

function objectOf(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : {};
}

function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? quoted(String(value)) : '';
}
