/**
 * A held session over a socket: connects and logs in when first asked, stays, and connects again when it was lost. The
 * protocol is the dialogue's; this holds the socket, the time limit and the order of things.
 */
import assert from 'node:assert';
import { performance } from 'node:perf_hooks';
import { CheckStatus } from '../../core/check-status.js';
import type { RoleReport } from '../../core/role/report.js';
import type { HeldSession, SessionEvents, SessionTarget } from '../../core/role/session.js';
import { type Finding, failure } from '../../core/role/verdict.js';
import type { Timed } from '../../core/timer-heap.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { deadlines } from './deadlines.js';
import { type Dialogue, hide, type Step } from './dialogue.js';
import { connectFailure, talkFailure, tlsFailure } from './socket-failures.js';
import { trustIn } from './trust.js';

type Phase = 'closed' | 'connecting' | 'securing' | 'login' | 'ready' | 'asking';

/** The timer fired later than this: this thread had no time, and the answer may be just as late. */
const OWN_DELAY_MS = 15;

/**
 * A login that outlasts its check goes on for this long, and the next check takes it up: a slow server is not made
 * slower by new logins, nor does it count broken ones (max_connect_errors of MySQL locks such hosts out).
 */
const LOGIN_PATIENCE_MS = 3000;

export interface SocketSettings {
  readonly timeoutMs: number;
  readonly target: SessionTarget;
  /** Redis and Patroni have no plain beginning that could lead to TLS. */
  readonly isTlsFirst: boolean;
  /** File of authorities; without it any certificate will do. */
  readonly tlsCa: string | undefined;
  /** Never in a report, also where the server says it back. */
  readonly password: string | null;
  /** ` at …`: behind what becomes of a connection whose port is not the server's own. */
  readonly where?: string;
}

export class SocketSession implements HeldSession, ConnectionOwner, Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  private phase: Phase = 'closed';
  private connection: Connection | null = null;
  private done: ((report: RoleReport) => void) | null = null;
  private startedMs = 0;
  /** Of the check under way. */
  private limitMs = 0;
  private connectedMs = 0;
  /** The question went over a session from before: its loss says nothing about the server of now. */
  private isOnHeld = false;
  private hasGrace = false;
  private readonly timeoutMs: number;
  /** The last finding, and its text as it may be shown: a server at rest has the same again. */
  private latest: Finding | null = null;
  private latestText = '';

  constructor(
    private readonly settings: SocketSettings,
    private readonly dialogue: Dialogue,
    private readonly events: SessionEvents,
  ) {
    this.timeoutMs = settings.timeoutMs;
  }

  check(done: (report: RoleReport) => void, limitMs = this.timeoutMs): void {
    assert(this.done === null, 'a check is under way');
    this.done = done;
    this.limitMs = Math.round(Math.min(limitMs, this.timeoutMs));
    this.startedMs = performance.now();
    this.hasGrace = false;
    deadlines.arm(this, this.startedMs + this.limitMs);
    this.isOnHeld = this.phase === 'ready';
    if (this.phase === 'ready') this.ask();
    else if (this.phase === 'closed') this.connect();
    else if (this.startedMs - this.connectedMs > LOGIN_PATIENCE_MS) this.reconnect();
  }

  /** Logged in, so that the next question needs no connection. */
  get isHeld(): boolean {
    return this.phase === 'ready' || this.phase === 'asking';
  }

  renew(): void {
    if (this.phase === 'ready') this.hangUp(this.dialogue.goodbye() ?? EMPTY);
  }

  close(): void {
    this.done = null;
    deadlines.cancel(this);
    this.hangUp(this.dialogue.goodbye());
  }

  // ── Connection ────────────────────────────────────────────────────────────────────────────────────────────────────

  private connect(): void {
    this.phase = 'connecting';
    this.connection = new Connection(this.settings.target, this);
  }

  private reconnect(): void {
    this.hangUp(null);
    this.connect();
  }

  /** @param goodbye null for a reset */
  private hangUp(goodbye: Buffer | null): void {
    this.phase = 'closed';
    this.connection?.end(goodbye);
    this.connection = null;
  }

  connected(): void {
    this.connectedMs = performance.now();
    if (this.settings.isTlsFirst) {
      this.secure();
      return;
    }
    this.phase = 'login';
    this.dialogue.begin(this.settings.target.host.startsWith('/'));
    this.proceed();
  }

  private secure(): void {
    this.phase = 'securing';
    const { tlsCa } = this.settings;
    const trust = tlsCa === undefined ? null : trustIn(tlsCa);
    if (typeof trust === 'string') this.over(failure(CheckStatus.L6RSP, `TLS: ${trust}`));
    else this.connection!.startTls(trust);
  }

  secured(): void {
    this.phase = 'login';
    if (this.settings.isTlsFirst) this.dialogue.begin(true);
    else this.dialogue.secured();
    this.proceed();
  }

  received(bytes: Buffer): void {
    this.dialogue.feed(bytes);
    this.proceed();
  }

  ended(): void {
    if (this.phase === 'connecting') this.over(failure(CheckStatus.L4CON, 'the connection was closed'));
    else if (this.phase === 'securing')
      this.over(failure(CheckStatus.L6RSP, 'TLS: the server closed the connection during the handshake'));
    else this.over(this.dialogue.ended());
  }

  lost(error: NodeJS.ErrnoException): void {
    if (this.phase === 'connecting') this.over(connectFailure(error, this.settings.where));
    else if (this.phase === 'securing') this.over(tlsFailure(error));
    else this.over(talkFailure(error, this.phase === 'asking' ? 'instead of an answer' : 'during the login'));
  }

  // ── Dialogue ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private proceed(): void {
    const { connection } = this;
    while (this.connection === connection && connection !== null) {
      const step = this.dialogue.next();
      if (step.do === 'wait') return;
      this.perform(step, connection);
      if (step.do === 'start-tls') return;
    }
  }

  private perform(step: Step, connection: Connection): void {
    switch (step.do) {
      case 'send':
        connection.write(step.bytes);
        break;
      case 'start-tls':
        this.secure();
        break;
      case 'ready':
        this.phase = 'ready';
        if (this.done !== null) this.ask();
        break;
      case 'found':
        this.found(step.finding, step.isKept);
        break;
      case 'failed':
        this.over(step.finding);
        break;
      case 'wait':
        break;
    }
  }

  private ask(): void {
    this.phase = 'asking';
    this.connection!.write(this.dialogue.ask(this.startedMs));
  }

  private found(finding: Finding, isKept: boolean): void {
    this.phase = 'ready';
    if (!isKept) this.hangUp(this.dialogue.goodbye() ?? EMPTY);
    this.report(finding);
  }

  /** The connection is at its end. Nobody waits: whoever runs this is told, unless it never was a session. */
  private over(finding: Finding): void {
    const wasReady = this.phase === 'ready';
    this.hangUp(null);
    if (this.done === null) {
      if (wasReady) this.events.broken();
    } else if (this.isOnHeld) {
      this.isOnHeld = false;
      this.connect();
    } else this.report(finding);
  }

  // ── Time and report ───────────────────────────────────────────────────────────────────────────────────────────────

  onTimer(nowMs: number): void {
    const delayMs = nowMs - this.wakeAtMs;
    if (delayMs > OWN_DELAY_MS && !this.hasGrace) {
      this.hasGrace = true;
      deadlines.arm(this, nowMs + Math.min(delayMs, this.limitMs));
      return;
    }
    const finding = this.lateness();
    if (this.phase === 'connecting' || this.phase === 'asking') this.hangUp(null);
    this.report(finding);
  }

  private lateness(): Finding {
    const within = `within ${this.limitMs} ms`;
    switch (this.phase) {
      case 'connecting':
        return failure(CheckStatus.L4TOUT, `no answer to the connection attempt${this.settings.where ?? ''} ${within}`);
      case 'securing':
        return failure(CheckStatus.L6TOUT, `TLS: no end of the handshake ${within}`);
      case 'asking':
        return failure(CheckStatus.L7TOUT, `no answer ${within}`);
      default:
        return failure(CheckStatus.L7TOUT, `connected, and no ${this.dialogue.awaited()} ${within}`);
    }
  }

  private report(finding: Finding): void {
    const { done } = this;
    this.done = null;
    deadlines.cancel(this);
    if (done === null) return;
    const { status, role, claim, lagMs, lagBytes, isDefinite, isLoginRefused } = finding;
    const text = this.shown(finding);
    // Written out, so that all reports have one shape: a copy of whatever came has many, and each reader pays for that.
    const durationMs = performance.now() - this.startedMs;
    done({ status, role, text, durationMs, claim, lagMs, lagBytes, isDefinite, isLoginRefused });
  }

  private shown(finding: Finding): string {
    if (finding === this.latest) return this.latestText;
    this.latest = finding;
    this.latestText = hide(finding.text, this.settings.password);
    return this.latestText;
  }
}

const EMPTY = Buffer.alloc(0);
