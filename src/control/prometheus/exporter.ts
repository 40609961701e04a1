/** The answer to a scrape, in Prometheus' text format 0.0.4: one metric after the other, each with all its objects. */
import type { StickStore } from '../../core/stick/store.js';
import type { Figures } from '../command.js';
import type { Engine } from '../engine.js';
import { INFO_FIELDS } from '../info-fields.js';
import { infoValues } from '../info-values.js';
import { column, FIELDS } from '../stat/fields.js';
import { AT, type StatRow } from '../stat/stat-row.js';
import { EVERYTHING, statRows } from '../stat/stat-rows.js';
import { METRICS, PROCESS_METRICS, processType, type Scope } from './metrics.js';
import type { MetricQuery } from './query.js';
import { heading, quoted } from './text.js';
import { vipMetrics } from './vip-metrics.js';

type Metric = (typeof METRICS)[number];

const KINDS = [
  ['frontend', 'F', ['DOWN', 'UP']],
  ['listener', 'L', ['WAITING', 'OPEN', 'FULL']],
  ['backend', 'B', ['DOWN', 'UP']],
  ['server', 'S', ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB']],
] as const;

const SERVER_STATES = KINDS[3][2];

/** Results of checks that have a line of their own, in the exporter's order. */
const CHECKS = [
  'HANA',
  'SOCKERR',
  'L4OK',
  'L4TOUT',
  'L4CON',
  'L6OK',
  'L6TOUT',
  'L6RSP',
  'L7TOUT',
  'L7RSP',
  'L7OK',
  'L7OKC',
  'L7STS',
  'PROCERR',
  'PROCTOUT',
  'PROCOK',
];

const RESPONSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'];

/** A row, its labels as text, and of a backend the states of its servers. */
interface Subject {
  readonly row: StatRow;
  readonly labels: string;
  readonly servers: readonly StatRow[];
}

/** @returns the text in pieces, one per metric */
export function* metrics(engine: Engine, figures: Figures, want: MetricQuery, nowMs: number): Generator<string> {
  if (want.scopes.has('global')) yield processMetrics(engine, figures, nowMs);
  const rows = [...statRows(engine, EVERYTHING, nowMs)];
  for (const [scope, kind] of KINDS) {
    if (!want.scopes.has(scope)) continue;
    const subjects = subjectsOf(rows, kind).filter(({ row }) => !want.noMaint || !isMaint(row));
    if (subjects.length === 0) continue;
    for (const metric of METRICS) if (metric.scopes.includes(kind)) yield written(metric, scope, kind, subjects);
  }
  if (want.scopes.has('sticktable')) yield tableMetrics(engine);
  // They belong to the process: HAProxy's exporter has no word for them.
  if (want.scopes.has('global')) yield vipMetrics(engine.vipStatus);
}

/** The last table first, as HAProxy lists them. */
function tableMetrics(engine: Engine): string {
  const tables = [...(engine.tables?.() ?? [])].reverse();
  if (tables.length === 0) return '';
  const lines = (name: string, value: (store: StickStore) => number) =>
    tables.map(([table, store]) => `${name}{name="${quoted(table)}",type="${store.layout.type}"} ${value(store)}\n`);
  const [size, used] = ['haproxy_sticktable_size', 'haproxy_sticktable_used'];
  const sizes = lines(size, (store) => store.layout.size).join('');
  const uses = lines(used, (store) => store.used).join('');
  return `${heading(size, 'Most entries of the table', 'gauge')}${sizes}${heading(used, 'Entries of the table now', 'gauge')}${uses}`;
}

function subjectsOf(rows: readonly StatRow[], kind: Scope): Subject[] {
  const servers = kind === 'B' ? byProxy(rows.filter((row) => row.kind === 'S')) : null;
  return rows
    .filter((row) => row.kind === kind)
    .map((row) => ({ row, labels: labelsOf(row), servers: servers?.get(row.iid) ?? [] }));
}

function byProxy(rows: readonly StatRow[]): Map<number, StatRow[]> {
  const lists = new Map<number, StatRow[]>();
  for (const row of rows) {
    const list = lists.get(row.iid);
    if (list) list.push(row);
    else lists.set(row.iid, [row]);
  }
  return lists;
}

function labelsOf({ kind, values }: StatRow): string {
  const proxy = `proxy="${quoted(values[AT.pxname])}"`;
  if (kind === 'S') return `${proxy},server="${quoted(values[AT.svname])}"`;
  return kind === 'L' ? `${proxy},listener="${quoted(values[AT.svname])}"` : proxy;
}

// ── One metric ──────────────────────────────────────────────────────────────────────────────────────────────────────

function written(metric: Metric, scope: string, kind: Scope, subjects: readonly Subject[]): string {
  const name = `haproxy_${scope}_${metric.name}`;
  const shown = subjects.filter((subject) => hasIt(metric, subject));
  if (shown.length === 0) return '';
  const help =
    metric.form === 'responses'
      ? 'HTTP responses by class of status since the start'
      : FIELDS[AT[metric.field]].description;
  return heading(name, help, metric.type) + lines(metric, kind, name, shown);
}

function lines(metric: Metric, kind: Scope, name: string, subjects: readonly Subject[]): string {
  if (metric.form === 'responses') return responses(name, subjects);
  if (metric.field.startsWith('agg_')) return sums(metric, name, subjects);
  if (metric.form === 'state') return states(name, stateNames(kind), subjects, stateOf);
  if (metric.form === 'check') return states(name, CHECKS, subjects, checkOf);
  const at = column(metric.field);
  const text = metric.form === 'seconds' ? secondsText : numberText;
  const missing = metric.field === 'check_code' ? 0 : undefined;
  let all = '';
  for (const { row, labels } of subjects) all += `${name}{${labels}} ${text(row.values[at] ?? missing)}\n`;
  return all;
}

/** Proxies in mode tcp have no figures of HTTP, and servers that are not checked none of checks. */
function hasIt({ isHttp, field, form }: Metric, { row, servers }: Subject): boolean {
  if (isHttp && row.values[AT.mode] !== 'http') return false;
  if (form === 'check' && row.kind === 'S') return row.values[AT.check_status] !== undefined;
  if (field === 'check_code' || field === 'check_duration') return row.values[AT.check_status] !== undefined;
  return !field.startsWith('agg_') || servers.length > 0;
}

function numberText(value: string | number | undefined): string {
  return value === undefined ? 'NaN' : String(value);
}

function secondsText(value: string | number | undefined): string {
  return value === undefined ? 'NaN' : (Number(value) / 1000).toFixed(6);
}

function stateNames(kind: Scope): readonly string[] {
  return KINDS.find(([, letter]) => letter === kind)![2];
}

function states(
  name: string,
  words: readonly string[],
  subjects: readonly Subject[],
  now: (row: StatRow) => string,
): string {
  let all = '';
  for (const { row, labels } of subjects) {
    const word = now(row);
    for (const state of words) all += `${name}{${labels},state="${state}"} ${state === word ? 1 : 0}\n`;
  }
  return all;
}

/** By status, all objects at a time, as the exporter has them. */
function responses(name: string, subjects: readonly Subject[]): string {
  const lineOf = ({ row, labels }: Subject, code: string, i: number) =>
    `${name}{${labels},code="${code}"} ${numberText(row.values[AT.hrsp_1xx + i])}\n`;
  return RESPONSES.map((code, i) => subjects.map((subject) => lineOf(subject, code, i)).join('')).join('');
}

/** How many servers of a backend are in each state. */
function sums({ form }: Metric, name: string, subjects: readonly Subject[]): string {
  const [words, now] = form === 'check' ? [CHECKS, checkOf] : [SERVER_STATES, stateOf];
  let all = '';
  for (const { labels, servers } of subjects) {
    const seen = servers.map(now);
    for (const state of words)
      all += `${name}{${labels},state="${state}"} ${seen.filter((word) => word === state).length}\n`;
  }
  return all;
}

function isMaint(row: StatRow): boolean {
  return row.kind === 'S' && stateOf(row) === 'MAINT';
}

function stateOf({ kind, values }: StatRow): string {
  const status = String(values[AT.status]);
  if (kind === 'L') return status;
  if (kind !== 'S') return status === 'DOWN' || status === 'STOP' ? 'DOWN' : 'UP';
  return SERVER_STATES.find((word) => status.startsWith(word)) ?? 'UP';
}

/** While the next check runs, the last result stands behind an asterisk. */
function checkOf({ values }: StatRow): string {
  return String(values[AT.check_status]).replace(/^\* /, '');
}

// ── The process ─────────────────────────────────────────────────────────────────────────────────────────────────────

const MEANING = new Map(INFO_FIELDS.map((field) => [field.name, field]));

function processMetrics(engine: Engine, figures: Figures, nowMs: number): string {
  const values = infoValues(engine, figures, nowMs);
  return PROCESS_METRICS.map(([suffix, field]) => {
    const name = `haproxy_process_${suffix}`;
    const help = MEANING.get(field)?.description ?? 'Memory of HTTP compression, which there is none of';
    const head = heading(name, help, processType(suffix));
    if (suffix === 'build_info') return `${head}${name}{version="${quoted(values.Version)}"} 1\n`;
    return `${head}${name} ${MEANING.has(field) ? (values[field] ?? 0) : 'NaN'}\n`;
  }).join('');
}
