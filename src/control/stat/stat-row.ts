/** One line of `show stat` as values by column, and the writers that every kind of row shares. */
import * as T from '../../core/table.js';
import { column, FIELDS } from './fields.js';

export type Kind = 'F' | 'B' | 'S' | 'L';

/** Values by column; undefined = empty. */
export type Values = (string | number | undefined)[];

export interface StatRow {
  readonly kind: Kind;
  readonly iid: number;
  readonly sid: number;
  readonly values: Values;
}

/** `type` column. */
const TYPE: { readonly [kind in Kind]: number } = { F: 0, B: 1, S: 2, L: 3 };

/** Columns by name; looked up once. */
export const AT = Object.fromEntries(FIELDS.map((field) => [field.name, column(field.name)])) as {
  readonly [name: string]: number;
};

/** @returns a row with the columns that say which object it is about */
export function newRow(kind: Kind, pxname: string, svname: string, iid: number, sid: number, mode: string): StatRow {
  const values: Values = new Array(FIELDS.length).fill(undefined);
  values[AT.pxname] = pxname;
  values[AT.svname] = svname;
  values[AT.pid] = 1;
  values[AT.iid] = iid;
  values[AT.sid] = sid;
  values[AT.type] = TYPE[kind];
  values[AT.mode] = mode;
  return { kind, iid, sid, values };
}

/** Columns that count what Fairlead does not do: present, and always 0, where HAProxy has them. */
export function zero(values: Values, columns: readonly number[]): void {
  for (const at of columns) values[at] = 0;
}

/** Columns `from` to `to` by name, both included. */
export function span(from: string, to: string): number[] {
  const first = AT[from];
  return Array.from({ length: AT[to] - first + 1 }, (_, i) => first + i);
}

export const TLS_COLUMNS = span('ssl_sess', 'ssl_failed_handshake');
export const HTTP_COLUMNS = span('ssl_sess', 'h1_spliced_bytes_out');
const HTTP_RESPONSES = span('hrsp_1xx', 'hrsp_other');
/** What only mode http counts, of every side that answers requests. */
export function httpCounts(values: Values, row: T.Row): void {
  for (let i = 0; i < HTTP_RESPONSES.length; i++) values[HTTP_RESPONSES[i]] = row.sum(T.C_HRSP_1XX + i);
  values[AT.req_tot] = row.sum(T.C_HTTP_REQUESTS);
}

export const COMPRESSION = span('comp_in', 'comp_rsp');
export const CACHE = span('cache_lookups', 'cache_hits');
