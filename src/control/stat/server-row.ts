/** The row of a server. */
import type { Proxy, Server } from '../../config/model.js';
import { CheckStatus, checkStatus, hasCode } from '../../core/check-status.js';
import * as T from '../../core/table.js';
import type { Engine } from '../engine.js';
import { serverRow as rowOf, trackedServer, trackTarget } from '../lookup.js';
import { averageMs, eventsPerSecond, secondsSince } from './rates.js';
import {
  isAgentAsked,
  isBeingChecked,
  isChecked,
  serverStatus,
  shownWeight,
  throttlePercent,
} from './server-status.js';
import { AT, httpCounts, newRow, type StatRow, TLS_COLUMNS, type Values, zero } from './stat-row.js';

export function serverStatRow(engine: Engine, proxy: Proxy, server: Server, nowMs: number): StatRow | undefined {
  const row = rowOf(engine, { proxy, server });
  if (!row) return undefined;
  const stat = newRow('S', proxy.name, server.name, proxy.id, server.id, proxy.mode);
  const v = stat.values;
  sessions(v, row, nowMs);
  errors(v, row);
  times(v, row);
  limits(v, row);
  health(v, engine, row, { proxy, server }, nowMs);
  if (isChecked(row)) checkCounts(v, row, nowMs);
  if (server.observe !== undefined) v[AT.hanafail] = row.get(T.S_OBSERVED_FAILS);
  if (isBeingChecked(row)) lastCheck(v, row, engine.lastCheck?.(proxy.name, server.name) ?? '');
  if (isAgentAsked(row)) lastAgent(v, row, engine.lastAgent?.(proxy.name, server.name).text ?? '');
  v[AT.addr] = addressText(engine, proxy, server);
  v[AT.cookie] = server.cookie;
  connections(v, row);
  zero(v, TLS_COLUMNS);
  if (proxy.mode === 'http') httpCounts(v, row);
  return stat;
}

function sessions(v: Values, row: T.Row, nowMs: number): void {
  v[AT.qcur] = row.get(T.I_QUEUE);
  v[AT.qmax] = row.get(T.I_MAX_QUEUE);
  v[AT.scur] = row.get(T.I_CUR_SESS);
  v[AT.smax] = row.get(T.I_MAX_SESS);
  v[AT.stot] = row.sum(T.C_SESSIONS);
  v[AT.bin] = row.sum(T.C_BYTES_IN);
  v[AT.bout] = row.sum(T.C_BYTES_OUT);
  v[AT.lbtot] = row.sum(T.C_LB_TOTAL);
  v[AT.rate] = eventsPerSecond(row, T.C_RATE_SECOND, nowMs);
  v[AT.rate_max] = row.get(T.I_RATE_MAX);
  v[AT.lastsess] = lastSession(row, nowMs);
}

/** `idle_conn_cur` counts the idle connections that only the session which opened them may take again. */
function connections(v: Values, row: T.Row): void {
  const idle = row.get(T.S_IDLE_CONNS);
  const safe = row.get(T.S_SAFE_IDLE_CONNS);
  v[AT.connect] = row.sum(T.C_CONNECTS);
  v[AT.reuse] = row.sum(T.C_REUSED);
  v[AT.srv_icur] = idle;
  v[AT.idle_conn_cur] = idle - safe;
  v[AT.safe_conn_cur] = safe;
  v[AT.used_conn_cur] = row.get(T.I_CUR_SESS);
  v[AT.need_conn_est] = row.get(T.I_CUR_SESS);
}

/** Seconds since the last session, -1 for never. */
export function lastSession(row: T.Row, nowMs: number): number {
  const at = row.get(T.S_LAST_SESS);
  return at <= 0 ? -1 : secondsSince(at, nowMs);
}

function errors(v: Values, row: T.Row): void {
  v[AT.dresp] = row.sum(T.C_DENIED_RESP);
  v[AT.econ] = row.sum(T.C_ERR_CON);
  v[AT.eresp] = row.sum(T.C_ERR_RESP);
  v[AT.wretr] = row.sum(T.C_RETRIES);
  v[AT.wredis] = row.sum(T.C_REDISPATCHES);
  v[AT.cli_abrt] = row.sum(T.C_CLI_ABORT);
  v[AT.srv_abrt] = row.sum(T.C_SRV_ABORT);
  v[AT.wrew] = row.sum(T.C_FAILED_REWRITES);
  v[AT.eint] = row.sum(T.C_INTERNAL_ERRORS);
}

/** Averages and maxima, for servers and backends. */
export function times(v: Values, row: T.Row): void {
  v[AT.qtime] = averageMs(row, T.C_QTIME);
  v[AT.ctime] = averageMs(row, T.C_CTIME);
  v[AT.rtime] = averageMs(row, T.C_RTIME);
  v[AT.ttime] = averageMs(row, T.C_TTIME);
  v[AT.qtime_max] = Math.floor(row.max(T.C_QTIME_MAX));
  v[AT.ctime_max] = Math.floor(row.max(T.C_CTIME_MAX));
  v[AT.rtime_max] = Math.floor(row.max(T.C_RTIME_MAX));
  v[AT.ttime_max] = Math.floor(row.max(T.C_TTIME_MAX));
}

function limits(v: Values, row: T.Row): void {
  v[AT.slim] = row.get(T.I_MAXCONN) || undefined;
  v[AT.qlimit] = row.get(T.S_MAXQUEUE) || undefined;
}

function health(v: Values, engine: Engine, row: T.Row, own: { proxy: Proxy; server: Server }, nowMs: number): void {
  const { server, isTracking, name, via } = tracked(engine, row, own);
  v[AT.status] = serverStatus(row, server, via, nowMs);
  v[AT.weight] = shownWeight(row);
  v[AT.uweight] = row.get(T.S_UWEIGHT);
  v[AT.act] = row.get(T.S_IS_BACKUP) ? 0 : 1;
  v[AT.bck] = row.get(T.S_IS_BACKUP) ? 1 : 0;
  v[AT.lastchg] = secondsSince(row.get(T.S_LAST_CHANGE), nowMs);
  v[AT.throttle] = throttlePercent(row);
  v[AT.tracked] = isTracking ? name : undefined;
}

function tracked(engine: Engine, row: T.Row, own: { proxy: Proxy; server: Server }) {
  if (own.server.track === undefined) return { server: row, isTracking: false, name: '', via: '' };
  const target = trackedServer(engine, own);
  const next = trackTarget(engine, own) ?? target;
  return {
    server: rowOf(engine, target) ?? row,
    isTracking: true,
    name: `${target.proxy.name}/${target.server.name}`,
    via: `${next.proxy.name}/${next.server.name}`,
  };
}

function checkCounts(v: Values, row: T.Row, nowMs: number): void {
  v[AT.chkfail] = row.get(T.S_CHECK_FAILS);
  v[AT.chkdown] = row.get(T.S_DOWN_TRANS);
  const isDown = row.get(T.S_STATE) === T.STATE_STOPPED;
  v[AT.downtime] = row.get(T.S_DOWNTIME) + (isDown ? secondsSince(row.get(T.S_LAST_CHANGE), nowMs) : 0);
}

const CHECK_IN_PROGRESS = 1;

function lastCheck(v: Values, row: T.Row, text: string): void {
  const status = row.get(T.S_CHECK_STATUS);
  const info = checkStatus(status);
  const running = (row.get(T.S_CHECK_STATE) & CHECK_IN_PROGRESS) !== 0;
  v[AT.check_status] = running ? `* ${info.name}` : info.name;
  if (hasCode(status)) v[AT.check_code] = row.get(T.S_CHECK_CODE) >>> 0; // a program that a signal ended has code -1
  if (status >= CheckStatus.L4OK) v[AT.check_duration] = Math.max(0, row.get(T.S_CHECK_DURATION));
  v[AT.check_desc] = info.description;
  v[AT.last_chk] = text || undefined;
  v[AT.check_rise] = row.get(T.S_RISE);
  v[AT.check_fall] = row.get(T.S_FALL);
  v[AT.check_health] = row.get(T.S_HEALTH);
}

/** Rise and fall of agents are 1, and there is no code. */
function lastAgent(v: Values, row: T.Row, text: string): void {
  const status = row.get(T.S_AGENT_STATUS);
  const info = checkStatus(status);
  const running = (row.get(T.S_AGENT_STATE) & CHECK_IN_PROGRESS) !== 0;
  v[AT.agent_status] = running ? `* ${info.name}` : info.name;
  if (hasCode(status)) v[AT.agent_code] = 0;
  if (status >= CheckStatus.CHECKED) v[AT.agent_duration] = Math.max(0, row.get(T.S_AGENT_DURATION));
  v[AT.agent_desc] = info.description;
  v[AT.last_agt] = text || undefined;
  v[AT.agent_rise] = 1;
  v[AT.agent_fall] = 1;
  v[AT.agent_health] = row.get(T.S_AGENT_HEALTH);
}

function addressText(engine: Engine, proxy: Proxy, server: Server): string | undefined {
  const kind = server.address.kind;
  if (kind === 'unix' || kind === 'abns') return 'unix';
  const { host, port } = engine.serverAddress(proxy.name, server);
  if (host === '-' || host === '') return undefined;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
