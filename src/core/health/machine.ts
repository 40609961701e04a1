/**
 * The health state machine: results of checks, errors of live traffic, commands of the operator and time in; changes of
 * servers and backends, log lines and actions out. Behaviour and words as observed on HAProxy 2.6 and as its manual says.
 *
 *   health counter:  0 … rise-1 | rise … rise+fall-1
 *                      DOWN     |        UP             a success in between lifts it to the top of UP, a failure one
 *                                                       down, and below `rise` at once to 0
 *
 * A machine holds no clock: whoever feeds it calls `at` with the time first. It touches the rows of the shared table for
 * what other threads write too, and publishes the rest after each event.
 */
import type { EventCause, Trigger } from '../events/event.js';
import type { HealthEvent } from '../messages.js';
import * as T from '../table.js';
import type { HealthActions } from './actions.js';
import { agreeUp, isDownByAgent } from './agent.js';
import { AgentMachine } from './agent-machine.js';
import { addDowntime, Backends } from './backends.js';
import { adminCause, backendDetail, detailOf, event, eventCause } from './detail.js';
import type { BackendHealth, ServerHealth } from './entities.js';
import { countFlap, countReturn, forgetFlaps, isHeldAndWell, isHeldBack } from './held.js';
import { initialHealth, initialState, startsWithFailure } from './initial.js';
import { conditionOf } from './past.js';
import { publishChecking, publishServer } from './publish.js';
import { type CheckResult, RESULT_CELL, resultOf } from './results.js';
import { shutdownBackups, shutdownSessions } from './shutdown.js';
import { choose, chosenOf, movedText, type SingleChoice } from './single.js';
import type { Cause, CheckReport } from './texts.js';
import * as Texts from './texts.js';
import { effectiveWeight, isWarm, newWeight } from './weights.js';

const STEP_MS = 1000;

export class HealthMachine {
  private nowMs = 0;
  private epochMs = 0;
  private readonly backends = new Backends();
  private isDirty = false;
  private tokens = 0;

  /** Answers of agents (`agent-check`). */
  readonly agents: AgentMachine;

  constructor(private readonly actions: HealthActions) {
    this.agents = new AgentMachine({
      goUp: (s, cause) => this.goUp(s, cause),
      goDown: (s, cause) => this.goDown(s, cause),
      weigh: (s, percent) => this.setWeight(s, percent, true),
      setState: (s, state, by) => this.setState(s, state, by),
      changed: () => this.touch(),
      logCheck: (s, text, by) => this.log(s, 'check', 'notice', text, by),
      told: (s) => this.actions.agentTold(s),
    });
  }

  /** @param nowMs monotonic @param epochMs wall clock */
  at(nowMs: number, epochMs: number): void {
    this.nowMs = nowMs;
    this.epochMs = epochMs;
  }

  /** Wall clock minus monotonic clock, ms. */
  private get offsetMs(): number {
    return this.epochMs - this.nowMs;
  }

  get nowS(): number {
    return Math.floor(this.epochMs / 1000);
  }

  // ── Checks ────────────────────────────────────────────────────────────────────────────────────────────────────────

  checkStarted(s: ServerHealth): void {
    s.inProgress = true;
    publishChecking(s);
    s.row.set(T.S_CHECK_RESULT, 0);
  }

  /** A check that was under way is of no interest any more. */
  checkCancelled(s: ServerHealth): void {
    s.inProgress = false;
    publishChecking(s);
  }

  checkEnded(s: ServerHealth, report: CheckReport): void {
    s.inProgress = false;
    if (s.wantsChecks) this.applyReport(s, report);
    else publishChecking(s);
  }

  private applyReport(s: ServerHealth, report: CheckReport): void {
    const result = resultOf(report.status);
    if (report.isCertain === true && result === 'failed') s.health = Math.min(s.health, s.settings.rise);
    const changed = this.count(s, result) || report.status !== s.status;
    const isTold = startsWithFailure(s, result);
    this.remember(s, report, result);
    if (isTold || (changed && s.backend.logsChecks))
      this.log(s, 'check', 'notice', Texts.checkText(s, report, result), { by: 'check' });
    this.conclude(s, result, { by: 'check', report });
    publishServer(s);
    // The first result may be all that a choice has waited for.
    if (s.backend.single !== null && s.backend.row.get(T.B_CHOSEN) === 0) this.reconsider(s.backend);
  }

  private remember(s: ServerHealth, report: CheckReport, result: CheckResult): void {
    s.status = report.status;
    s.past.checked(report, result !== 'failed', this.epochMs);
    s.row.set(T.S_CHECK_RESULT, RESULT_CELL[result]);
    s.row.update(T.S_CHECK_STATUS, report.status);
    s.row.update(T.S_CHECK_CODE, report.code);
    s.row.update(T.S_CHECK_DURATION, report.durationMs);
    if (s.text === report.text) return;
    s.text = report.text;
    this.actions.lastCheck(s, s.text);
  }

  /** Moves the counter. @returns whether it changed */
  private count(s: ServerHealth, result: CheckResult): boolean {
    const before = s.health;
    const { rise } = s.settings;
    if (result === 'failed') {
      if (s.health >= rise) s.row.add(T.S_CHECK_FAILS, 1);
      s.health = s.health > rise ? s.health - 1 : 0;
    } else if (s.health >= rise || result === 'passed') {
      // A conditional pass never brings a server up: it only says that an up server wants no new sessions.
      s.health = Math.min(s.maxHealth, s.health + 1);
      if (s.health >= rise) s.health = s.maxHealth;
    }
    return s.health !== before;
  }

  private conclude(s: ServerHealth, result: CheckResult, cause: Cause): void {
    const isUp = s.health >= s.settings.rise;
    if (!isUp) this.goDown(s, cause);
    else if (!agreeUp(s))
      return; // its agent keeps it down
    else if (result === 'conditional') this.goStopping(s, cause);
    else if (result === 'passed') this.goUp(s, cause);
  }

  /** Something spoke for a check before its time: the story of what it finds begins there. */
  hint(s: ServerHealth, kind: Trigger['kind'], text: string, agoMs = 0): void {
    s.past.hint(kind, text, this.epochMs - agoMs);
  }

  /** Too many connections in a row failed (`observe layer4`, `error-limit`, `on-error`). */
  observedLimit(s: ServerHealth, errors: number): void {
    if (!s.wantsChecks || s.state === T.STATE_STOPPED) return;
    s.row.add(T.S_OBSERVED_FAILS, 1);
    const { onError, rise } = s.settings;
    if (onError === 'sudden-death') s.health = Math.min(s.health, rise + 1);
    if (onError === 'mark-down') s.health = Math.min(s.health, rise);
    this.hint(s, 'traffic', `${errors} connections in a row failed`);
    if (onError !== 'fastinter') this.applyReport(s, Texts.observedReport(errors));
    this.actions.checkWithin(s, s.settings.fastinterMs);
  }

  // ── Operator ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param by whose doing it is; the operator's by default */
  setState(s: ServerHealth, state: 'ready' | 'drain' | 'maint', by?: EventCause): void {
    this.setAdmin(s, s.adminOn(state, by?.by === 'agent'), by);
    publishServer(s); // whose word it is may be another, though the flags stay
  }

  /** The name resolves, or does not any more. */
  setResolved(s: ServerHealth, isResolved: boolean): void {
    this.setAdmin(s, isResolved ? s.admin & ~T.ADMIN_RMAINT : s.admin | T.ADMIN_RMAINT);
  }

  /** `set server … health`. @returns an error text, or null */
  setHealth(s: ServerHealth, health: 'up' | 'stopping' | 'down'): string | null {
    if (s.settings.tracks !== undefined) return 'cannot change health on a tracking server.';
    const cause: Cause = { by: 'operator' };
    if (health === 'up') forgetFlaps(s);
    if (health === 'down') s.health = 0;
    else s.health = s.maxHealth;
    if (!s.isInMaintenance) {
      if (health === 'down') this.goDown(s, cause);
      else if (health === 'up') this.goUp(s, cause);
      else this.goStopping(s, cause);
    }
    publishServer(s);
    return null;
  }

  /** `set server … weight`. @returns an error text, or null */
  setWeight(s: ServerHealth, weight: number, isRelative: boolean): string | null {
    const wanted = newWeight(s, weight, isRelative);
    if (typeof wanted === 'string') return wanted;
    s.weight = wanted;
    this.reweigh(s);
    this.judge(s);
    if (s.isDraining && !s.isInMaintenance)
      this.log(s, 'weight', 'notice', Texts.stillDrainingText(s), { by: 'operator' });
    return null;
  }

  /** `enable|disable health`. @returns an error text, or null */
  setChecks(s: ServerHealth, isEnabled: boolean): string | null {
    if (!s.settings.isChecked)
      return isEnabled ? 'Health check was not configured on this server, cannot enable.' : null;
    s.checksEnabled = isEnabled;
    publishServer(s);
    return null;
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The second of a server that warms up; call when `nextStepMs` has come. */
  warm(s: ServerHealth): void {
    if (s.state !== T.STATE_STARTING) {
      s.nextStepMs = Number.POSITIVE_INFINITY;
      return;
    }
    s.nextStepMs = this.nowMs + STEP_MS;
    const isOver = isWarm(s, this.nowS);
    if (isOver) {
      s.state = T.STATE_RUNNING;
      s.nextStepMs = Number.POSITIVE_INFINITY;
      s.row.set(T.S_LAST_CHANGE, this.nowS);
    }
    this.reweigh(s);
    this.judge(s);
    if (isOver && s.isInService) this.log(s, 'server-up', 'notice', Texts.upText(s, { by: 'time' }), { by: 'time' });
  }

  // ── Transitions of one server ─────────────────────────────────────────────────────────────────────────────────────

  private goDown(s: ServerHealth, cause: Cause): void {
    if (s.state === T.STATE_STOPPED) return;
    const level = s.isInService ? 'alert' : 'notice';
    this.enter(s, T.STATE_STOPPED);
    s.row.add(T.S_DOWN_TRANS, 1);
    if (s.settings.shutdownOnDown) shutdownSessions(s, T.SHUTDOWN_DOWN, this.epochMs);
    if (cause.by === 'check') countFlap(s, this.nowMs, this.offsetMs);
    this.settle(s, 'server-down', level, cause, () => Texts.downText(s, cause));
    if (isHeldBack(s, this.nowMs)) this.log(s, 'damping', 'notice', Texts.heldText(s, this.nowMs), { by: 'damping' });
  }

  private goUp(s: ServerHealth, cause: Cause): void {
    if (s.state === T.STATE_RUNNING || s.state === T.STATE_STARTING) return;
    if (cause.by === 'check' && isHeldBack(s, this.nowMs)) return;
    this.start(s);
    this.settle(s, 'server-up', 'notice', cause, () => Texts.upText(s, cause));
    countReturn(s, this.nowMs);
  }

  private goStopping(s: ServerHealth, cause: Cause): void {
    if (s.state === T.STATE_STOPPING) return;
    this.enter(s, T.STATE_STOPPING);
    this.settle(s, 'server-down', 'notice', cause, () => Texts.stoppingText(s, cause));
  }

  /** Figures first, then the line that tells them, then the backend's own, then whoever tracks the server. */
  private settle(
    s: ServerHealth,
    kind: HealthEvent['kind'],
    level: HealthEvent['level'],
    cause: Cause,
    text: () => string,
  ): void {
    const why = eventCause(s, cause);
    this.reweigh(s);
    this.log(s, kind, level, text(), why);
    if (s.isDraining && !s.isInMaintenance) this.log(s, 'server-admin', 'notice', Texts.stillDrainingText(s), why);
    this.follow(s);
  }

  private follow(s: ServerHealth): void {
    if (s.isUsable && s.settings.shutdownBackupsOnUp && !s.settings.isBackup) shutdownBackups(s.backend, this.epochMs);
    this.judge(s);
    for (const tracker of s.trackers) this.inheritState(tracker);
  }

  /** Into service, by way of slowstart where that is configured. */
  private start(s: ServerHealth): void {
    const isSlow = s.settings.slowstartMs > 0;
    this.enter(s, isSlow ? T.STATE_STARTING : T.STATE_RUNNING);
    s.startedS = this.nowS;
    s.nextStepMs = isSlow ? this.nowMs + STEP_MS : Number.POSITIVE_INFINITY;
    if (isSlow) this.actions.warming(s);
  }

  private enter(s: ServerHealth, state: number): void {
    if (s.state === T.STATE_STOPPED) addDowntime(s.row, T.S_LAST_CHANGE, T.S_DOWNTIME, this.nowS);
    s.state = state;
    s.row.set(T.S_LAST_CHANGE, this.nowS);
  }

  // ── Flap damping ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** `clear damping`: forgets the flaps, and lets a server come back that is well. */
  undamp(s: ServerHealth): void {
    this.letBack(s);
    forgetFlaps(s);
  }

  private letBack(s: ServerHealth): void {
    if (isHeldAndWell(s, this.nowMs)) this.goUp(s, { by: 'damping' });
  }

  // ── Tracking ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private inheritState(s: ServerHealth): void {
    const state = s.tracked!.state;
    if (s.isInMaintenance) return;
    const cause: Cause = { by: 'tracked' };
    if (state === T.STATE_STOPPED) this.goDown(s, cause);
    else if (state === T.STATE_STOPPING) this.goStopping(s, cause);
    else this.goUp(s, cause);
    publishServer(s);
  }

  private inheritAdmin(s: ServerHealth): void {
    const from = s.tracked!;
    const own = s.admin & ~(T.ADMIN_IMAINT | T.ADMIN_IDRAIN);
    const inherited = from.isInMaintenance ? T.ADMIN_IMAINT : from.isDraining ? T.ADMIN_IDRAIN : 0;
    this.setAdmin(s, own | inherited);
  }

  // ── Administrative flags ──────────────────────────────────────────────────────────────────────────────────────────

  private setAdmin(s: ServerHealth, admin: number, by?: EventCause): void {
    const before = s.admin;
    if (before === admin) return;
    const wasInMaintenance = s.isInMaintenance;
    const wasDraining = s.isDraining;
    const wasInService = s.isInService;
    s.admin = admin;
    const cause = by ?? adminCause(s, before ^ admin);
    if (!wasInMaintenance && s.isInMaintenance) this.enterMaintenance(s, wasInService, cause);
    else if (wasInMaintenance && !s.isInMaintenance) this.leaveMaintenance(s, before & ~admin, cause);
    else if (wasInMaintenance) this.remainInMaintenance(s, before & ~admin, cause);
    else if (!wasDraining) this.enterDrain(s, cause);
    else if (!s.isDraining) this.leaveDrain(s, cause);
    else this.log(s, 'server-admin', 'notice', Texts.stillDrainingText(s), cause);
    publishServer(s);
    for (const tracker of s.trackers) this.inheritAdmin(tracker);
  }

  private enterMaintenance(s: ServerHealth, wasInService: boolean, cause: EventCause): void {
    const wasDown = s.state === T.STATE_STOPPED;
    if (!wasDown) {
      this.enter(s, T.STATE_STOPPED);
      s.row.add(T.S_DOWN_TRANS, 1);
      if (s.settings.shutdownOnDown) shutdownSessions(s, T.SHUTDOWN_DOWN, this.epochMs);
    }
    s.health = 0;
    this.reweigh(s);
    this.log(s, 'server-admin', wasInService ? 'alert' : 'notice', Texts.maintenanceText(s, wasDown), cause);
    this.judge(s);
  }

  /** Time in maintenance is not downtime: HAProxy does not count it once it is over. */
  private leaveMaintenance(s: ServerHealth, lifted: number, cause: EventCause): void {
    s.row.set(T.S_LAST_CHANGE, this.nowS);
    this.restart(s);
    this.reweigh(s);
    this.log(s, 'server-admin', 'notice', Texts.leftMaintenanceText(s, lifted), cause);
    if (s.isDraining) this.log(s, 'server-admin', 'notice', Texts.stillDrainingText(s), cause);
    if (s.isUsable && s.settings.shutdownBackupsOnUp && !s.settings.isBackup) shutdownBackups(s.backend, this.epochMs);
    this.judge(s, false);
  }

  private restart(s: ServerHealth): void {
    const state = s.tracked === null ? initialState(s) : s.tracked.state;
    if (s.tracked === null) s.health = s.settings.isChecked ? initialHealth(s) : 0;
    s.state = T.STATE_RUNNING; // so that starting counts no downtime
    if (isDownByAgent(s)) s.state = T.STATE_STOPPED;
    else if (state === T.STATE_STOPPED || state === T.STATE_STOPPING) s.state = state;
    else this.start(s);
  }

  private remainInMaintenance(s: ServerHealth, lifted: number, cause: EventCause): void {
    if (lifted & (T.ADMIN_FMAINT | T.ADMIN_IMAINT | T.ADMIN_RMAINT))
      this.log(s, 'server-admin', 'notice', Texts.stillInMaintenanceText(s), cause);
  }

  private enterDrain(s: ServerHealth, cause: EventCause): void {
    if (!s.isDraining) return; // only flags that change nothing by themselves
    this.enter(s, s.state);
    this.reweigh(s);
    this.log(s, 'server-admin', 'notice', Texts.drainText(s), cause);
    this.judge(s);
  }

  /** HAProxy counts the time in drain as downtime. */
  private leaveDrain(s: ServerHealth, cause: EventCause): void {
    addDowntime(s.row, T.S_LAST_CHANGE, T.S_DOWNTIME, this.nowS);
    s.row.set(T.S_LAST_CHANGE, this.nowS);
    this.reweigh(s);
    this.log(s, 'server-admin', 'notice', Texts.leftDrainText(s), cause);
    if (s.isUsable && s.settings.shutdownBackupsOnUp && !s.settings.isBackup) shutdownBackups(s.backend, this.epochMs);
    this.judge(s);
  }

  // ── Backends ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private reweigh(s: ServerHealth): void {
    s.effectiveWeight = effectiveWeight(s, this.nowS);
    publishServer(s);
    this.backends.count(s);
    this.touch();
  }

  private reconsider(b: BackendHealth): void {
    this.backends.mark(b);
    this.touch();
  }

  private touch(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.actions.changed();
  }

  /** @param countsDowntime false when the end of a maintenance brings it up */
  private judge({ backend: b, name }: ServerHealth, countsDowntime = true): void {
    if (!this.backends.judge(b, this.nowS, countsDowntime)) return;
    const [kind, level] = b.isUp ? (['backend-up', 'notice'] as const) : (['backend-down', 'emerg'] as const);
    const text = `${b.word} ${b.name} has ${b.isUp ? 'a server again.' : 'no server available!'}`;
    const told = event(b, null, kind, level, text, this.epochMs, backendDetail(b, name));
    this.actions.log(b.isUp ? { ...told, isQuiet: true } : told);
    // Nobody else is left: whoever is held and well comes back.
    for (const s of b.servers) if (!b.isUp) this.letBack(s);
  }

  /** At the end of a turn: totals of the backends that changed, once each. */
  flush(): void {
    this.isDirty = false;
    this.backends.flush((b) => this.rechoose(b, b.single!));
  }

  /** `balance single`: one writer for all workers. */
  private rechoose(b: BackendHealth, single: SingleChoice): void {
    const { server, settlesAtMs } = choose(b.servers, chosenOf(b), single, this.nowMs);
    single.settlesAtMs = settlesAtMs;
    this.give(b, server, (before) => ({ by: 'balance', from: before?.name ?? null }));
  }

  /** Who loses the traffic while well loses its sessions too, where that is asked for. */
  private give(b: BackendHealth, to: ServerHealth | null, cause: (before: ServerHealth | null) => EventCause): void {
    const before = chosenOf(b);
    b.row.set(T.B_CHOSEN, to?.row.get(T.S_TOKEN) ?? 0);
    if (to === before || to === null) return;
    this.log(to, 'server-admin', 'notice', movedText(to, before), cause(before));
    if (before?.isUsable && (before.settings.shutdownOnDown || to.settings.shutdownBackupsOnUp))
      shutdownSessions(before, T.SHUTDOWN_BACKUP, this.epochMs);
  }

  /** The operator, or the program before this one, chose a server of a `balance single` backend. @returns an error text, or null */
  choose(s: ServerHealth): string | null {
    const { single } = s.backend;
    if (single === null) return "This backend has no 'balance single'.";
    if (!s.isUsable) return 'This server takes no new sessions, so it cannot be chosen.';
    single.settlesAtMs = Number.NEGATIVE_INFINITY;
    this.give(s.backend, s, () => ({ by: 'operator' }));
    this.reconsider(s.backend);
    return null;
  }

  /** A name for a server's row that no other row of this process has or had. */
  newToken(): number {
    return ++this.tokens;
  }

  /** The server is fit, and serves only when nobody is who was asked for (`primary-as-fallback`). */
  setFallback(s: ServerHealth, isFallback: boolean): void {
    s.row.set(T.S_IS_FALLBACK, isFallback ? 1 : 0);
    if (s.isFallback === isFallback) return;
    s.isFallback = isFallback;
    this.backends.count(s);
    this.touch();
  }

  // ── Configurations ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Brings a backend into force whose servers have been created or taken over: no log lines. */
  settleBackend(b: BackendHealth): void {
    for (const s of b.servers) {
      s.past.condition = conditionOf(s);
      this.reweigh(s);
    }
    this.backends.settle(b);
    this.touch();
  }

  private log(
    s: ServerHealth,
    kind: HealthEvent['kind'],
    level: HealthEvent['level'],
    text: string,
    cause: EventCause,
  ): void {
    const detail = detailOf(s, cause, this.offsetMs);
    this.actions.log(event(s.backend, s.name, kind, level, text, this.epochMs, detail));
  }
}
