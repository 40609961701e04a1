/**
 * What a process tells its successor about its servers and its figures, as JSON. Only what the new configuration still
 * has is taken over; the rest is forgotten.
 */
import { hasBackend, weightOf } from '../config/defaults.js';
import type { Model, Server } from '../config/model.js';
import type { StoredEvent } from '../core/events/event.js';
import type { DampingNote } from '../core/health/damping.js';
import type { AdminCommand } from '../core/messages.js';
import type { ClaimsMemory } from '../core/role/arbiter.js';
import * as T from '../core/table.js';
import { type Layout, rowOf } from './plan.js';
import { portOf } from './server-address.js';

/** Figures of one entity: cells by number, counters summed over the workers. */
interface EntityState {
  ints: [cell: number, value: number][];
  counters: number[];
}

interface ServerState {
  state: number;
  admin: number;
  weight: number;
  initialWeight: number;
  /** `disable health`. */
  checksDisabled: boolean;
  /** `disable agent`. */
  agentDisabled?: boolean;
  /** Its agent said down last. */
  agentDown?: boolean;
  /** How it flapped, where that is damped. */
  damping?: DampingNote;
  /** It had the traffic of a `balance single` backend. */
  isChosen?: boolean;
  /** Address that `set server … addr` gave, if any, and the one of the configuration it replaced. */
  moved?: ServerAddress;
  configured: ServerAddress;
}

export interface ServerAddress {
  host: string;
  port: number;
}

export interface TransferredState {
  version: 1;
  pid: number;
  entities: { [key: string]: EntityState };
  servers: { [key: string]: ServerState };
  /** The last events, the oldest first; absent from versions that kept none. */
  events?: StoredEvent[];
  /** What is known of claims to be the primary; absent from versions that compared none. */
  claims?: readonly ClaimsMemory[];
  /** Virtual routers that were master; absent from versions that knew none. */
  vips?: readonly string[];
}

/** Cells whose greatest value counts, not the sum. */
const MAXIMA = [T.C_QTIME_MAX, T.C_CTIME_MAX, T.C_RTIME_MAX, T.C_TTIME_MAX, T.C_SHUT_SERVERS_MS, T.C_SHUT_CLIENTS_MS];
/** Cells about this very moment or this very process. */
const NOT_COUNTED = [
  T.C_RATE_SECOND,
  T.C_RATE_NOW,
  T.C_RATE_BEFORE,
  T.C_CRATE_SECOND,
  T.C_CRATE_NOW,
  T.C_CRATE_BEFORE,
  T.C_REQ_RATE_SECOND,
  T.C_REQ_RATE_NOW,
  T.C_REQ_RATE_BEFORE,
  T.C_LOOPS,
  T.C_IDLE_US,
  T.C_TURNED_US,
  T.C_SPLICED_BYTES,
];
const KEPT_INTS = [T.I_MAX_SESS, T.I_MAX_QUEUE, T.I_CLEARED_AT, T.I_RATE_MAX, T.I_CONN_RATE_MAX];
const KEPT_OF_SERVER = [
  T.S_CHECK_FAILS,
  T.S_DOWN_TRANS,
  T.S_OBSERVED_FAILS,
  T.S_LAST_CHANGE,
  T.S_DOWNTIME,
  T.S_LAST_SESS,
  T.S_CHECK_STATUS,
  T.S_CHECK_CODE,
  T.S_CHECK_DURATION,
];
const KEPT_OF_BACKEND = [T.B_LAST_CHANGE, T.B_DOWNTIME, T.B_DOWN_TRANS, T.S_LAST_SESS];
const CHECK_CONFIGURED = 2;
const CHECK_ENABLED = 4;

function keptInts(key: string): number[] {
  if (key.startsWith('s:')) return [...KEPT_INTS, ...KEPT_OF_SERVER];
  if (key.startsWith('f:')) return [...KEPT_INTS, T.F_REQ_RATE_MAX];
  return key.startsWith('b:') ? [...KEPT_INTS, ...KEPT_OF_BACKEND] : KEPT_INTS;
}

/**
 * Reads everything from the shared table.
 * @param moved addresses set at run time, by row key
 * @param damping how a server flapped
 */
export function captureState(
  layout: Layout,
  model: Model,
  moved: ReadonlyMap<string, ServerAddress>,
  damping: (proxy: string, server: string) => DampingNote | undefined,
): TransferredState {
  const state: TransferredState = { version: 1, pid: process.pid, entities: {}, servers: {} };
  for (const key of Object.keys(layout.rows)) state.entities[key] = captureEntity(key, rowOf(layout, key)!);
  for (const proxy of model.proxies.filter(hasBackend)) {
    const chosen = rowOf(layout, T.rowKey.backend(proxy.name))!.get(T.B_CHOSEN);
    for (const server of proxy.servers) {
      const key = T.rowKey.server(proxy.name, server.name);
      const row = rowOf(layout, key)!;
      state.servers[key] = {
        state: row.get(T.S_STATE),
        admin: row.get(T.S_ADMIN),
        weight: row.get(T.S_UWEIGHT),
        initialWeight: row.get(T.S_IWEIGHT),
        checksDisabled: isChecksDisabled(row.get(T.S_CHECK_STATE)),
        isChosen: chosen !== 0 && row.get(T.S_TOKEN) === chosen,
        agentDisabled: (row.get(T.S_AGENT_STATE) & (CHECK_CONFIGURED | CHECK_ENABLED)) === CHECK_CONFIGURED,
        agentDown: (row.get(T.S_AGENT_STATE) & CHECK_ENABLED) !== 0 && row.get(T.S_AGENT_HEALTH) === 0,
        damping: damping(proxy.name, server.name),
        moved: moved.get(key),
        configured: configuredAddress(server),
      };
    }
  }
  return state;
}

/** @param checkState as in `show servers state`: configured, and yet not enabled */
export function isChecksDisabled(checkState: number): boolean {
  return (checkState & (CHECK_CONFIGURED | CHECK_ENABLED)) === CHECK_CONFIGURED;
}

function captureEntity(key: string, row: T.Row): EntityState {
  const counters = Array.from({ length: T.COUNTER_CELLS }, (_, cell) => {
    if (NOT_COUNTED.includes(cell)) return 0;
    return MAXIMA.includes(cell) ? row.max(cell) : row.sum(cell);
  });
  return { counters, ints: keptInts(key).map((cell) => [cell, row.get(cell)]) };
}

/** Writes figures into the rows of a process that does not serve yet. */
export function restoreFigures(layout: Layout, state: TransferredState): void {
  for (const [key, entity] of Object.entries(state.entities)) {
    const row = rowOf(layout, key);
    if (!row) continue;
    for (const [cell, value] of entity.ints) if (keptInts(key).includes(cell)) row.set(cell, value);
    entity.counters.slice(0, T.COUNTER_CELLS).forEach((value, cell) => {
      row.f64[row.counters + cell] = value;
    });
  }
}

/** An order for the health thread about one server. */
export interface ServerCommand {
  proxy: string;
  server: string;
  command: AdminCommand;
}

/** What the operator and the checks decided about the servers, as orders for the health thread of the successor. */
export function restoreCommands(state: TransferredState, model: Model): ServerCommand[] {
  return model.proxies.filter(hasBackend).flatMap((proxy) =>
    proxy.servers.flatMap((server) => {
      const key = T.rowKey.server(proxy.name, server.name);
      const commands = Object.hasOwn(state.servers, key) ? commandsFor(state.servers[key], server) : [];
      return commands.map((command) => ({ proxy: proxy.name, server: server.name, command }));
    }),
  );
}

function commandsFor(server: ServerState, configured: Server): AdminCommand[] {
  const commands: AdminCommand[] = [];
  if (server.agentDown) commands.push({ do: 'agent', up: false });
  if (server.agentDisabled) commands.push({ do: 'agent-checks', enabled: false });
  if (server.state === T.STATE_STOPPED && (server.admin & T.ADMIN_MAINT) === 0)
    commands.push({ do: 'health', health: 'down' });
  if (server.state === T.STATE_STOPPING) commands.push({ do: 'health', health: 'stopping' });
  if (server.admin & T.ADMIN_FMAINT) commands.push({ do: 'state', state: 'maint' });
  else if (configured.disabled && server.admin & T.ADMIN_CMAINT) commands.push({ do: 'state', state: 'ready' });
  if (server.admin & T.ADMIN_FDRAIN && !(server.admin & T.ADMIN_FMAINT)) commands.push({ do: 'state', state: 'drain' });
  if (server.checksDisabled) commands.push({ do: 'checks', enabled: false });
  if (server.damping) commands.push({ do: 'damp', note: server.damping });
  if (server.isChosen) commands.push({ do: 'choose' });
  // A weight that the new configuration changed is the operator's latest word.
  if (server.weight !== server.initialWeight && server.initialWeight === weightOf(configured))
    commands.push({ do: 'weight', weight: server.weight, relative: false });
  return commands;
}

/** Address as the configuration writes it. */
export function configuredAddress(server: Server): ServerAddress {
  return { host: server.address.kind === 'inet' ? server.address.host : '', port: portOf(server) };
}

/** @returns the address an operator set at run time, unless the configuration has changed it since */
export function restoredAddress(state: TransferredState, key: string, server: Server): ServerAddress | undefined {
  if (!Object.hasOwn(state.servers, key)) return undefined;
  const { moved, configured } = state.servers[key];
  const now = configuredAddress(server);
  return configured.host === now.host && configured.port === now.port ? moved : undefined;
}
