/** The virtual addresses on the page: who has them, and what is wrong. They belong to the process, and to no proxy. */
import { addressText, hasTwoOwners, isCurrent, problemAge } from '../../core/events/vip-words.js';
import { span } from '../../core/events/words.js';
import type { VipInstanceStatus, VipProblem, VipStatus } from '../../core/vrrp/messages.js';
import type { VrrpState } from '../../core/vrrp/types.js';
import { localTime } from '../local-time.js';
import { type Html, html, NOTHING } from './html.js';
import { SIGNS, type Tone } from './text.js';

const VIPS_ANCHOR = 'virtual-addresses';

const TONES: { readonly [state in VrrpState]: Tone } = {
  MASTER: 'up',
  BACKUP: 'drain',
  FAULT: 'down',
  INIT: 'plain',
  STOP: 'maint',
};

/** What the top of the page must say of them. */
export interface VipTrouble {
  /** `1 of 2 virtual routers in FAULT`; empty when all is well. */
  readonly texts: readonly string[];
  readonly tone: Extract<Tone, 'up' | 'falling' | 'down'>;
}

/** Two owners are as bad as it can be: connections go now here, now there. */
export function vipTrouble(status: VipStatus | null): VipTrouble {
  const instances = status?.instances ?? [];
  const disputed = instances.filter((one) => hasTwoOwners(one, status!.atMs));
  const faulty = instances.filter(({ state }) => state === 'FAULT');
  const texts = disputed.map(({ name }) => `virtual address ${name} has two owners`);
  if (faulty.length > 0)
    texts.push(
      instances.length === 1
        ? `virtual address ${faulty[0].name} in FAULT`
        : `${faulty.length} of ${instances.length} virtual addresses in FAULT`,
    );
  return { texts, tone: disputed.length > 0 ? 'down' : faulty.length > 0 ? 'falling' : 'up' };
}

/** @param hasLegends addresses of hosts are shown (`stats show-legends`); virtual ones are known to every client */
export function vipSection(status: VipStatus | null, hasLegends: boolean): Html {
  if (status === null || status.instances.length === 0) return NOTHING;
  const heads = COLUMNS.map(({ title }) => html`<th scope="col" role="columnheader">${title}</th>`);
  const rows = status.instances.map((one) => tableRow(one, status.atMs, hasLegends));
  const masters = status.instances.filter(({ state }) => state === 'MASTER').length;
  const legend = `${status.instances.length} on ${status.hostname}, ${masters} MASTER`;
  return html`<section aria-labelledby="${VIPS_ANCHOR}">
<h2 id="${VIPS_ANCHOR}"><a href="#${VIPS_ANCHOR}">Virtual addresses</a> <small>${legend}</small></h2>
<table role="table" aria-labelledby="${VIPS_ANCHOR}">
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Name</th>${heads}</tr></thead>
<tbody role="rowgroup">
${rows}</tbody>
</table>
</section>
`;
}

function tableRow(one: VipInstanceStatus, atMs: number, hasLegends: boolean): Html {
  const anchor = `vip/${one.name}`;
  const { interface: device, virtualRouterId, version } = one;
  const legend = `vrid ${virtualRouterId}${device === '' ? '' : ` on ${device}`}, VRRPv${version}`;
  const cells = COLUMNS.map(
    ({ title, cell }) => html`<td role="cell" data-title="${title}">${cell(one, atMs, hasLegends)}</td>`,
  );
  return html`<tr role="row" id="${anchor}" class="${hasTwoOwners(one, atMs) ? 'down' : TONES[one.state]}"><th scope="row" role="rowheader"><a href="#${anchor}">${one.name}</a><small>${legend}</small></th>${cells}</tr>
`;
}

interface Column {
  readonly title: string;
  cell(one: VipInstanceStatus, atMs: number, hasLegends: boolean): Html;
}

const COLUMNS: readonly Column[] = [
  { title: 'State', cell: stateCell },
  { title: 'Owner', cell: ownerCell },
  { title: 'Addresses', cell: addressCell },
  { title: 'Priority', cell: priorityCell },
  { title: 'Problems', cell: problemCell },
];

/** The last change and why stand below the state, as with servers. */
function stateCell({ state, sinceMs, transitions }: VipInstanceStatus, atMs: number): Html {
  const tone = TONES[state];
  const last = transitions.at(-1);
  const why =
    last === undefined
      ? NOTHING
      : html`<small class="why">${localTime(last.atMs).slice(0, -4)}, was ${last.from}: ${last.why}</small>`;
  return html`<span class="state ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${state}</span> <span class="since">${span(Math.max(0, atMs - sinceMs))}</span>${why}`;
}

function ownerCell(one: VipInstanceStatus, atMs: number, hasLegends: boolean): Html {
  const { owner, ownerPriority, state, sourceIp, lastAdvertMs } = one;
  const isUs = state === 'MASTER' || (owner !== null && owner === sourceIp);
  const who = isUs ? 'this host' : owner === null ? 'not known' : hasLegends ? owner : 'another router';
  const priority = ownerPriority === null || isUs ? '' : `priority ${ownerPriority}`;
  const advert = lastAdvertMs === null ? '' : `advert ${span(Math.max(0, atMs - lastAdvertMs))} ago`;
  const note = [priority, advert].filter((text) => text !== '').join(', ');
  return html`<b>${who}</b>${note === '' ? NOTHING : html`<small>${note}</small>`}`;
}

function addressCell({ addresses, state }: VipInstanceStatus): Html {
  return html`${addresses.map(({ text, isHeld }) => {
    const isWrong = isHeld !== (state === 'MASTER');
    const held = isHeld ? 'held here' : 'not held here';
    return html`<span class="vip">${addressText(text).split(' ', 1)[0]} <small${isWrong ? html` class="bad"` : NOTHING}>${held}</small></span>`;
  })}`;
}

function priorityCell({ priority, basePriority, tracked }: VipInstanceStatus): Html {
  const sum = tracked
    .filter(({ effect }) => effect !== 0)
    .map(({ name, effect }) => `${effect > 0 ? '+' : ''}${effect} ${name}`);
  const down = tracked.filter(({ up }) => up === false).map(({ name }) => `${name} is down`);
  const notes = [...(sum.length > 0 ? [`${basePriority} ${sum.join(' ')}`] : []), ...down].join('; ');
  return html`<b>${priority}</b>${notes === '' ? NOTHING : html`<small>${notes}</small>`}`;
}

function problemCell(one: VipInstanceStatus, atMs: number, hasLegends: boolean): Html {
  const faults = one.faults.map((fault) => html`<span class="bad trouble">${fault}</span>`);
  return html`${faults}${one.problems.map((problem) => problemText(problem, one, atMs, hasLegends))}`;
}

/** Problems name hosts by their addresses: those who may not see these read which problem it is. */
function problemText(problem: VipProblem, one: VipInstanceStatus, atMs: number, hasLegends: boolean): Html {
  const isNow = isCurrent(problem, one, atMs);
  const text = hasLegends ? problem.text : problem.code.replaceAll('-', ' ');
  const when = isNow ? problemAge(problem, atMs) : `over: ${problemAge(problem, atMs)}`;
  const remedy = hasLegends ? html`<small>To correct: ${problem.remedy}</small>` : NOTHING;
  return html`<span class="${isNow ? 'bad ' : ''}trouble">${text}</span><small>${when}</small>${remedy}`;
}
