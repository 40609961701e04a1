/**
 * One held session and the servers it speaks for: all that have the same address and credentials, whatever role each of
 * them asks for. The session is asked what the server is; whether that is wanted is judged for each of them.
 */
import type { RoleCheck } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import type { Verdict } from '../core/role/arbiter.js';
import type { RoleResult, RoleServer } from '../core/role/messages.js';
import { defaultLimitMs, Pace, type PaceSettings } from '../core/role/pace.js';
import type { RoleReport } from '../core/role/report.js';
import type { HeldSession, SessionEvents, SessionTarget } from '../core/role/session.js';
import { judge } from '../core/role/verdict.js';
import * as T from '../core/table.js';
import type { Timed } from '../core/timer-heap.js';
import type { RoleGroup } from './role-groups.js';

export type SessionOpener = (
  check: RoleCheck,
  target: SessionTarget,
  password: string | null,
  events: SessionEvents,
) => HeldSession;

/** Whoever runs the units. */
export interface UnitOwner {
  readonly open: SessionOpener;
  nowMs(): number;
  arm(unit: RoleUnit, atMs: number): void;
  /** A check ended. @returns when there is to be another */
  ended(unit: RoleUnit, report: RoleReport, startedMs: number): void;
  /** Whether a check may be made now: its servers want one and are where they were. */
  isReady(unit: RoleUnit): boolean;
}

/** Results that are not news are told this often, so that nobody takes figures for fresh that are not. */
const REFRESH_MS = 1000;
const ENABLED = 4;
const PAUSED = 8;
const TIMEOUTS: readonly number[] = [CheckStatus.L4TOUT, CheckStatus.L6TOUT, CheckStatus.L7TOUT, CheckStatus.PROCTOUT];

/** A server of a unit, and what was said of it last. */
export class Member {
  private saidMs = Number.NEGATIVE_INFINITY;
  private said: RoleResult | null;
  wasWanted: boolean;
  /** While it was not wanted: an operator, and not its agent, had it in maintenance. */
  wasInMaintenance: boolean;
  /** S_ADDR_CHANGES when its address was read. */
  readonly place: number;
  private heardReport: RoleReport | null = null;
  private heardVerdict: Verdict | undefined;
  /** A lag may pass its limit while the role stays. */
  private readonly hasLimit: boolean;

  /** @param before the same server in the configuration before, whose check goes on */
  constructor(
    readonly server: RoleServer,
    readonly row: T.Row,
    place: number,
    before?: Member,
  ) {
    this.said = before?.place === place ? before.said : null;
    this.wasWanted = before?.wasWanted ?? true;
    this.wasInMaintenance = before?.wasInMaintenance ?? false;
    this.place = place;
    this.hasLimit = server.check.maxLagMs !== undefined || server.check.maxLagBytes !== undefined;
  }

  /** Checks are to be made: none in maintenance, nor when an operator stopped them. */
  get wantsChecks(): boolean {
    const flags = this.row.get(T.S_CHECK_STATE);
    return (flags & ENABLED) !== 0 && (flags & PAUSED) === 0;
  }

  /** By an operator, or by the configuration; not by an agent, nor because its name does not resolve. */
  get isInMaintenance(): boolean {
    return !this.isAgentsWord && (this.row.get(T.S_ADMIN) & (T.ADMIN_FMAINT | T.ADMIN_CMAINT)) !== 0;
  }

  /** The last to say maint, drain or ready was its agent, who has not looked at the data. */
  get isAgentsWord(): boolean {
    return this.row.get(T.S_AGENTS_WORD) !== 0;
  }

  /** Up at full health, or down without any; or well and held down (flap damping). */
  get isSettled(): boolean {
    const health = this.row.get(T.S_HEALTH);
    const rise = this.row.get(T.S_RISE);
    if (this.isDown) return health === 0 || health >= rise;
    return health === rise + this.row.get(T.S_FALL) - 1;
  }

  /**
   * It still counts towards up or down. The row lags behind what was said by a turn of the health thread: that alone
   * must not look like rest, or the next check would wait for a whole interval.
   */
  get isCounting(): boolean {
    if (!this.isSettled || this.said === null) return !this.isSettled;
    const isWell = isPass(this.said.status);
    return this.isDown ? isWell && this.row.get(T.S_HEALTH) < this.row.get(T.S_RISE) : !isWell;
  }

  get isDown(): boolean {
    return this.row.get(T.S_STATE) === T.STATE_STOPPED;
  }

  /** The report and the verdict behind what was said last. */
  heard(report: RoleReport, verdict: Verdict | undefined): void {
    this.heardReport = report;
    this.heardVerdict = verdict;
  }

  /** The usual case, told without a look at the particulars: nothing can have changed, and there is time. */
  isSteady({ status, role }: RoleReport, verdict: Verdict | undefined, nowMs: number): boolean {
    const { heardReport, heardVerdict, hasLimit } = this;
    if (heardReport === null || hasLimit || nowMs - this.saidMs >= REFRESH_MS) return false;
    const isSame = heardReport.status === status && heardReport.role === role && heardVerdict === verdict;
    return isSame && this.said !== null && this.isAsSaid(this.said);
  }

  /** Whether a result is another one than the last. */
  isNews(result: RoleResult): boolean {
    const { said } = this;
    return (
      said === null ||
      said.status !== result.status ||
      said.role !== result.role ||
      said.isFallback !== result.isFallback ||
      said.isCertain !== result.isCertain ||
      (result.isCertain && said.text !== result.text)
    );
  }

  /** Whether the health thread has to hear it. */
  isDue(result: RoleResult, nowMs: number): boolean {
    return this.isNews(result) || !this.isAsSaid(result) || nowMs - this.saidMs >= REFRESH_MS;
  }

  /** Health is where the result would bring it. */
  private isAsSaid({ status }: RoleResult): boolean {
    return this.isSettled && this.isDown === !isPass(status);
  }

  say(result: RoleResult, nowMs: number): RoleResult {
    this.said = result;
    this.saidMs = nowMs;
    return result;
  }

  /** A new configuration: whatever was said last may not have been heard. */
  forget(): void {
    this.saidMs = Number.NEGATIVE_INFINITY;
  }
}

export class RoleUnit implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  members: Member[] = [];
  /** Those its claim is compared with; null where that is nobody. */
  group: RoleGroup | null = null;
  /** What the comparison came to. */
  verdict: Verdict | undefined;
  /** Failures in a row after which the last of its servers is down. */
  fall = 0;
  readonly pace: Pace;
  /** The last answer; null before the first. */
  last: RoleReport | null = null;
  /** Failures in a row. */
  failures = 0;
  /** When the held session broke, for the result that follows; null once that was told. */
  brokenAtMs: number | null = null;
  /** When the last check ended, and the one before it; null before there was one. */
  endedAtMs: number | null = null;
  previousAtMs: number | null = null;
  private session: HeldSession | null = null;
  private isChecking = false;
  private isClosed = false;
  private password: string | null = null;
  private check: RoleCheck | null = null;

  /** @param id address: servers at one address are one member of their group */
  constructor(
    private readonly owner: UnitOwner,
    readonly id: string,
    readonly target: SessionTarget | null,
  ) {
    this.pace = new Pace(NO_PACE);
  }

  /** @param members all with the same question and credentials */
  adopt(members: Member[]): void {
    this.members = members;
    this.pace.settings = paceOf(members);
    this.fall = Math.max(...members.map(({ server: { fall } }) => fall));
    const [{ server }] = members;
    this.password = server.password;
    this.check = { ...questionOf(server.check), timeoutMs: this.pace.settings.limitMs };
    for (const member of members) member.forget();
    if (this.pace.forgive()) this.nudge();
  }

  onTimer(nowMs: number): void {
    if (this.isClosed || this.isChecking) return;
    if (this.owner.isReady(this)) this.begin(nowMs);
    else this.owner.arm(this, nowMs + this.pace.settings.intervalMs);
  }

  private begin(nowMs: number): void {
    this.isChecking = true;
    const { limitMs } = this.pace;
    this.pace.start(nowMs);
    this.session ??= this.owner.open(this.check!, this.named(this.target!), this.password, {
      broken: () => this.broke(),
    });
    this.session.check((report) => this.ended(report, nowMs), limitMs);
  }

  /** Programs are told whom they check: of several servers at one address, the first. */
  private named(target: SessionTarget): SessionTarget {
    if (this.check?.kind !== 'exec') return target;
    const [{ server }] = this.members;
    return { ...target, names: { proxyName: server.proxy, serverName: server.server } };
  }

  private ended(report: RoleReport, startedMs: number): void {
    this.isChecking = false;
    if (!this.isClosed) this.owner.ended(this, report, startedMs);
  }

  private broke(): void {
    this.brokenAtMs = this.owner.nowMs();
    this.nudge();
  }

  /** @param why traffic: clients were refused, which the held session may not know; asked: by somebody outside */
  nudge(why: 'news' | 'traffic' | 'asked' = 'news'): void {
    if (this.isClosed) return;
    if (why === 'traffic') this.session?.renew();
    const atMs = this.pace.nudge(this.owner.nowMs(), why === 'asked');
    if (atMs !== null) this.owner.arm(this, atMs);
  }

  /** Ends the session; nothing more comes from it. */
  close(): void {
    this.isClosed = true;
    this.session?.close();
    this.session = null;
  }
}

/** What a report means for one of the servers, and what is said against it. */
export function resultFor({ server, place }: Member, report: RoleReport, verdict: Verdict | undefined): RoleResult {
  const { key, check } = server;
  const { role } = report;
  const durationMs = Math.floor(report.durationMs);
  let { status, text } = report;
  let isFallback = false;
  let isCertain = false;
  if (verdict?.standing === 'out' && (role !== 'replica' || check.kind === 'galera')) {
    status = CheckStatus.L7STS;
    text = outText(verdict, report);
    isCertain = true;
  } else if (check.primaryAsFallback === true && role === 'primary' && isWell(check, report)) {
    status = CheckStatus.L7OK;
    isFallback = true;
  } else if (ROLE_IS_ANSWERED.includes(check.kind) && isPass(status)) ({ status, text } = judge(check, report));
  // Written out, as a report is: results of one shape are cheap to compare.
  return { key, place, status, text, durationMs, role, isFallback, isCertain };
}

/** A result as it is told. */
export function timed(
  result: RoleResult,
  brokeMsAgo: number | undefined,
  previousMsAgo: number | undefined,
): RoleResult {
  const { key, place, status, text, durationMs, role, isFallback, isCertain } = result;
  return { key, place, status, text, durationMs, role, isFallback, isCertain, brokeMsAgo, previousMsAgo };
}

/** Who could not be asked is told what to do about that as well: the reason is from before. */
function outText({ reason }: Verdict, { role, claim, text }: RoleReport): string {
  const isAnswer = claim !== null || role === 'primary' || role === 'replica';
  return isAnswer ? reason : `${reason}; its last check: ${text}`;
}

/** Patroni, asked for a replica, refuses on its primary; that it is one is all that speaks against it. */
function isWell({ kind }: RoleCheck, { status }: RoleReport): boolean {
  return isPass(status) || (kind === 'patroni' && status === CheckStatus.L7STS);
}

export function isPass(status: number): boolean {
  return status === CheckStatus.L7OK || status === CheckStatus.PROCOK;
}

export function isTimeout(status: number): boolean {
  return TIMEOUTS.includes(status);
}

/** Kinds whose answer does not depend on what was asked for: one session serves every role. */
const ROLE_IS_ANSWERED: readonly RoleCheck['kind'][] = ['mysql', 'postgres', 'redis'];

/** What the session is asked. */
function questionOf(check: RoleCheck): RoleCheck {
  if (!ROLE_IS_ANSWERED.includes(check.kind)) return check;
  const { want: _want, maxLagMs: _ms, maxLagBytes: _bytes, primaryAsFallback: _stands, ...rest } = check;
  return { ...rest, want: 'any' };
}

/** Servers with equal keys share a session. The password is part of it: never log it. */
export function sessionKey({ check, password }: RoleServer, { host, port }: SessionTarget): string {
  const { timeoutMs: _limit, ...question } = questionOf(check);
  return JSON.stringify([host, port, Object.entries(question).sort(([a], [b]) => (a < b ? -1 : 1)), password]);
}

const NO_PACE: PaceSettings = { intervalMs: 1000, downIntervalMs: 1000, burst: 0, limitMs: 1000, isLimitFixed: true };

/** The most demanding of its servers sets the pace. */
function paceOf(members: readonly Member[]): PaceSettings {
  const servers = members.map(({ server }) => server);
  const intervalMs = Math.min(...servers.map((s) => s.intervalMs));
  const written = servers.flatMap(({ check }) => (check.timeoutMs === undefined ? [] : [check.timeoutMs]));
  return {
    intervalMs,
    downIntervalMs: Math.min(...servers.map((s) => s.downIntervalMs)),
    burst: Math.max(...servers.map((s) => s.rise + s.fall)),
    limitMs: written.length > 0 ? Math.min(...written) : defaultLimitMs(intervalMs),
    isLimitFixed: written.length > 0,
  };
}
