/** What holds where nothing is written: the defaults of the HAProxy 2.6 manual, one place for all readers and runners. */
import type { Address, Global, HttpSettings, Model, Proxy, Server } from './model.js';

export const DEFAULT_RETRIES = 3;
const DEFAULT_WEIGHT = 1;
/** Long enough for a server that only reads slowly: a full window counts as silence too (tcp(7)). */
const ROLE_USER_TIMEOUT_MS = 30_000;
const DEFAULT_INTER_MS = 2000;
const DEFAULT_ROLE_INTER_MS = 200;
export const DEFAULT_RISE = 2;
export const DEFAULT_FALL = 3;
export const DEFAULT_ERROR_LIMIT = 10;
export const DEFAULT_STATS_TIMEOUT_MS = 10_000;
export const DEFAULT_STATS_MAXCONN = 10;
/** Of `control:`; a port that IANA has given to nobody. */
export const DEFAULT_CONTROL_ADDRESS: Address = { kind: 'inet', family: 4, host: '127.0.0.1', port: 8406 };

function emptyGlobal(): Global {
  return { logs: [], statsSockets: [], tune: {}, deferred: [] };
}

export function emptyModel(): Model {
  return { global: emptyGlobal(), userlists: [], httpErrors: [], patternFiles: [], proxies: [], agents: [] };
}

/** A proxy with nothing set, as after an empty `defaults` section. */
export function emptyProxy(kind: Proxy['kind'], name: string, id: number): Proxy {
  return {
    kind,
    name,
    id,
    mode: 'tcp',
    binds: [],
    servers: [],
    timeouts: {},
    options: {},
    logs: [],
    acls: [],
    tcpRequest: [],
    tcpResponse: [],
    http: emptyHttp(),
    stickRules: [],
    forcePersist: [],
    ignorePersist: [],
    useBackends: [],
    useServers: [],
    check: { type: 'tcp', steps: [] },
    deferred: [],
  };
}

/** Mode http with nothing written. */
export function emptyHttp(): HttpSettings {
  return { rules: [], errorPages: [], monitorFail: [], requestCaptures: [], responseCaptures: [] };
}

export function hasFrontend(proxy: Proxy): boolean {
  return proxy.kind !== 'backend';
}

export function hasBackend(proxy: Proxy): boolean {
  return proxy.kind !== 'frontend';
}

/** Its check asks a database what it is. */
function knowsRole(proxy: Proxy): boolean {
  return proxy.check.type === 'role';
}

/**
 * Backends that HAProxy cannot have: there a connection that fails goes to another server at once, and one that has
 * nowhere to go waits for health's word instead of for a second. Each failure has the server checked at once.
 */
export function isEager(proxy: Proxy): boolean {
  return knowsRole(proxy) || proxy.balance?.algorithm === 'single';
}

/** Longest time data for a server may stay unacknowledged, ms; 0 leaves it to the kernel (tcp(7): about 15 minutes). */
export function userTimeoutOf(proxy: Proxy, server: Server): number {
  return server.tcpUserTimeoutMs ?? (knowsRole(proxy) ? ROLE_USER_TIMEOUT_MS : 0);
}

/** Time between checks of a server, as written or the default: a question over a held session costs next to nothing. */
export function intervalOf(proxy: Proxy, server: Server): number {
  return server.interMs ?? (proxy.check.type === 'role' ? DEFAULT_ROLE_INTER_MS : DEFAULT_INTER_MS);
}

/** Weight as written, or the default. */
export function weightOf(server: Server): number {
  return server.weight ?? DEFAULT_WEIGHT;
}
