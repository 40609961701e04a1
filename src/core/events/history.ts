/**
 * What happened to servers, backends and virtual routers, kept twice: the last events of all, and the last ones of each, so that the
 * story of a quiet server survives a noisy neighbour. Bounded in every direction.
 */
import type { HealthEvent } from '../messages.js';
import type { StoredEvent } from './event.js';
import { Ring } from './ring.js';

interface HistoryLimits {
  /** Events of all kinds. */
  readonly all: number;
  /** Events of one server or backend. */
  readonly each: number;
  /** Servers and backends that are remembered; the one that was silent longest is forgotten. */
  readonly subjects: number;
}

const LIMITS: HistoryLimits = { all: 4096, each: 64, subjects: 20_000 };

interface Subject {
  readonly ring: Ring<StoredEvent>;
  /** When its condition changed last; null while history has not seen it change. */
  changedAtMs: number | null;
}

export class History {
  private readonly ring: Ring<StoredEvent>;
  /** By `proxy/server`, `proxy/` for the backend itself, `/name` for a virtual router; the one silent longest first. */
  private readonly subjects = new Map<string, Subject>();
  private seq = 0;

  constructor(private readonly limits = LIMITS) {
    this.ring = new Ring(limits.all);
  }

  /** Number of the newest event, 0 before the first. */
  get lastSeq(): number {
    return this.seq;
  }

  /** @param who where an operator's command came from, null where no operator did it */
  add(event: HealthEvent, who: string | null): StoredEvent {
    const heldMs = heldBefore(event, this.subject(event)?.changedAtMs ?? null);
    const stored = { ...event, seq: this.seq + 1, heldMs, who };
    this.store(stored);
    return stored;
  }

  /** Takes over what a predecessor kept, the oldest first; its numbers go on here. */
  restore(events: readonly StoredEvent[]): void {
    for (const event of events) if (isNext(event, this.seq)) this.store(event);
  }

  private store(event: StoredEvent): void {
    this.seq = event.seq;
    this.ring.push(event);
    const subject = this.touch(keyOf(event));
    // Lines of single checks (`option log-health-checks`) would push the transitions out.
    if (event.kind !== 'check') subject.ring.push(event);
    if (isTransition(event) || isVipTransition(event)) subject.changedAtMs = event.atMs;
  }

  private subject(event: HealthEvent): Subject | undefined {
    return this.subjects.get(keyOf(event));
  }

  private touch(key: string): Subject {
    const subject = this.subjects.get(key) ?? { ring: new Ring(this.limits.each), changedAtMs: null };
    this.subjects.delete(key);
    this.subjects.set(key, subject);
    if (this.subjects.size > this.limits.subjects) this.subjects.delete(this.subjects.keys().next().value!);
    return subject;
  }

  /** The last events of all, the oldest first. */
  list(): StoredEvent[] {
    return this.ring.list();
  }

  /** Of one server, or (`null`) of the backend itself; the oldest first. */
  of(proxy: string, server: string | null): StoredEvent[] {
    return this.subjects.get(`${proxy}/${server ?? ''}`)?.ring.list() ?? [];
  }

  /** Of one virtual router or sync group; the oldest first. */
  ofVip(name: string): StoredEvent[] {
    return this.subjects.get(vipKey(name))?.ring.list() ?? [];
  }

  /**
   * The first event with a greater number than `seq`.
   * @returns it, and how many there were between that have been forgotten; undefined when there is none yet
   */
  next(seq: number): { event: StoredEvent; missed: number } | undefined {
    if (seq >= this.seq) return undefined;
    const oldest = this.ring.at(0)!;
    if (oldest.seq > seq) return { event: oldest, missed: seq === 0 ? 0 : oldest.seq - seq - 1 };
    // Numbers rise by one from the newest backwards, except where a restored list had holes.
    let index = Math.max(0, this.ring.size - (this.seq - seq));
    while (this.ring.at(index)!.seq <= seq) index++;
    return { event: this.ring.at(index)!, missed: 0 };
  }
}

/** A predecessor of another version may have told something else. */
function isNext(event: StoredEvent | null, seq: number): boolean {
  const { proxy, text, atMs } = event ?? {};
  return (
    event !== null &&
    event.seq > seq &&
    typeof proxy === 'string' &&
    typeof text === 'string' &&
    typeof atMs === 'number'
  );
}

function keyOf({ kind, proxy, server }: HealthEvent): string {
  return kind === 'vip' ? vipKey(proxy) : `${proxy}/${server ?? ''}`;
}

/** A backend may have the name of a virtual router; no backend is without a name. */
function vipKey(name: string): string {
  return `/${name}`;
}

export function isTransition({ detail }: HealthEvent): boolean {
  return detail !== undefined && detail.from !== detail.to;
}

export function isVipTransition({ vip }: HealthEvent): boolean {
  return vip !== undefined && vip.from !== vip.to;
}

function heldBefore(event: HealthEvent, changedAtMs: number | null): number | null {
  return (isTransition(event) || isVipTransition(event)) && changedAtMs !== null
    ? Math.max(0, event.atMs - changedAtMs)
    : null;
}
