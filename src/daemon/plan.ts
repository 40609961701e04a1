/**
 * From a model to a plan: which row belongs to which entity. What persists keeps its row, and with it its figures and
 * its health; what is new gets a row in a new segment, with its first values written.
 */
import {
  DEFAULT_ERROR_LIMIT,
  DEFAULT_FALL,
  DEFAULT_RISE,
  hasBackend,
  hasFrontend,
  isEager,
  weightOf,
} from '../config/defaults.js';
import type { Model, Proxy, Server } from '../config/model.js';
import { listenerNames } from '../config/names.js';
import type { Plan } from '../core/messages.js';
import * as T from '../core/table.js';

/** A plan's rows and segments, before listeners and descriptors are known. */
export type Layout = Pick<Plan, 'segments' | 'rows'>;

/** Keys of all entities of a model. */
function entityKeys(model: Model): string[] {
  return [T.rowKey.process(), ...model.proxies.flatMap(proxyKeys)];
}

function proxyKeys(proxy: Proxy): string[] {
  const { frontend, backend, listener, server } = T.rowKey;
  const front = hasFrontend(proxy) ? [frontend(proxy.name)] : [];
  const back = hasBackend(proxy) ? [backend(proxy.name)] : [];
  return [
    ...front,
    ...back,
    ...(hasFrontend(proxy) ? listenerNames(proxy).map((name) => listener(proxy.name, name)) : []),
    ...(hasBackend(proxy) ? proxy.servers.map((s) => server(proxy.name, s.name)) : []),
  ];
}

/**
 * @param previous the layout in force, null at start
 * @param workers data-plane workers; fixed for the life of the process
 * @returns the layout and the keys that are new in it
 */
export function layOut(previous: Layout | null, model: Model, workers: number): { layout: Layout; fresh: string[] } {
  const wanted = entityKeys(model);
  const old = previous?.rows ?? {};
  const fresh = wanted.filter((key) => !Object.hasOwn(old, key));
  const segments = [...(previous?.segments ?? [])];
  const id = segments.reduce((most, s) => Math.max(most, s.id + 1), 0);
  if (fresh.length > 0) segments.push(T.createSegment(id, fresh.length, workers));
  const rows: { [key: string]: T.RowRef } = {};
  for (const key of wanted) if (Object.hasOwn(old, key)) rows[key] = old[key];
  fresh.forEach((key, index) => {
    rows[key] = { segment: id, index };
  });
  const used = new Set(Object.values(rows).map((ref) => ref.segment));
  return { layout: { rows, segments: segments.filter((s) => used.has(s.id)) }, fresh };
}

/** View of one row of a layout. */
export function rowOf(layout: Layout, key: string): T.Row | undefined {
  const ref = Object.hasOwn(layout.rows, key) ? layout.rows[key] : undefined;
  const segment = ref && layout.segments.find((s) => s.id === ref.segment);
  return segment && new T.Row(segment, ref.index);
}

/** Writes what the configuration says about limits and weights. New rows get their whole first state. */
export function writeCells(layout: Layout, model: Model, fresh: ReadonlySet<string>, nowS: number): void {
  const at = (key: string, write: (row: T.Row, isNew: boolean) => void) => {
    const row = rowOf(layout, key)!;
    const isNew = fresh.has(key);
    if (isNew) row.set(T.I_CLEARED_AT, nowS);
    write(row, isNew);
  };
  at(T.rowKey.process(), (row) => writeProcess(row, model));
  for (const proxy of model.proxies) {
    if (hasFrontend(proxy)) writeFrontend(proxy, at);
    if (hasBackend(proxy)) writeBackend(proxy, at, nowS);
  }
}

type At = (key: string, write: (row: T.Row, isNew: boolean) => void) => void;

function writeProcess(row: T.Row, model: Model): void {
  row.set(T.I_MAXCONN, model.global.maxconn ?? 0);
  row.set(T.I_RATE_LIMIT, model.global.maxconnrate ?? 0);
  row.set(T.I_SESS_RATE_LIMIT, model.global.maxsessrate ?? 0);
}

function writeFrontend(proxy: Proxy, at: At): void {
  at(T.rowKey.frontend(proxy.name), (row, isNew) => {
    row.set(T.I_MAXCONN, proxy.maxconn ?? 0);
    row.set(T.I_RATE_LIMIT, proxy.rateLimitSessions ?? 0);
    if (isNew) row.set(T.I_STATE, runs(proxy) ? 1 : 0);
  });
  listenerNames(proxy).forEach((name, i) => {
    at(T.rowKey.listener(proxy.name, name), (row) => row.set(T.I_MAXCONN, proxy.binds[i].maxconn ?? 0));
  });
}

/** True for proxies that this version runs. */
export function runs(proxy: Proxy): boolean {
  return !proxy.disabled;
}

function writeBackend(proxy: Proxy, at: At, nowS: number): void {
  at(T.rowKey.backend(proxy.name), (row, isNew) => {
    if (isNew) row.set(T.B_LAST_CHANGE, nowS);
    if (isNew) row.set(T.S_LAST_SESS, -1);
  });
  for (const server of proxy.servers)
    at(T.rowKey.server(proxy.name, server.name), (row, isNew) => writeServer(row, server, isNew, nowS, proxy));
}

function writeServer(row: T.Row, server: Server, isNew: boolean, nowS: number, proxy: Proxy): void {
  row.set(T.I_MAXCONN, server.maxconn ?? 0);
  row.set(T.S_MINCONN, server.minconn ?? 0);
  row.set(T.S_MAXQUEUE, server.maxqueue ?? 0);
  row.set(T.S_ERROR_LIMIT, server.observe ? (server.errorLimit ?? DEFAULT_ERROR_LIMIT) : 0);
  row.set(T.S_OBSERVE_RECHECK, isEager(proxy) && server.check ? 1 : 0);
  row.set(T.S_RISE, server.rise ?? DEFAULT_RISE);
  row.set(T.S_FALL, server.fall ?? DEFAULT_FALL);
  row.set(T.S_IWEIGHT, weightOf(server));
  row.set(T.S_IS_BACKUP, server.backup ? 1 : 0);
  row.set(T.S_CHECK_PORT, server.checkPort ?? 0);
  if (!isNew) return;
  row.set(T.S_UWEIGHT, weightOf(server));
  row.set(T.S_ADMIN, server.disabled ? T.ADMIN_CMAINT : 0);
  row.set(T.S_CHECK_DURATION, -1);
  row.set(T.S_LAST_CHANGE, nowS);
  row.set(T.S_LAST_SESS, -1);
}
