/**
 * Runs the held sessions of all servers whose check asks for a role, and settles which of several primaries is used.
 * The shell around core/role: it reads the clock, asks, and passes what was decided to the health thread, which alone
 * changes a server's health.
 */
import type { ClaimsMemory, Verdict } from '../core/role/arbiter.js';
import type { RoleAlarm, RolePlan, RoleReports, RoleResult, RoleServer } from '../core/role/messages.js';
import type { RoleReport } from '../core/role/report.js';
import * as T from '../core/table.js';
import { TimerHeap } from '../core/timer-heap.js';
import { groupsOf, type Placed, type RoleGroup } from './role-groups.js';
import { targetOf } from './role-target.js';
import {
  isPass,
  isTimeout,
  Member,
  RoleUnit,
  resultFor,
  type SessionOpener,
  sessionKey,
  timed,
  type UnitOwner,
} from './role-unit.js';

/** The clock and the way to the health thread. */
export interface RoleShell {
  readonly open: SessionOpener;
  nowMs(): number;
  /** Calls `turn` at that time; a later call takes the place of an earlier one. */
  wakeAt(ms: number): void;
  send(reports: RoleReports): void;
  /** What is known of claims has changed. */
  keep(claims: ClaimsMemory[]): void;
}

/** Starts fall on a grid, a tenth of the interval, so that many checks share one wake-up. */
const GRID_SHARE = 10;
const GRID_MS_MAX = 50;
/** What S_CHECKED_AT holds of a time. */
const LOW_31_BITS = 0x7fff_ffff;
/** First checks are spread by this much each: all at once would be a storm of logins. */
const FIRST_STEP_MS = 0.2;
/** What is no news goes out together, this often at most: each message wakes the health thread. */
const REFRESH_GAP_MS = 50;
/** A search for a new primary ends after this: nobody promotes one. */
const SEARCH_MAX_MS = 60_000;
/** What a successor is told of claims is brought up to date this often. */
const KEEP_MS = 1000;
/** So that a turn stays bounded. */
const FIRED_PER_TURN = 256;

export class RoleRunner implements UnitOwner {
  private readonly timers = new TimerHeap();
  private units = new Map<string, RoleUnit>();
  private byServer = new Map<string, RoleUnit>();
  /** Units at one address: with other credentials, each has its own session. */
  private byId = new Map<string, RoleUnit[]>();
  private groups = new Map<string, RoleGroup>();
  private verdicts = new Map<string, Verdict>();
  private alarmed = new Map<string, string>();
  private plan: RolePlan | null = null;
  private results: RoleResult[] = [];
  private alarms: RoleAlarm[] = [];
  private isFlushing = false;
  /** What was told of claims last, as text, and when it was looked at. */
  private kept = '[]';
  private keptMs = Number.NEGATIVE_INFINITY;
  /** Figures wait to be told that are no news. */
  private isRefreshed = false;
  private refreshedMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly shell: RoleShell) {}

  get open(): SessionOpener {
    return this.shell.open;
  }

  nowMs(): number {
    return this.shell.nowMs();
  }

  // ── Configurations ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts a plan into force. Sessions of servers that did not change stay, and so does what is known of their claims. */
  apply(plan: RolePlan): void {
    const isFirst = this.plan === null;
    this.plan = plan;
    const segments = new Map(plan.segments.map((segment) => [segment.id, segment]));
    this.arrange(
      plan.servers.map((server) => {
        return { server, row: new T.Row(segments.get(server.row.segment)!, server.row.index) };
      }),
    );
    if (isFirst) for (const group of new Set(this.groups.values())) group.recall(plan.claims);
  }

  private arrange(servers: readonly { server: RoleServer; row: T.Row }[]): void {
    const before = this.units;
    const known = new Map([...before.values()].flatMap(({ members }) => members.map((m) => [m.server.key, m])));
    const members = new Map<string, Member[]>();
    const placed: Placed[] = [];
    const targets = new Map<string, RoleUnit>();
    this.byServer = new Map();
    for (const { server, row } of servers) {
      const place = row.get(T.S_ADDR_CHANGES);
      const target = targetOf(server, row);
      const key = target === null ? `? ${server.key}` : sessionKey(server, target);
      const id = target === null ? key : `${server.check.kind} ${target.host}:${target.port}`;
      const unit = targets.get(key) ?? before.get(key) ?? new RoleUnit(this, id, target);
      targets.set(key, unit);
      members.set(key, [...(members.get(key) ?? []), new Member(server, row, place, known.get(server.key))]);
      this.byServer.set(server.key, unit);
      if (target !== null) placed.push({ server, id });
    }
    this.units = targets;
    this.byId = new Map();
    for (const unit of targets.values()) this.byId.set(unit.id, [...(this.byId.get(unit.id) ?? []), unit]);
    for (const [key, unit] of targets) unit.adopt(members.get(key)!);
    for (const [key, unit] of before) if (!targets.has(key)) this.end(unit);
    this.groups = groupsOf(placed, this.groups);
    this.forgetVerdicts();
    for (const unit of targets.values()) {
      unit.group = this.groups.get(unit.id) ?? null;
      unit.verdict = this.verdicts.get(unit.id);
    }
    this.startFresh([...targets].filter(([key]) => !before.has(key)).map(([, unit]) => unit));
  }

  /** Of servers that are compared with nobody any more, and of addresses that are gone. */
  private forgetVerdicts(): void {
    for (const id of this.verdicts.keys()) if (!this.groups.has(id)) this.verdicts.delete(id);
    for (const key of this.alarmed.keys()) if (this.groupOf(key) === undefined) this.alarmed.delete(key);
  }

  private end(unit: RoleUnit): void {
    this.timers.cancel(unit);
    unit.close();
  }

  private startFresh(fresh: readonly RoleUnit[]): void {
    const nowMs = this.nowMs();
    fresh.forEach((unit, i) => {
      this.timers.arm(unit, nowMs + i * FIRST_STEP_MS);
    });
    this.rearm();
  }

  stop(): void {
    for (const unit of this.units.values()) this.end(unit);
    this.units.clear();
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  arm(unit: RoleUnit, atMs: number): void {
    const nowMs = this.nowMs();
    this.timers.arm(unit, atMs <= nowMs ? nowMs : onGrid(atMs, unit.pace.settings.intervalMs));
    this.rearm();
  }

  /** Whatever is due. */
  turn(): void {
    const nowMs = this.nowMs();
    if (nowMs - this.keptMs >= KEEP_MS) this.keep(nowMs);
    if (this.isRefreshed && nowMs - this.refreshedMs >= REFRESH_GAP_MS) {
      this.refreshedMs = nowMs;
      this.flushSoon();
    }
    this.timers.fire(nowMs, FIRED_PER_TURN);
    this.rearm();
  }

  private rearm(): void {
    if (this.timers.nextMs !== Number.POSITIVE_INFINITY) this.shell.wakeAt(this.timers.nextMs);
  }

  /** Told when it is another than before. */
  private keep(nowMs: number): void {
    this.keptMs = nowMs;
    const claims = [...new Set(this.groups.values())].flatMap((group) => group.memory ?? []);
    const text = JSON.stringify(claims);
    if (text === this.kept) return;
    this.kept = text;
    this.shell.keep(claims);
  }

  /** The servers of a unit want checks, and are still where its session is. */
  isReady(unit: RoleUnit): boolean {
    const { group } = unit;
    let isWanted = false;
    for (const member of unit.members) {
      const { wantsChecks } = member;
      // A name that did not resolve, disabled checks or an agent's maintenance are no sign that somebody has looked.
      if (!wantsChecks) member.wasInMaintenance ||= member.isInMaintenance;
      else if (!member.wasWanted) {
        group?.returned(unit.id, member.wasInMaintenance && !member.isAgentsWord);
        member.wasInMaintenance = false;
      }
      member.wasWanted = wantsChecks;
      isWanted ||= wantsChecks;
    }
    if (!isWanted) group?.withdrawn(unit.id);
    return isWanted && unit.target !== null;
  }

  // ── Orders ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Check a server at once, wherever it is by now. */
  nudge(key: string, isTraffic = false): void {
    this.replace();
    this.byServer.get(key)?.nudge(isTraffic ? 'traffic' : 'asked');
  }

  /** An operator settles whose claim holds. @returns an error text, or null */
  settle(proxy: string, name: string | null): string | null {
    const servers = this.plan?.servers.filter((server) => server.proxy === proxy) ?? [];
    if (servers.length === 0) return `No check of backend '${proxy}' asks for a role.`;
    const one = name === null ? undefined : servers.find(({ server }) => server === name);
    if (name !== null && one === undefined) return 'No such server.';
    const groups = new Set(servers.flatMap(({ key }) => this.groupOf(key) ?? []));
    for (const group of groups) group.settle(one && this.byServer.get(one.key)?.id);
    this.alarmed.clear();
    for (const { key } of servers) this.byServer.get(key)?.nudge('asked');
    return null;
  }

  private groupOf(key: string): RoleGroup | undefined {
    const unit = this.byServer.get(key);
    return unit?.group ?? undefined;
  }

  /** Servers whose address changed get a session there. */
  private replace(): void {
    const moved = [...this.units.values()].some((unit) =>
      unit.members.some(({ row, place }) => row.get(T.S_ADDR_CHANGES) !== place),
    );
    if (moved && this.plan !== null) this.apply(this.plan);
  }

  // ── Results ───────────────────────────────────────────────────────────────────────────────────────────────────────

  ended(unit: RoleUnit, report: RoleReport, startedMs: number): void {
    const nowMs = this.nowMs();
    unit.previousAtMs = unit.endedAtMs;
    unit.endedAtMs = nowMs;
    for (const { row } of unit.members) row.set(T.S_CHECKED_AT, Date.now() & LOW_31_BITS);
    const { group } = unit;
    const isAnswer = report.role !== 'unknown' || isPass(report.status);
    unit.failures = isAnswer ? 0 : unit.failures + 1;
    unit.last = report;
    if (group !== null && !this.isContradicted(unit, report)) {
      const matters = isAnswer
        ? group.answered(unit.id, report, startedMs, nowMs)
        : group.failed(unit.id, unit.failures >= unit.fall);
      if (matters) this.take(group, unit);
      if (group.watchOffice(nowMs)) this.search(group, unit);
    }
    const isChange = this.tell(unit, nowMs);
    const outcome = {
      isChange,
      isTimeout: isTimeout(report.status),
      isLoginRefused: report.isLoginRefused,
      isUnsettled: unit.members.some((member) => member.wantsChecks && member.isCounting),
      isDown: unit.members.every((member) => member.isDown),
      isSearching: group?.vacantSinceMs != null && nowMs - group.vacantSinceMs < SEARCH_MAX_MS,
    };
    this.arm(unit, unit.pace.ended(outcome, nowMs));
  }

  /**
   * The server answered this session with a refusal, and another one, with other credentials, hears what the server is:
   * the refusal says nothing of its role. Otherwise the two would take its claim away and give it back for ever.
   */
  private isContradicted(unit: RoleUnit, { claim, role }: RoleReport): boolean {
    if (claim !== null || role !== 'unfit') return false;
    return this.unitsAt(unit.id).some(
      (other) => other !== unit && tellsRole(other.last) && other.members.some(({ wantsChecks }) => wantsChecks),
    );
  }

  /** Carries out what the group decides: who is out first, so that no two are in at any moment. */
  private take(group: RoleGroup, asked: RoleUnit): void {
    const nowMs = this.nowMs();
    const before = group.leaderId;
    const { verdicts, recheck } = group.decide(nowMs);
    for (const [id, verdict] of verdicts) {
      const changed = this.verdicts.get(id)?.standing !== verdict.standing;
      this.verdicts.set(id, verdict);
      for (const unit of this.unitsAt(id)) {
        unit.verdict = verdict;
        this.alarm(unit, verdict);
        if (unit === asked || !changed || unit.last === null) continue;
        if (verdict.standing === 'out') this.tell(unit, nowMs);
        else if (verdict.standing === 'leader') unit.nudge();
      }
    }
    if (before !== null && group.leaderId !== before) this.retire(before, nowMs);
    for (const id of recheck) for (const unit of this.unitsAt(id)) unit.nudge();
  }

  /** The primary is gone: whoever takes its place is looked for at once. */
  private search(group: RoleGroup, asked: RoleUnit): void {
    for (const id of group.ids) for (const unit of this.unitsAt(id)) if (unit !== asked) unit.nudge();
  }

  /** Another has taken over: whatever is left of `fall`, the former one is down before the new one is up. */
  private retire(id: string, nowMs: number): void {
    for (const unit of this.unitsAt(id))
      for (const member of unit.members) {
        if (unit.last === null || member.isDown) continue;
        const result = resultFor(member, unit.last, unit.verdict);
        if (!isPass(result.status)) this.results.push(member.say({ ...result, isCertain: true }, nowMs));
      }
    this.flushSoon();
  }

  private unitsAt(id: string): readonly RoleUnit[] {
    return this.byId.get(id) ?? [];
  }

  /** Loud, and once for each thing there is to say. */
  private alarm(unit: RoleUnit, { standing, reason }: Verdict): void {
    for (const { server } of unit.members) {
      const before = this.alarmed.get(server.key) ?? '';
      const text = standing === 'out' ? reason : '';
      if (text === before) continue;
      this.alarmed.set(server.key, text);
      const name = `Server ${server.proxy}/${server.server}`;
      if (text !== '') this.say(server, 'alert', `${name} says it may take writes and is kept out: ${text}.`);
      else this.say(server, 'notice', `${name} is no longer kept out for its claim.`);
    }
  }

  private say({ proxy, server }: RoleServer, level: RoleAlarm['level'], text: string): void {
    this.alarms.push({ proxy, server, level, text });
    this.flushSoon();
  }

  /** Tells the health thread what it has to hear of a unit. @returns whether anything was news */
  private tell(unit: RoleUnit, nowMs: number): boolean {
    const { verdict } = unit;
    let isNews = false;
    for (const member of unit.members) {
      if (unit.last === null || (verdict?.standing === 'waits' && isPass(unit.last.status))) continue;
      if (member.isSteady(unit.last, verdict, nowMs)) continue;
      const result = resultFor(member, unit.last, verdict);
      isNews ||= member.isNews(result);
      if (!member.isDue(result, nowMs)) continue;
      const brokeMsAgo = unit.brokenAtMs === null ? undefined : nowMs - unit.brokenAtMs;
      const previousMsAgo = unit.previousAtMs === null ? undefined : nowMs - unit.previousAtMs;
      this.results.push(timed(member.say(result, nowMs), brokeMsAgo, previousMsAgo));
      member.heard(unit.last, verdict);
      if (isNews || !member.isSettled) this.flushSoon();
      else this.isRefreshed = true;
    }
    unit.brokenAtMs = null;
    return isNews;
  }

  /** What one turn of the loop brings goes out together. */
  private flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    queueMicrotask(() => this.flush());
  }

  private flush(): void {
    this.isFlushing = this.isRefreshed = false;
    if (this.plan === null) return;
    const { results, alarms } = this;
    this.results = [];
    this.alarms = [];
    this.shell.send({ revision: this.plan.revision, results, alarms });
  }
}

function tellsRole(report: RoleReport | null): boolean {
  return report?.role === 'primary' || report?.role === 'replica';
}

function onGrid(atMs: number, intervalMs: number): number {
  const gridMs = Math.max(1, Math.min(GRID_MS_MAX, Math.floor(intervalMs / GRID_SHARE)));
  return Math.round(atMs / gridMs) * gridMs;
}
