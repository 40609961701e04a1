/** `fairlead status`: the rows of `show stat` as a table for people, one block per proxy. Pure: text in, text out. */
import type { StatRecord } from './stats-client.js';

interface TableOptions {
  /** Escape sequences for colours: only for a terminal. */
  readonly colour: boolean;
  /** Servers that have all the traffic of their backend (`balance single`), `backend server`. */
  readonly chosen?: ReadonlySet<string>;
}

const HEADINGS = ['', 'state', 'weight', 'sessions', 'queue', 'rate', 'in', 'out', 'check', 'since', 'address'];
/** Columns of figures stand to the right. */
const IS_FIGURE = [false, false, true, true, true, true, true, true, false, true, false];

/** @returns the whole table, lines ended */
export function statusTable(rows: readonly StatRecord[], options: TableOptions): string {
  if (rows.length === 0) return 'no proxies\n';
  const cells = rows.map((row) => cellsOf(row, options.chosen?.has(`${row.pxname} ${row.svname}`) === true));
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...cells.map((row) => row[i].length)));
  const blocks = groupByProxy(rows).map(({ name, at }) => {
    const title = options.colour ? `\x1b[1m${name}\x1b[0m` : name;
    const lines = at.flatMap((i) => [lineOf(cells[i], widths, rows[i].status, options), ...reasonOf(rows[i], options)]);
    return [title, ...lines].join('\n');
  });
  return `${lineOf(HEADINGS, widths, '', options)}\n${blocks.join('\n')}\n`;
}

function groupByProxy(rows: readonly StatRecord[]): { name: string; at: number[] }[] {
  const groups = new Map<string, number[]>();
  rows.forEach((row, i) => {
    groups.set(row.pxname, [...(groups.get(row.pxname) ?? []), i]);
  });
  return [...groups].map(([name, at]) => ({ name, at }));
}

/** The check's own words, below a server that is down by it. */
function reasonOf({ type, status, check_status, last_chk }: StatRecord, { colour }: TableOptions): string[] {
  if (type !== '2' || !check_status || !last_chk || !/^(DOWN|UP \d|NOLB)/.test(status)) return [];
  const text = `    ${last_chk.replace(/[\x00-\x1f\x7f]+/g, ' ').trim()}`;
  return [colour ? `\x1b[2m${text}\x1b[0m` : text];
}

const SIDES: { readonly [type: string]: string } = { 0: 'frontend', 1: 'backend' };

function cellsOf(row: StatRecord, isChosen: boolean): string[] {
  const note = isChosen ? ' (chosen)' : row.type === '2' && row.bck === '1' ? ' (backup)' : '';
  return [
    `  ${SIDES[row.type] ?? row.svname}${note}`,
    row.throttle ? `${row.status} (${row.throttle}%)` : row.status,
    row.weight,
    Number(row.slim) > 0 ? `${row.scur}/${row.slim}` : row.scur,
    row.qcur,
    row.rate === '' ? '' : `${row.rate}/s`,
    bytes(row.bin),
    bytes(row.bout),
    checkText(row),
    row.lastchg === '' ? '' : age(Number(row.lastchg)),
    row.addr || row.algo,
  ];
}

function checkText(row: StatRecord): string {
  if (!row.check_status) return row.tracked ? `via ${row.tracked}` : '';
  const code = row.check_code ? `/${row.check_code}` : '';
  const time = row.check_duration === '' ? '' : ` ${row.check_duration}ms`;
  return `${row.check_status.replace('* ', '')}${code}${time}`;
}

const KIB = 1024;

/** `820`, `1.2k`, `35M`: two figures are enough to see what flows. */
function bytes(text: string): string {
  let value = Number(text);
  let unit = 0;
  for (; value >= 1000 && unit < 5; unit++) value /= KIB;
  return unit > 0 && value < 10
    ? `${value.toFixed(1)}${'kMGTP'[unit - 1]}`
    : `${Math.round(value)}${' kMGTP'[unit].trim()}`;
}

/** `8s`, `5m`, `3h`, `12d` */
function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function lineOf(cells: readonly string[], widths: readonly number[], status: string, { colour }: TableOptions): string {
  const padded = cells.map((cell, i) => (IS_FIGURE[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])));
  if (colour && status !== '') padded[1] = `\x1b[${colourOf(status)}m${padded[1]}\x1b[0m`;
  return padded.join('  ').trimEnd();
}

const GREEN = 32;
const YELLOW = 33;
const RED = 31;
const CYAN = 36;

/** Green takes traffic, yellow is on its way somewhere, red does not, cyan is as the operator wanted it. */
function colourOf(status: string): number {
  if (/^(MAINT|DRAIN|PAUSED)/.test(status)) return CYAN;
  if (/^(DOWN|STOP)/.test(status)) return RED;
  return /^(UP|OPEN|no check)$/.test(status) ? GREEN : YELLOW;
}
