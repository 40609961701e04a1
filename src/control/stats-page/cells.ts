/** The cells of a row. Each shows the figure that matters first, what belongs to it small, and nothing where all is 0. */
import { span } from '../../core/events/words.js';
import { AT, type StatRow, type Values } from '../stat/stat-row.js';
import type { Change } from './change.js';
import { type Html, html, NOTHING } from './html.js';
import { bytes, grouped, SIGNS, toneOf } from './text.js';

/** What a column is called, and the cell it makes of a row; columns in which no row has anything are left out. */
export interface Column {
  readonly title: string;
  cell(row: StatRow, change: Change | null): Html;
}

export function num(values: Values, name: string): number {
  return Number(values[AT[name]] ?? 0);
}

export function str(values: Values, name: string): string {
  return String(values[AT[name]] ?? '');
}

/** Sign, word and colour of a state. */
export function badge(values: Values): Html {
  const status = str(values, 'status');
  const tone = toneOf(status, str(values, 'check_status'));
  return html`<span class="state ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${status}</span>`;
}

const small = (text: string): Html => (text === '' ? NOTHING : html`<small>${text}</small>`);

/** `12`, `12 of 100`, and what is below it. */
function figure(main: string, note: string, notes: readonly string[]): Html {
  const behind = note === '' ? NOTHING : html` <small class="of">${note}</small>`;
  const isZero = /^0(\/s)?$/.test(main);
  return html`<b${isZero ? html` class="zero"` : NOTHING}>${main}</b>${behind}${small(notes.filter((text) => text !== '').join(', '))}`;
}

const limit = (values: Values, name: string): string => {
  const most = num(values, name);
  return most > 0 ? `of ${grouped(most)}` : '';
};

/** Of a gauge and its highest value, the second where it tells something. */
const highest = (values: Values, name: string, now: string, unit = ''): string =>
  num(values, name) > num(values, now) ? `most ${grouped(num(values, name))}${unit}` : '';

/** Ages are whole seconds. */
export function age(seconds: number): string {
  return seconds < 1 ? 'a moment' : span(seconds * 1000);
}

// ── State, check, weight ────────────────────────────────────────────────────────────────────────────────────────────

function stateCell({ kind, values }: StatRow, change: Change | null): Html {
  const status = badge(values);
  if (kind === 'F' || kind === 'L') return status;
  const since = html`${status} <span class="since">${age(num(values, 'lastchg'))}</span>`;
  return change === null ? since : html`${since}${changeNote(change)}`;
}

function changeNote({ when, why, recent }: Change): Html {
  const often = recent > 2 ? html`<strong class="flaps">${recent} changes in the last hour</strong>` : NOTHING;
  return html`<small class="why">${when}: ${why}</small>${often}`;
}

function checkCell({ kind, values }: StatRow): Html {
  const tracked = str(values, 'tracked');
  if (tracked !== '') return html`<small>follows ${tracked}</small>`;
  if (kind === 'B') return downtime(values, 'chkdown');
  const isAsked = values[AT.agent_status] !== undefined;
  const own = values[AT.check_status] === undefined ? NOTHING : checkWords(values, '', 'check', 'last_chk');
  const agent = isAsked ? checkWords(values, 'agent: ', 'agent', 'last_agt') : NOTHING;
  return html`${own}${agent}${downtime(values, 'chkfail')}`;
}

/** `L7OK/200 in 3 ms`, its meaning, and what was said. */
function checkWords(values: Values, label: string, prefix: 'check' | 'agent', said: string): Html {
  const code = num(values, `${prefix}_code`);
  const took = values[AT[`${prefix}_duration`]];
  const head = `${label}${str(values, `${prefix}_status`)}${code > 0 ? `/${code}` : ''}${took === undefined ? '' : ` in ${took} ms`}`;
  const [meaning, text] = [str(values, `${prefix}_desc`), str(values, said)];
  return html`<span class="check">${head}</span>${small(text === '' || text === meaning ? meaning : `${meaning}: ${text}`)}`;
}

function downtime(values: Values, counted: 'chkfail' | 'chkdown'): Html {
  const [failed, downs, down] = [num(values, 'chkfail'), num(values, 'chkdown'), num(values, 'downtime')];
  const parts = [
    counted === 'chkfail' && failed > 0 ? `${grouped(failed)} failed` : '',
    downs > 0 ? `${grouped(downs)} × down` : '',
    down > 0 ? `${span(down * 1000)} in all` : '',
  ];
  return small(parts.filter((part) => part !== '').join(', '));
}

function weightCell({ kind, values }: StatRow): Html {
  const [now, own] = [num(values, 'weight'), num(values, 'uweight')];
  if (kind === 'F' || kind === 'L') return NOTHING;
  if (kind === 'B') {
    const backups = num(values, 'bck');
    return figure(grouped(now), '', [`${num(values, 'act')} active`, backups > 0 ? `${backups} backup` : '']);
  }
  const slow = values[AT.throttle] === undefined ? '' : `slow start ${values[AT.throttle]} %`;
  return figure(grouped(now), own === now ? '' : `of ${grouped(own)}`, [num(values, 'bck') > 0 ? 'backup' : '', slow]);
}

// ── Traffic ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function queueCell({ kind, values }: StatRow): Html {
  if (kind === 'F' || kind === 'L') return NOTHING;
  return figure(grouped(num(values, 'qcur')), limit(values, 'qlimit'), [highest(values, 'qmax', 'qcur')]);
}

function sessionsCell({ kind, values }: StatRow): Html {
  // A backend's limit (fullconn) is none: it only says when dynamic limits of servers are full.
  const most = kind === 'B' ? '' : limit(values, 'slim');
  const idle = num(values, 'srv_icur');
  return figure(grouped(num(values, 'scur')), most, [
    highest(values, 'smax', 'scur'),
    idle > 0 ? `${idle} idle kept` : '',
  ]);
}

function rateCell({ kind, values }: StatRow): Html {
  if (kind === 'L') return NOTHING;
  const requests = kind === 'F' && num(values, 'req_rate') > 0 ? `requests ${grouped(num(values, 'req_rate'))}/s` : '';
  const most = limit(values, 'rate_lim');
  return figure(`${grouped(num(values, 'rate'))}/s`, most, [highest(values, 'rate_max', 'rate', '/s'), requests]);
}

function totalCell({ kind, values }: StatRow): Html {
  const last = num(values, 'lastsess');
  const isNew = kind === 'F' || kind === 'L' || values[AT.lastsess] === undefined;
  const ago = isNew ? '' : last < 0 ? 'never used' : `last ${age(last)} ago`;
  return figure(grouped(num(values, 'stot')), '', [ago]);
}

function bytesCell({ values }: StatRow): Html {
  return html`<span class="line">${bytes(num(values, 'bin'))} <small>in</small></span> <span class="line">${bytes(num(values, 'bout'))} <small>out</small></span>`;
}

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'];

function answersCell({ kind, values }: StatRow): Html {
  if (kind === 'L') return NOTHING;
  const seen = CLASSES.filter((name) => num(values, `hrsp_${name}`) > 0);
  const list = seen.map(
    (name) => html`<span class="line c${name}">${grouped(num(values, `hrsp_${name}`))} <small>${name}</small></span> `,
  );
  const own = num(values, 'intercepted');
  return html`${list}${small(own > 0 ? `${grouped(own)} answered here` : '')}`;
}

function timeCell({ kind, values }: StatRow): Html {
  if (kind === 'F' || kind === 'L' || num(values, 'stot') === 0) return NOTHING;
  const [queue, connect, response] = ['qtime', 'ctime', 'rtime'].map((name) => num(values, name));
  const answer = str(values, 'mode') === 'http' ? `response ${response}` : '';
  return figure(span(num(values, 'ttime')), '', [`queue ${queue}`, `connect ${connect}`, answer]);
}

// ── Trouble ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Field, words, and whether it is somebody's fault. */
const TROUBLE: readonly (readonly [field: string, words: string, isBad: boolean])[] = [
  ['econ', 'failed connects', true],
  ['eresp', 'bad responses', true],
  ['ereq', 'bad requests', true],
  ['eint', 'internal errors', true],
  ['wredis', 'redispatched', true],
  ['wretr', 'retries', true],
  ['hanafail', 'failed in traffic', true],
  ['srv_abrt', 'broken off by servers', false],
  ['cli_abrt', 'broken off by clients', false],
  ['dreq', 'requests denied', false],
  ['dresp', 'responses denied', false],
  ['dcon', 'connections denied', false],
  ['dses', 'sessions denied', false],
  ['wrew', 'headers not rewritten', false],
];

function troubleCell({ values }: StatRow): Html {
  const found = TROUBLE.filter(([field]) => num(values, field) > 0);
  return html`${found.map(([field, words, isBad]) => troubleLine(grouped(num(values, field)), words, isBad))}`;
}

function troubleLine(count: string, words: string, isBad: boolean): Html {
  return html`<span class="line ${isBad ? 'bad' : ''}">${count} <small>${words}</small></span> `;
}

const BEFORE_ANSWERS: readonly Column[] = [
  { title: 'State', cell: stateCell },
  { title: 'Check', cell: checkCell },
  { title: 'Weight', cell: weightCell },
  { title: 'Queue', cell: queueCell },
  { title: 'Sessions', cell: sessionsCell },
  { title: 'Rate', cell: rateCell },
  { title: 'Total', cell: totalCell },
  { title: 'Bytes', cell: bytesCell },
];

const AFTER_ANSWERS: readonly Column[] = [
  { title: 'Time', cell: timeCell },
  { title: 'Trouble', cell: troubleCell },
];

export const TCP_COLUMNS = [...BEFORE_ANSWERS, ...AFTER_ANSWERS];
export const HTTP_COLUMNS = [...BEFORE_ANSWERS, { title: 'Responses', cell: answersCell }, ...AFTER_ANSWERS];
