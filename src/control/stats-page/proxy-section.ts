/** One proxy on the page: its table, and for administrators the form that acts on its servers. */
import type { Proxy } from '../../config/model.js';
import { AT, type StatRow } from '../stat/stat-row.js';
import { type Column, HTTP_COLUMNS, str, TCP_COLUMNS } from './cells.js';
import { type Change, lastChange } from './change.js';
import { type Html, html, NOTHING } from './html.js';
import type { PageView } from './page.js';
import { toneOf } from './text.js';

/** A proxy and its rows, in HAProxy's order. */
export interface Section {
  readonly proxy: Proxy;
  readonly rows: readonly StatRow[];
}

export function proxySection(view: PageView, { proxy, rows }: Section): Html {
  const isActive = view.isAdmin && rows.some(({ kind }) => kind === 'S');
  const columns = proxy.mode === 'http' ? HTTP_COLUMNS : TCP_COLUMNS;
  const lines = rows.map((row) => ({ row, cells: cellsOf(view, row, columns) }));
  const used = columns.map((_, i) => lines.some(({ cells }) => cells[i].markup !== ''));
  const heads = columns.map(({ title }, i) =>
    used[i] ? html`<th scope="col" role="columnheader">${title}</th>` : NOTHING,
  );
  const pick = isActive ? html`<th scope="col" role="columnheader"><span class="hidden">Select</span></th>` : NOTHING;
  const body = lines.map(({ row, cells }) => {
    const shown = columns.map((column, i) => (used[i] ? cell(column, cells[i]) : NOTHING));
    return tableRow(view, proxy, row, shown, isActive);
  });
  return html`<section aria-labelledby="${proxy.name}">
${headline(view, proxy)}
<table role="table" aria-labelledby="${proxy.name}">
<thead role="rowgroup"><tr role="row">${pick}<th scope="col" role="columnheader">Name</th>${heads}</tr></thead>
<tbody role="rowgroup">
${body}</tbody>
</table>
${isActive ? actionForm(view, proxy) : NOTHING}</section>
`;
}

function cellsOf(view: PageView, row: StatRow, columns: readonly Column[]): Html[] {
  const change = changeOf(view, row);
  return columns.map((column) => column.cell(row, change));
}

function headline({ hasLegends }: PageView, proxy: Proxy): Html {
  const { name, kind, mode, id, description } = proxy;
  const balance = proxy.kind === 'frontend' ? '' : `, balance ${proxy.balance?.algorithm ?? 'roundrobin'}`;
  const cookie = proxy.http.cookie === undefined ? '' : `, cookie ${proxy.http.cookie.name}`;
  const legend = hasLegends ? `${kind}, mode ${mode}, id ${id}${balance}${cookie}` : `${kind}, mode ${mode}`;
  const about = description === undefined ? NOTHING : html` <span class="about">${description}</span>`;
  return html`<h2 id="${name}"><a href="#${name}">${name}</a> <small>${legend}</small>${about}</h2>`;
}

/** Anchors are those of HAProxy's page: `#pg/db1`, `#pg/Frontend`, `#pg/Backend`. */
const SIDES: { readonly [kind in StatRow['kind']]: string | null } = { F: 'Frontend', B: 'Backend', S: null, L: null };

function tableRow(view: PageView, proxy: Proxy, row: StatRow, cells: readonly Html[], isActive: boolean): Html {
  const own = str(row.values, 'svname');
  const name = SIDES[row.kind] ?? own;
  const anchor = `${proxy.name}/${row.kind === 'L' ? `+/${name}` : name}`;
  const pick = isActive
    ? html`<td role="cell" class="pick">${row.kind === 'S' ? checkbox(proxy, row) : NOTHING}</td>`
    : NOTHING;
  return html`<tr role="row" id="${anchor}" class="${kindClass(row)}">${pick}<th scope="row" role="rowheader"><a href="#${anchor}">${name}</a>${legend(view, row)}</th>${cells}</tr>
`;
}

function cell({ title }: Column, content: Html): Html {
  return html`<td role="cell" data-title="${title}">${content}</td>`;
}

/** Frontends and listeners have no history. */
export function changeOf({ engine, nowMs }: PageView, { kind, values }: StatRow): Change | null {
  if (kind === 'F' || kind === 'L') return null;
  return lastChange(engine.history, str(values, 'pxname'), kind === 'B' ? null : str(values, 'svname'), nowMs);
}

const KINDS: { readonly [kind in StatRow['kind']]: string } = { F: 'side', B: 'side', S: 'server', L: 'listener' };

function kindClass({ kind, values }: StatRow): string {
  return `${KINDS[kind]} ${toneOf(str(values, 'status'), str(values, 'check_status'))}`;
}

/** Addresses and cookies are for those who may see them (`stats show-legends`). */
function legend({ hasLegends }: PageView, { kind, sid, values }: StatRow): Html {
  if (kind === 'F' || kind === 'B') return NOTHING;
  const what = kind === 'L' ? 'listener' : values[AT.bck] === 1 ? 'backup' : '';
  const cookie = str(values, 'cookie');
  const known = hasLegends ? [str(values, 'addr'), `id ${sid}`, cookie === '' ? '' : `cookie ${cookie}`] : [];
  const text = [what, ...known].filter((part) => part !== '').join(', ');
  return text === '' ? NOTHING : html`<small>${text}</small>`;
}

function checkbox({ name, id }: Proxy, { values }: StatRow): Html {
  const server = str(values, 'svname');
  return html`<label><input type="checkbox" name="s" value="${server}" form="act-${id}" data-weight="${values[AT.weight] ?? 0}" data-tone="${toneOf(str(values, 'status'), str(values, 'check_status'))}"><span class="hidden">Select ${name}/${server}</span></label>`;
}

const ACTIONS: readonly (readonly [group: string, actions: readonly (readonly [value: string, words: string])[]])[] = [
  [
    'State',
    [
      ['ready', 'Ready: take traffic'],
      ['drain', 'Drain: no new sessions'],
      ['maint', 'Maintenance: no traffic, no checks'],
      ['shutdown', 'Shut its sessions down'],
    ],
  ],
  [
    'Health checks',
    [
      ['ehlth', 'Start checking'],
      ['dhlth', 'Stop checking'],
      ['hrunn', 'Take as up'],
      ['hnolb', 'Take as up, no new sessions'],
      ['hdown', 'Take as down'],
    ],
  ],
  [
    'Agent checks',
    [
      ['eagent', 'Start asking the agent'],
      ['dagent', 'Stop asking the agent'],
      ['arunn', 'Take the agent as up'],
      ['adown', 'Take the agent as down'],
    ],
  ],
];

function actionForm({ formUrl }: PageView, { name, id }: Proxy): Html {
  const option = ([value, words]: readonly [string, string]) => html`<option value="${value}">${words}</option>`;
  const groups = ACTIONS.map(([group, actions]) => html`<optgroup label="${group}">${actions.map(option)}</optgroup>`);
  return html`<form method="post" id="act-${id}" action="${formUrl}" class="act" data-backend="${name}">
<input type="hidden" name="b" value="#${id}"><label for="action-${id}">With the selected servers of <b>${name}</b>:</label>
<select id="action-${id}" name="action" required><option value="">choose an action</option>${groups}</select>
<button type="submit">Apply</button></form>
`;
}
