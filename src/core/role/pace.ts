/**
 * When a held session asks next. Pure: times are given, in monotonic ms.
 *
 *   nothing new ───────────► one interval after the last start, on the same phase
 *   another result ────────► at once, up to rise + fall times in a row: a refused connection or a change of role is
 *                            decided within a few round trips
 *   no answer in time ─────► at once, with a shorter limit; each attempt is a connection of its own, so it takes `fall`
 *                            lost packets in a row to look down, and a silent host is down within 3 intervals
 *   login refused ─────────► after the first ones in a row: each wait is twice the last one, up to BACKOFF_MS_MAX, and
 *                            nothing but a person (a reload, a recheck, a notification) makes it shorter
 *   nobody is primary ─────► every SEARCH_MS: whoever is promoted is found within a few of them
 *   a nudge ───────────────► at once, or as soon as the check under way is over; at most one in NUDGE_GAP_MS
 */

/** Pushes and broken connections come in swarms; nobody recovers faster than this. */
const NUDGE_GAP_MS = 20;
/** Share of the interval that a second attempt may take. */
const HURRIED_SHARE = 0.6;
const LIMIT_MS_MIN = 100;
const SEARCH_MS = 25;
/** A password that was put right on the server is noticed within this. */
const BACKOFF_MS_MAX = 5000;

export interface PaceSettings {
  readonly intervalMs: number;
  /** While it is down and nothing changes. */
  readonly downIntervalMs: number;
  /** Most results in a row that any of its servers counts. */
  readonly burst: number;
  /** Limit of a first attempt. */
  readonly limitMs: number;
  /** The limit was written, and holds for every attempt. */
  readonly isLimitFixed: boolean;
}

export interface Outcome {
  /** Another result than before, in the eyes of any of its servers. */
  readonly isChange: boolean;
  readonly isTimeout: boolean;
  /** Some of its servers still count towards up or down. */
  readonly isUnsettled: boolean;
  /** The server let the user not in. */
  readonly isLoginRefused: boolean;
  /** All its servers are down. */
  readonly isDown: boolean;
  /** The primary of its group was lost a moment ago, and no other is known yet. */
  readonly isSearching: boolean;
}

/** Limit where none is written: an answer that takes longer than the interval is none. */
export function defaultLimitMs(intervalMs: number): number {
  return Math.max(LIMIT_MS_MIN, intervalMs);
}

export class Pace {
  private startedMs = Number.NEGATIVE_INFINITY;
  private isChecking = false;
  private isAgain = false;
  private isAsked = false;
  /** Last wait after a refused login; 0 where the last login was none. */
  private backoffMs = 0;
  private isHurried = false;
  /** Checks in a row that did not wait for the interval. */
  private rapid = 0;
  /** When the last check was due that a nudge asked for. */
  private nudgedMs = Number.NEGATIVE_INFINITY;
  /** When the next check is due; Infinity while one is under way, and before the first is over. */
  private dueMs = Number.POSITIVE_INFINITY;

  constructor(public settings: PaceSettings) {}

  /** A check begins. */
  start(nowMs: number): void {
    this.startedMs = nowMs;
    this.isChecking = true;
    this.isAgain = false;
    this.isAsked = false;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.nudgedMs = Math.min(this.nudgedMs, nowMs); // a nudge that waited is served by this check
  }

  /** Time that the attempt about to be made may take. */
  get limitMs(): number {
    const { limitMs, intervalMs, isLimitFixed } = this.settings;
    if (!this.isHurried || isLimitFixed) return limitMs;
    return Math.min(limitMs, Math.max(LIMIT_MS_MIN, intervalMs * HURRIED_SHARE));
  }

  /** @returns when to check next */
  ended(outcome: Outcome, nowMs: number): number {
    this.isChecking = false;
    this.isHurried = outcome.isTimeout;
    this.dueMs = this.next(outcome, nowMs);
    return this.dueMs;
  }

  private next(outcome: Outcome, nowMs: number): number {
    const { isChange, isUnsettled, isDown, isSearching, isLoginRefused } = outcome;
    if (!isLoginRefused && this.backoffMs > 0) this.forgive();
    const mayRush = this.rapid < this.settings.burst;
    if ((isChange || isUnsettled) && mayRush) {
      this.rapid++;
      return nowMs;
    }
    if (this.isAgain && (!isLoginRefused || this.isAsked)) return this.nudged(nowMs);
    const stepMs = isDown ? this.settings.downIntervalMs : this.settings.intervalMs;
    if (isLoginRefused) return Math.max(nowMs, this.startedMs + this.backOff(stepMs));
    this.rapid = 0;
    return Math.max(nowMs, this.startedMs + (isSearching ? Math.min(stepMs, SEARCH_MS) : stepMs));
  }

  private backOff(stepMs: number): number {
    this.backoffMs = Math.max(stepMs, Math.min(BACKOFF_MS_MAX, this.backoffMs * 2));
    return this.backoffMs;
  }

  /** What was refused may be granted now. @returns whether a check was put off for it */
  forgive(): boolean {
    const wasPutOff = this.backoffMs > 0;
    this.backoffMs = 0;
    this.rapid = 0;
    return wasPutOff;
  }

  /**
   * Something speaks for a check.
   * @param isAsked a person, or a script of his, wants it: that holds against a refused login, too
   * @returns when to check, null where the one under way will be followed by another
   */
  nudge(nowMs: number, isAsked = false): number | null {
    if (isAsked) this.forgive();
    if (this.isChecking) {
      this.isAgain = true;
      this.isAsked ||= isAsked;
      return null;
    }
    if (this.backoffMs > 0) return this.dueMs;
    // However many come: a check that is due is never put off.
    this.dueMs = Math.min(this.dueMs, this.nudged(nowMs));
    return this.dueMs;
  }

  private nudged(nowMs: number): number {
    // One that waits for its time serves all that come before it.
    if (this.nudgedMs < nowMs) this.nudgedMs = Math.max(nowMs, this.nudgedMs + NUDGE_GAP_MS);
    return this.nudgedMs;
  }
}
