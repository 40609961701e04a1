/** What holds where nothing is written: the defaults of the HAProxy 2.6 manual, one place for all readers and runners. */
import type { Global, Model, Proxy, Server } from './model.js';

export const DEFAULT_RETRIES = 3;
const DEFAULT_WEIGHT = 1;
export const DEFAULT_INTER_MS = 2000;
export const DEFAULT_RISE = 2;
export const DEFAULT_FALL = 3;
export const DEFAULT_ERROR_LIMIT = 10;
export const DEFAULT_STATS_TIMEOUT_MS = 10_000;
export const DEFAULT_STATS_MAXCONN = 10;

function emptyGlobal(): Global {
  return { logs: [], statsSockets: [], tune: {}, deferred: [] };
}

export function emptyModel(): Model {
  return { global: emptyGlobal(), userlists: [], proxies: [], agents: [] };
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
    useBackends: [],
    useServers: [],
    check: { type: 'tcp', steps: [] },
    deferred: [],
  };
}

export function hasFrontend(proxy: Proxy): boolean {
  return proxy.kind !== 'backend';
}

export function hasBackend(proxy: Proxy): boolean {
  return proxy.kind !== 'frontend';
}

/** Weight as written, or the default. */
export function weightOf(server: Server): number {
  return server.weight ?? DEFAULT_WEIGHT;
}
