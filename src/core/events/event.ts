/**
 * What a transition was, beyond its log line: who saw what, how long it took, what followed. The health thread fills
 * `EventDetail` in; the main thread numbers the event and adds what only history knows (`StoredEvent`).
 * Times are epoch milliseconds. Types only.
 */
import type { HealthEvent } from '../messages.js';

/** What a server or a backend is like, in the words of the story. */
export type Condition = 'up' | 'starting' | 'stopping' | 'down' | 'drain' | 'maint' | 'unresolved';

export type EventCause =
  /** Its own check, in `check`. */
  | { readonly by: 'check' }
  /** Errors of live traffic (`observe`), in `check`. */
  | { readonly by: 'traffic' }
  /** It follows another server (`track`). */
  | { readonly by: 'tracked'; readonly server: string }
  | { readonly by: 'operator' }
  /** Its agent said so; `text` is what it said. */
  | { readonly by: 'agent'; readonly text: string }
  /** Its name resolves, or does not any more. */
  | { readonly by: 'resolution' }
  /** Flap damping held it down, or let it go. */
  | { readonly by: 'damping' }
  /** The end of slowstart. */
  | { readonly by: 'time' }
  /** `balance single`: the traffic moved to it, from the server named. */
  | { readonly by: 'balance'; readonly from: string | null }
  /** A backend follows its servers. */
  | { readonly by: 'server'; readonly server: string };

/** One answer of a check, in its own words. */
export interface CheckSeen {
  /** `L7STS`. */
  readonly status: string;
  /** `Layer7 wrong status`. */
  readonly description: string;
  /** Layer 7 code, null where the check has none. */
  readonly code: number | null;
  readonly durationMs: number | null;
  /** What the server or the kernel said; '' if nothing. */
  readonly text: string;
  /** What a database said it is, null where the check asks no database. */
  readonly role: string | null;
}

/** Results of the same kind in a row, the last of them being the one that decided. */
export interface Run {
  readonly count: number;
  readonly passed: boolean;
  /** When the first of them began. */
  readonly sinceMs: number;
  /** When the last one of the other kind ended, and the role it told; null if there was none. */
  readonly lastOtherMs: number | null;
  readonly otherRole: string | null;
}

/** Why it was checked at that moment and not at the next tick. */
export interface Trigger {
  readonly kind: 'session' | 'traffic' | 'notify' | 'operator' | 'link';
  readonly text: string;
  readonly atMs: number;
}

export interface DampingSeen {
  /** How often in a row it has been held; the time doubles with each. */
  readonly level: number;
  readonly heldUntilMs: number;
  readonly flaps: number;
  readonly windowMs: number;
}

export interface EventDetail {
  readonly cause: EventCause;
  readonly from: Condition;
  readonly to: Condition;
  /** The last check before it. */
  readonly check: CheckSeen | null;
  readonly run: Run | null;
  readonly trigger: Trigger | null;
  readonly damping: DampingSeen | null;
  /** Sessions it had at that moment, and whether they were shut down because of it. */
  readonly sessions: number;
  readonly sessionsShut: boolean;
  /** Who of the backend may take new sessions afterwards: a few names, and how many there are. */
  readonly usable: readonly string[];
  readonly active: number;
  readonly backup: number;
}

/** An event as history keeps it. */
export interface StoredEvent extends HealthEvent {
  /** Rises by one with each event of the process and of those it succeeded. */
  readonly seq: number;
  /** How long it was in `detail.from`; null where that began before history does. */
  readonly heldMs: number | null;
  /** Operator's doing: where the command came from, and the command. */
  readonly who: string | null;
}

/** What is known of a server at this moment; asked from the health thread. */
export interface ServerNow {
  readonly condition: Condition;
  /** Counter of the check: up from `rise` on, at most rise + fall - 1. */
  readonly health: number;
  readonly rise: number;
  readonly fall: number;
  readonly isChecked: boolean;
  readonly checksEnabled: boolean;
  /** Interval that holds in this state. */
  readonly intervalMs: number;
  readonly check: CheckSeen | null;
  /** When the last check ended; null before the first. */
  readonly checkedAtMs: number | null;
  readonly tracks: string | null;
  /** What its agent said last (`agent-check`), and whether that keeps it down. */
  readonly agent?: { readonly isDown: boolean; readonly text: string };
  /** Maintenance or drain is an operator's own word for this server. */
  readonly isForced: boolean;
  readonly damping: DampingSeen | null;
  readonly weight: number;
  readonly isUsable: boolean;
  readonly isBackup: boolean;
  readonly sessions: number;
  /** Of its backend. */
  readonly usable: readonly string[];
  readonly active: number;
  readonly backup: number;
}

/** A server's story: what it is like, and how that came about. */
export interface Explanation {
  readonly proxy: string;
  readonly server: string;
  /** `10.0.0.1:5432`, `-` while its name does not resolve. */
  readonly address: string;
  /** When this was said. */
  readonly atMs: number;
  /** `status` of the statistics: `UP`, `DOWN 1/2`, `MAINT (via …)`. */
  readonly status: string;
  readonly now: ServerNow;
  /** Its own events and those of its backend, the oldest first. */
  readonly events: readonly StoredEvent[];
}
