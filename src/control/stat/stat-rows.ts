/** Which rows `show stat` prints, in HAProxy's order: per proxy the frontend, its listeners, the servers, the backend. */
import { hasBackend, hasFrontend } from '../../config/defaults.js';
import { fullconns } from '../../config/fullconn.js';
import type { Proxy } from '../../config/model.js';
import type { Engine } from '../engine.js';
import { backendRow } from './backend-row.js';
import { frontendRow, listenerRows } from './frontend-row.js';
import { processMaxconn } from './limits.js';
import { serverStatRow } from './server-row.js';
import { AT, type StatRow } from './stat-row.js';

export interface Selection {
  /** Proxy id, -1 all. */
  readonly iid: number;
  /** Bits: 1 frontends, 2 backends, 4 servers, 8 listeners; -1 all. */
  readonly types: number;
  /** Server id, -1 all. */
  readonly sid: number;
  /** `up`: no servers that are down. */
  readonly upOnly: boolean;
  /** `no-maint`: no servers in maintenance. */
  readonly noMaint: boolean;
  /** Addresses and algorithm are for operators (management guide, `show stat`). */
  readonly legends: boolean;
  /** Names of the proxies that are shown; absent: all. */
  readonly scope?: (proxy: string) => boolean;
}

export const EVERYTHING: Selection = { iid: -1, types: -1, sid: -1, upOnly: false, noMaint: false, legends: true };

const FRONTENDS = 1;
const BACKENDS = 2;
const SERVERS = 4;
const LISTENERS = 8;

export function* statRows(engine: Engine, want: Selection, nowMs: number): Generator<StatRow> {
  // From the configuration: `set maxconn` at run time leaves fullconn alone.
  const fullconn = fullconns(engine.model, (p) => p.maxconn ?? engine.model.global.maxconn ?? processMaxconn(engine));
  for (const proxy of engine.model.proxies) {
    if (want.iid !== -1 && want.iid !== proxy.id) continue;
    if (proxy.disabled || want.scope?.(proxy.name) === false) continue;
    for (const row of proxyRows(engine, proxy, want, fullconn.get(proxy.name) ?? 0, nowMs)) yield shown(row, want);
  }
}

function* proxyRows(
  engine: Engine,
  proxy: Proxy,
  want: Selection,
  fullconn: number,
  nowMs: number,
): Generator<StatRow> {
  if (hasFrontend(proxy)) {
    if (want.types & FRONTENDS) yield* [frontendRow(engine, proxy, nowMs)].filter((row) => row !== undefined);
    if (want.types & LISTENERS) yield* listenerRows(engine, proxy).filter((row) => isWantedSid(row, want));
  }
  if (!hasBackend(proxy)) return;
  if (want.types & SERVERS) yield* serverRows(engine, proxy, want, nowMs);
  const backend = want.types & BACKENDS ? backendRow(engine, proxy, fullconn, nowMs) : undefined;
  if (backend && (want.upOnly || want.noMaint)) backend.values[AT.status] += upOf(engine, proxy, nowMs);
  if (backend) yield backend;
}

/** Where servers are left out their backend tells how many there are: `UP (2/3)` (observed from HAProxy). */
function upOf(engine: Engine, proxy: Proxy, nowMs: number): string {
  const rows = proxy.servers.map((server) => serverStatRow(engine, proxy, server, nowMs));
  const up = rows.filter((row) => row !== undefined && !isHidden(row, { ...EVERYTHING, upOnly: true }));
  return ` (${up.length}/${rows.length})`;
}

function* serverRows(engine: Engine, proxy: Proxy, want: Selection, nowMs: number): Generator<StatRow> {
  for (const server of proxy.servers) {
    if (want.sid !== -1 && want.sid !== server.id) continue;
    const row = serverStatRow(engine, proxy, server, nowMs);
    if (row && !isHidden(row, want)) yield row;
  }
}

function isWantedSid(row: StatRow, want: Selection): boolean {
  return want.sid === -1 || want.sid === row.sid;
}

function isHidden(row: StatRow, want: Selection): boolean {
  const status = String(row.values[AT.status]);
  if (want.noMaint && status.startsWith('MAINT')) return true;
  return want.upOnly && (status.startsWith('MAINT') || status.startsWith('DOWN'));
}

function shown(row: StatRow, want: Selection): StatRow {
  if (!want.legends) for (const at of [AT.addr, AT.cookie, AT.algo]) row.values[at] = undefined;
  return row;
}
