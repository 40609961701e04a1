/** The form of the statistics page: `s=SERVER` (several), `b=BACKEND`, `action=WORD`, as HAProxy's page sends it. */
import { hasBackend } from '../../config/defaults.js';
import type { Proxy, Server } from '../../config/model.js';
import type { AdminCommand } from '../../core/messages.js';
import { ADMIN_DRAIN, ADMIN_FDRAIN, ADMIN_FMAINT, ADMIN_MAINT, type Row, S_ADMIN } from '../../core/table.js';
import type { Engine } from '../engine.js';
import { serverRow } from '../lookup.js';
import { isAgentAsked } from '../stat/server-status.js';

/** What the page is told in `;st=`: all done, some servers unknown, nothing to do, wrong form, form too long, no rights. */
export type Outcome = 'DONE' | 'PART' | 'NONE' | 'ERRP' | 'EXCD' | 'DENY';

interface Target {
  readonly server: Server;
  readonly row: Row | undefined;
}

/** @returns the command, or null where it would change nothing for this server */
type Order = (target: Target) => AdminCommand | null;

const always = (command: AdminCommand): Order => {
  return () => command;
};
const state = (to: 'ready' | 'drain' | 'maint') => always({ do: 'state', state: to });
const admin = ({ row }: Target) => row?.get(S_ADMIN) ?? 0;

/** A server that follows another one has no health of its own. */
const health =
  (to: 'up' | 'stopping' | 'down'): Order =>
  ({ server }) =>
    server.track === undefined ? { do: 'health', health: to } : null;

const checks =
  (enabled: boolean): Order =>
  ({ server }) =>
    server.check ? { do: 'checks', enabled } : null;

const agentChecks =
  (enabled: boolean): Order =>
  ({ server }) =>
    server.agentCheck ? { do: 'agent-checks', enabled } : null;

const agent =
  (up: boolean): Order =>
  ({ row }) =>
    row && isAgentAsked(row) ? { do: 'agent', up } : null;

/** Words of the form. `disable`, `enable`, `stop` and `start` are those of older pages. */
const ORDERS: { readonly [action: string]: Order } = {
  ready: state('ready'),
  drain: state('drain'),
  maint: state('maint'),
  disable: (target) => (admin(target) & ADMIN_MAINT ? null : { do: 'state', state: 'maint' }),
  enable: (target) => (admin(target) & ADMIN_FMAINT ? { do: 'state', state: 'ready' } : null),
  stop: (target) => (admin(target) & ADMIN_DRAIN ? null : { do: 'state', state: 'drain' }),
  start: (target) => (admin(target) & ADMIN_FDRAIN ? { do: 'state', state: 'ready' } : null),
  dhlth: checks(false),
  ehlth: checks(true),
  hrunn: health('up'),
  hnolb: health('stopping'),
  hdown: health('down'),
  dagent: agentChecks(false),
  eagent: agentChecks(true),
  arunn: agent(true),
  adown: agent(false),
};

const SHUTDOWN = 'shutdown';

interface Form {
  readonly servers: readonly string[];
  readonly backend: string | undefined;
  readonly action: string | undefined;
}

/** @returns null where it is no form */
function readForm(body: string): Form | null {
  const fields: [string, string][] = [];
  for (const part of body.split('&')) {
    const value = decoded(part.slice(part.indexOf('=') + 1));
    if (value === null) return null;
    if (part.includes('=')) fields.push([part.slice(0, part.indexOf('=')), value]);
  }
  const all = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value);
  return { servers: all('s'), backend: all('b').at(-1), action: all('action').at(-1) };
}

/** `application/x-www-form-urlencoded` (URL standard §5.1); null where an escape is broken. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null; // what the visitor sent, and no fault of ours
  }
}

/**
 * Carries out what the form asks for.
 * @param who for history: `admin at 10.0.0.7, over the statistics page`
 */
export async function obey(engine: Engine, body: string, who: string): Promise<Outcome> {
  const form = readForm(body);
  if (form === null) return 'NONE';
  const proxy = findBackend(engine, form.backend);
  if (form.backend !== undefined && proxy === undefined) return 'ERRP';
  const { action } = form;
  if (action !== undefined && action !== SHUTDOWN && !Object.hasOwn(ORDERS, action)) return 'ERRP';
  if (proxy === undefined || action === undefined) return 'NONE';
  return obeyFor(engine, proxy, action, form.servers, who);
}

/** `#4` is the number of the backend. */
function findBackend({ model }: Engine, name: string | undefined): Proxy | undefined {
  const backends = model.proxies.filter(hasBackend);
  return backends.find((p) => (name?.startsWith('#') ? p.id === Number(name.slice(1)) : p.name === name));
}

async function obeyFor(
  engine: Engine,
  proxy: Proxy,
  action: string,
  names: readonly string[],
  who: string,
): Promise<Outcome> {
  const found = names.map((name) => proxy.servers.find((server) => server.name === name));
  const servers = found.filter((server) => server !== undefined);
  const unknown = found.length - servers.length;
  const done = await Promise.all(servers.map((server) => order(engine, proxy, server, action, who)));
  if (unknown > 0) return servers.length > 0 ? 'PART' : 'ERRP';
  return done.includes(true) ? 'DONE' : 'NONE';
}

/** @returns whether anything was done */
async function order(engine: Engine, proxy: Proxy, server: Server, action: string, who: string): Promise<boolean> {
  if (action === SHUTDOWN) {
    engine.killServerSessions(proxy.name, server.name);
    return true;
  }
  const command = ORDERS[action]({ server, row: serverRow(engine, { proxy, server }) });
  if (command === null) return false;
  const error = await engine.admin(proxy.name, server.name, command, `${action} ${proxy.name}/${server.name}, ${who}`);
  return error === null;
}
