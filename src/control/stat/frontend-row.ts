/** Rows of a frontend and, with `option socket-stats`, of its listeners. */

import type { Bind, Proxy } from '../../config/model.js';
import { listenerNames } from '../../config/names.js';
import * as T from '../../core/table.js';
import type { Engine } from '../engine.js';
import { frontendMaxconn } from './limits.js';
import { eventsPerSecond } from './rates.js';
import {
  AT,
  CACHE,
  COMPRESSION,
  HTTP_COLUMNS,
  httpCounts,
  newRow,
  type StatRow,
  TLS_COLUMNS,
  type Values,
  zero,
} from './stat-row.js';

const STATES = ['STOP', 'OPEN', 'OPEN', 'PAUSED'];

export function frontendRow(engine: Engine, proxy: Proxy, nowMs: number): StatRow | undefined {
  const row = engine.row(T.rowKey.frontend(proxy.name));
  if (!row) return undefined;
  const stat = newRow('F', proxy.name, 'FRONTEND', proxy.id, 0, proxy.mode);
  const v = stat.values;
  const limit = frontendMaxconn(engine, proxy);
  traffic(v, row);
  v[AT.slim] = limit;
  v[AT.status] = frontendStatus(engine, row, limit);
  frontendRates(v, row, nowMs);
  requests(v, row, nowMs);
  zero(v, [...COMPRESSION, ...HTTP_COLUMNS]);
  if (proxy.mode === 'http') http(v, row);
  return stat;
}

/** What a frontend and a listener have in common. */
function traffic(v: Values, row: T.Row): void {
  v[AT.scur] = row.get(T.I_CUR_SESS);
  v[AT.smax] = row.get(T.I_MAX_SESS);
  v[AT.stot] = row.sum(T.C_SESSIONS);
  v[AT.bin] = row.sum(T.C_BYTES_IN);
  v[AT.bout] = row.sum(T.C_BYTES_OUT);
  v[AT.dreq] = row.sum(T.C_DENIED_REQ);
  v[AT.dresp] = row.sum(T.C_DENIED_RESP);
  v[AT.ereq] = row.sum(T.C_ERR_REQ);
  v[AT.dcon] = row.sum(T.C_DENIED_CONN);
  v[AT.dses] = row.sum(T.C_DENIED_SESS);
  v[AT.wrew] = row.sum(T.C_FAILED_REWRITES);
  v[AT.eint] = row.sum(T.C_INTERNAL_ERRORS);
}

function frontendRates(v: Values, row: T.Row, nowMs: number): void {
  v[AT.rate] = eventsPerSecond(row, T.C_RATE_SECOND, nowMs);
  v[AT.rate_lim] = row.get(T.I_RATE_LIMIT);
  v[AT.rate_max] = row.get(T.I_RATE_MAX);
  v[AT.conn_rate] = eventsPerSecond(row, T.C_CRATE_SECOND, nowMs);
  v[AT.conn_rate_max] = row.get(T.I_CONN_RATE_MAX);
  v[AT.conn_tot] = row.sum(T.C_CONNECTIONS);
}

/** A frontend in mode tcp shows them too, and has none. */
function requests(v: Values, row: T.Row, nowMs: number): void {
  v[AT.req_rate] = eventsPerSecond(row, T.C_REQ_RATE_SECOND, nowMs);
  v[AT.req_rate_max] = row.get(T.F_REQ_RATE_MAX);
  v[AT.req_tot] = row.sum(T.C_HTTP_REQUESTS);
}

function http(v: Values, row: T.Row): void {
  httpCounts(v, row);
  zero(v, CACHE);
  v[AT.intercepted] = row.sum(T.C_INTERCEPTED);
}

function frontendStatus(engine: Engine, row: T.Row, limit: number): string {
  if (engine.stopping) return 'STOP';
  const state = row.get(T.I_STATE);
  if (state === 0 || state === 3) return STATES[state];
  const isFull = state === 2 || (limit > 0 && row.get(T.I_CUR_SESS) >= limit);
  return isFull ? 'FULL' : 'OPEN';
}

export function listenerRows(engine: Engine, proxy: Proxy): StatRow[] {
  if (!proxy.options.socketStats) return [];
  const names = listenerNames(proxy);
  return proxy.binds.flatMap((bind, i) => listenerRow(engine, proxy, bind, i, names[i]) ?? []);
}

function listenerRow(engine: Engine, proxy: Proxy, bind: Bind, i: number, key: string): StatRow | undefined {
  const row = engine.row(T.rowKey.listener(proxy.name, key));
  if (!row) return undefined;
  const sid = bind.id ?? i + 1;
  const stat = newRow('L', proxy.name, bind.name ?? `sock-${sid}`, proxy.id, sid, proxy.mode);
  const v = stat.values;
  traffic(v, row);
  v[AT.slim] = row.get(T.I_MAXCONN);
  v[AT.status] = 'OPEN';
  v[AT.addr] = listenerAddress(bind);
  zero(v, TLS_COLUMNS);
  return stat;
}

function listenerAddress({ address }: Bind): string {
  if (address.kind !== 'inet') return address.kind === 'fd' ? '' : 'unix';
  const host = address.host === '' || address.host === '*' ? (address.family === 6 ? '::' : '0.0.0.0') : address.host;
  return host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}
