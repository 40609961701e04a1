/**
 * Two primaries are never both used. Among the servers of a group that say they are the primary, one is the leader and
 * may be used; the others are kept out with a reason.
 *
 * What is remembered, and why decisions do not depend on the order of answers:
 *   evidence   timelines and histories that were seen (evidence.ts): a set that only grows
 *   leader     who was used last, with its last claim: it stays while nobody has a better claim
 *   deposed    former leaders that were never seen to step down: the next one took over from them
 * Being better is a partial order of claims alone, so of ordered claims the same one wins in every order, in every
 * instance. Only where claims cannot be ordered does the past decide: the incumbent stays. A group without a past waits
 * until every member has answered or failed once, so that no answer wins by being first; then claims that cannot be
 * ordered are all kept out until an operator settles it.
 *
 * A server that steps down (any answer that is not a claim) is forgiven. `settle` forgets the past of a group, or
 * pardons one member.
 */
import { claimMark, claimText, clusterOf, compareClaims, isForeign, isGrowing } from './claims.js';
import { Evidence, type EvidenceMemory } from './evidence.js';
import type { Claim, Role } from './report.js';

/** One answer of a member. Times are monotonic ms: when its check began and when the answer was there. */
export interface Sighting {
  readonly role: Role;
  readonly claim: Claim | null;
  readonly startedMs: number;
  readonly endedMs: number;
}

type Standing =
  /** Claims nothing: nothing is said against it. */
  | 'free'
  | 'leader'
  /** Claims, and nobody knows yet who else does. */
  | 'waits'
  | 'out';

export interface Verdict {
  readonly standing: Standing;
  /** With `out` and `waits`: why, for a person. */
  readonly reason: string;
  /** What makes it another verdict than the one before: the reason without figures that grow while a server writes. */
  readonly about: string;
}

export interface Decision {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Members to ask again at once: a claim that grows is compared when both are fresh. */
  readonly recheck: readonly string[];
}

/** `unseen`: not asked yet. `absent`: not to be asked. `lost`: it failed as often as it takes to be down. */
type Presence = 'unseen' | 'absent' | 'lost' | 'follower' | 'claims';

interface View {
  presence: Presence;
  /** Of the last answer that was a claim. */
  claim: Claim | null;
  startedMs: number;
  /** When its last claim was there. */
  claimedMs: number;
}

/** What outlives a process: plain data. */
export interface ClaimsMemory {
  readonly ids: readonly string[];
  readonly leader: Candidate | null;
  readonly deposed: readonly string[];
  /** Absent from versions that did not hand it over. */
  readonly pardoned?: readonly string[];
  readonly evidence: EvidenceMemory;
}

const FREE: Verdict = { standing: 'free', reason: '', about: '' };
const LEADER: Verdict = { standing: 'leader', reason: '', about: '' };
const WAITS = 'primary, waits until every server was asked once';

interface Candidate {
  readonly id: string;
  readonly claim: Claim;
}

export class Arbiter {
  private readonly views = new Map<string, View>();
  private readonly evidence = new Evidence();
  private leader: Candidate | null = null;
  private readonly deposed = new Set<string>();
  private readonly pardoned = new Set<string>();
  /** Verdicts of the last decision. */
  private readonly before = new Map<string, Verdict>();
  /** Something else than an answer calls for a decision. */
  private isDirty = true;
  /** The last decision waits for an answer of the incumbent. */
  private isWaiting = false;
  /** Whose answer the decision under way follows. */
  private latest: string | null = null;

  /** @returns who was used last, null if nobody yet */
  get leaderId(): string | null {
    return this.leader?.id ?? null;
  }

  /** There was a primary, and it is none any more; nobody has taken over yet. */
  get isVacant(): boolean {
    return this.leader !== null && this.views.get(this.leader.id)?.presence !== 'claims';
  }

  /** @param nameOf how reasons call a member */
  constructor(private readonly nameOf: (id: string) => string) {}

  /** Members in the order of the configuration; those that stay keep what is known of them. */
  setMembers(ids: readonly string[]): void {
    this.isDirty = true;
    for (const id of this.views.keys()) if (!ids.includes(id)) this.views.delete(id);
    for (const id of ids) if (!this.views.has(id)) this.views.set(id, newView());
  }

  /**
   * Takes over what another group knew: groups grow together when a configuration joins them.
   * @param isElsewhere members that a configuration has moved to another group: this one is not led by them
   */
  join(other: Arbiter, isElsewhere: (id: string) => boolean = () => false): void {
    this.isDirty = true;
    this.evidence.join(other.evidence);
    for (const [id, view] of other.views)
      if (this.views.get(id)?.presence === 'unseen') this.views.set(id, { ...view });
    for (const id of other.deposed) this.deposed.add(id);
    for (const id of other.pardoned) this.pardoned.add(id);
    if (other.leader !== null && !isElsewhere(other.leader.id)) this.leader ??= other.leader;
  }

  get memory(): ClaimsMemory {
    return {
      ids: [...this.views.keys()],
      leader: this.leader,
      deposed: [...this.deposed],
      pardoned: [...this.pardoned],
      evidence: this.evidence.memory,
    };
  }

  /** Goes on from what a predecessor knew. */
  recall({ leader, deposed, pardoned = [], evidence }: ClaimsMemory): void {
    this.isDirty = true;
    this.evidence.recall(evidence);
    for (const id of deposed) this.deposed.add(id);
    for (const id of pardoned) this.pardoned.add(id);
    this.leader ??= leader;
  }

  // ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A member answered. @returns whether a decision may come out otherwise than before */
  answered(id: string, { role, claim, startedMs, endedMs }: Sighting): boolean {
    const view = this.views.get(id);
    if (view === undefined) return false;
    const before = view.presence;
    const claimed = view.claim;
    const proof = claim === null ? 'known' : this.evidence.learn(claim, id);
    // A pardon is for what was known when it was given.
    if (proof === 'later') for (const other of this.pardoned) if (other !== id) this.pardoned.delete(other);
    view.startedMs = startedMs;
    const isRepeated = role === 'primary' && before === 'claims' && claim !== null && claim === claimed;
    if (isRepeated && proof === 'known' && this.isAtRest) {
      view.claimedMs = endedMs;
      return false;
    }
    this.latest = id;
    if (role === 'primary' && claim !== null) this.claimed(id, view, claim, endedMs);
    else if (role === 'replica' || (role === 'unfit' && claim?.kind === 'mysql')) this.steppedDown(id, view);
    else view.presence = 'lost'; // it starts, loads, or refuses us: nobody knows what it will be
    if (this.isDirty || proof !== 'known' || before !== view.presence) return true;
    return view.presence === 'claims' && !isSameClaim(claimed, view.claim) && !this.isAlone(id);
  }

  /** Nothing is open, so that an answer that was there before, to the letter, cannot change anything. */
  private get isAtRest(): boolean {
    return !this.isDirty && !this.isWaiting;
  }

  /** Nobody else claims, and it is the leader already. */
  private isAlone(id: string): boolean {
    if (this.leader?.id !== id) return false;
    for (const [other, { presence }] of this.views) if (presence === 'claims' && other !== id) return false;
    return true;
  }

  private claimed(id: string, view: View, claim: Claim, endedMs: number): void {
    view.claimedMs = endedMs;
    view.presence = 'claims';
    view.claim = claim;
    if (this.leader?.id === id) this.leader = { id, claim };
  }

  private steppedDown(id: string, view: View): void {
    view.presence = 'follower';
    view.claim = null;
    this.deposed.delete(id);
    this.pardoned.delete(id);
  }

  /**
   * A check of a member failed.
   * @param isDown so often that the member is down by it
   * @returns whether a decision may come out otherwise than before
   */
  failed(id: string, isDown: boolean): boolean {
    const view = this.views.get(id);
    if (view === undefined || view.presence === 'lost' || !(isDown || view.presence === 'unseen')) return false;
    view.presence = 'lost';
    return true;
  }

  /** An operator took it out of the checks (maintenance). */
  withdrawn(id: string): void {
    this.isDirty = true;
    const view = this.views.get(id);
    if (view !== undefined) view.presence = 'absent';
  }

  /** It is checked again. @param isVouchedFor an operator had it in maintenance: somebody has looked at it */
  returned(id: string, isVouchedFor: boolean): void {
    this.isDirty = true;
    if (this.views.get(id)?.presence === 'absent') this.views.set(id, newView());
    if (isVouchedFor) this.pardon(id);
  }

  private pardon(id: string): void {
    this.deposed.delete(id);
    this.pardoned.add(id);
  }

  /** An operator settles it: for one member, or by forgetting the past. */
  settle(id?: string): void {
    this.isDirty = true;
    if (id === undefined) {
      this.evidence.clear();
      this.deposed.clear();
      this.pardoned.clear();
      this.leader = null;
      for (const [member, { claim, presence }] of this.views)
        if (presence === 'claims' && claim !== null) this.evidence.learn(claim, member);
      return;
    }
    this.pardon(id);
    const claim = this.views.get(id)?.claim ?? null;
    if (claim === null) return;
    if (this.leader !== null && this.leader.id !== id) {
      this.deposed.add(this.leader.id);
      this.pardoned.delete(this.leader.id);
    }
    this.leader = { id, claim };
  }

  // ── Decision ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Who may be used now; who is new at it is remembered as the leader. */
  decide(_nowMs?: number): Decision {
    this.isDirty = false;
    const decision = this.decided();
    this.isWaiting = decision.recheck.length > 0;
    // The same verdict is the same object: whoever acts on verdicts sees at a glance that nothing changed.
    for (const [id, verdict] of decision.verdicts) {
      const before = this.before.get(id);
      if (before?.standing === verdict.standing && before.about === verdict.about) decision.verdicts.set(id, before);
      else this.before.set(id, verdict);
    }
    return decision;
  }

  private decided(): Decision & { verdicts: Map<string, Verdict> } {
    const { latest } = this;
    this.latest = null;
    const verdicts = new Map<string, Verdict>();
    for (const id of this.views.keys()) verdicts.set(id, FREE);
    const eligible = this.eligible(verdicts);
    const unbeaten = this.withoutBeaten(eligible, verdicts);
    const chosen = this.choose(unbeaten, verdicts);
    if (chosen === null) return { verdicts, recheck: [] };
    const incumbent = this.unfreshIncumbent(chosen, latest);
    const leader = incumbent ?? chosen;
    for (const { id } of unbeaten) verdicts.set(id, this.second(id, leader));
    verdicts.set(leader.id, LEADER);
    if (incumbent === null) this.install(chosen);
    return { verdicts, recheck: incumbent === null ? [] : [incumbent.id] };
  }

  /** Puts aside those that somebody else's claim is better than; what an operator pardoned them for is over by that. */
  private withoutBeaten(candidates: readonly Candidate[], verdicts: Map<string, Verdict>): Candidate[] {
    return candidates.filter(({ id, claim }) => {
      const winner = candidates.find((other) => compareClaims(other.claim, claim) === 'better');
      if (winner === undefined) return true;
      const reason = `stale primary: ${claimText(claim)}, ${this.nameOf(winner.id)} has ${claimText(winner.claim)}`;
      const about = `beaten ${claimMark(claim)} by ${winner.id} ${claimMark(winner.claim)}`;
      verdicts.set(id, { standing: 'out', reason, about });
      this.pardoned.delete(id);
      return false;
    });
  }

  /** Those that claim, without those whose claim the past speaks against. */
  private eligible(verdicts: Map<string, Verdict>): Candidate[] {
    const found: Candidate[] = [];
    for (const [id, { presence, claim }] of this.views) {
      if (presence !== 'claims' || claim === null) continue;
      const reason = this.objection({ id, claim });
      if (reason === null) found.push({ id, claim });
      else
        verdicts.set(id, {
          standing: 'out',
          reason,
          about: `${claimMark(claim)} ${reason.replace(claimText(claim), '')}`,
        });
    }
    return found;
  }

  private objection(candidate: Candidate): string | null {
    if (this.pardoned.has(candidate.id)) return null;
    return this.outdated(candidate) ?? this.strange(candidate) ?? this.overtaken(candidate);
  }

  private outdated({ id, claim }: Candidate): string | null {
    const proof = this.evidence.against(claim);
    if (proof === null || proof.holder === id) return null;
    const verb = this.views.get(proof.holder)?.presence === 'claims' ? 'has' : 'had';
    return `stale primary: ${claimText(claim)}, ${this.nameOf(proof.holder)} ${verb} ${proof.what}`;
  }

  /** Of another cluster than the one that was served so far. */
  private strange({ id, claim }: Candidate): string | null {
    const { leader } = this;
    if (leader === null || leader.id === id || !isForeign(clusterOf(claim), clusterOf(leader.claim))) return null;
    return `primary of another cluster: system identifier ${clusterOf(claim)}, ${this.nameOf(leader.id)} had ${clusterOf(leader.claim)}`;
  }

  private overtaken({ id, claim }: Candidate): string | null {
    const { leader } = this;
    if (!this.deposed.has(id) || leader === null) return null;
    if (compareClaims(claim, leader.claim) === 'better') return null;
    return `stale primary: ${this.nameOf(leader.id)} took over from it, and it never stepped down`;
  }

  private choose(unbeaten: readonly Candidate[], verdicts: Map<string, Verdict>): Candidate | null {
    const incumbent = unbeaten.find(({ id }) => id === this.leader?.id);
    if (incumbent !== undefined) return incumbent;
    if (unbeaten.length === 0) return null;
    if (this.leader === null && [...this.views.values()].some(({ presence }) => presence === 'unseen')) {
      for (const { id } of unbeaten) verdicts.set(id, { standing: 'waits', reason: WAITS, about: WAITS });
      return null;
    }
    if (unbeaten.length === 1) return unbeaten[0];
    for (const { id } of unbeaten) verdicts.set(id, this.undecided(id, unbeaten));
    return null;
  }

  private undecided(id: string, rivals: readonly Candidate[]): Verdict {
    const others = rivals.filter((rival) => rival.id !== id);
    const said = others.map((rival) => `${this.nameOf(rival.id)} (${claimText(rival.claim)})`);
    return {
      standing: 'out',
      reason: `one of several primaries that cannot be ordered, beside ${said.join(' and ')}`,
      about: `several ${others.map((rival) => `${rival.id} ${claimMark(rival.claim)}`).join(' ')}`,
    };
  }

  private second(id: string, chosen: Candidate): Verdict {
    const claim = this.views.get(id)?.claim;
    const own = claim ? ` (${claimText(claim)})` : '';
    return {
      standing: 'out',
      reason: `second primary${own}: ${this.nameOf(chosen.id)} (${claimText(chosen.claim)}) is in use and stays`,
      about: `second ${claim ? claimMark(claim) : ''} to ${chosen.id} ${claimMark(chosen.claim)}`,
    };
  }

  // ── Taking over ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * A claim that grew since the incumbent was asked looks better than it is: the incumbent's own answer decides, when it
   * was asked for after the other claim was there. @returns whom to ask first
   */
  private unfreshIncumbent({ id, claim }: Candidate, latest: string | null): Candidate | null {
    const { leader } = this;
    if (leader === null || leader.id === id || !isGrowing(claim)) return null;
    const view = this.views.get(leader.id);
    if (view?.presence !== 'claims') return null;
    const isFresh = latest === leader.id && view.startedMs >= this.views.get(id)!.claimedMs;
    return isFresh ? null : leader;
  }

  private install(chosen: Candidate): void {
    const { leader } = this;
    if (leader !== null && leader.id !== chosen.id) {
      if (this.views.get(leader.id)?.presence !== 'follower') this.deposed.add(leader.id);
      this.pardoned.delete(leader.id);
    }
    this.deposed.delete(chosen.id);
    this.leader = chosen;
  }
}

function newView(): View {
  return { presence: 'unseen', claim: null, startedMs: 0, claimedMs: 0 };
}

/** Nothing that is compared has changed; a claim that grows is another one with each answer. */
function isSameClaim(a: Claim | null, b: Claim | null): boolean {
  if (a === null || b === null || isGrowing(b)) return false;
  return compareClaims(a, b) === 'unordered' && claimText(a) === claimText(b);
}
