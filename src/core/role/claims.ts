/** Which of two claims to be the primary is better, and what a claim proves about others for good. */
import { compareGtids } from './gtid.js';
import type { Claim } from './report.js';

/**
 * `foreign`: of another cluster altogether. `unordered`: nothing speaks for either. Being better is a partial order.
 */
export type Order = 'better' | 'worse' | 'unordered' | 'foreign';

export function compareClaims(a: Claim, b: Claim): Order {
  if (a.kind === 'postgres' && b.kind === 'postgres') return byTimeline(a, b);
  if (a.kind === 'patroni' && b.kind === 'patroni') return byLeaderKey(a, b);
  if (a.kind === 'mysql' && b.kind === 'mysql') return byGtid(a, b);
  if (a.kind === 'redis' && b.kind === 'redis') return byReplication(a, b);
  return 'unordered';
}

interface Lineage {
  readonly systemId: string;
  readonly timeline: number;
}

/** A promotion always begins a higher timeline. 0 and '' are what a server would not tell. */
function byTimeline(a: Lineage, b: Lineage): Order {
  if (isForeign(a.systemId, b.systemId)) return 'foreign';
  if (a.timeline === 0 || b.timeline === 0 || a.timeline === b.timeline) return 'unordered';
  return a.timeline > b.timeline ? 'better' : 'worse';
}

/** The lock is given by the consensus store, to one at a time; an answer may be as old as its time to live, so timelines break the tie. */
function byLeaderKey(a: Lineage & { leaderKey: string | null }, b: Lineage & { leaderKey: string | null }): Order {
  if (isForeign(a.systemId, b.systemId)) return 'foreign';
  if ((a.leaderKey === null) === (b.leaderKey === null)) return byTimeline(a, b);
  return a.leaderKey === null ? 'worse' : 'better';
}

/** Who holds every transaction of the other, and more, loses nothing by being used. One identity twice is a clone. */
function byGtid(a: Claim & { kind: 'mysql' }, b: Claim & { kind: 'mysql' }): Order {
  if (a.flavor !== b.flavor || (a.serverUuid !== '' && a.serverUuid === b.serverUuid)) return 'unordered';
  const order = compareGtids(a.gtid, b.gtid, a.flavor);
  if (order === 'superset') return 'better';
  return order === 'subset' ? 'worse' : 'unordered';
}

/** The second id of a promoted server is the id of the history it went on from. Offsets compare within one history. */
function byReplication(a: Claim & { kind: 'redis' }, b: Claim & { kind: 'redis' }): Order {
  if (a.replicationId === '' || b.replicationId === '') return 'unordered'; // it does not tell
  if (a.replicationId === b.replicationId) {
    const [ours, theirs] = [Number(a.offset), Number(b.offset)];
    if (!(Number.isFinite(ours) && Number.isFinite(theirs)) || ours === theirs) return 'unordered';
    return ours > theirs ? 'better' : 'worse';
  }
  const aWentOn = a.secondReplicationId === b.replicationId;
  const bWentOn = b.secondReplicationId === a.replicationId;
  if (aWentOn === bWentOn) return 'unordered';
  return aWentOn ? 'better' : 'worse';
}

export function isForeign(a: string, b: string): boolean {
  return a !== '' && b !== '' && a !== b;
}

/** Claims that grow while a server writes: an older one of the other says less than it seems. */
export function isGrowing(claim: Claim): boolean {
  return claim.kind === 'mysql' || claim.kind === 'redis';
}

/** The cluster a claim belongs to, '' where it does not say. */
export function clusterOf(claim: Claim): string {
  return claim.kind === 'postgres' || claim.kind === 'patroni' ? claim.systemId : '';
}

/** What is quoted of a claim in a reason. */
export function claimText(claim: Claim): string {
  switch (claim.kind) {
    case 'postgres':
    case 'patroni':
      return `timeline ${claim.timeline}`;
    case 'mysql':
      return `GTIDs ${shortened(claim.gtid)}`;
    case 'redis':
      return `replication id ${claim.replicationId.slice(0, 8)}, offset ${claim.offset}`;
    case 'galera':
      return `cluster ${claim.clusterUuid.slice(0, 8)}, view ${claim.confId} of ${claim.size}`;
  }
}

/** What tells one claim from another, without what grows while a server writes. */
export function claimMark(claim: Claim): string {
  if (claim.kind === 'mysql') return claim.serverUuid;
  return claim.kind === 'redis' ? claim.replicationId : claimText(claim);
}

const GTID_TEXT_MAX = 60;

function shortened(gtid: string): string {
  return gtid.length <= GTID_TEXT_MAX ? gtid || 'none' : `${gtid.slice(0, GTID_TEXT_MAX)}...`;
}
