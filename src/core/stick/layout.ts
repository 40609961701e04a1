/**
 * Where the figures of a stick table entry stand (manual §11.1 and `stick-table … store`): Float64 cells behind the
 * entry's expiry. A rate takes three: the start of its period, and the events in that period and in the one before.
 */
import type { StickTable, StickType } from '../../config/model.js';

interface Figure {
  readonly name: string;
  /** First cell, counted from the first of the entry. */
  readonly at: number;
  /** Milliseconds of a rate, 0 for what is counted. */
  readonly periodMs: number;
  /** More than 1 in the arrays gpc, gpc_rate and gpt. */
  readonly elements: number;
}

export interface StickLayout {
  readonly type: StickType;
  /** Longest key. */
  readonly keyBytes: number;
  readonly size: number;
  /** 0 = entries do not expire. */
  readonly expireMs: number;
  readonly evicts: boolean;
  /** Float64 cells of an entry: the expiry, then the figures. */
  readonly cells: number;
  /** In the order in which `show table` prints them. */
  readonly figures: readonly Figure[];
}

const RATE_CELLS = 3;
const DEFAULT_KEY_BYTES = 32;

/** Everything that can be stored, in the order of HAProxy 2.6 (observed). */
export const STICK_FIGURES = [
  ...['server_id', 'gpt0', 'gpc0', 'gpc0_rate', 'conn_cnt', 'conn_rate', 'conn_cur', 'sess_cnt', 'sess_rate'],
  ...['http_req_cnt', 'http_req_rate', 'http_err_cnt', 'http_err_rate', 'bytes_in_cnt', 'bytes_in_rate'],
  ...['bytes_out_cnt', 'bytes_out_rate', 'gpc1', 'gpc1_rate', 'http_fail_cnt', 'http_fail_rate'],
  ...['gpt', 'gpc', 'gpc_rate'],
];

/** @param isStuckTo `stick` rules use the table: it remembers servers */
export function layOutTable(table: StickTable, isStuckTo: boolean): StickLayout {
  const stored = new Map(table.store.map((store) => [store.name, store]));
  if (isStuckTo && !stored.has('server_id')) stored.set('server_id', { name: 'server_id' });
  const figures: Figure[] = [];
  let at = 1;
  for (const name of STICK_FIGURES) {
    const store = stored.get(name);
    if (store === undefined) continue;
    const { periodMs = 0, elements = 1 } = store;
    figures.push({ name, at, periodMs, elements });
    at += elements * (periodMs > 0 ? RATE_CELLS : 1);
  }
  return {
    type: table.type,
    keyBytes: keyBytesOf(table),
    size: table.size,
    expireMs: table.expireMs ?? 0,
    evicts: table.noPurge !== true,
    cells: at,
    figures,
  };
}

function keyBytesOf({ type, keyLength = DEFAULT_KEY_BYTES }: StickTable): number {
  if (type === 'ip' || type === 'integer') return 4;
  return type === 'ipv6' ? 16 : keyLength;
}

/** The cell of a figure; gpc0, gpc1 and gpt0 are also the first elements of the arrays. @returns undefined: not stored */
export function figureOf(layout: StickLayout, name: string, index = 0): { at: number; periodMs: number } | undefined {
  const [, base, digit, rate = ''] = /^(gpc|gpt)([01])(_rate)?$/.exec(name) ?? [];
  const own = layout.figures.find((figure) => figure.name === name);
  const figure = own ?? layout.figures.find((f) => base !== undefined && f.name === base + rate);
  const element = own === undefined ? Number(digit ?? 0) : index;
  if (figure === undefined || element >= figure.elements) return undefined;
  const { at, periodMs } = figure;
  return { at: at + element * (periodMs > 0 ? RATE_CELLS : 1), periodMs };
}
