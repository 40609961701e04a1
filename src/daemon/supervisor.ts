/**
 * The main thread's view of the running program: it owns the threads, carries out what the operator asks, and brings the
 * process to its end. It decides nothing about sessions or health: workers and the health thread do.
 */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasFrontend } from '../config/defaults.js';
import type { Diagnostics } from '../config/diagnostics.js';
import type { Model, Proxy, Server, StatsSocket } from '../config/model.js';
import { listenerNames } from '../config/names.js';
import type { AgentSaid, Engine } from '../control/engine.js';
import type { AgentFigures } from '../core/agent-figures.js';
import type { ServerNow, StoredEvent } from '../core/events/event.js';
import type { History } from '../core/events/history.js';
import { toHistoryEvent } from '../core/events/vip-event.js';
import type { AdminCommand, FromHealth, FromWorker, ProtocolError, SessionInfo } from '../core/messages.js';
import type { StickStore } from '../core/stick/store.js';
import * as T from '../core/table.js';
import type { VipStatus } from '../core/vrrp/messages.js';
import { collectWithoutHelpers } from '../linux/realtime.js';
import { Deployment, type StartFailure } from './deployment.js';
import { runErrand } from './errands.js';
import { ExternalPrograms } from './external-programs.js';
import { FrontendSwitch } from './frontend-switch.js';
import { type HandoverSource, type InheritedSockets, serveHandover, writeSockets } from './handover.js';
import { HealthEvents } from './health-events.js';
import { rowOf, runs } from './plan.js';
import type { ProcessLog } from './process-log.js';
import { hostOf, readAddress } from './server-address.js';
import { Services } from './services.js';
import { captureState, type TransferredState } from './state-transfer.js';
import { ThreadRequests } from './thread-requests.js';
import { ThreadPool } from './threads.js';

/** A stop does not wait for a worker that hangs. */
const HARD_STOP_MS = 500;
const WORKERS_MAX = 64;
/** The role thread is started again this much later, and not more often than this in a minute. */
const ROLE_RESTART_MS = 500;
const ROLE_ENDS_MAX = 5;
const ROLE_ENDS_WITHIN_MS = 60_000;
/** A virtual address waits this long at most for its next owner when we stop. */
const VIP_GRACE_MS = 1000;
/** History that a successor gets: some hundred bytes each. */
const EVENTS_HANDED_OVER = 1000;

/** A configuration as read from its files. */
export interface Loaded {
  model: Model;
  diagnostics: Diagnostics;
  /** The files that were read. */
  files?: readonly string[];
}

export interface SupervisorOptions {
  /** Reads the files again, at each reload. */
  load(): Loaded | Promise<Loaded>;
  log: ProcessLog;
  /** Those of the first configuration. */
  files?: readonly string[];
  /** Overrides `nbthread`. */
  workers?: number;
  masterCli?: StatsSocket;
  /** From the process that this one succeeds. */
  inherited?: InheritedSockets;
  state?: TransferredState;
  /** A predecessor still runs: what it holds and cannot be shared is opened when it let go. */
  succeeds?: boolean;
  /** Called before and after a reload, for the service manager. */
  onReload?(phase: 'begin' | 'end'): void;
  /** The process is to end; all threads are gone or given up. `failed` = a thread died. */
  onEnd(how: 'soft' | 'hard' | 'failed'): void;
}

export class Supervisor implements Engine {
  readonly pid = process.pid;
  readonly startedAtMs = Date.now();
  readonly reloads = { count: 0, lastOk: true, lastMessage: '', lastAtMs: Date.now() };
  readonly workers: number;
  files: readonly string[];
  stopping = false;
  private threads: ThreadPool | null = null;
  private requests: ThreadRequests | null = null;
  /** When the role thread failed of late. */
  private roleEndsMs: number[] = [];
  private handedOver = false;
  private ended = false;
  private isHard = false;
  private handover: { close(): void } | undefined;
  /** Reloads and changes of listeners, one after the other. */
  private queue: Promise<unknown> = Promise.resolve();
  private readonly deployment: Deployment;
  private readonly health: HealthEvents;
  private readonly frontends: FrontendSwitch;
  private readonly programs = new ExternalPrograms((id, status) => {
    this.threads?.health.post({ type: 'program-ended', id, status });
  });
  private readonly services = new Services(
    this,
    (index, message) => this.threads?.workers[index].post(message),
    (text) => this.log.record('ALERT', null, text),
  );
  private readonly log: ProcessLog;

  constructor(
    first: Model,
    private readonly options: SupervisorOptions,
  ) {
    this.log = options.log;
    this.files = absolute(options.files);
    if ((first.vips?.instances.length ?? 0) > 0) collectWithoutHelpers(); // before there is any thread
    this.workers = Math.min(WORKERS_MAX, options.workers ?? first.global.nbthread ?? availableParallelism());
    this.health = new HealthEvents(this.log);
    this.history.restore(Array.isArray(options.state?.events) ? options.state.events : []);
    this.deployment = new Deployment(first, {
      engine: this,
      log: this.log,
      workers: this.workers,
      requests: () => this.startedThreads(),
      wake: () => this.threads!.wakeFds,
      isClosed: (key) => this.frontends.isClosed(key),
      getSocks: (fd) => writeSockets(fd, this.handoverSource()),
      vips: {
        event: (event) => this.health.add(toHistoryEvent(event)),
        lost: (addresses) => this.threads?.toWorkers({ type: 'kill-address-sessions', addresses }),
      },
    });
    if (options.inherited) this.deployment.listeners.inherit(options.inherited);
    this.frontends = new FrontendSwitch({
      log: this.log,
      row: (key) => this.row(key),
      post: (message) => this.threads?.toWorkers(message),
      listening: (proxy) => this.deployment.listeningOf(proxy),
      sayStopped: (proxy) => this.sayStopped(proxy),
      drain: (listening) => this.deployment.drain(listening),
      republish: () => this.deployment.publish(),
      forget: (keys) => this.deployment.listeners.forget(keys),
    });
  }

  /** Opens the sockets, starts the threads, applies the first configuration. @returns null, or why nothing runs */
  async start(): Promise<StartFailure | null> {
    const { control, listeners } = this.deployment;
    const failure = await this.deployment.apply(this.model, this.options.state, this.options.succeeds);
    if (failure) return failure;
    listeners.dropInherited();
    await control.openPrivate();
    if (this.options.masterCli) await control.openMasterCli(this.options.masterCli);
    this.handover = await serveHandover(this.handoverSource());
    return null;
  }

  private startedThreads(): ThreadRequests {
    this.threads ??= new ThreadPool(this.workers, {
      fromWorker: (message) => this.onWorker(message),
      fromHealth: (message) => this.onHealth(message),
      fromRoles: (message) => {
        if (message.type === 'claims') this.deployment.claims = message.claims;
      },
      rolesEnded: (error) => this.onRolesEnd(error),
      ended: (name, error) => this.onThreadEnd(name, error),
    });
    this.requests ??= new ThreadRequests(this.threads);
    return this.requests;
  }

  // ── Reload ────────────────────────────────────────────────────────────────────────────────────────────────────────

  reload(): Promise<{ ok: boolean; text: string }> {
    const result = this.queue.then(() => this.reloadNow());
    this.queue = result;
    return result;
  }

  private async reloadNow(): Promise<{ ok: boolean; text: string }> {
    if (this.stopping) return { ok: false, text: 'not reloaded: the process is stopping' };
    this.options.onReload?.('begin');
    const outcome = await this.tryReload();
    Object.assign(this.reloads, { lastOk: outcome.ok, lastMessage: outcome.text, lastAtMs: Date.now() });
    if (outcome.ok) {
      this.reloads.count++;
      this.log.record('NOTICE', null, outcome.text.split('\n')[0]);
    } else this.log.record('ALERT', null, outcome.text);
    this.options.onReload?.('end');
    return outcome;
  }

  private async tryReload(): Promise<{ ok: boolean; text: string }> {
    const loaded = await this.load();
    if (typeof loaded === 'string') return refusal([loaded]);
    const { model, diagnostics } = loaded;
    if (diagnostics.hasErrors) return refusal([diagnostics.renderAll()]);
    if (!listensSomewhere(model)) return refusal(['no enabled listener found']);
    const restart = this.needsRestart(model);
    const failure = await this.deployment.apply(model);
    if (failure) return refusal(failure.texts);
    this.files = absolute(loaded.files);
    const warnings = diagnostics.list.length > 0 ? `\n${diagnostics.renderAll()}` : '';
    return { ok: true, text: `Configuration reloaded: revision ${this.deployment.revision}${restart}${warnings}` };
  }

  private async load(): Promise<Loaded | string> {
    try {
      return await this.options.load();
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Settings that the process takes once, at its start. */
  private needsRestart(model: Model): string {
    const names = ['nbthread', 'user', 'group', 'uid', 'gid', 'chroot', 'pidfile'] as const;
    const changed = names.filter((name) => model.global[name] !== this.model.global[name]);
    return changed.length > 0 ? `; ${changed.join(', ')} changed and need a restart` : '';
  }

  // ── Stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  stop(soft: boolean): void {
    if (soft) void this.softStop();
    else void this.hardStop();
  }

  private async softStop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.row(T.rowKey.process())?.set(T.P_STOPPING, 1);
    await this.queue;
    const { hardStopAfterMs: limit, graceMs = 0 } = this.model.global;
    await this.giveUpAddresses();
    if (graceMs > 0) await sleep(graceMs);
    if (limit !== undefined) setTimeout(() => void this.hardStop(), limit);
    await this.deployment.closeListeners(this.handedOver);
    await this.deployment.control.closePublic();
    await this.deployment.agents.closeListeners();
    for (const proxy of this.model.proxies) this.sayStopped(proxy);
    this.threads?.toWorkers({ type: 'stop', soft: true, spreadMs: this.model.global.closeSpreadTimeMs ?? 0 });
  }

  private sayStopped(proxy: Proxy): void {
    const front = this.row(T.rowKey.frontend(proxy.name));
    front?.set(T.I_STATE, 0);
    const back = this.row(T.rowKey.backend(proxy.name));
    const conns = `FE: ${front?.sum(T.C_CONNECTIONS) ?? 0}, BE: ${back?.sum(T.C_SESSIONS) ?? 0}`;
    this.log.record('WARNING', proxy.name, `Proxy ${proxy.name} stopped (cumulated conns: ${conns}).`);
  }

  private async hardStop(): Promise<void> {
    this.stopping = true;
    this.isHard = true;
    await this.giveUpAddresses();
    if (!this.handedOver) this.deployment.listeners.removePaths(this.deployment.listeners.all.values());
    await this.requests?.stop(false, HARD_STOP_MS);
    await this.end('hard');
  }

  /** Whoever takes over must be there before we let our clients down. */
  private giveUpAddresses(): Promise<void> {
    return this.deployment.vips.stop(this.handedOver, VIP_GRACE_MS);
  }

  private async end(how: 'soft' | 'hard' | 'failed'): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.deployment.addresses.close();
    this.programs.killAll();
    this.deployment.agents.close();
    this.frontends.close();
    this.threads?.roles?.post({ type: 'stop' });
    this.threads?.health.post({ type: 'stop' });
    this.handover?.close();
    // A client of a control socket must not keep the process.
    await Promise.race([this.deployment.control.close(), sleep(HARD_STOP_MS)]);
    this.options.onEnd(how);
  }

  /** SIGTTOU and SIGTTIN. */
  pause(): void {
    this.frontends.pauseAll(this.model);
  }
  resume(): void {
    this.queue = this.queue.then(() => this.frontends.resumeAll(this.model));
  }

  // ── What the threads say ──────────────────────────────────────────────────────────────────────────────────────────

  private onWorker(message: FromWorker): void {
    if (message.type === 'log') this.log.record(TAGS[message.level], null, message.text);
    if (message.type === 'service') this.services.take(message);
    if (this.threads !== null) runErrand(this.threads, message);
  }

  private onHealth(message: FromHealth): void {
    if (message.type === 'health-event') this.health.add(message);
    if (message.type === 'last-check') this.health.checked(message.proxy, message.server, message.text);
    if (message.type === 'damping') this.health.damped(message.proxy, message.server, message.note);
    if (message.type === 'agent') this.health.agent(message.proxy, message.server, message);
    if (message.type === 'run-program') this.programs.start(message.id, message.program);
    if (message.type === 'kill-program') this.programs.kill(message.id);
    if (message.type === 'log') this.log.record(TAGS[message.level], null, message.text);
  }

  private onThreadEnd(name: string, error: Error | null): void {
    if (error || !this.stopping) {
      this.log.record('ALERT', null, `${name}: ${error?.stack ?? 'ended by itself'}`);
      void this.end('failed');
    } else if (this.threads?.running === 0) void this.end(this.isHard ? 'hard' : 'soft');
  }

  /** Sessions with databases of all kinds: what goes wrong with one of them must not end the proxy. */
  private onRolesEnd(error: Error | null): void {
    if (this.stopping || this.ended) return;
    this.log.record('ALERT', null, `role checks: ${error?.stack ?? 'ended by themselves'}`);
    const nowMs = performance.now();
    this.roleEndsMs = [...this.roleEndsMs.filter((atMs) => nowMs - atMs < ROLE_ENDS_WITHIN_MS), nowMs];
    if (this.roleEndsMs.length > ROLE_ENDS_MAX) {
      void this.end('failed');
      return;
    }
    setTimeout(() => {
      this.queue = this.queue.then(() => this.restartRoles());
    }, ROLE_RESTART_MS);
  }

  private async restartRoles(): Promise<void> {
    if (this.stopping || this.ended) return;
    try {
      await this.deployment.applyRoles();
    } catch (error) {
      this.log.record('ALERT', null, `role checks: ${(error as Error).message}`);
    }
  }

  // ── Engine: questions and orders of the control plane ─────────────────────────────────────────────────────────────

  get model(): Model {
    return this.deployment.model;
  }

  row(key: string): T.Row | undefined {
    return rowOf(this.deployment.layout, key);
  }

  listenerName(proxy: Proxy, bind: number): string {
    return listenerNames(proxy)[bind];
  }

  protocolErrors(): Promise<{ total: number; errors: ProtocolError[] }> {
    return this.startedThreads().protocolErrors();
  }

  sessions(): Promise<SessionInfo[]> {
    return this.startedThreads().sessions();
  }

  killSession(id: number): void {
    this.threads?.toWorkers({ type: 'kill-session', id });
  }

  killServerSessions(proxy: string, server: string): void {
    const row = this.row(T.rowKey.server(proxy, server));
    row?.set(T.S_SHUTDOWN_REASON, T.SHUTDOWN_KILLED);
    row?.set(T.S_SHUTDOWN_AT, Date.now() | 0);
    row?.add(T.S_SHUTDOWN_EPOCH, 1);
    this.threads?.wakeWorkers();
  }

  killFrontendSessions(proxy: string): void {
    this.threads?.toWorkers({ type: 'kill-frontend-sessions', proxy });
  }

  admin(proxy: string, server: string, command: AdminCommand, who?: string): Promise<string | null> {
    const order = () => this.startedThreads().admin(proxy, server, command);
    return who === undefined ? order() : this.health.under(who, proxy, server, order);
  }

  settle(proxy: string, server: string | null): Promise<string | null> {
    return this.startedThreads().settle(proxy, server);
  }

  setServerAddress(proxy: string, server: string, host: string, port: number | null): string | null {
    const before = this.deployment.addresses.move(T.rowKey.server(proxy, server), host, port);
    if (!before) return 'No such server.';
    this.threads?.wakeHealth();
    return null;
  }

  async setFrontend(proxy: string, to: 'enabled' | 'disabled' | 'shutdown'): Promise<string | null> {
    const found = this.model.proxies.find((p) => p.name === proxy && hasFrontend(p));
    if (!found) return 'No such frontend.';
    const done = this.queue.then(() => this.frontends.set(found, to));
    this.queue = done.catch(() => undefined); // whoever asked is told; what is asked for next is carried out
    await done;
    return null;
  }

  setMaxconn(target: Parameters<Engine['setMaxconn']>[0], n: number): void {
    this.row(maxconnKey(target))?.set(T.I_MAXCONN, n);
    this.threads?.wakeWorkers();
  }

  get history(): History {
    return this.health.history;
  }
  serverNow(proxy: string, server: string): Promise<ServerNow | null> {
    return this.startedThreads().serverNow(proxy, server);
  }
  onEvent(listener: (event: StoredEvent) => void): () => void {
    return this.health.subscribe(listener);
  }
  lastCheck(proxy: string, server: string): string {
    return this.health.lastCheck(proxy, server);
  }
  lastAgent(proxy: string, server: string): AgentSaid {
    return this.health.lastAgent(proxy, server);
  }

  tables(): ReadonlyMap<string, StickStore> {
    return this.deployment.tables.stores;
  }

  agents(): Promise<AgentFigures[]> {
    return this.deployment.agents.figures();
  }

  vips(): Promise<VipStatus | null> {
    return this.deployment.vips.askStatus();
  }

  get vipStatus(): VipStatus | null {
    return this.deployment.vips.status;
  }

  failoverVip(router: string | null, holdMs: number, who: string): Promise<string | null> {
    return this.deployment.vips.failover(router, holdMs, who);
  }

  /** The process runs as somebody else from now on. */
  privilegesDropped(): void {
    this.deployment.vips.privilegesDropped();
  }

  serverAddress(proxy: string, server: Server): { host: string; port: number } {
    const row = this.row(T.rowKey.server(proxy, server.name));
    return row ? readAddress(row, server) : { host: hostOf(server) ?? '-', port: 0 };
  }

  /** What a successor takes over. */
  private handoverSource(): HandoverSource {
    const { deployment } = this;
    return {
      sockets: () =>
        [...new Set(deployment.listeners.all.values())]
          .flatMap((l) => l.fds.map((fd) => ({ fd, interface: l.options.interface })))
          .concat(deployment.agents.sockets.map((fd) => ({ fd, interface: undefined }))),
      state: () => ({
        ...captureState(deployment.layout, deployment.model, deployment.addresses.moved, (proxy, server) =>
          this.health.damping(proxy, server),
        ),
        claims: deployment.claims,
        vips: deployment.vips.masters(),
        events: this.history.list().slice(-EVENTS_HANDED_OVER),
      }),
      handedOver: () => {
        this.handedOver = true;
      },
    };
  }
}

const TAGS = { warning: 'WARNING', notice: 'NOTICE', alert: 'ALERT' } as const;

function maxconnKey(target: Parameters<Engine['setMaxconn']>[0]): string {
  if (target.kind === 'global') return T.rowKey.process();
  if (target.kind === 'frontend') return T.rowKey.frontend(target.proxy);
  return T.rowKey.server(target.proxy, target.server ?? '');
}

/** Whether there is anything to do: listeners that clients or pollers could reach, or addresses to hold. */
export function listensSomewhere(model: Model): boolean {
  const hasVips = (model.vips?.instances.length ?? 0) > 0;
  return hasVips || model.agents.length > 0 || model.proxies.some((p) => runs(p) && p.binds.length > 0);
}

function refusal(texts: string[]): { ok: false; text: string } {
  return { ok: false, text: `Configuration not reloaded, the running one stays in force:\n${texts.join('\n')}` };
}

/** Whoever asks has another working directory. Standard input has no path. */
function absolute(files: readonly string[] = []): string[] {
  return files.map((file) => (file.startsWith('<') ? file : resolve(file)));
}
