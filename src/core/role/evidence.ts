/**
 * What answers have proved for good, whoever claims it now: PostgreSQL timelines that exist, and Redis histories that
 * somebody went on from. It only grows, and joins in any order to the same: whoever saw the same answers knows the same.
 */
import type { Claim } from './report.js';

interface Best {
  readonly timeline: number;
  readonly holder: string;
}

export interface EvidenceMemory {
  readonly best: readonly (readonly [systemId: string, best: Best])[];
  readonly successors: readonly (readonly [id: string, holder: string])[];
}

/** `later`: it proves others to be out of date; `other`: known, of another holder. */
export type Proof = 'known' | 'other' | 'later';

/** More than any group lives through; a server that tells of ever new histories must not fill the memory. */
const KEPT_MAX = 1000;

const NO_ID = /^0*$/;

export class Evidence {
  /** Highest timeline by system identifier. */
  private readonly best = new Map<string, Best>();
  /** Who went on from a history, by its replication id. */
  private readonly successors = new Map<string, string>();

  /** @param holder who gave the answer; a standby that follows a timeline proves it as well as its primary does */
  learn(claim: Claim, holder: string): Proof {
    if (claim.kind === 'postgres' || claim.kind === 'patroni') return this.learnTimeline(claim, holder);
    return claim.kind === 'redis' ? this.learnHistory(claim, holder) : 'known';
  }

  private learnTimeline({ systemId, timeline }: { systemId: string; timeline: number }, holder: string): Proof {
    const before = this.best.get(systemId);
    // Of equal holders the first by name is kept, so that the order of answers does not matter.
    const isBetter = before === undefined || timeline > before.timeline;
    if (!isBetter && (timeline < before.timeline || holder >= before.holder)) return 'known';
    this.best.set(systemId, { timeline, holder });
    dropOldest(this.best);
    return isBetter ? 'later' : 'other';
  }

  private learnHistory({ replicationId, secondReplicationId }: Claim & { kind: 'redis' }, holder: string): Proof {
    if (NO_ID.test(secondReplicationId) || secondReplicationId === replicationId) return 'known';
    const before = this.successors.get(secondReplicationId);
    if (before !== undefined && holder >= before) return 'known';
    this.successors.set(secondReplicationId, holder);
    dropOldest(this.successors);
    return before === undefined ? 'later' : 'other';
  }

  /** @returns who proved the claim to be out of date, and by what; null if nobody did */
  against(claim: Claim): { holder: string; what: string } | null {
    if (claim.kind === 'postgres' || claim.kind === 'patroni') {
      const best = this.best.get(claim.systemId);
      if (best === undefined || claim.timeline === 0 || claim.timeline >= best.timeline) return null;
      return { holder: best.holder, what: `timeline ${best.timeline}` };
    }
    if (claim.kind !== 'redis') return null;
    const holder = this.successors.get(claim.replicationId);
    return holder === undefined ? null : { holder, what: 'a later history of the same data' };
  }

  /** What another group knew. */
  join(other: Evidence): void {
    for (const [systemId, { timeline, holder }] of other.best) this.learnTimeline({ systemId, timeline }, holder);
    for (const [id, holder] of other.successors) {
      const before = this.successors.get(id);
      if (before === undefined || holder < before) this.successors.set(id, holder);
    }
  }

  /** Plain data, for a successor. */
  get memory(): EvidenceMemory {
    return { best: [...this.best], successors: [...this.successors] };
  }

  recall({ best, successors }: EvidenceMemory): void {
    for (const [systemId, { timeline, holder }] of best) this.learnTimeline({ systemId, timeline }, holder);
    for (const [id, holder] of successors) this.successors.set(id, this.successors.get(id) ?? holder);
  }

  clear(): void {
    this.best.clear();
    this.successors.clear();
  }
}

function dropOldest(known: Map<string, unknown>): void {
  if (known.size <= KEPT_MAX) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    return;
  }
}
