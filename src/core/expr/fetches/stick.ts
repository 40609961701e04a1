/** Sample fetches of stick counters and of the client's entry in a table (manual §7.3.3). */
import type { SampleContext } from '../context.js';
import { boolean, type Fetch, type Fetches, integer } from '../fetch.js';
import type { IpValue } from '../values.js';

/** Figures that are read as they are; `_cnt`, `_cur`, `_rate` as the tables store them. */
const FIGURES = [
  'bytes_in_rate',
  'bytes_out_rate',
  'conn_cnt',
  'conn_cur',
  'conn_rate',
  'gpc0_rate',
  'gpc1_rate',
  'http_err_cnt',
  'http_err_rate',
  'http_fail_cnt',
  'http_fail_rate',
  'http_req_cnt',
  'http_req_rate',
  'kbytes_in',
  'kbytes_out',
  'sess_cnt',
  'sess_rate',
];

const COUNTERS = [0, 1, 2];

export const STICK: Fetches = Object.fromEntries([
  ...COUNTERS.flatMap((n) => ofCounter(`sc${n}_`, String(n))),
  ...ofCounter('sc_', undefined),
  ...ofSource(),
]);

type Named = [string, Fetch];

/**
 * Fetches of one counter. `sc0_…([table])` has its number in the name, `sc_…(number[,table])` as first argument; the
 * array figures have their index in front (`sc_get_gpc(index,number)`). With a table the key is looked up there.
 */
function ofCounter(prefix: string, fixed: string | undefined): Named[] {
  const least = fixed === undefined ? 1 : 0;
  const named = (name: string, figure: string): Named => [
    prefix + name,
    integer((c, args) => readCounter(c, fixed === undefined ? args : [fixed, ...args], figure), least, least + 1),
  ];
  const changed = (name: string, figure: string, by: 'inc' | 'clear'): Named => [
    prefix + name,
    integer((c, args) => c.stick.change(Number(fixed ?? args[0]), figure, by), least, least + 1),
  ];
  return [
    ...FIGURES.map((figure) => named(figure, figure)),
    ...['gpc0', 'gpc1', 'gpt0'].map((figure) => named(`get_${figure}`, figure)),
    ...['gpc0', 'gpc1'].flatMap((figure) => [
      changed(`inc_${figure}`, figure, 'inc'),
      changed(`clr_${figure}`, figure, 'clear'),
    ]),
    named('trackers', 'trackers'),
    [`${prefix}tracked`, boolean((c, args) => isTracked(c, Number(fixed ?? args[0])), least, least + 1)],
    ...ofArrays(prefix, fixed),
  ];
}

function ofArrays(prefix: string, fixed: string | undefined): Named[] {
  const least = fixed === undefined ? 2 : 1;
  const read = (name: string, figure: string): Named => [
    prefix + name,
    integer(
      (c, [index, ...rest]) => readCounter(c, fixed === undefined ? rest : [fixed, ...rest], figure, Number(index)),
      least,
      least + 1,
    ),
  ];
  const changed = (name: string, by: 'inc' | 'clear'): Named => [
    prefix + name,
    integer((c, [index, n]) => c.stick.change(Number(fixed ?? n), 'gpc', by, Number(index)), least, least + 1),
  ];
  return [
    read('get_gpc', 'gpc'),
    read('gpc_rate', 'gpc_rate'),
    read('get_gpt', 'gpt'),
    changed('inc_gpc', 'inc'),
    changed('clr_gpc', 'clear'),
  ];
}

/** 0 for a counter that tracks something which is not stored; nothing where nothing is tracked. */
function readCounter(c: SampleContext, [n, table]: readonly string[], figure: string, index = 0): number | undefined {
  if (table === undefined) return c.stick.counter(Number(n), figure, index);
  const key = c.stick.key?.(Number(n));
  return key === undefined ? undefined : (c.stick.lookup(table, key, figure, index) ?? 0);
}

function isTracked(c: SampleContext, n: number): boolean {
  return c.stick.counter(n, 'trackers') !== undefined;
}

/** `src_…([table])`: the entry of the client's address. */
function ofSource(): Named[] {
  const read = (name: string, figure: string): Named => [
    `src_${name}`,
    integer((c, [table = '']) => readSource(c, table, figure), 0, 1),
  ];
  const indexed = (name: string, figure: string): Named => [
    `src_${name}`,
    integer((c, [index, table = '']) => readSource(c, table, figure, Number(index)), 1, 2),
  ];
  const changed = (name: string, figure: string, by: 'inc' | 'clear'): Named => [
    `src_${name}`,
    integer((c, [table = '']) => changeSource(c, table, figure, by), 0, 1),
  ];
  return [
    ...FIGURES.map((figure) => read(figure, figure)),
    changed('updt_conn_cnt', 'conn_cnt', 'inc'),
    ...['gpc0', 'gpc1'].flatMap((figure) => [
      changed(`inc_${figure}`, figure, 'inc'),
      changed(`clr_${figure}`, figure, 'clear'),
    ]),
    ...['gpc0', 'gpc1', 'gpt0'].map((figure) => read(`get_${figure}`, figure)),
    indexed('get_gpc', 'gpc'),
    indexed('gpc_rate', 'gpc_rate'),
    indexed('get_gpt', 'gpt'),
  ];
}

function readSource(c: SampleContext, table: string, figure: string, index = 0): number | undefined {
  const key = sourceKey(c);
  return key && c.stick.lookup(table, key, figure, index);
}

function changeSource(c: SampleContext, table: string, figure: string, by: 'inc' | 'clear'): number | undefined {
  const key = sourceKey(c);
  return key && c.stick.changeOf?.(table, key, figure, by);
}

function sourceKey(c: SampleContext): IpValue | undefined {
  if (c.sourceFamily === 0) return undefined;
  return { family: c.sourceFamily, bytes: c.source.subarray(0, c.sourceFamily === 4 ? 4 : 16) };
}
