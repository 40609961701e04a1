/**
 * A held session can be the last that a server answers: one that is shutting down, full, or cut off from new clients
 * goes on with those it has. So a second login is tried beside it now and then, and when live traffic was refused. If it
 * gets in, it takes over; if it does not, the session is given up, and the next check meets what new clients meet.
 */
import { performance } from 'node:perf_hooks';
import { CheckStatus } from '../../core/check-status.js';
import type { RoleReport } from '../../core/role/report.js';
import type { HeldSession, SessionEvents } from '../../core/role/session.js';
import type { SocketSession } from './socket-session.js';

/** A login costs as much as some 20 questions, and up to 100 with TLS. */
const RENEWAL_MS = 60_000;
/** Far more than a check may take: a host without a free processor is slow to log in, and no worse for that. */
export const LOGIN_LIMIT_MS = 5000;
/** Logins in a row that may take longer than even that. */
const LATE_MAX = 2;
const RETRY_MS = 1000;
/** Fractions of its multiples spread evenly over an interval: sessions opened together are not renewed together. */
const GOLDEN_RATIO = 0.618_033_988_75;

const TOO_LATE: readonly number[] = [CheckStatus.L4TOUT, CheckStatus.L6TOUT, CheckStatus.L7TOUT];

let opened = 0;

export class RenewedSession implements HeldSession {
  private current: SocketSession;
  /** Logging in beside the current one. */
  private candidate: SocketSession | null = null;
  /** Logged in; takes over with the next check. */
  private successor: SocketSession | null = null;
  private isDistrusted = false;
  /** Who asked, while a check is under way. */
  private done: ((report: RoleReport) => void) | null = null;
  /** Distrusted during a check: it is said when that is over. */
  private isUntold = false;
  private late = 0;
  private renewAtMs: number;

  /** @param timeoutMs limit of one check; the sessions that are opened allow LOGIN_LIMIT_MS and more */
  constructor(
    private readonly timeoutMs: number,
    private readonly open: (events: SessionEvents) => SocketSession,
    private readonly events: SessionEvents,
  ) {
    this.current = this.opened();
    this.renewAtMs = performance.now() + RENEWAL_MS * (0.5 + ((opened++ * GOLDEN_RATIO) % 1));
  }

  private opened(): SocketSession {
    const session: SocketSession = this.open({
      broken: () => {
        if (session === this.current) this.events.broken();
        else if (session === this.successor) this.successor = null;
      },
    });
    return session;
  }

  check(done: (report: RoleReport) => void, limitMs = this.timeoutMs): void {
    if (this.successor !== null || this.isDistrusted) this.change();
    this.current.check(this.answered, Math.min(limitMs, this.timeoutMs));
    this.done = done;
    if (performance.now() >= this.renewAtMs) this.renew();
  }

  private readonly answered = (report: RoleReport): void => {
    const { done } = this;
    this.done = null;
    done?.(report);
    if (!this.isUntold) return;
    this.isUntold = false;
    this.events.broken();
  };

  renew(): void {
    if (this.candidate !== null || this.successor !== null || !this.current.isHeld) return;
    this.renewAtMs = performance.now() + RENEWAL_MS;
    const candidate = this.opened();
    this.candidate = candidate;
    candidate.check((report) => this.tried(candidate, report), LOGIN_LIMIT_MS);
  }

  private tried(candidate: SocketSession, { status }: RoleReport): void {
    this.candidate = null;
    const isIn = candidate.isHeld;
    this.late = TOO_LATE.includes(status) ? this.late + 1 : 0;
    if (isIn) this.successor = candidate;
    else candidate.close();
    if (this.late > 0) this.renewAtMs = performance.now() + RETRY_MS;
    this.isDistrusted = !isIn && (this.late === 0 || this.late > LATE_MAX);
    if (!this.isDistrusted) return;
    if (this.done === null) this.events.broken();
    else this.isUntold = true;
  }

  private change(): void {
    this.current.close();
    this.current = this.successor ?? this.opened();
    this.successor = null;
    this.isDistrusted = false;
    this.late = 0;
  }

  close(): void {
    for (const session of [this.current, this.candidate, this.successor]) session?.close();
    this.candidate = this.successor = this.done = null;
    this.isUntold = false;
  }
}
