/**
 * All servers and backends of a configuration. A server that the configuration before had too keeps its health, its
 * counters and what the operator decided about it; others start as configured.
 */
import type { Proxy } from '../../config/model.js';
import { CheckStatus } from '../check-status.js';
import * as T from '../table.js';
import { AgentHealth, isDownByAgent, publishAgent } from './agent.js';
import { BackendHealth, ServerHealth } from './entities.js';
import { initialHealth, initialState } from './initial.js';
import type { HealthMachine } from './machine.js';
import { isStatic, settingsOf } from './settings.js';

/** By row key. */
export interface Farm {
  readonly servers: ReadonlyMap<string, ServerHealth>;
  readonly backends: ReadonlyMap<string, BackendHealth>;
}

export const EMPTY_FARM: Farm = { servers: new Map(), backends: new Map() };

/**
 * @param proxies those with a backend side, in the order of the configuration
 * @param row gives the row of a key
 */
export function buildFarm(
  proxies: readonly Proxy[],
  row: (key: string) => T.Row,
  before: Farm,
  machine: HealthMachine,
): Farm {
  const servers = new Map<string, ServerHealth>();
  const backends = new Map<string, BackendHealth>();
  for (const proxy of proxies) {
    const key = T.rowKey.backend(proxy.name);
    const backend = createBackend(proxy, row(key));
    backends.set(key, backend);
    for (const server of backendServers(proxy, backend, row, before, machine)) {
      servers.set(T.rowKey.server(proxy.name, server.name), server);
      backend.servers.push(server);
    }
  }
  for (const server of servers.values()) link(server, servers);
  const adopted = new Set<ServerHealth>();
  for (const server of servers.values()) adopt(server, adopted);
  for (const backend of backends.values()) machine.settleBackend(backend);
  return { servers, backends };
}

function createBackend(proxy: Proxy, row: T.Row): BackendHealth {
  const word = proxy.kind === 'listen' ? 'proxy' : 'backend';
  const { logHealthChecks, allbackups } = proxy.options;
  const logsChecks = logHealthChecks === true;
  const backend = new BackendHealth(proxy.name, word, row, isStatic(proxy), logsChecks, allbackups === true);
  const { algorithm, failback = false } = proxy.balance ?? {};
  if (algorithm === 'single') backend.single = { failback, settlesAtMs: Number.NEGATIVE_INFINITY };
  return backend;
}

function* backendServers(
  proxy: Proxy,
  backend: BackendHealth,
  row: (key: string) => T.Row,
  before: Farm,
  machine: HealthMachine,
): Iterable<ServerHealth> {
  for (const spec of proxy.servers) {
    const key = T.rowKey.server(proxy.name, spec.name);
    const server = new ServerHealth(backend, spec.name, row(key), settingsOf(proxy, spec, T.rowKey.server));
    const old = before.servers.get(key);
    if (old === undefined) begin(server, machine.nowS);
    else takeOver(server, old);
    publishAgent(server);
    if (server.row.get(T.S_TOKEN) === 0) server.row.set(T.S_TOKEN, machine.newToken());
    yield server;
  }
}

/** A server nobody knew: up until its checks say otherwise (`init-state`), in maintenance if `disabled`. */
function begin(s: ServerHealth, nowS: number): void {
  const { isChecked, isDisabled, rise } = s.settings;
  s.admin = configuredAdmin(isDisabled) | (s.row.get(T.S_ADMIN) & T.ADMIN_RMAINT);
  s.weight = s.settings.initialWeight;
  s.checksEnabled = isChecked;
  s.health = s.isInMaintenance ? 0 : isChecked ? initialHealth(s) : rise;
  s.state = s.isInMaintenance ? T.STATE_STOPPED : initialState(s);
  // A program that handed over has left its figures in the row.
  s.status = s.row.get(T.S_CHECK_STATUS) || CheckStatus.INI;
  s.row.set(T.S_CHECK_STATUS, s.status);
  if (s.row.get(T.S_LAST_CHANGE) === 0) s.row.set(T.S_LAST_CHANGE, nowS);
  s.agent = newAgent(s);
}

function newAgent(s: ServerHealth): AgentHealth | null {
  return s.settings.agentPort > 0 ? new AgentHealth() : null;
}

function configuredAdmin(isDisabled: boolean): number {
  return isDisabled ? T.ADMIN_FMAINT | T.ADMIN_CMAINT : 0;
}

function takeOver(s: ServerHealth, old: ServerHealth): void {
  const isSame = s.settings.definition === old.settings.definition;
  const own = T.ADMIN_FMAINT | T.ADMIN_CMAINT | T.ADMIN_FDRAIN;
  // Unless its own line changed, what the operator decided stays.
  s.admin = isSame ? old.admin : (old.admin & ~own) | configuredAdmin(s.settings.isDisabled);
  if (s.settings.tracks === undefined) s.admin &= ~(T.ADMIN_IMAINT | T.ADMIN_IDRAIN);
  s.isAgentsWord = isSame && old.isAgentsWord;
  s.weight = isSame ? old.weight : s.settings.initialWeight;
  s.checksEnabled = s.settings.isChecked && (isSame ? old.checksEnabled : true);
  s.status = old.status;
  s.text = old.text;
  s.startedS = old.startedS;
  s.nextStepMs = old.nextStepMs;
  s.inProgress = old.inProgress;
  s.past = old.past;
  s.damping = old.damping;
  s.isFallback = old.isFallback;
  s.agent = newAgent(s);
  if (old.agent !== null) s.agent?.takeOver(old.agent, isSame);
  s.state = s.isInMaintenance ? T.STATE_STOPPED : takenState(s, old);
  s.health = takenHealth(s, old);
  if (s.settings.asks !== undefined && s.settings.asks !== old.settings.asks) beUnverified(s);
}

/** Its role was never asked for: whatever it was before counts for nothing. */
function beUnverified(s: ServerHealth): void {
  if (!s.settings.isChecked || s.isInMaintenance) return;
  s.state = initialState(s);
  s.health = initialHealth(s);
}

/** Without checks a server is up; one that leaves maintenance by the new configuration starts anew. */
function takenState(s: ServerHealth, old: ServerHealth): number {
  if (old.isInMaintenance) return initialState(s);
  const isLetGo = old.settings.isChecked || isDownByAgent(old);
  if (!s.settings.isChecked && !isDownByAgent(s) && isLetGo) return T.STATE_RUNNING;
  return old.state;
}

/** The counter keeps its side of `rise`, and its distance to the top where it was up. */
function takenHealth(s: ServerHealth, old: ServerHealth): number {
  const { rise, isChecked } = s.settings;
  if (s.isInMaintenance) return old.isInMaintenance ? Math.min(old.health, s.maxHealth) : 0;
  if (!isChecked && !old.settings.isChecked && !old.isInMaintenance) return Math.min(old.health, s.maxHealth);
  if (old.isInMaintenance || (isChecked && !old.settings.isChecked)) return isChecked ? initialHealth(s) : rise;
  if (s.state === T.STATE_STOPPED) return Math.min(old.health, rise - 1);
  return Math.max(rise, s.maxHealth - Math.max(0, old.maxHealth - old.health));
}

function link(s: ServerHealth, servers: ReadonlyMap<string, ServerHealth>): void {
  if (s.settings.tracks === undefined) return;
  const tracked = servers.get(s.settings.tracks);
  if (tracked === undefined || tracked === s) return; // the reader of the configuration has refused that
  s.tracked = tracked;
  tracked.trackers.push(s);
}

/**
 * State and inherited flags of a tracking server, without a word: both sides come from the same configuration. The one
 * it tracks first: that may track another, or be in maintenance on its own.
 */
function adopt(s: ServerHealth, done: Set<ServerHealth>): void {
  if (done.has(s)) return;
  done.add(s); // before its tracked one, so that a circle ends
  const from = s.tracked;
  if (from === null) return;
  adopt(from, done);
  const inherited = from.isInMaintenance ? T.ADMIN_IMAINT : from.isDraining ? T.ADMIN_IDRAIN : 0;
  s.admin = (s.admin & ~(T.ADMIN_IMAINT | T.ADMIN_IDRAIN)) | inherited;
  if (s.isInMaintenance) s.state = T.STATE_STOPPED;
  else if (!runs(from.state)) s.state = from.state;
  else if (!runs(s.state)) s.state = T.STATE_RUNNING; // otherwise it goes on with a slowstart of its own
}

function runs(state: number): boolean {
  return state === T.STATE_RUNNING || state === T.STATE_STARTING;
}
