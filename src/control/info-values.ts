/** What `show info` reports, by field name; a field without a value here is 0 (or absent, for texts). */
import { readFileSync } from 'node:fs';
import { hasFrontend } from '../config/defaults.js';
import * as T from '../core/table.js';
import type { Figures } from './command.js';
import type { Engine } from './engine.js';
import { processMaxconn } from './stat/limits.js';
import { eventsPerSecond } from './stat/rates.js';
import { PRODUCT, RELEASE_DATE, REPORTED_VERSION } from './version.js';

export type InfoValues = { [name: string]: string | number | undefined };

export function infoValues(engine: Engine, figures: Figures, nowMs: number): InfoValues {
  return {
    ...identity(engine, nowMs),
    ...memory(),
    ...limits(engine),
    ...traffic(engine, figures, nowMs),
    ...jobs(engine),
    Idle_pct: figures.idlePercent(),
    node: engine.model.global.node,
    description: engine.model.global.description,
    Stopping: engine.stopping ? 1 : 0,
    Tainted: '0',
  };
}

function identity(engine: Engine, nowMs: number): InfoValues {
  const seconds = Math.max(0, Math.floor((nowMs - engine.startedAtMs) / 1000));
  return {
    Name: PRODUCT,
    Version: REPORTED_VERSION,
    Release_date: RELEASE_DATE,
    'Build info': REPORTED_VERSION,
    Nbthread: engine.workers,
    Nbproc: 1,
    Process_num: 1,
    Pid: engine.pid,
    Uptime: uptimeText(seconds),
    Uptime_sec: seconds,
    Start_time_sec: Math.floor(engine.startedAtMs / 1000),
  };
}

/** `0d 0h07m01s` */
function uptimeText(seconds: number): string {
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${Math.floor(hours / 24)}d ${hours % 24}h${pad(Math.floor(seconds / 60) % 60)}m${pad(seconds % 60)}s`;
}

const MIB = 1024 * 1024;

/** The JavaScript heap and its buffers are what pools are in HAProxy. */
function memory(): InfoValues {
  const { heapTotal, heapUsed, external } = process.memoryUsage();
  return {
    PoolAlloc_MB: Math.floor((heapTotal + external) / MIB),
    PoolUsed_MB: Math.floor((heapUsed + external) / MIB),
    PoolAlloc_bytes: heapTotal + external,
    PoolUsed_bytes: heapUsed + external,
  };
}

function limits(engine: Engine): InfoValues {
  const files = openFilesLimit();
  return {
    'Ulimit-n': files,
    Maxsock: files,
    Maxconn: processMaxconn(engine),
    Hard_maxconn: engine.model.global.maxconn ?? processMaxconn(engine),
    ConnRateLimit: engine.row(T.rowKey.process())?.get(T.I_RATE_LIMIT) ?? 0,
    SessRateLimit: engine.row(T.rowKey.process())?.get(T.I_SESS_RATE_LIMIT) ?? 0,
  };
}

/** proc(5), `/proc/self/limits`: the soft limit. 0 where it cannot be read or there is none. */
function openFilesLimit(): number {
  const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return found ? Number(found[1]) : 0;
}

function traffic(engine: Engine, figures: Figures, nowMs: number): InfoValues {
  const row = engine.row(T.rowKey.process());
  if (!row) return {};
  return {
    CurrConns: row.get(T.I_CUR_SESS),
    CumConns: row.sum(T.C_CONNECTIONS),
    CumReq: row.sum(T.C_SESSIONS),
    ConnRate: eventsPerSecond(row, T.C_CRATE_SECOND, nowMs),
    MaxConnRate: row.get(T.I_CONN_RATE_MAX),
    SessRate: eventsPerSecond(row, T.C_RATE_SECOND, nowMs),
    MaxSessRate: row.get(T.I_RATE_MAX),
    DroppedLogs: row.sum(T.C_DROPPED_LOGS),
    TotalBytesOut: totalBytesOut(engine),
    TotalSplicdedBytesOut: row.sum(T.C_SPLICED_BYTES),
    BytesOutRate: figures.bytesOutRate(),
  };
}

/** Bytes sent to clients by all frontends. */
export function totalBytesOut(engine: Engine): number {
  const rows = engine.model.proxies.filter(hasFrontend).map((p) => engine.row(T.rowKey.frontend(p.name)));
  return rows.reduce((sum, row) => sum + (row?.sum(T.C_BYTES_OUT) ?? 0), 0);
}

function jobs(engine: Engine): InfoValues {
  const binds = engine.model.proxies.filter((p) => hasFrontend(p) && !p.disabled).map((p) => p.binds.length);
  const listeners = engine.stopping ? 0 : binds.reduce((sum, n) => sum + n, 0);
  const sessions = engine.row(T.rowKey.process())?.get(T.I_CUR_SESS) ?? 0;
  return { Listeners: listeners, Jobs: listeners + sessions, Tasks: sessions };
}
