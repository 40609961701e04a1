/** The row of a backend. */
import type { Proxy } from '../../config/model.js';
import * as T from '../../core/table.js';
import type { Engine } from '../engine.js';
import { eventsPerSecond, secondsSince } from './rates.js';
import { lastSession, times } from './server-row.js';
import { isUsable } from './server-status.js';
import {
  AT,
  CACHE,
  COMPRESSION,
  HTTP_COLUMNS,
  httpCounts,
  newRow,
  type StatRow,
  span,
  type Values,
  zero,
} from './stat-row.js';

const ALWAYS_ZERO = [...COMPRESSION, ...HTTP_COLUMNS, ...span('agg_server_status', 'agg_check_status')];

/** @param fullconn of the backend, see `fullconns` */
export function backendRow(engine: Engine, proxy: Proxy, fullconn: number, nowMs: number): StatRow | undefined {
  const row = engine.row(T.rowKey.backend(proxy.name));
  if (!row) return undefined;
  const stat = newRow('B', proxy.name, 'BACKEND', proxy.id, 0, proxy.mode);
  const v = stat.values;
  v[AT.slim] = fullconn;
  sessions(v, row, nowMs);
  errors(v, row);
  times(v, row);
  state(v, row, engine, proxy, nowMs);
  v[AT.algo] = proxy.balance?.algorithm ?? 'roundrobin';
  zero(v, ALWAYS_ZERO);
  if (proxy.mode === 'http') http(v, row, proxy);
  return stat;
}

function http(v: Values, row: T.Row, proxy: Proxy): void {
  httpCounts(v, row);
  zero(v, CACHE);
  v[AT.cookie] = proxy.http.cookie?.name;
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
  v[AT.connect] = row.sum(T.C_CONNECTS);
  v[AT.reuse] = row.sum(T.C_REUSED);
}

function errors(v: Values, row: T.Row): void {
  v[AT.dreq] = row.sum(T.C_DENIED_REQ);
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

function state(v: Values, row: T.Row, engine: Engine, proxy: Proxy, nowMs: number): void {
  const up = isUp(row, proxy);
  const sinceChange = secondsSince(row.get(T.B_LAST_CHANGE), nowMs);
  v[AT.status] = up ? 'UP' : 'DOWN';
  v[AT.weight] = row.get(T.B_WEIGHT);
  v[AT.uweight] = usableWeight(engine, proxy);
  v[AT.act] = row.get(T.B_ACTIVE);
  v[AT.bck] = row.get(T.B_BACKUP);
  v[AT.chkdown] = row.get(T.B_DOWN_TRANS);
  v[AT.lastchg] = sinceChange;
  if (proxy.servers.length > 0) v[AT.downtime] = row.get(T.B_DOWNTIME) + (up ? 0 : sinceChange);
}

/** A backend without servers is never down: it has none to lose (as HAProxy shows it). */
function isUp(row: T.Row, proxy: Proxy): boolean {
  return row.get(T.B_UP) === 1 || proxy.servers.length === 0;
}

function usableWeight(engine: Engine, proxy: Proxy): number {
  const rows = proxy.servers.flatMap((server) => engine.row(T.rowKey.server(proxy.name, server.name)) ?? []);
  const usable = rows.filter(isUsable);
  const active = usable.filter((row) => !row.get(T.S_IS_BACKUP));
  return (active.length > 0 ? active : usable).reduce((sum, row) => sum + row.get(T.S_UWEIGHT), 0);
}
