/** What `clear counters` and `clear counters all` set back. Limits, health and gauges stay as they are. */
import { hasBackend, hasFrontend } from '../config/defaults.js';
import { listenerNames } from '../config/names.js';
import * as T from '../core/table.js';
import type { Engine } from './engine.js';

/** Every row of the running configuration, by kind. */
function allRows(engine: Engine): { frontends: T.Row[]; proxies: T.Row[]; servers: T.Row[]; backends: T.Row[] } {
  const { proxies } = engine.model;
  const fronts = proxies.filter(hasFrontend);
  const backs = proxies.filter(hasBackend);
  const frontKeys = fronts.map((p) => T.rowKey.frontend(p.name));
  const listenerKeys = fronts.flatMap((p) => listenerNames(p).map((name) => T.rowKey.listener(p.name, name)));
  const rows = (keys: string[]) => keys.flatMap((key) => engine.row(key) ?? []);
  return {
    frontends: rows(frontKeys),
    proxies: rows([T.rowKey.process(), ...frontKeys, ...listenerKeys]),
    backends: rows(backs.map((p) => T.rowKey.backend(p.name))),
    servers: rows(backs.flatMap((p) => p.servers.map((s) => T.rowKey.server(p.name, s.name)))),
  };
}

const MAXIMA = [T.I_MAX_SESS, T.I_MAX_QUEUE, T.I_RATE_MAX, T.I_CONN_RATE_MAX];
const MAXIMAL_TIMES = [T.C_QTIME_MAX, T.C_CTIME_MAX, T.C_RTIME_MAX, T.C_TTIME_MAX];

/** @param second epoch second of the clearing */
export function clearMaxima(engine: Engine, second: number): void {
  const { frontends, proxies, backends, servers } = allRows(engine);
  for (const row of [...proxies, ...backends, ...servers]) {
    for (const cell of MAXIMA) row.set(cell, 0);
    for (const cell of MAXIMAL_TIMES) row.fill(cell, 0);
    row.set(T.I_CLEARED_AT, second);
  }
  for (const row of frontends) row.set(T.F_REQ_RATE_MAX, 0);
}

/** The counters of sessions and bytes; not the rates of this second, and not what the workers measure of themselves. */
const COUNTERS = [
  ...Array.from({ length: T.C_LB_TOTAL - T.C_SESSIONS + 1 }, (_, i) => T.C_SESSIONS + i),
  ...Array.from({ length: T.C_TTIME - T.C_QTIME + 1 }, (_, i) => T.C_QTIME + i),
  T.C_CONNECTS,
  T.C_REUSED,
  T.C_BAD_PROXY_HEADER,
  ...Array.from({ length: T.C_INTERCEPTED - T.C_HRSP_1XX + 1 }, (_, i) => T.C_HRSP_1XX + i),
  T.C_FAILED_REWRITES,
  T.C_INTERNAL_ERRORS,
];

export function clearAll(engine: Engine, second: number): void {
  clearMaxima(engine, second);
  const { proxies, backends, servers } = allRows(engine);
  for (const row of [...proxies, ...backends, ...servers]) for (const cell of COUNTERS) row.fill(cell, 0);
  for (const row of backends) row.set(T.B_DOWN_TRANS, 0);
  for (const row of servers) for (const cell of [T.S_CHECK_FAILS, T.S_DOWN_TRANS, T.S_OBSERVED_FAILS]) row.set(cell, 0);
  for (const row of [...backends, ...servers]) row.set(T.S_LAST_SESS, -1);
}
