/**
 * The main thread's view of the running program: it turns a model into a plan, hands it to the threads, and carries out
 * what the operator asks. It decides nothing about sessions or health: workers and the health thread do.
 */
import { availableParallelism } from 'node:os';
import { hasFrontend } from '../config/defaults.js';
import type { Diagnostics } from '../config/diagnostics.js';
import type { Model, Proxy, Server, StatsSocket } from '../config/model.js';
import { listenerNames } from '../config/names.js';
import type { Engine } from '../control/engine.js';
import type { AdminCommand, FromHealth, FromWorker, HealthEvent, Plan, SessionInfo } from '../core/messages.js';
import * as T from '../core/table.js';
import { ServerAddresses } from './addresses.js';
import { ControlSockets } from './control-sockets.js';
import { FrontendSwitch } from './frontend-switch.js';
import { type HandoverSource, type InheritedSockets, serveHandover, writeSockets } from './handover.js';
import { HealthEvents } from './health-events.js';
import { fitLimits } from './limits.js';
import { ListenerSet, type ListenFailure, type Listening } from './listeners.js';
import { type Layout, layOut, rowOf, runs, writeCells } from './plan.js';
import { changeCommands, initialCommands, type ServerCommand } from './plan-changes.js';
import type { ProcessLog } from './process-log.js';
import { hostOf, readAddress, resolveLogTargets } from './server-address.js';
import { captureState, restoredAddress, restoreFigures, type TransferredState } from './state-transfer.js';
import { ThreadPool } from './threads.js';

/** Threads answer within a turn of their loop; one that does not in this time hangs, and that is a bug. */
const THREAD_MS = 10_000;
/** A stop does not wait for a worker that hangs. */
const HARD_STOP_MS = 500;
const SESSION_LIST_MS = 1000;
const WORKERS_MAX = 64;

/** A configuration as read from its files. */
export interface Loaded {
  model: Model;
  diagnostics: Diagnostics;
}

export interface SupervisorOptions {
  /** Reads the files, now and at each reload. */
  load(): Loaded | Promise<Loaded>;
  /** How `fairlead reload` and the log show what is wrong. */
  log: ProcessLog;
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

/** Why a configuration cannot run on this host at this moment. */
export interface StartFailure {
  texts: string[];
  /** All of it is about addresses that another process holds. */
  allInUse: boolean;
}

export class Supervisor implements Engine {
  readonly pid = process.pid;
  readonly startedAtMs = Date.now();
  readonly reloads = { count: 0, lastOk: true, lastMessage: '', lastAtMs: Date.now() };
  readonly workers: number;
  stopping = false;
  model: Model;
  private layout: Layout = { rows: {}, segments: [] };
  private revision = 0;
  private requests = 0;
  private threads!: ThreadPool;
  private running = 0;
  private handedOver = false;
  private ended = false;
  private handover: { close(): void } | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly listeners: ListenerSet;
  private readonly addresses: ServerAddresses;
  private readonly control: ControlSockets;
  private readonly health: HealthEvents;
  private readonly frontends: FrontendSwitch;
  private readonly log: ProcessLog;

  constructor(
    first: Model,
    private readonly options: SupervisorOptions,
  ) {
    this.log = options.log;
    this.model = first;
    this.workers = Math.min(WORKERS_MAX, options.workers ?? first.global.nbthread ?? availableParallelism());
    this.listeners = new ListenerSet(this.workers, this.pid);
    if (options.inherited) this.listeners.inherit(options.inherited);
    this.addresses = new ServerAddresses(this.log, (proxy, server, resolved) => {
      void this.admin(proxy, server, { do: 'resolved', resolved });
    });
    this.control = new ControlSockets(this, (fd) => writeSockets(fd, this.handoverSource()));
    this.health = new HealthEvents(this.log);
    this.frontends = new FrontendSwitch({
      log: this.log,
      row: (key) => this.row(key),
      post: (message) => this.threads.toWorkers(message),
      listening: (proxy) => this.listeningOf(proxy),
      drain: (listening) => this.drain(listening),
      republish: () => this.publish(),
      forget: (listening) => this.listeners.forget(listening),
    });
  }

  // ── Start ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Opens the sockets, starts the threads, applies the first configuration. @returns null, or why nothing runs */
  async start(): Promise<StartFailure | null> {
    const failure = await this.apply(this.model, this.options.state);
    if (failure) return failure;
    this.listeners.dropInherited();
    await this.control.openPrivate();
    if (this.options.masterCli) await this.control.openMasterCli(this.options.masterCli);
    this.handover = await serveHandover(this.handoverSource());
    return null;
  }

  /** Starts the threads with the first plan: nothing is started for a configuration that cannot run. */
  private startThreads(): void {
    if (this.threads) return;
    this.running = this.workers;
    this.threads = new ThreadPool(this.workers, {
      fromWorker: (message) => this.onWorker(message),
      fromHealth: (message) => this.onHealth(message),
      ended: (name, error) => this.onThreadEnd(name, error),
    });
  }

  // ── Applying a configuration ──────────────────────────────────────────────────────────────────────────────────────

  /** Everything that can fail comes first; from `commit` on nothing is refused any more. */
  private async apply(model: Model, state?: TransferredState): Promise<StartFailure | null> {
    const unresolvedLogs = await resolveLogTargets(model);
    const { maxconn, complaint } = fitLimits(model, this.workers);
    model.global.maxconn = maxconn;
    const found = await this.addresses.lookUp(model);
    const sockets = await this.listeners.prepare(model);
    if (sockets.failures.length > 0) {
      this.listeners.rollBack(sockets);
      return failureOf(sockets.failures);
    }
    const control = await this.control.prepare(model, this.options.succeeds === true && this.revision === 0);
    if (control.failures.length > 0) {
      this.listeners.rollBack(sockets);
      await this.control.rollBack(control);
      return { texts: control.failures, allInUse: false };
    }
    this.log.use(model);
    for (const host of unresolvedLogs) this.log.warning(`log target '${host}' does not resolve: nothing is sent there`);
    for (const text of sockets.foreign)
      this.log.record('NOTICE', null, `${text}: no interface of this host holds this address yet; bound all the same`);
    if (complaint) this.log.record('WARNING', null, complaint);
    const gone = this.listeners.commit(sockets);
    await this.control.commit(control);
    await this.switchTo(model, found, state);
    await this.retire(gone);
    return null;
  }

  private async switchTo(model: Model, found: Map<string, string | null>, state?: TransferredState): Promise<void> {
    const before = this.revision === 0 ? null : this.model;
    const { layout, fresh } = layOut(before && this.layout, model, this.workers);
    this.model = model;
    this.layout = layout;
    writeCells(layout, model, new Set(fresh), Math.floor(Date.now() / 1000));
    const resolutions = this.addresses.write(model, found, (key) => rowOf(layout, key)!);
    if (state) restoreFigures(layout, state);
    this.startThreads();
    this.revision++;
    await this.post('health');
    for (const { proxy, server, resolved } of resolutions)
      await this.admin(proxy.name, server.name, { do: 'resolved', resolved });
    const commands = before ? changeCommands(before, model) : initialCommands(model, state);
    await this.command(commands);
    if (state) this.restoreAddresses(state);
    await this.post('workers');
  }

  private async command(commands: ServerCommand[]): Promise<void> {
    await Promise.all(commands.map((c) => this.admin(c.proxy, c.server, c.command)));
  }

  private restoreAddresses(state: TransferredState): void {
    for (const proxy of this.model.proxies)
      for (const server of proxy.servers) {
        const key = T.rowKey.server(proxy.name, server.name);
        const address = restoredAddress(state, key, server);
        if (address) this.addresses.move(key, address.host, address.port);
      }
  }

  /** Hands the plan to the health thread or the workers and waits until it is in force there. */
  private async post(to: 'health' | 'workers'): Promise<void> {
    const plan = this.plan();
    const count = to === 'health' ? 1 : this.workers;
    const isAnswer = (m: FromWorker | FromHealth) =>
      m.type === 'applied' && m.revision === plan.revision && 'index' in m === (to === 'workers');
    const applied = this.threads.wait(count, THREAD_MS, isAnswer);
    if (to === 'health') this.threads.health.post({ type: 'apply', plan });
    else this.threads.toWorkers({ type: 'apply', plan });
    if (!(await applied)) throw new Error(`${to} did not take over revision ${plan.revision} in ${THREAD_MS} ms`);
  }

  private plan(): Plan {
    const listeners: Plan['listeners'] = {};
    for (const [key, listening] of this.listeners.all)
      if (!this.frontends.isClosed(key)) listeners[key] = listening.fds;
    const wake = { workers: this.threads.workers.map((w) => w.wakeFd), health: this.threads.health.wakeFd };
    return { revision: this.revision, model: this.model, ...this.layout, listeners, wake };
  }

  /** The same configuration again, for workers whose listeners changed. */
  private async publish(): Promise<void> {
    this.revision++;
    await this.post('workers');
  }

  /** Lets the workers serve what waits in the accept queues; afterwards nobody accepts there. */
  private async drain(gone: readonly Listening[]): Promise<void> {
    const fds = gone.flatMap((l) => l.fds);
    if (fds.length === 0) return;
    const request = ++this.requests;
    const closed = this.threads.wait(this.workers, THREAD_MS, (m) => {
      return m.type === 'listeners-closed' && m.request === request;
    });
    this.threads.toWorkers({ type: 'close-listeners', fds, request });
    await closed;
  }

  private async retire(gone: readonly Listening[]): Promise<void> {
    await this.drain(gone);
    this.listeners.closeAll(gone);
    this.listeners.removePaths(gone);
  }

  private listeningOf(proxy: Proxy): [key: string, listening: Listening][] {
    const keys = listenerNames(proxy).map((name) => T.rowKey.listener(proxy.name, name));
    return keys.flatMap((key) => {
      const listening = this.listeners.all.get(key);
      return listening ? [[key, listening] as [string, Listening]] : [];
    });
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
    this.reloads.lastOk = outcome.ok;
    this.reloads.lastMessage = outcome.text;
    this.reloads.lastAtMs = Date.now();
    if (outcome.ok) {
      this.reloads.count++;
      this.log.record('NOTICE', null, outcome.text.split('\n')[0]);
    } else this.log.record('ALERT', null, outcome.text);
    this.options.onReload?.('end');
    return outcome;
  }

  private async tryReload(): Promise<{ ok: boolean; text: string }> {
    let loaded: Loaded;
    try {
      loaded = await this.options.load();
    } catch (error) {
      return refusal([(error as Error).message]);
    }
    const { model, diagnostics } = loaded;
    if (diagnostics.hasErrors) return refusal([diagnostics.renderAll()]);
    if (!model.proxies.some((p) => hasFrontend(p) && runs(p))) return refusal(['no enabled listener found']);
    const restart = this.needsRestart(model);
    const failure = await this.apply(model);
    if (failure) return refusal(failure.texts);
    const warnings = diagnostics.list.length > 0 ? `\n${diagnostics.renderAll()}` : '';
    return { ok: true, text: `Configuration reloaded: revision ${this.revision}${restart}${warnings}` };
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
    const limit = this.model.global.hardStopAfterMs;
    if (limit !== undefined) setTimeout(() => void this.hardStop(), limit);
    const gone = [...this.listeners.all.values()];
    await this.drain(gone);
    this.listeners.closeAll(gone);
    if (!this.handedOver) this.listeners.removePaths(gone);
    await this.control.closePublic();
    for (const proxy of this.model.proxies) this.sayStopped(proxy);
    this.threads.toWorkers({ type: 'stop', soft: true });
  }

  private sayStopped(proxy: Proxy): void {
    this.row(T.rowKey.frontend(proxy.name))?.set(T.I_STATE, 0);
    const front = this.row(T.rowKey.frontend(proxy.name))?.sum(T.C_CONNECTIONS) ?? 0;
    const back = this.row(T.rowKey.backend(proxy.name))?.sum(T.C_SESSIONS) ?? 0;
    const text = `Proxy ${proxy.name} stopped (cumulated conns: FE: ${front}, BE: ${back}).`;
    this.log.record('WARNING', proxy.name, text);
  }

  private async hardStop(): Promise<void> {
    if (this.ended) return;
    this.stopping = true;
    if (!this.handedOver) this.listeners.removePaths(this.listeners.all.values());
    if (!this.threads) return this.end('hard');
    const stopped = this.threads.wait(this.running, HARD_STOP_MS, (m) => m.type === 'stopped');
    this.threads.toWorkers({ type: 'stop', soft: false });
    if (this.running > 0) await stopped;
    await this.end('hard');
  }

  private async end(how: 'soft' | 'hard' | 'failed'): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.addresses.close();
    this.frontends.close();
    this.threads?.health.post({ type: 'stop' });
    this.handover?.close();
    await this.control.close();
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
    if (message.type === 'log') this.log.record(tagOf(message.level), null, message.text);
  }

  private onHealth(message: FromHealth): void {
    if (message.type === 'health-event') this.health.add(message);
    if (message.type === 'last-check') this.health.checked(message.proxy, message.server, message.text);
  }

  private onThreadEnd(name: string, error: Error | null): void {
    if (name.startsWith('worker')) this.running--;
    if (error || !this.stopping) {
      this.log.record('ALERT', null, `${name}: ${error?.stack ?? 'ended by itself'}`);
      void this.end('failed');
    } else if (this.running === 0) void this.end('soft');
  }

  // ── Engine: questions and orders of the control plane ─────────────────────────────────────────────────────────────

  row(key: string): T.Row | undefined {
    return rowOf(this.layout, key);
  }

  listenerName(proxy: Proxy, bind: number): string {
    return listenerNames(proxy)[bind];
  }

  async sessions(): Promise<SessionInfo[]> {
    const request = ++this.requests;
    const sessions: SessionInfo[] = [];
    const all = this.threads.wait(this.running, SESSION_LIST_MS, (m) => {
      const isOurs = m.type === 'sessions' && m.request === request;
      if (isOurs) sessions.push(...m.sessions);
      return isOurs;
    });
    this.threads.toWorkers({ type: 'list-sessions', request });
    if (this.running > 0) await all;
    return sessions;
  }

  killSession(id: number): void {
    this.threads.toWorkers({ type: 'kill-session', id });
  }

  killServerSessions(proxy: string, server: string): void {
    const row = this.row(T.rowKey.server(proxy, server));
    row?.set(T.S_SHUTDOWN_REASON, T.SHUTDOWN_KILLED);
    row?.add(T.S_SHUTDOWN_EPOCH, 1);
    this.threads.wakeWorkers();
  }

  killFrontendSessions(proxy: string): void {
    this.threads.toWorkers({ type: 'kill-frontend-sessions', proxy });
  }

  async admin(proxy: string, server: string, command: AdminCommand): Promise<string | null> {
    const request = ++this.requests;
    let error: string | null = 'the health thread did not answer';
    const answered = this.threads.wait(1, THREAD_MS, (m) => {
      const isOurs = m.type === 'admin-result' && m.request === request;
      if (isOurs) error = m.error;
      return isOurs;
    });
    this.threads.health.post({ type: 'admin', request, proxy, server, command });
    await answered;
    return error;
  }

  setServerAddress(proxy: string, server: string, host: string, port: number | null): string | null {
    const before = this.addresses.move(T.rowKey.server(proxy, server), host, port);
    if (!before) return 'No such server.';
    this.threads.wakeHealth();
    return null;
  }

  setFrontend(proxy: string, to: 'enabled' | 'disabled' | 'shutdown'): string | null {
    const found = this.model.proxies.find((p) => p.name === proxy && hasFrontend(p));
    if (!found) return 'No such frontend.';
    this.queue = this.queue.then(() => this.frontends.set(found, to));
    return null;
  }

  setMaxconn(
    target: { kind: 'global' } | { kind: 'frontend' | 'server'; proxy: string; server?: string },
    n: number,
  ): void {
    const { rowKey } = T;
    const key =
      target.kind === 'global'
        ? rowKey.process()
        : target.kind === 'frontend'
          ? rowKey.frontend(target.proxy)
          : rowKey.server(target.proxy, target.server ?? '');
    this.row(key)?.set(T.I_MAXCONN, n);
    this.threads.wakeWorkers();
  }

  events(): readonly HealthEvent[] {
    return this.health.list;
  }
  onEvent(listener: (event: HealthEvent) => void): () => void {
    return this.health.subscribe(listener);
  }
  lastCheck(proxy: string, server: string): string {
    return this.health.lastCheck(proxy, server);
  }

  serverAddress(proxy: string, server: Server): { host: string; port: number } {
    const row = this.row(T.rowKey.server(proxy, server.name));
    return row ? readAddress(row, server) : { host: hostOf(server) ?? '-', port: 0 };
  }

  /** What a successor takes over. */
  private handoverSource(): HandoverSource {
    return {
      sockets: () =>
        [...new Set(this.listeners.all.values())].flatMap((l) =>
          l.fds.map((fd) => ({ fd, interface: l.options.interface })),
        ),
      state: () => captureState(this.layout, this.model, this.addresses.moved),
      handedOver: () => {
        this.handedOver = true;
      },
    };
  }
}

function failureOf(failures: ListenFailure[]): StartFailure {
  return { texts: failures.map((f) => f.text), allInUse: failures.every((f) => f.inUse) };
}

function refusal(texts: string[]): { ok: false; text: string } {
  return { ok: false, text: `Configuration not reloaded, the running one stays in force:\n${texts.join('\n')}` };
}

function tagOf(level: 'warning' | 'notice' | 'alert'): 'WARNING' | 'NOTICE' | 'ALERT' {
  return level === 'warning' ? 'WARNING' : level === 'notice' ? 'NOTICE' : 'ALERT';
}
