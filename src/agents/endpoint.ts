/** One endpoint: admits pollers, has its source asked, and tells all of them what was found. */
import type { Socket } from 'node:net';
import type { AgentEndpoint } from '../config/model.js';
import { addressText } from '../config/names.js';
import type { AgentFigures } from '../core/agent-figures.js';
import { CheckStatus } from '../core/check-status.js';
import { Admission, type Refusal } from './admission.js';
import { answerTo, busyAnswer } from './answer.js';
import { Asker, type Source, type Waiter } from './asker.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { answerMsOf, shareMsOf } from './defaults.js';
import type { Finding } from './finding.js';
import type { Request } from './request.js';

/** Refusals of one kind are logged together, once in this time. */
const QUIET_MS = 10_000;

/** For a server that did not answer the last question in time. */
const SILENT_MS = 250;

export interface EndpointContext {
  /** @param onBroken what is known is no longer sure */
  createSource(endpoint: AgentEndpoint, onBroken: () => void): Source;
  log(level: 'warning' | 'notice', text: string): void;
  now(): number;
}

export class Endpoint implements ConnectionOwner {
  private readonly asker: Asker;
  private readonly admission: Admission;
  private readonly answerMs: number;
  private readonly connections = new Map<Connection, Waiter | null>();
  private readonly refusals = new Map<Refusal, { count: number; last: string; toldAtMs: number }>();
  private readonly counts = { connections: 0, ok: 0, unavailable: 0, notFound: 0, late: 0, refused: 0, aborted: 0 };
  private found: Finding | null = null;

  constructor(
    readonly settings: AgentEndpoint,
    private readonly context: EndpointContext,
  ) {
    this.answerMs = answerMsOf(settings);
    this.admission = new Admission(settings);
    const source = context.createSource(settings, () => this.onBroken());
    this.asker = new Asker(source, shareMsOf(settings), (finding) => this.onFinding(finding), context.now);
    this.asker.prime();
  }

  accept(socket: Socket): void {
    const now = this.context.now();
    const ip = socket.remoteAddress ?? '';
    const refusal = this.admission.enter(ip, now);
    if (refusal) {
      this.refuse(socket, refusal, ip);
      return;
    }
    this.counts.connections++;
    this.connections.set(new Connection(ip, socket, this, this.answerMs, now, this.context.now), null);
  }

  /** Those who come too many are told so; those who may not ask are told nothing. */
  private refuse(socket: Socket, refusal: Refusal, ip: string): void {
    socket.on('error', () => socket.destroy());
    if (refusal === 'access' || refusal === 'rate') socket.resetAndDestroy();
    else {
      socket.write(busyAnswer(`too many pollers at a time (${refusal})`));
      socket.destroySoon();
    }
    this.counts.refused++;
    const entry = this.refusals.get(refusal) ?? { count: 0, last: '', toldAtMs: Number.NEGATIVE_INFINITY };
    this.refusals.set(refusal, { ...entry, count: entry.count + 1, last: ip });
  }

  onRequest(connection: Connection, request: Request): void {
    const waiter: Waiter = (finding) => this.reply(connection, finding);
    const known = this.asker.ask(waiter);
    if (known) this.reply(connection, known, request);
    else {
      this.connections.set(connection, waiter);
      // Nobody waits long for a server that was silent a moment ago: pollers with short limits hear why as well.
      if (isSilent(this.found)) connection.hurry(SILENT_MS);
    }
  }

  onLate(connection: Connection): void {
    this.counts.late++;
    this.forget(connection);
    const late = this.asker.late(this.answerMs);
    this.reply(connection, isSilent(this.found) ? { ...late, reason: this.found?.reason ?? late.reason } : late);
  }

  onClose(connection: Connection, isAnswered: boolean): void {
    if (!isAnswered) this.counts.aborted++;
    this.forget(connection);
    this.connections.delete(connection);
    this.admission.leave(connection.ip);
  }

  private forget(connection: Connection): void {
    const waiter = this.connections.get(connection);
    if (waiter) this.asker.leave(waiter);
  }

  private reply(connection: Connection, finding: Finding, request = connection.request): void {
    const { status, bytes } = answerTo(this.settings, request, finding, this.context.now());
    if (status === 200) this.counts.ok++;
    else if (status === 404) this.counts.notFound++;
    else this.counts.unavailable++;
    connection.answer(bytes);
  }

  private onFinding(finding: Finding): void {
    const before = this.found;
    this.found = finding;
    if (before?.state === finding.state) return;
    const word = finding.isOk ? 200 : 503;
    this.context.log(finding.isOk ? 'notice' : 'warning', `agent ${this.settings.name}: ${word}: ${finding.reason}`);
  }

  private onBroken(): void {
    this.asker.forget();
    this.asker.prime();
  }

  /** Time passes: limits of pollers, and what is to be said of refusals. */
  review(nowMs: number): void {
    for (const connection of this.connections.keys()) connection.review(nowMs);
    for (const [refusal, entry] of this.refusals) {
      if (entry.count === 0 || nowMs - entry.toldAtMs < QUIET_MS) continue;
      this.tellRefusals(refusal, entry.count, entry.last);
      this.refusals.set(refusal, { count: 0, last: '', toldAtMs: nowMs });
    }
  }

  private tellRefusals(refusal: Refusal, count: number, last: string): void {
    const why = {
      access: 'not allowed to ask',
      'per-source': `more than ${this.settings.perSource} at a time from one address`,
      maxconn: 'too many at a time',
      rate: `more than ${this.settings.connectionRate?.perSecond} a second`,
    }[refusal];
    const many = count === 1 ? '1 connection' : `${count} connections`;
    this.context.log('warning', `agent ${this.settings.name}: refused ${many}: ${why} (last from ${last})`);
  }

  /** Whether anybody waits for an answer, or has not taken it yet. */
  get isServing(): boolean {
    return this.connections.size > 0;
  }

  /** Whether `review` has anything to do. */
  get isIdle(): boolean {
    return this.connections.size === 0 && [...this.refusals.values()].every(({ count }) => count === 0);
  }

  figures(): AgentFigures {
    const { name, check } = this.settings;
    const kind = this.settings.kind === 'check' ? (check?.kind ?? 'check') : this.settings.kind;
    const { isOk = false, state = 'unknown', reason = 'not asked yet' } = this.found ?? {};
    const open = this.admission.open;
    const address = addressText(this.settings.address);
    return { name, kind, address, ...this.counts, open, asked: this.asker.asked, isOk, state, reason };
  }

  /** Ends it: those who wait hear nothing more. */
  close(): void {
    this.asker.close();
    for (const connection of this.connections.keys()) connection.drop();
  }
}

function isSilent(finding: Finding | null): boolean {
  const status = finding?.report?.status;
  return status === CheckStatus.L4TOUT || status === CheckStatus.L7TOUT;
}
