/** `stick-table` and `stick` lines (manual §4.2, §11). */
import type { StickRule, StickStore, StickTable, StickType } from '../model.js';
import { didYouMean } from '../suggest.js';
import { parseDuration } from '../units.js';
import { place } from './conditions.js';
import { readExpression } from './expression.js';
import type { Line } from './line.js';
import { mark, type ProxyKeywords, type ProxySection } from './section.js';

export const STICK_KEYWORDS: ProxyKeywords = {
  'stick-table': { in: 'fb', read: readStickTable },
  stick: { in: 'b', read: readStick },
};

const TYPES: { readonly [word: string]: StickType } = {
  ip: 'ip',
  ipv6: 'ipv6',
  integer: 'integer',
  string: 'string',
  binary: 'binary',
};

const COUNTS = [
  ...['server_id', 'server_key', 'gpc0', 'gpc1', 'gpt0', 'conn_cnt', 'conn_cur', 'sess_cnt', 'http_req_cnt'],
  ...['http_err_cnt', 'http_fail_cnt', 'bytes_in_cnt', 'bytes_out_cnt'],
];
const RATES = [
  ...['gpc0_rate', 'gpc1_rate', 'conn_rate', 'sess_rate', 'http_req_rate', 'http_err_rate', 'http_fail_rate'],
  ...['bytes_in_rate', 'bytes_out_rate'],
];
const ARRAYS = ['gpc', 'gpt'];
const STORES = [...COUNTS, ...RATES, ...ARRAYS, 'gpc_rate'];
const ELEMENTS_MAX = 100;

const WORDS = ['type', 'size', 'expire', 'nopurge', 'peers', 'store', 'srvkey'];

function readStickTable(line: Line, section: ProxySection): void {
  const other = section.proxy.stickTable?.loc;
  if (other) {
    const message = `${section.kind} '${section.name}' has a stick table already, on line ${other.line}`;
    line.error('duplicate-stick-table', 0, message, 'write the other one in a backend of its own');
    return;
  }
  const table: Partial<StickTable> = { store: [], loc: line.whole };
  for (let i = 1; line.has(i); ) {
    const next = readTableWord(line, i, table);
    if (next === undefined) return;
    i = next;
  }
  const { type, size, store = [] } = table;
  if (type === undefined || size === undefined) {
    const missing = type === undefined ? 'type' : 'size';
    line.error(
      'missing-argument',
      0,
      `'stick-table' needs a ${missing}`,
      "write such as 'type ip size 100k expire 30m'",
    );
    return;
  }
  section.proxy.stickTable = { ...table, type, size, store };
  mark(section, 'stickTable', line);
}

function readTableWord(line: Line, i: number, table: Partial<StickTable>): number | undefined {
  const word = line.choice(i, 'a setting of a stick table', WORDS);
  if (!word) return undefined;
  if (word === 'nopurge') {
    table.noPurge = true;
    return i + 1;
  }
  if (!line.has(i + 1)) {
    line.error('missing-argument', i, `'${word}' needs a value`, `write it after '${word}'`);
    return undefined;
  }
  if (word === 'type') return readType(line, i + 1, table);
  return setTableValue(line, i + 1, table, word) ? i + 2 : undefined;
}

function readType(line: Line, i: number, table: Partial<StickTable>): number | undefined {
  const word = line.choice(i, 'a type of keys', Object.keys(TYPES));
  if (!word) return undefined;
  table.type = TYPES[word];
  const takesLength = table.type === 'string' || table.type === 'binary';
  if (!takesLength || line.text(i + 1) !== 'len') return i + 1;
  table.keyLength = line.integer(i + 2, "'len'", { min: 1 });
  return table.keyLength === undefined ? undefined : i + 3;
}

function setTableValue(line: Line, i: number, table: Partial<StickTable>, word: string): boolean {
  if (word === 'store') return readStores(line, i, table.store ?? []);
  if (word === 'peers') {
    table.peers = line.text(i);
    line.warning('not-run', i, "'peers' is not run: every node has its own table", 'remove it');
    return true;
  }
  if (word === 'srvkey') {
    if (!line.choice(i, 'a key of servers', ['name', 'addr'])) return false;
    line.warning('no-effect', i, "'srvkey' has no effect here", 'remove it');
    return true;
  }
  if (word === 'size') {
    table.size = line.size(i, "'size'");
    if (table.size === 0) line.error('out-of-range', i, "'size' cannot be 0", "write such as '100k'");
    return Boolean(table.size);
  }
  table.expireMs = line.duration(i, "'expire'");
  return table.expireMs !== undefined;
}

/** `conn_cnt,conn_rate(3s),gpc(10)`; the list may go on in words that begin behind a comma. */
function readStores(line: Line, i: number, into: StickStore[]): boolean {
  for (const text of line.text(i).match(/[^,(]+(\([^)]*\))?/g) ?? []) {
    const store = readStore(line, i, text);
    if (!store) return false;
    if (into.some(({ name }) => name === store.name)) {
      line.warning('duplicate-store', i, `'${store.name}' is stored already`, 'remove it');
      continue;
    }
    into.push(store);
  }
  return true;
}

function readStore(line: Line, i: number, text: string): StickStore | undefined {
  const [, name, inside] = /^([^(]*)(?:\((.*)\))?$/s.exec(text) ?? [];
  if (name === undefined || !STORES.includes(name)) {
    const message = `unknown data type '${text}' in 'store'`;
    return refuse(line, i, message, didYouMean(text, STORES, `write some of ${STORES.join(', ')}`) ?? '');
  }
  if (COUNTS.includes(name))
    return inside === undefined ? { name } : refuse(line, i, `'${name}' takes nothing in parentheses`, 'remove it');
  const args = (inside ?? '').split(',');
  const period = RATES.includes(name) ? args[0] : args[1];
  const elements = RATES.includes(name) ? undefined : args[0];
  const store: StickStore = { name };
  if (elements !== undefined && !setElements(line, i, store, elements)) return undefined;
  if (ARRAYS.includes(name)) return store;
  const time = parseDuration(period ?? '');
  if (!time.ok) return refuse(line, i, `'${name}' needs a period`, `write such as '${name}(10s)'`);
  if (time.value.ms === 0)
    return refuse(line, i, `the period of '${name}' cannot be 0`, `write such as '${name}(10s)'`);
  return { ...store, periodMs: time.value.ms };
}

function setElements(line: Line, i: number, store: StickStore, text: string): boolean {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : 0;
  if (count >= 1 && count <= ELEMENTS_MAX) {
    store.elements = count;
    return true;
  }
  refuse(line, i, `'${store.name}' needs a number of elements`, `write from 1 to ${ELEMENTS_MAX} in parentheses`);
  return false;
}

function refuse(line: Line, i: number, message: string, remedy: string): undefined {
  line.error('bad-value', i, message, remedy);
}

const KINDS = ['on', 'match', 'store-request', 'store-response'] as const;

function readStick(line: Line, section: ProxySection): void {
  const kind: StickRule['kind'] | undefined = line.choice(1, 'a stick rule', KINDS);
  if (!kind) return;
  const found = readExpression(line, 2, kind === 'store-response' ? 'response' : 'use-server');
  if (!found) return;
  const rule: StickRule = { kind, key: found.expression, loc: line.whole };
  let { next } = found;
  if (line.text(next) === 'table') {
    if (!line.has(next + 1)) {
      line.error('missing-argument', next, "'table' needs a name", "write 'table NAME'");
      return;
    }
    rule.table = line.text(next + 1);
    next += 2;
  }
  place(line, next, section, (condition) => {
    section.proxy.stickRules.push({ ...rule, ...(condition && { condition }) });
  });
}
