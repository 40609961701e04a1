/** What the configuration says about the health of one server: the model's fields with the manual's defaults applied. */
import type { FlapDamping, Proxy, Server } from '../../config/model.js';
import { DEFAULT_FLAP_DAMPING } from './damping.js';

const DEFAULT_INTER_MS = 2000;
/** A question over a held session costs next to nothing. */
const DEFAULT_ROLE_INTER_MS = 200;
const DEFAULT_RISE = 2;
const DEFAULT_FALL = 3;
const DEFAULT_ERROR_LIMIT = 10;

export interface HealthSettings {
  readonly isBackup: boolean;
  /** The server has checks of its own (`check`, and not `track`). */
  readonly isChecked: boolean;
  /**
   * Its check asks for a role: what it asks of whom, as one text. Such a server is not used before its first success,
   * and one of which another thing is asked, or that is elsewhere, has had none. Undefined for other checks.
   */
  readonly asks: string | undefined;
  /** Row key of the server it follows, if any. */
  readonly tracks: string | undefined;
  readonly rise: number;
  readonly fall: number;
  readonly interMs: number;
  readonly fastinterMs: number;
  readonly downinterMs: number;
  readonly initState: NonNullable<Server['initState']>;
  readonly slowstartMs: number;
  readonly initialWeight: number;
  readonly isDisabled: boolean;
  readonly errorLimit: number;
  readonly onError: NonNullable<Server['onError']>;
  readonly shutdownOnDown: boolean;
  readonly shutdownBackupsOnUp: boolean;
  /** Port of the agent, 0 where it is not asked (`agent-check`). */
  readonly agentPort: number;
  readonly agentInterMs: number;
  /** Host as the statistics show it: `unix` for sockets. */
  readonly host: string;
  /** The server line as one text: a reload that leaves it equal leaves the operator's changes in force. */
  readonly definition: string;
  /** When a server that goes up and down is held down; null = never. */
  readonly damping: FlapDamping | null;
}

/** @param key gives the row key of a server by its backend's and its own name */
export function settingsOf(
  proxy: Proxy,
  server: Server,
  key: (proxy: string, server: string) => string,
): HealthSettings {
  const isRole = proxy.check.type === 'role';
  const interMs = server.interMs ?? (isRole ? DEFAULT_ROLE_INTER_MS : DEFAULT_INTER_MS);
  return {
    isBackup: server.backup === true,
    isChecked: server.check === true && server.track === undefined,
    asks: isRole ? questionOf(proxy, server) : undefined,
    tracks: server.track === undefined ? undefined : trackedKey(proxy, server.track, key),
    rise: server.rise ?? DEFAULT_RISE,
    fall: server.fall ?? DEFAULT_FALL,
    interMs,
    fastinterMs: server.fastinterMs ?? interMs,
    downinterMs: server.downinterMs ?? interMs,
    initState: server.initState ?? (isRole ? 'down' : 'up'),
    slowstartMs: server.slowstartMs ?? 0,
    initialWeight: server.weight ?? 1,
    isDisabled: server.disabled === true,
    errorLimit: server.observe === undefined ? 0 : (server.errorLimit ?? DEFAULT_ERROR_LIMIT),
    onError: server.onError ?? 'fail-check',
    shutdownOnDown: shutsOnDown(proxy, server),
    shutdownBackupsOnUp: server.onMarkedUp === 'shutdown-backup-sessions',
    agentPort: server.agentCheck === true ? (server.agentPort ?? 0) : 0,
    agentInterMs: server.agentInterMs ?? DEFAULT_INTER_MS,
    host: server.address.kind === 'inet' ? server.address.host : 'unix',
    definition: definitionOf(server),
    damping: dampingOf(proxy),
  };
}

/** Checks that know the role damp by default; plain ones behave as HAProxy's unless the configuration asks. */
function dampingOf({ flapDamping, check }: Proxy): FlapDamping | null {
  if (flapDamping !== undefined) return flapDamping || null;
  return check.type === 'role' ? DEFAULT_FLAP_DAMPING : null;
}

function questionOf({ check: { role } }: Proxy, { address, checkAddr, checkPort }: Server): string {
  return JSON.stringify([role?.kind, role?.want, role?.command, address, checkAddr, checkPort, role?.restPort]);
}

/** No session may go on writing to a server that is the primary no more; `none` says that it may. */
function shutsOnDown({ check }: Proxy, { onMarkedDown }: Server): boolean {
  if (onMarkedDown !== undefined) return onMarkedDown === 'shutdown-sessions';
  const { kind, want = 'primary' } = check.role ?? {};
  return kind !== undefined && kind !== 'galera' && kind !== 'exec' && want === 'primary';
}

/** `track [PROXY/]SERVER`. */
function trackedKey(proxy: Proxy, track: string, key: (proxy: string, server: string) => string): string {
  const slash = track.indexOf('/');
  return slash < 0 ? key(proxy.name, track) : key(track.slice(0, slash), track.slice(slash + 1));
}

function definitionOf(server: Server): string {
  const { loc: _loc, at: _at, ...written } = server;
  return JSON.stringify(Object.entries(written).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Algorithms whose weights are fixed while running: they know neither slowstart nor weights between nothing and all
 * (manual, `balance` and `hash-type`).
 */
export function isStatic(proxy: Proxy): boolean {
  const algorithm = proxy.balance?.algorithm ?? 'roundrobin';
  if (algorithm === 'static-rr') return true;
  return algorithm === 'source' && proxy.hashType?.method !== 'consistent';
}
