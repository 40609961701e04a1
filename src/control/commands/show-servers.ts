/** `show servers state`, `show servers conn`, `show backend`: servers in the forms that scripts and reloads read. */
import { hasBackend } from '../../config/defaults.js';
import type { Proxy, Server } from '../../config/model.js';
import * as T from '../../core/table.js';
import type { Command, CommandContext, Reply } from '../command.js';
import type { Engine } from '../engine.js';
import { findBackends, serverRow } from '../lookup.js';
import { secondsSince } from '../stat/rates.js';

/** Version 1 of the format (management guide, `show servers state`). */
const STATE_HEADER =
  '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ' +
  'srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state ' +
  'bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr ' +
  'srv_agent_addr srv_agent_port\n';

type Arguments = readonly (string | undefined)[];

function showState(context: CommandContext, [name]: Arguments): Reply {
  const found = findBackends(context.engine, name);
  if (!found.ok) return found.refusal;
  return stateLines(context.engine, found.value, context.nowMs);
}

function* stateLines(engine: Engine, backends: Proxy[], nowMs: number): Generator<string> {
  yield STATE_HEADER;
  for (const proxy of backends)
    for (const server of proxy.servers) {
      const row = serverRow(engine, { proxy, server });
      if (row) yield `${stateFields(engine, proxy, server, row, nowMs).join(' ')}\n`;
    }
}

function stateFields(engine: Engine, proxy: Proxy, server: Server, row: T.Row, nowMs: number): (string | number)[] {
  const address = addressOf(engine, proxy, server);
  const sinceChange = secondsSince(row.get(T.S_LAST_CHANGE), nowMs);
  const weights = [row.get(T.S_UWEIGHT), row.get(T.S_IWEIGHT)];
  const check = [T.S_CHECK_STATUS, T.S_CHECK_RESULT, T.S_HEALTH, T.S_CHECK_STATE].map((cell) => row.get(cell));
  return [
    ...[proxy.id, proxy.name, server.id, server.name, address.host],
    ...[row.get(T.S_STATE), row.get(T.S_ADMIN), ...weights, sinceChange, ...check],
    ...[row.get(T.S_AGENT_STATE), 0, 0, fqdn(server), address.port, '-', 0],
    ...[row.get(T.S_CHECK_PORT), server.checkAddr ?? '-', agentAddress(engine, proxy, server), row.get(T.S_AGENT_PORT)],
  ];
}

function agentAddress(engine: Engine, proxy: Proxy, server: Server): string {
  return engine.lastAgent?.(proxy.name, server.name).addr ?? server.agentAddr ?? '-';
}

function addressOf(engine: Engine, proxy: Proxy, server: Server): { host: string; port: number } {
  if (server.address.kind !== 'inet') return { host: '-', port: 0 };
  const address = engine.serverAddress(proxy.name, server);
  return { host: address.host === '' ? '-' : address.host, port: address.port };
}

/** The name where the configuration has one instead of an address. */
function fqdn({ address }: Server): string {
  if (address.kind !== 'inet') return '-';
  const isAddress = /^[\d.]*$/.test(address.host) || address.host.includes(':') || address.host === '*';
  return isAddress ? '-' : address.host;
}

function showConn(context: CommandContext, [name]: Arguments): Reply {
  const found = findBackends(context.engine, name);
  return found.ok ? connLines(context.engine, found.value) : found.refusal;
}

/** There are no idle connections to servers in tcp mode: those columns are what HAProxy shows for none. */
function* connLines(engine: Engine, backends: Proxy[]): Generator<string> {
  const columns = 'addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur';
  yield `# bkname/svname bkid/svid ${columns} idle_per_thr[${engine.workers}]\n`;
  const perThread = ' 0'.repeat(engine.workers);
  for (const proxy of backends)
    for (const server of proxy.servers) {
      const row = serverRow(engine, { proxy, server });
      const { host, port } = addressOf(engine, proxy, server);
      const [now, most] = [row?.get(T.I_CUR_SESS) ?? 0, row?.get(T.I_MAX_SESS) ?? 0];
      const ids = `${proxy.name}/${server.name} ${proxy.id}/${server.id}`;
      yield `${ids} ${host} ${port} - 5000 ${now} ${most} ${most} 0 0 -1 0${perThread}\n`;
    }
}

function showBackend({ engine }: CommandContext): string {
  const names = engine.model.proxies.filter(hasBackend).map((proxy) => `${proxy.name}\n`);
  return `# name\n${names.join('')}`;
}

export const SERVERS_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'backend'],
    usage: 'show backend',
    help: 'names of the backends',
    level: 'user',
    run: showBackend,
  },
  {
    words: ['show', 'servers', 'conn'],
    usage: 'show servers conn [<backend>]',
    help: 'connections to the servers, all or of one backend',
    level: 'user',
    run: showConn,
  },
  {
    words: ['show', 'servers', 'state'],
    usage: 'show servers state [<backend>]',
    help: 'state of the servers, all or of one backend, as a server-state-file has it',
    level: 'user',
    run: showState,
  },
];
