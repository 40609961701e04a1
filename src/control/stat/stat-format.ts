/** The forms of `show stat`: CSV, typed, JSON; each row is one piece, so that a large answer is never one string. */
import { FIELDS, FIXED_COLUMNS, type Field } from './fields.js';
import type { StatRow } from './stat-row.js';

const NAMES = FIELDS.map((field) => field.name);
const CSV_HEADER = `# ${NAMES.slice(0, FIXED_COLUMNS).join(',')},-,${NAMES.slice(FIXED_COLUMNS).join(',')},\n`;

/** A text is quoted where it would be read wrongly (management guide §9.1). */
function csvText(value: string): string {
  return /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function csvLine({ values }: StatRow): string {
  let line = '';
  for (let i = 0; i < values.length; i++) {
    if (i === FIXED_COLUMNS) line += '-,';
    const value = values[i];
    if (value === undefined) line += ',';
    else line += typeof value === 'string' ? `${csvText(value)},` : `${value},`;
  }
  return `${line}\n`;
}

export function* csv(rows: Iterable<StatRow>): Generator<string> {
  yield CSV_HEADER;
  for (const row of rows) yield csvLine(row);
}

function tagsOf(field: Field, row: StatRow): string {
  return row.kind === 'B' ? (field.backendTags ?? field.tags) : field.tags;
}

/** @param described adds what each field means, as `desc` asks */
export function* typed(rows: Iterable<StatRow>, described: boolean): Generator<string> {
  for (const row of rows) {
    yield FIELDS.map((field, i) => {
      const value = row.values[i];
      if (value === undefined) return '';
      const name = `${row.kind}.${row.iid}.${row.sid}.${i}.${field.name}.1`;
      return `${name}:${tagsOf(field, row)}:${field.type}:${value}${described ? `:"${field.description}"` : ''}\n`;
    }).join('');
  }
}

const ORIGIN: { readonly [tag: string]: string } = { M: 'Metric', S: 'Status', K: 'Key', C: 'Config', P: 'Product' };
const NATURE: { readonly [tag: string]: string } = {
  A: 'Age',
  a: 'Avg',
  C: 'Counter',
  D: 'Duration',
  G: 'Gauge',
  L: 'Limit',
  M: 'Max',
  m: 'Min',
  N: 'Name',
  O: 'Output',
  R: 'Rate',
  T: 'Time',
};
const SCOPE: { readonly [tag: string]: string } = { C: 'Cluster', P: 'Process', S: 'Service', s: 'System' };

/** The part of a JSON object that says what a value is and what it is worth. */
export function jsonValue(tags: string, type: string, value: string | number): string {
  const words = `"origin":"${ORIGIN[tags[0]]}","nature":"${NATURE[tags[1]]}","scope":"${SCOPE[tags[2]]}"`;
  return `"processNum":1,"tags":{${words}},"value":{"type":"${type}","value":${JSON.stringify(value)}}`;
}

const OBJECT: { readonly [kind in StatRow['kind']]: string } = {
  F: 'Frontend',
  B: 'Backend',
  S: 'Server',
  L: 'Listener',
};

export function* json(rows: Iterable<StatRow>): Generator<string> {
  let first = true;
  for (const row of rows) {
    yield `${first ? '[' : ','}${jsonRow(row)}`;
    first = false;
  }
  yield first ? '[]\n' : ']\n';
}

function jsonRow(row: StatRow): string {
  const object = `"objType":"${OBJECT[row.kind]}","proxyId":${row.iid},"id":${row.sid}`;
  const fields = FIELDS.flatMap((field, i) => {
    const value = row.values[i];
    if (value === undefined) return [];
    const name = `"field":{"pos":${i},"name":"${field.name}"}`;
    return [`{${object},${name},${jsonValue(tagsOf(field, row), field.type, value)}}`];
  });
  return `[${fields.join(',')}]`;
}
