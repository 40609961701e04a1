/** What the role thread runs: every server whose check asks for a role, with its password read at this moment. */
import { DEFAULT_FALL, DEFAULT_RISE, hasBackend, intervalOf } from '../config/defaults.js';
import type { Model, Proxy, RoleCheck, Secret, Server } from '../config/model.js';
import type { Resolved } from '../config/secrets.js';
import type { ClaimsMemory } from '../core/role/arbiter.js';
import type { RolePlan, RoleServer } from '../core/role/messages.js';
import { rowKey } from '../core/table.js';
import type { Layout } from './plan.js';

export interface RolePlanning {
  readonly plan: RolePlan;
  /** Passwords that could not be read, for the log: their checks will be refused by the server. */
  readonly complaints: string[];
}

type FindSecret = (secret: Secret) => Resolved;

/**
 * @param wakeHealth eventfd of the health thread
 * @param find reads a password
 * @param claims what is known of claims, for a thread that begins
 */
export function planRoles(
  model: Model,
  layout: Layout,
  revision: number,
  wakeHealth: number,
  find: FindSecret,
  claims: readonly ClaimsMemory[],
): RolePlanning {
  const complaints: string[] = [];
  const servers = model.proxies
    .filter((proxy) => hasBackend(proxy) && !proxy.disabled && proxy.check.role !== undefined)
    .flatMap((proxy) => roleServers(proxy, layout, find, complaints));
  return { plan: { revision, segments: layout.segments, servers, wakeHealth, claims }, complaints };
}

function roleServers(proxy: Proxy, layout: Layout, find: FindSecret, complaints: string[]): RoleServer[] {
  const { password: secret, loc: _loc, at: _at, ...check } = proxy.check.role!;
  const found = secret === undefined ? undefined : find(secret);
  if (found?.ok === false) complaints.push(`${proxy.kind} ${proxy.name}: ${found.message}`);
  const password = found?.ok ? found.value : null;
  // Where it is from may be said, when a server refuses it; its text stays out.
  const told = secret === undefined || secret.from === 'text' ? check : { ...check, password: secret };
  return proxy.servers
    .filter((server) => server.check === true && server.track === undefined)
    .map((server) => roleServer(proxy, server, layout, told, password));
}

function roleServer(
  proxy: Proxy,
  server: Server,
  layout: Layout,
  check: RoleCheck,
  password: string | null,
): RoleServer {
  const key = rowKey.server(proxy.name, server.name);
  const intervalMs = intervalOf(proxy, server);
  return {
    key,
    proxy: proxy.name,
    server: server.name,
    row: layout.rows[key],
    check,
    password,
    socketPath: server.address.kind === 'unix' ? server.address.path : undefined,
    host: server.checkAddr,
    port: server.checkPort ?? 0,
    intervalMs,
    downIntervalMs: server.downinterMs ?? intervalMs,
    rise: server.rise ?? DEFAULT_RISE,
    fall: server.fall ?? DEFAULT_FALL,
  };
}
