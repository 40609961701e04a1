/**
 * Galera: all synced nodes of one primary component take writes, so the question is whether all belong to the same one.
 *
 * Another cluster UUID is another cluster: the one that was served stays, until none of its nodes is left and most of
 * the group belong to the other. Two views of one cluster are mostly a change on its way (nodes install a view a moment
 * apart); only when they last are they two components, and the one that most of the asked nodes are in stays. Who is in
 * which component comes from the latest answer of each node alone, so the order of answers does not matter.
 */
import type { Decision, Sighting, Verdict } from './arbiter.js';
import { claimText, isForeign } from './claims.js';
import type { Claim } from './report.js';

type GaleraClaim = Claim & { kind: 'galera' };

/** A view that differs for longer than this is no change on its way. */
export const VIEW_CHANGE_MS = 2000;

/** A node that has not joined yet. */
const NO_CLUSTER = /^[0-]*$/;

interface Node {
  presence: 'unseen' | 'absent' | 'lost' | 'follower' | 'claims';
  claim: GaleraClaim | null;
  /** When it first told of this view. */
  sinceMs: number;
}

const FREE: Verdict = { standing: 'free', reason: '', about: '' };
const WAITS = 'synced, waits until every node was asked once';

export class Components {
  private readonly nodes = new Map<string, Node>();
  /** UUID of the cluster that is served. */
  private home = '';

  constructor(private readonly nameOf: (id: string) => string) {}

  setMembers(ids: readonly string[]): void {
    for (const id of this.nodes.keys()) if (!ids.includes(id)) this.nodes.delete(id);
    for (const id of ids) if (!this.nodes.has(id)) this.nodes.set(id, newNode());
  }

  join(other: Components): void {
    for (const [id, node] of other.nodes)
      if (this.nodes.get(id)?.presence === 'unseen') this.nodes.set(id, { ...node });
    this.home ||= other.home;
  }

  answered(id: string, { claim, endedMs }: Sighting): boolean {
    const node = this.nodes.get(id);
    if (node === undefined) return false;
    if (claim?.kind !== 'galera' || !claim.isPrimaryComponent || NO_CLUSTER.test(claim.clusterUuid)) {
      Object.assign(node, { presence: 'follower', claim: null });
      return true;
    }
    if (node.claim === null || viewOf(node.claim) !== viewOf(claim)) node.sinceMs = endedMs;
    Object.assign(node, { presence: 'claims', claim });
    return true;
  }

  failed(id: string, isDown: boolean): boolean {
    const node = this.nodes.get(id);
    if (node !== undefined && (isDown || node.presence === 'unseen'))
      Object.assign(node, { presence: 'lost', claim: null });
    return node !== undefined;
  }

  withdrawn(id: string): void {
    const node = this.nodes.get(id);
    if (node !== undefined) Object.assign(node, { presence: 'absent', claim: null });
  }

  returned(id: string): void {
    if (this.nodes.get(id)?.presence === 'absent') this.nodes.set(id, newNode());
  }

  /** @param id the cluster of this node is the one to serve; without it, that is found anew */
  settle(id?: string): void {
    this.home = (id === undefined ? undefined : this.nodes.get(id)?.claim?.clusterUuid) ?? '';
  }

  decide(nowMs: number): Decision {
    const verdicts = new Map<string, Verdict>([...this.nodes.keys()].map((id) => [id, FREE]));
    const claiming = [...this.nodes].flatMap(([id, { claim, sinceMs }]) =>
      claim === null ? [] : [{ id, claim, sinceMs }],
    );
    this.findHome(claiming.map(({ claim }) => claim));
    const waits = this.home === '' && [...this.nodes.values()].some(({ presence }) => presence === 'unseen');
    for (const { id, claim } of claiming)
      if (waits) verdicts.set(id, { standing: 'waits', reason: WAITS, about: WAITS });
      else if (this.home === '' || isForeign(claim.clusterUuid, this.home)) verdicts.set(id, this.foreign(claim));
    if (!waits)
      this.splitViews(
        claiming.filter(({ claim }) => claim.clusterUuid === this.home),
        nowMs,
        verdicts,
      );
    return { verdicts, recheck: [] };
  }

  private findHome(claims: readonly GaleraClaim[]): void {
    if (claims.length === 0 || claims.some(({ clusterUuid }) => clusterUuid === this.home)) return;
    const isFirst = this.home === '';
    if (isFirst && [...this.nodes.values()].some(({ presence }) => presence === 'unseen')) return;
    const [most, next] = counted(claims.map(({ clusterUuid }) => clusterUuid));
    const asked = [...this.nodes.values()].filter(({ presence }) => presence !== 'absent').length;
    if (isFirst ? most.count > (next?.count ?? 0) : most.count * 2 > asked) this.home = most.word;
  }

  private foreign(claim: GaleraClaim): Verdict {
    const uuid = claim.clusterUuid.slice(0, 8);
    const reason =
      this.home === ''
        ? `one of several clusters (${uuid}), and nothing tells which one is to be used`
        : `node of another cluster: ${uuid}, in use is ${this.home.slice(0, 8)}`;
    return { standing: 'out', reason, about: reason };
  }

  /** Nodes of one cluster that tell of different views, for longer than a change of the view takes. */
  private splitViews(
    claiming: readonly { id: string; claim: GaleraClaim; sinceMs: number }[],
    nowMs: number,
    verdicts: Map<string, Verdict>,
  ): void {
    const views = counted(claiming.map(({ claim }) => viewOf(claim)));
    if (views.length < 2 || claiming.some(({ sinceMs }) => nowMs - sinceMs < VIEW_CHANGE_MS)) return;
    const kept = claiming.find(({ claim }) => viewOf(claim) === views[0].word)!;
    for (const { id, claim } of claiming)
      if (viewOf(claim) !== views[0].word) {
        const reason = `second primary component: ${claimText(claim)}, ${this.nameOf(kept.id)} has ${claimText(kept.claim)}`;
        verdicts.set(id, { standing: 'out', reason, about: reason });
      }
  }
}

function newNode(): Node {
  return { presence: 'unseen', claim: null, sinceMs: 0 };
}

function viewOf({ confId, size }: GaleraClaim): string {
  return `${confId.padStart(20, '0')}/${size}`;
}

/** Words by how often they occur, the most frequent first; of equals the greater word (the later view). */
function counted(words: readonly string[]): { word: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const found = [...counts].map(([word, count]) => ({ word, count }));
  return found.sort((a, b) => b.count - a.count || (a.word < b.word ? 1 : -1));
}
