/**
 * Runs the checks of a configuration: the shell around core/health. It feeds the machine with results and time, and does
 * what the machine asks for. One per health thread.
 */
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { hasBackend } from '../config/defaults.js';
import type { Proxy, Server } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import type { ServerNow, Trigger } from '../core/events/event.js';
import { span } from '../core/events/words.js';
import type { HealthActions } from '../core/health/actions.js';
import { type DampingState, noteOf } from '../core/health/damping.js';
import { serverNow } from '../core/health/detail.js';
import type { ServerHealth } from '../core/health/entities.js';
import { buildFarm, EMPTY_FARM, type Farm } from '../core/health/farm.js';
import { takeOverFlaps } from '../core/health/held.js';
import { Haste, isDownSince } from '../core/health/link-loss.js';
import { HealthMachine } from '../core/health/machine.js';
import { firstDelay, nextInterval } from '../core/health/schedule.js';
import type { CheckReport } from '../core/health/texts.js';
import type { AdminCommand, FromHealth, HealthEvent, Plan } from '../core/messages.js';
import type { RoleAlarm, RoleResult } from '../core/role/messages.js';
import * as T from '../core/table.js';
import type { Continuable, Reactor } from '../linux/reactor.js';
import { AgentRunner } from './agent-runner.js';
import { adoptChecker, type Checker, type CheckOwner, createChecker } from './checker.js';
import { IdleSockets } from './idle-sockets.js';
import { Programs } from './programs.js';
import { ReceiveBuffers } from './receive-buffers.js';
import { Warmup } from './warmup.js';

/**
 * Starts fall on a grid, so that many share one wake-up of the thread: on a mostly idle machine the wake-up with its
 * cold caches costs more than the check (measured: 52 µs per connect check on a grid of 8 ms, 28 on 50, 19 without a
 * pause). The grid is a tenth of the interval, and the nearest point counts, so that a start moves by 5 % at most.
 */
const START_GRID_MS_MAX = 100;
const GRID_SHARE = 10;
const BUFSIZE = 16_384;
const MOVED = {
  status: CheckStatus.INI,
  code: 0,
  durationMs: -1,
  text: 'not asked at its new address',
  isCertain: true,
};

export class CheckRunner implements CheckOwner, HealthActions, Continuable {
  nodeName = hostname();
  buffers = new ReceiveBuffers(BUFSIZE);
  readonly sockets = new IdleSockets();
  readonly machine: HealthMachine;
  readonly programs: Programs;
  private readonly agents: AgentRunner;
  private farm: Farm = EMPTY_FARM;
  private readonly probes = new Map<ServerHealth, Checker>();
  private readonly warmups = new Map<string, Warmup>();
  /** Asked to check again while a check was under way. */
  private readonly again = new Set<Checker>();
  private readonly haste = new Haste<Checker>();
  /** Servers that the role thread asks, by the row key it knows them by; its results come in through `roleEnded`. */
  private readonly roles = new Map<string, ServerHealth>();
  /** Addresses of those (S_ADDR_CHANGES), as far as they were asked there. */
  private readonly places = new Map<string, number>();
  /** Has the role thread check a server at once. */
  nudgeRole: (key: string, isTraffic?: boolean) => void = () => undefined;
  private observed: ServerHealth[] = [];
  /** What main was told of flapping last, by row. */
  private readonly told = new WeakMap<T.Row, DampingState>();
  private spreadPercent = 0;
  private wakeWorkers: () => void = () => undefined;

  constructor(
    readonly reactor: Reactor,
    private readonly post: (message: FromHealth) => void,
    private readonly wake: (fd: number) => void,
    private readonly random: () => number,
  ) {
    this.machine = new HealthMachine(this);
    this.programs = new Programs(post);
    this.agents = new AgentRunner(this, this.machine.agents, random);
  }

  // ── Configurations ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts a configuration into force. Servers that stay keep their health and the time of their next check. */
  apply(plan: Plan): void {
    const { global, proxies } = plan.model;
    const before = this.farm;
    const inForce = proxies.filter((proxy) => hasBackend(proxy) && !proxy.disabled);
    const segments = new Map(plan.segments.map((segment) => [segment.id, segment]));
    const row = (key: string) => new T.Row(segments.get(plan.rows[key].segment)!, plan.rows[key].index);
    this.wakeWorkers = () => plan.wake.workers.forEach((fd) => void this.wake(fd));
    this.nodeName = global.node ?? hostname();
    this.spreadPercent = global.spreadChecks ?? 0;
    this.resize(Number(global.tune.bufsize ?? BUFSIZE));
    this.farm = buildFarm(inForce, row, before, this.machine);
    this.observed = [...this.farm.servers.values()].filter((s) => s.settings.errorLimit > 0);
    this.sockets.closeAll(); // as many as before may not be needed
    this.arrange(inForce, before, global.maxSpreadChecksMs ?? 0);
    this.agents.arrange(inForce, this.farm, before, global.maxSpreadChecksMs ?? 0, this.spreadPercent);
    for (const key of this.places.keys()) if (!this.roles.has(key)) this.places.delete(key);
    for (const [key, warmup] of this.warmups) if (!this.farm.servers.has(key)) this.forget(key, warmup);
    for (const s of this.farm.servers.values()) if (s.nextStepMs !== Number.POSITIVE_INFINITY) this.warming(s);
  }

  private forget(key: string, warmup: Warmup): void {
    this.reactor.timers.cancel(warmup);
    this.warmups.delete(key);
  }

  private resize(sizeBytes: number): void {
    if (sizeBytes !== this.buffers.sizeBytes) this.buffers = new ReceiveBuffers(sizeBytes);
  }

  private arrange(proxies: readonly Proxy[], before: Farm, maxSpreadMs: number): void {
    const fresh: Checker[] = [];
    const stale = new Map(this.probes);
    this.probes.clear();
    this.roles.clear();
    for (const proxy of proxies)
      for (const spec of proxy.servers) {
        const key = T.rowKey.server(proxy.name, spec.name);
        const server = this.farm.servers.get(key)!;
        if (!server.settings.isChecked) continue;
        if (server.settings.asks !== undefined) {
          this.roles.set(key, server);
          // Of one that was known before, a move may still wait to be looked at.
          if (!this.places.has(key)) this.places.set(key, server.row.get(T.S_ADDR_CHANGES));
          continue;
        }
        const old = before.servers.get(key);
        const kept = old && stale.get(old);
        if (old) stale.delete(old);
        const probe = kept ? this.keep(fresh, kept, server, proxy, spec) : this.create(fresh, server, proxy, spec);
        this.probes.set(server, probe);
      }
    for (const probe of stale.values()) this.drop(probe);
    this.spread(fresh, maxSpreadMs);
  }

  private drop(probe: Checker): void {
    probe.cancel();
    this.again.delete(probe);
    this.haste.end(probe);
  }

  private keep(fresh: Checker[], probe: Checker, server: ServerHealth, proxy: Proxy, spec: Server): Checker {
    const isSooner = server.settings.interMs < probe.server.settings.interMs;
    if (!adoptChecker(probe, server, proxy, spec)) {
      this.drop(probe);
      this.machine.checkCancelled(server);
      return this.create(fresh, server, proxy, spec);
    }
    if (isSooner) this.checkWithin(server, server.settings.interMs, probe);
    return probe;
  }

  private create(fresh: Checker[], server: ServerHealth, proxy: Proxy, spec: Server): Checker {
    const probe = createChecker(this, this.programs, server, proxy, spec);
    fresh.push(probe);
    return probe;
  }

  private spread(fresh: readonly Checker[], maxSpreadMs: number): void {
    const shortestMs = fresh.reduce((least, p) => Math.min(least, p.server.settings.interMs), Number.POSITIVE_INFINITY);
    const nowMs = performance.now();
    fresh.forEach((probe, i) => {
      const delay = firstDelay(i, fresh.length, shortestMs, maxSpreadMs);
      this.reactor.timers.arm(probe, onGrid(nowMs + delay, shortestMs));
    });
  }

  stop(): void {
    for (const probe of this.probes.values()) probe.cancel();
    this.probes.clear();
    this.agents.stop();
    this.sockets.closeAll();
  }

  // ── What probes report ────────────────────────────────────────────────────────────────────────────────────────────

  wants(server: ServerHealth): boolean {
    return server.wantsChecks;
  }

  started(probe: Checker): void {
    this.machine.checkStarted(probe.server);
  }

  ended(probe: Checker, report: CheckReport): void {
    this.tellTime();
    this.machine.checkEnded(probe.server, report);
    if (this.again.size > 0 && this.again.delete(probe)) this.reactor.timers.arm(probe, performance.now());
    else this.arm(probe);
  }

  missed(probe: Checker): void {
    if (probe.server.inProgress) this.machine.checkCancelled(probe.server);
    this.arm(probe);
  }

  private arm(probe: Checker): void {
    const plainMs = nextInterval(probe.server, this.spreadPercent, this.random());
    const waitMs = this.haste.shorten(probe, probe.server, plainMs);
    this.reactor.timers.arm(probe, onGrid(performance.now() + waitMs, waitMs));
  }

  tellTime(): void {
    this.machine.at(performance.now(), Date.now());
  }

  // ── Other events ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Workers count connection errors in a row and raise a flag at the limit. */
  review(): void {
    for (const server of this.observed) {
      const { row } = server;
      if (row.get(T.S_OBSERVED_LIMIT) === 0) continue;
      row.set(T.S_OBSERVED_LIMIT, 0);
      const errors = row.get(T.S_OBSERVED_ERRORS);
      row.set(T.S_OBSERVED_ERRORS, 0);
      this.machine.observedLimit(server, Math.max(errors, server.settings.errorLimit));
    }
    for (const server of this.probes.keys()) this.recheckIfTrafficFailed(server);
    for (const [key, server] of this.roles) {
      this.recheckIfTrafficFailed(server);
      this.distrustIfMoved(key, server);
    }
  }

  /** A connection was refused or reset (S_OBSERVE_RECHECK): that counts as nothing, and is looked into at once. */
  private recheckIfTrafficFailed(server: ServerHealth): void {
    const { row } = server;
    if (row.get(T.S_RECHECK_WANTED) === 0) return;
    row.set(T.S_RECHECK_WANTED, 0);
    this.recheck(server, 'traffic', 'a connection of live traffic failed');
  }

  /** A link of this host is back: servers that went down without it are looked at at once. */
  linkReturned(name: string, awayMs: number): void {
    this.tellTime();
    const lostMs = Date.now() - awayMs;
    for (const [server, probe] of this.probes) {
      if (!isDownSince(server, lostMs)) continue;
      this.machine.hint(server, 'link', linkText(name, awayMs));
      this.haste.begin(probe);
      this.restart(probe);
    }
    for (const [key, server] of this.roles) {
      if (!isDownSince(server, lostMs)) continue;
      this.machine.hint(server, 'link', linkText(name, awayMs));
      this.nudgeRole(key, true);
    }
  }

  /** What is under way was sent into a dead link, and would be sent again in a second at the earliest. */
  private restart(probe: Checker): void {
    if (!probe.isIdle) {
      probe.cancel();
      this.machine.checkCancelled(probe.server);
    }
    this.reactor.timers.arm(probe, performance.now());
  }

  /** At another address there may be anybody: down until it was asked there. */
  private distrustIfMoved(key: string, server: ServerHealth): void {
    const changes = server.row.get(T.S_ADDR_CHANGES);
    if (this.places.get(key) === changes) return;
    this.places.set(key, changes);
    this.tellTime();
    this.machine.checkEnded(server, MOVED);
    this.nudgeRole(key);
  }

  /** The role thread tells what a server is. */
  roleEnded({
    key,
    place,
    status,
    text,
    durationMs,
    role,
    isFallback,
    isCertain,
    brokeMsAgo,
    previousMsAgo,
  }: RoleResult): void {
    const server = this.roles.get(key);
    if (server === undefined) return;
    this.distrustIfMoved(key, server);
    if (place !== this.places.get(key)) return;
    this.tellTime();
    this.machine.setFallback(server, isFallback);
    if (brokeMsAgo !== undefined) this.machine.hint(server, 'session', '', brokeMsAgo);
    if (previousMsAgo !== undefined) server.past.wasChecked(Date.now() - previousMsAgo);
    this.machine.checkEnded(server, { status, code: 0, durationMs, text, role, isCertain });
  }

  /** Something about the claims of servers, for the log. */
  roleAlarm({ proxy, server, level, text }: RoleAlarm): void {
    this.post({ type: 'health-event', proxy, server, atMs: Date.now(), kind: 'claim', level, text });
  }

  /** @returns an error text, or null */
  command(proxy: string, name: string, command: AdminCommand): string | null {
    const server = this.farm.servers.get(T.rowKey.server(proxy, name));
    if (server === undefined) return 'No such server.';
    switch (command.do) {
      case 'state':
        this.machine.setState(server, command.state);
        return null;
      case 'health':
        return this.machine.setHealth(server, command.health);
      case 'weight':
        return this.machine.setWeight(server, command.weight, command.relative);
      case 'checks':
        return this.machine.setChecks(server, command.enabled);
      case 'check-port':
        server.row.set(T.S_CHECK_PORT, command.port);
        return null;
      case 'agent':
        return this.machine.agents.force(server, command.up);
      case 'agent-checks':
        return this.machine.agents.enable(server, command.enabled);
      case 'agent-target': {
        const error = this.machine.agents.retarget(server, command);
        this.agents.retarget(server);
        return error;
      }
      case 'resolved':
        this.machine.setResolved(server, command.resolved);
        return null;
      case 'recheck':
        return this.recheck(server, triggerOf(command.why), command.why ?? 'asked for');
      case 'choose':
        return this.machine.choose(server);
      case 'undamp':
        this.machine.undamp(server);
        this.tellDamping(server);
        return null;
      case 'damp':
        takeOverFlaps(server, command.note, Date.now() - performance.now());
        this.tellDamping(server);
        return null;
    }
  }

  /** Something else than the clock speaks for a check. @returns an error text, or null */
  private recheck(server: ServerHealth, kind: Trigger['kind'], why: string): string | null {
    const probe = this.probes.get(server);
    const key = T.rowKey.server(server.backend.name, server.name);
    if (probe === undefined && !this.roles.has(key))
      return 'Health check was not configured on this server, cannot check it.';
    if (!server.wantsChecks) return 'Health checks are stopped on this server.';
    this.tellTime();
    this.machine.hint(server, kind, why);
    if (probe === undefined) this.nudgeRole(key, kind === 'traffic');
    else if (probe.isIdle) this.reactor.timers.arm(probe, performance.now());
    else this.again.add(probe);
    return null;
  }

  /** What is known of a server now; null for one that does not run. */
  now(proxy: string, name: string): ServerNow | null {
    const server = this.farm.servers.get(T.rowKey.server(proxy, name));
    return server === undefined ? null : serverNow(server, Date.now(), performance.now());
  }

  // ── What the machine asks for ─────────────────────────────────────────────────────────────────────────────────────

  log(event: HealthEvent): void {
    this.post(event);
    const server =
      event.server === null ? undefined : this.farm.servers.get(T.rowKey.server(event.proxy, event.server));
    if (server !== undefined) this.tellDamping(server);
  }

  /** Main hands it to a successor. */
  private tellDamping(server: ServerHealth): void {
    const { damping, backend, name } = server;
    if (server.settings.damping === null || this.told.get(server.row) === damping) return;
    this.told.set(server.row, damping);
    const note = noteOf(damping, Date.now() - performance.now());
    this.post({ type: 'damping', proxy: backend.name, server: name, note });
  }

  lastCheck(server: ServerHealth, text: string): void {
    this.post({ type: 'last-check', proxy: server.backend.name, server: server.name, text });
  }

  agentTold({ backend, name, agent }: ServerHealth): void {
    const { text = '', addr = null } = agent ?? {};
    this.post({ type: 'agent', proxy: backend.name, server: name, text, addr });
  }

  changed(): void {
    this.reactor.again(this);
  }

  onContinue(): void {
    this.machine.flush();
    this.wakeWorkers();
  }

  warming(server: ServerHealth): void {
    const key = T.rowKey.server(server.backend.name, server.name);
    let warmup = this.warmups.get(key);
    if (warmup === undefined) {
      warmup = new Warmup(this.reactor.timers, this.machine, () => this.farm.servers.get(key));
      this.warmups.set(key, warmup);
    }
    warmup.arm(server.nextStepMs);
  }

  checkWithin(server: ServerHealth, ms: number, probe = this.probes.get(server)): void {
    if (probe === undefined) {
      if (server.settings.asks !== undefined) this.nudgeRole(T.rowKey.server(server.backend.name, server.name));
      return;
    }
    if (!probe.isIdle) return;
    const atMs = onGrid(performance.now() + ms, ms);
    if (atMs < probe.wakeAtMs) this.reactor.timers.arm(probe, atMs);
  }
}

/** @param intervalMs what the start belongs to: it sets how coarse the grid may be */
function onGrid(atMs: number, intervalMs: number): number {
  const gridMs = Math.max(1, Math.min(START_GRID_MS_MAX, Math.floor(intervalMs / GRID_SHARE)));
  return Math.round(atMs / gridMs) * gridMs;
}

function linkText(name: string, awayMs: number): string {
  return `the link of ${name} came back after ${span(awayMs)}`;
}

function triggerOf(why: string | undefined): Trigger['kind'] {
  return why?.startsWith('notify') ? 'notify' : 'operator';
}
