/**
 * What is wrong between this router and others that speak for the same id: found from what was heard, accepted or
 * refused, and put into words with what to correct where. One entry per problem and source, bounded in number.
 */
import { differentSettings, type Found } from './disagreement-words.js';
import type { VipProblem } from './messages.js';
import type { Advertisement, Refusal, VrrpState } from './types.js';

const PROBLEMS_MAX = 16;
/** A problem that has not shown itself for so long is over. */
const OVER_MS = 300_000;
/** Advertisements of another master, each within three intervals of the one before, that make two masters of us. */
const TWO_MASTERS_ADVERTS = 3;

/** Our side of the comparison. */
export interface OwnSettings {
  readonly name: string;
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  readonly hasPassword: boolean;
}

/** One packet that was for this router. */
export interface Heard {
  readonly source: string;
  /** null where it could not be read. */
  readonly ad: Advertisement | null;
  /** null: accepted. */
  readonly refusal: Refusal | null;
  readonly detail: string;
  /** Ours, before it was acted on. */
  readonly state: VrrpState;
  readonly priority: number;
}

interface Entry {
  problem: VipProblem;
  /** Shown once it has been seen so often. */
  readonly threshold: number;
}

export class Disagreements {
  private entries = new Map<string, Entry>();

  constructor(private own: OwnSettings) {}

  /** After a reload: what was wrong may be right now. */
  configure(own: OwnSettings): void {
    this.own = own;
    this.entries.clear();
  }

  /** @param atMs epoch ms. @returns a problem that is new, to be logged once */
  heard(heard: Heard, atMs: number): VipProblem | null {
    const found = differentSettings(this.own, heard) ?? otherMaster(this.own, heard);
    if (found === null) return null;
    const gapMs = found.code === 'two-masters' ? 3 * Math.max(heard.ad?.intervalMs ?? 0, this.own.intervalMs) : OVER_MS;
    return this.note(found, heard.source, gapMs, atMs);
  }

  /** Another host says that one of our addresses is its own (ARP, neighbour discovery) while we are master. */
  claimed(address: string, mac: string, atMs: number): VipProblem | null {
    const found = {
      code: 'duplicate-address',
      text: `${mac} announces ${address}, which is held here`,
      remedy: `find the host with the MAC ${mac}: it is master of virtual router ${this.own.vrid} as well, or has ${address} of its own`,
    };
    return this.note(found, `${mac} ${address}`, OVER_MS, atMs);
  }

  /** Those that still show themselves, the oldest first. */
  problems(atMs: number): VipProblem[] {
    return [...this.entries.values()]
      .filter(({ problem, threshold }) => problem.count >= threshold && atMs - problem.lastMs <= OVER_MS)
      .map(({ problem }) => problem);
  }

  private note(found: Found, source: string, gapMs: number, atMs: number): VipProblem | null {
    const key = `${found.code} ${source}`;
    const known = this.entries.get(key);
    const isSame = known !== undefined && atMs - known.problem.lastMs <= gapMs;
    const firstMs = isSame ? known.problem.firstMs : atMs;
    const count = isSame ? known.problem.count + 1 : 1;
    const entry = {
      problem: { ...found, firstMs, lastMs: atMs, count },
      threshold: found.code === 'two-masters' ? TWO_MASTERS_ADVERTS : 1,
    };
    if (!isSame) this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > PROBLEMS_MAX) this.forgetQuietest();
    return count === entry.threshold ? entry.problem : null;
  }

  private forgetQuietest(): void {
    const [first] = [...this.entries].sort(([, a], [, b]) => a.problem.lastMs - b.problem.lastMs);
    this.entries.delete(first[0]);
  }
}

/** An accepted advertisement of somebody who should have heard us, or whom nothing tells from us. */
function otherMaster(own: OwnSettings, { ad, refusal, source, state, priority }: Heard): Found | null {
  if (ad === null || refusal !== null || ad.priority === 0) return null;
  if (state === 'MASTER' && ad.priority <= priority)
    return {
      code: 'two-masters',
      text: `${source} (priority ${ad.priority}) and this router (priority ${priority}) are both master of virtual router ${own.vrid}`,
      remedy:
        `on ${source}: does it receive our advertisements (protocol 112 in its firewall, its list of unicast peers), and ` +
        'what does it log about them? Only one of the two may hold the addresses',
    };
  if (ad.priority !== priority) return null;
  return {
    code: 'same-priority',
    text: `${source} has priority ${priority} as well`,
    remedy: `give each router of virtual router ${own.vrid} its own priority: among equals the greater address wins, whatever was meant`,
  };
}
