/** The top of the page: how things stand in one sentence, and what needs somebody. */
import type { StatRow } from '../stat/stat-row.js';
import { age, badge, num, str } from './cells.js';
import { type Html, html, NOTHING } from './html.js';
import { SIGNS, type Tone, toneOf } from './text.js';
import type { VipTrouble } from './vip-section.js';

/** More than these are not listed, only counted. */
const LISTED_MAX = 20;
/** Up to so many, each tells why it is as it is. */
const TOLD_MAX = 8;

export interface Overview {
  readonly tone: Tone;
  /** `1 of 3 backends is DOWN` */
  readonly sentence: string;
  /** The sentence for a browser's tab, where there is trouble; '' otherwise. */
  readonly brief: string;
  /** What is not as it should be, the worst first. */
  readonly troubled: readonly StatRow[];
}

/** The worst first. */
const RANK: readonly Tone[] = ['down', 'rising', 'falling', 'drain', 'maint'];

/** @param vips what is wrong with the virtual addresses */
export function overviewOf(rows: readonly StatRow[], vips: VipTrouble): Overview {
  const of = (kind: StatRow['kind']) => rows.filter((row) => row.kind === kind);
  const [backends, servers, frontends] = [of('B'), of('S'), of('F')];
  const [lost, out, closed] = [backends, servers, frontends].map((list) => list.filter(isDown));
  const troubled = rows.filter((row) => RANK.includes(tone(row))).sort((a, b) => severity(a) - severity(b));
  const bad = [
    part(lost.length, backends.length, 'backend'),
    part(closed.length, frontends.length, 'frontend'),
    part(out.length, servers.length, 'server'),
    ...vips.texts,
  ].filter((text) => text !== '');
  const own = lost.length + closed.length > 0 ? 'down' : out.length > 0 ? 'falling' : 'up';
  const worst = own === 'down' || vips.tone === 'up' ? own : vips.tone;
  const down = lost.length + out.length > 0 ? [`${lost.length + out.length} DOWN`] : [];
  const brief = [...down, ...(vips.texts.length > 0 ? ['VIP trouble'] : [])].join(', ');
  return { tone: worst, sentence: bad.length > 0 ? `${bad.join(', ')}` : allWell(rows), brief, troubled };
}

const tone = ({ values }: StatRow): Tone => toneOf(str(values, 'status'), str(values, 'check_status'));

function isDown(row: StatRow): boolean {
  return tone(row) === 'down' || tone(row) === 'rising';
}

/** A side that is down is worse than a server that is. */
function severity(row: StatRow): number {
  return RANK.indexOf(tone(row)) * 2 + (row.kind === 'S' || row.kind === 'L' ? 1 : 0);
}

function part(down: number, all: number, name: string): string {
  if (down === 0) return '';
  const names = all === 1 ? name : `${name}s`;
  return all === down ? `${all === 1 ? 'the' : `all ${all}`} ${names} DOWN` : `${down} of ${all} ${names} DOWN`;
}

function allWell(rows: readonly StatRow[]): string {
  const servers = rows.filter((row) => row.kind === 'S');
  const aside = servers.filter((row) => ['drain', 'maint'].includes(tone(row))).length;
  const note = aside > 0 ? `; ${aside} of ${servers.length} servers taken out by an operator or by its check` : '';
  return `Nothing is down${note}`;
}

/** @param why the reason of a row's last change, '' where none is known */
export function overviewHtml({ tone: worst, sentence, troubled }: Overview, why: (row: StatRow) => string): Html {
  const more = troubled.length - LISTED_MAX;
  const isTold = troubled.length <= TOLD_MAX;
  const list = troubled.slice(0, LISTED_MAX).map((row) => item(row, isTold ? why(row) : ''));
  const rest = more > 0 ? html`<li>and ${more} more</li>` : NOTHING;
  return html`<p class="verdict ${worst}"><span aria-hidden="true">${SIGNS[worst]}</span> ${sentence}</p>
${list.length > 0 ? html`<ul class="attention${isTold ? ' told' : ''}">${list}${rest}</ul>` : NOTHING}
`;
}

const SIDES: { readonly [kind: string]: string } = { F: 'Frontend', B: 'Backend' };

function item({ kind, values }: StatRow, why: string): Html {
  const own = str(values, 'svname');
  const anchor = `${str(values, 'pxname')}/${kind === 'L' ? `+/${own}` : (SIDES[kind] ?? own)}`;
  const name = SIDES[kind] === undefined ? anchor : `${SIDES[kind].toLowerCase()} ${str(values, 'pxname')}`;
  const since = kind === 'F' || kind === 'L' ? '' : ` for ${age(num(values, 'lastchg'))}`;
  return html`<li><a href="#${anchor}">${name}</a> ${badge(values)}${since}${why === '' ? NOTHING : html` <small>${why}</small>`}</li>`;
}
