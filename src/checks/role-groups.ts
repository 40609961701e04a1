/**
 * Groups of servers whose claims are compared: the servers of one backend, and those at the same addresses in others.
 * Keeps what each group knows across configurations.
 */
import { Arbiter, type ClaimsMemory, type Decision } from '../core/role/arbiter.js';
import { Components } from '../core/role/components.js';
import type { RoleServer } from '../core/role/messages.js';
import type { RoleReport } from '../core/role/report.js';

/** A server and the address it is at, which is what it is called in its group. */
export interface Placed {
  readonly server: RoleServer;
  readonly id: string;
}

export class RoleGroup {
  readonly ids: string[] = [];
  private readonly names = new Map<string, string>();
  private readonly judge: Arbiter | Components;

  constructor(readonly isGalera: boolean) {
    const nameOf = (id: string) => this.names.get(id) ?? id;
    this.judge = isGalera ? new Components(nameOf) : new Arbiter(nameOf);
  }

  /** Who is used of those that claim; null where there is none, or where several are. */
  get leaderId(): string | null {
    return this.judge instanceof Arbiter ? this.judge.leaderId : null;
  }

  /** When the last primary was lost, null while there is one or never was. */
  vacantSinceMs: number | null = null;

  /** Takes over whether there is a primary. @returns whether it was lost at this moment */
  watchOffice(nowMs: number): boolean {
    const isVacant = this.judge instanceof Arbiter && this.judge.isVacant;
    const isNew = isVacant && this.vacantSinceMs === null;
    this.vacantSinceMs = isVacant ? (this.vacantSinceMs ?? nowMs) : null;
    return isNew;
  }

  add(id: string, name: string): void {
    if (!this.ids.includes(id)) this.ids.push(id);
    if (!this.names.has(id)) this.names.set(id, name);
  }

  /** All members are known. @param before groups that had any of them @param placed everybody, of all groups */
  begin(before: readonly RoleGroup[], placed: ReadonlySet<string>): void {
    const isElsewhere = (id: string) => placed.has(id) && !this.ids.includes(id);
    this.judge.setMembers(this.ids);
    for (const group of before) {
      for (const [id, name] of group.names) if (!this.names.has(id)) this.names.set(id, name);
      if (group.judge instanceof Arbiter && this.judge instanceof Arbiter) this.judge.join(group.judge, isElsewhere);
      if (group.judge instanceof Components && this.judge instanceof Components) this.judge.join(group.judge);
    }
  }

  /** What outlives the thread; null for Galera, where every answer tells it again. */
  get memory(): ClaimsMemory | null {
    return this.judge instanceof Arbiter ? this.judge.memory : null;
  }

  recall(claims: readonly ClaimsMemory[]): void {
    for (const memory of claims)
      if (this.judge instanceof Arbiter && memory.ids.some((id) => this.ids.includes(id))) this.judge.recall(memory);
  }

  /** @returns whether there may be something new to decide */
  answered(id: string, { role, claim }: RoleReport, startedMs: number, endedMs: number): boolean {
    return this.judge.answered(id, { role, claim, startedMs, endedMs });
  }

  /** @returns whether there may be something new to decide */
  failed(id: string, isDown: boolean): boolean {
    return this.judge.failed(id, isDown);
  }

  withdrawn(id: string): void {
    this.judge.withdrawn(id);
  }

  /** @param isVouchedFor an operator had it in maintenance */
  returned(id: string, isVouchedFor: boolean): void {
    this.judge.returned(id, isVouchedFor);
  }

  settle(id?: string): void {
    this.judge.settle(id);
  }

  decide(nowMs: number): Decision {
    return this.judge.decide(nowMs);
  }
}

/**
 * @returns the group of every address. Kinds without claims have none, nor do servers of which nobody wants the primary:
 * who takes either role, or readers alone, may have several.
 */
export function groupsOf(placed: readonly Placed[], before: ReadonlyMap<string, RoleGroup>): Map<string, RoleGroup> {
  const found = new Map<string, RoleGroup>();
  const ids = new Set(placed.map(({ id }) => id));
  for (const members of connected(placed.filter(({ server }) => server.check.kind !== 'exec'))) {
    if (!members.some(({ server }) => wantsPrimary(server))) continue;
    const group = new RoleGroup(members[0].server.check.kind === 'galera');
    for (const { id, server } of members) {
      group.add(id, server.server);
      found.set(id, group);
    }
    group.begin([...new Set(members.flatMap(({ id }) => before.get(id) ?? []))], ids);
  }
  return found;
}

function wantsPrimary({ check }: RoleServer): boolean {
  return check.kind === 'galera' || (check.want ?? 'primary') === 'primary';
}

/** Servers that hang together: by backend, or by address. In the order of the configuration. */
function connected(placed: readonly Placed[]): Placed[][] {
  const leader = new Map<string, string>();
  const find = (word: string): string => {
    const above = leader.get(word);
    return above === undefined || above === word ? word : find(above);
  };
  const unite = (a: string, b: string) => leader.set(find(a), find(b));
  for (const { server, id } of placed) unite(`b ${server.check.kind} ${server.proxy}`, `a ${server.check.kind} ${id}`);
  const sets = new Map<string, Placed[]>();
  for (const one of placed) {
    const root = find(`a ${one.server.check.kind} ${one.id}`);
    sets.set(root, [...(sets.get(root) ?? []), one]);
  }
  return [...sets.values()];
}
