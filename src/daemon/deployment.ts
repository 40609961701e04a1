/**
 * The configuration in force and the way to the next one. Everything that can fail comes first: sockets are opened, names
 * looked up, limits raised. Then the switch is made, health first and workers second, so that no session meets a server
 * whose state is unknown; at last what is no longer wanted is drained and closed.
 */
import { Secrets } from '../agents/secrets.js';
import type { Model, Proxy, Secret } from '../config/model.js';
import { listenerNames } from '../config/names.js';
import type { Engine } from '../control/engine.js';
import { TAKEN_OVER } from '../core/events/cause.js';
import type { Plan } from '../core/messages.js';
import type { ClaimsMemory } from '../core/role/arbiter.js';
import * as T from '../core/table.js';
import { ServerAddresses } from './addresses.js';
import { Agents } from './agents.js';
import { ControlSockets } from './control-sockets.js';
import { fitLimits } from './limits.js';
import { ListenerSet, type ListenFailure, type Listening } from './listeners.js';
import { type Layout, layOut, rowOf, writeCells } from './plan.js';
import type { ProcessLog } from './process-log.js';
import { planRoles } from './role-plan.js';
import { resolveCheckHosts, resolveLogTargets } from './server-address.js';
import { stateFromFiles } from './state-file.js';
import {
  restoreCommands,
  restoredAddress,
  restoreFigures,
  type ServerCommand,
  type TransferredState,
} from './state-transfer.js';
import { StickTables } from './stick-tables.js';
import type { ThreadRequests } from './thread-requests.js';
import { planVips } from './vip-plan.js';
import { type VipListeners, Vips } from './vips.js';

/** Why a configuration cannot run on this host at this moment. */
export interface StartFailure {
  texts: string[];
  /** All of it is about addresses that another process holds. */
  allInUse: boolean;
}

export interface DeploymentContext {
  readonly engine: Engine;
  readonly log: ProcessLog;
  readonly workers: number;
  /** Starts the threads on first use: a configuration that cannot run starts nothing. */
  requests(): ThreadRequests;
  wake(): Plan['wake'];
  /** Listener keys that no worker may watch. */
  isClosed(key: string): boolean;
  getSocks(fd: number): void;
  readonly vips: VipListeners;
}

export class Deployment {
  layout: Layout = { rows: {}, segments: [] };
  revision = 0;
  /** What the role thread, or a predecessor's, knew of claims last. */
  claims: readonly ClaimsMemory[] = [];
  readonly tables = new StickTables();
  /** The role thread may have to be started again when we may not read them any more. */
  private readonly secrets = new Secrets(process.env);
  readonly listeners: ListenerSet;
  readonly addresses: ServerAddresses;
  readonly control: ControlSockets;
  readonly agents: Agents;
  readonly vips: Vips;

  constructor(
    public model: Model,
    private readonly context: DeploymentContext,
  ) {
    this.listeners = new ListenerSet(context.workers, process.pid);
    this.agents = new Agents(context.log, (address) => this.listeners.takeInherited(address));
    this.vips = new Vips(context.log, context.vips);
    this.control = new ControlSockets(context.engine, (fd) => context.getSocks(fd));
    this.addresses = new ServerAddresses(context.log, (proxy, server, resolved) => {
      void context.requests().admin(proxy, server, { do: 'resolved', resolved });
    });
  }

  /**
   * Puts a valid model in force.
   * @param state what a predecessor knew
   * @param isPatient a predecessor may hold ports of stats sockets for a moment
   * @returns null, or why nothing changed
   */
  async apply(model: Model, state?: TransferredState, isPatient = false): Promise<StartFailure | null> {
    const unresolvedLogs = await resolveLogTargets(model);
    const unresolvedChecks = await resolveCheckHosts(model);
    const { maxconn, complaint } = fitLimits(model, this.context.workers);
    model.global.maxconn = maxconn;
    const found = await this.addresses.lookUp(model);
    const sockets = await this.listeners.prepare(model);
    if (sockets.failures.length > 0) {
      this.listeners.rollBack(sockets);
      return failureOf(sockets.failures);
    }
    const control = await this.control.prepare(model, isPatient);
    if (control.failures.length > 0) {
      this.listeners.rollBack(sockets);
      await this.control.rollBack(control);
      return { texts: control.failures, allInUse: false };
    }
    const agents = await this.agents.prepare(model);
    if (agents.failures.length > 0) {
      this.listeners.rollBack(sockets);
      await this.control.rollBack(control);
      this.agents.rollBack(agents);
      return { texts: agents.failures.map((f) => f.text), allInUse: agents.failures.every((f) => f.inUse) };
    }
    this.context.log.use(model);
    this.remark(unresolvedLogs, [...sockets.foreign, ...agents.foreign], complaint);
    for (const host of unresolvedChecks)
      this.context.log.warning(`'${host}' does not resolve: nothing can be checked there until the next reload`);
    const gone = this.listeners.commit(sockets, (key) => this.context.isClosed(key));
    await this.control.commit(control);
    const saved =
      state ?? (this.revision === 0 ? stateFromFiles(model, (text) => this.context.log.warning(text)) : undefined);
    await this.switchTo(model, found, saved);
    await this.agents.commit(agents);
    this.control.begin();
    await this.applyVips(state?.vips);
    await this.retire(gone);
    return null;
  }

  private remark(unresolvedLogs: string[], foreign: string[], complaint: string | undefined): void {
    const { log } = this.context;
    for (const host of unresolvedLogs) log.warning(`log target '${host}' does not resolve: nothing is sent there`);
    for (const text of foreign)
      log.record('NOTICE', null, `${text}: no interface of this host holds this address yet; bound all the same`);
    if (complaint) log.record('WARNING', null, complaint);
  }

  private async switchTo(model: Model, found: Map<string, string | null>, state?: TransferredState): Promise<void> {
    const before = this.revision === 0 ? null : this.model;
    const { layout, fresh } = layOut(before && this.layout, model, this.context.workers);
    this.model = model;
    this.layout = layout;
    this.tables.use(model);
    writeCells(layout, model, new Set(fresh), Math.floor(Date.now() / 1000));
    const resolutions = this.addresses.write(model, found, (key) => rowOf(layout, key)!);
    if (state) restoreFigures(layout, state);
    this.claims = state?.claims ?? this.claims;
    const requests = this.context.requests();
    this.revision++;
    await requests.apply('health', this.plan());
    await this.command(
      resolutions.map(({ proxy, server, resolved }) => {
        return { proxy: proxy.name, server: server.name, command: { do: 'resolved', resolved } };
      }),
    );
    if (state) await this.restore(state);
    // After what a predecessor knew: what a server says now counts for more.
    await this.applyRoles();
    await requests.apply('workers', this.plan());
  }

  /**
   * The role thread as the configuration in force wants it; starts it where it is gone. Passwords are read now, if they
   * still can be, and go to the thread that needs them and nowhere else.
   */
  async applyRoles(): Promise<void> {
    const { health } = this.context.wake();
    const { plan, complaints } = planRoles(
      this.model,
      this.layout,
      this.revision,
      health,
      (secret) => this.secrets.find(secret),
      this.claims,
    );
    for (const text of complaints) this.context.log.warning(text);
    await this.context.requests().applyRoles(plan);
  }

  /** Last of all: whoever gets an address must be able to serve on it. */
  private async applyVips(inherited: readonly string[] = []): Promise<void> {
    const { model, layout, revision } = this;
    const secretOf = (secret: Secret) => this.passwordOf(secret);
    const { workers } = this.context.wake();
    await this.vips.apply(planVips({ model, layout, revision, workers, secretOf, inherited }));
  }

  private passwordOf(secret: Secret): string | null {
    const found = this.secrets.find(secret);
    return found.ok ? found.value : null;
  }

  private async command(commands: ServerCommand[]): Promise<void> {
    const requests = this.context.requests();
    await Promise.all(commands.map((c) => requests.admin(c.proxy, c.server, c.command)));
  }

  private async restore(state: TransferredState): Promise<void> {
    const { engine } = this.context;
    const who = `${TAKEN_OVER} ${state.pid}`;
    await Promise.all(restoreCommands(state, this.model).map((c) => engine.admin(c.proxy, c.server, c.command, who)));
    restoreFigures(this.layout, state); // again: the orders counted as changes of this moment
    for (const proxy of this.model.proxies)
      for (const server of proxy.servers) {
        const key = T.rowKey.server(proxy.name, server.name);
        const address = restoredAddress(state, key, server);
        if (address) this.addresses.move(key, address.host, address.port);
      }
  }

  private plan(): Plan {
    const listeners: Plan['listeners'] = {};
    for (const [key, listening] of this.listeners.all) if (!this.context.isClosed(key)) listeners[key] = listening.fds;
    const { revision, model, layout, tables } = this;
    return { revision, model, ...layout, listeners, tables: tables.memory, wake: this.context.wake() };
  }

  /** The same configuration again, for workers whose listeners changed. */
  async publish(): Promise<void> {
    this.revision++;
    await this.context.requests().apply('workers', this.plan());
  }

  async drain(gone: readonly Listening[]): Promise<void> {
    await this.context.requests().drain(gone.flatMap((l) => l.fds));
  }

  private async retire(gone: readonly Listening[]): Promise<void> {
    await this.drain(gone);
    this.listeners.closeAll(gone);
    this.listeners.removePaths(gone);
  }

  /** Sockets of a proxy by listener key. */
  listeningOf(proxy: Proxy): [key: string, listening: Listening][] {
    const keys = listenerNames(proxy).map((name) => T.rowKey.listener(proxy.name, name));
    return keys.flatMap((key) => {
      const listening = this.listeners.all.get(key);
      return listening ? [[key, listening] as [string, Listening]] : [];
    });
  }

  /** Lets every listening socket go. @param keepPaths a successor has taken the unix sockets over */
  async closeListeners(keepPaths: boolean): Promise<void> {
    const gone = [...this.listeners.all.values()];
    await this.drain(gone);
    this.listeners.closeAll(gone);
    if (!keepPaths) this.listeners.removePaths(gone);
  }
}

function failureOf(failures: ListenFailure[]): StartFailure {
  return { texts: failures.map((f) => f.text), allInUse: failures.every((f) => f.inUse) };
}
