/** The statistics page: one document without anything from elsewhere, whole without scripts. */
import { span } from '../../core/events/words.js';
import type { VipStatus } from '../../core/vrrp/messages.js';
import type { Engine } from '../engine.js';
import { infoValues } from '../info-values.js';
import type { StatRow } from '../stat/stat-row.js';
import { VERSION } from '../version.js';
import type { PageContext } from './answer.js';
import { str } from './cells.js';
import type { Outcome } from './form.js';
import { Html, html, NOTHING } from './html.js';
import { type Overview, overviewHtml, overviewOf } from './overview.js';
import { changeOf, proxySection, type Section } from './proxy-section.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { keptOptions, type PageTarget, pageUrl, SCOPE_LENGTH_MAX } from './target.js';
import { bytes, grouped, SIGNS, type Tone, toneOf } from './text.js';
import { vipSection, vipTrouble } from './vip-section.js';

/** What the sections of the page need to know. */
export interface PageView {
  readonly engine: Engine;
  readonly nowMs: number;
  readonly isAdmin: boolean;
  readonly hasLegends: boolean;
  /** Where forms are sent: the page with its options. */
  readonly formUrl: string;
}

/** @returns the document */
export function page(context: PageContext, target: PageTarget, rows: readonly StatRow[]): string {
  const { engine, ask, nowMs } = context;
  const vips = vipsOf(context, target);
  const overview = overviewOf(rows, vipTrouble(vips));
  const formUrl = pageUrl(context.page.uri, keptOptions(target), target.scope);
  const view = { engine, nowMs, isAdmin: ask.isAdmin, hasLegends: context.page.showsLegends === true, formUrl };
  const sections = sectionsOf(engine, rows);
  const body = html`<body data-refresh="${refreshS(context, target)}">
<a class="skip" href="#proxies">Skip to the proxies</a>
<header>
${heading(context)}
${overviewHtml(overview, (row) => changeOf(view, row)?.why ?? '')}${outcomeHtml(target, formUrl)}
</header>
${menu(context, target)}
<main id="proxies">
${contents(sections)}${vipSection(vips, view.hasLegends)}${sections.map((section) => proxySection(view, section))}${sections.length === 0 ? html`<p>No proxy is shown here.</p>` : NOTHING}</main>
${footer()}
</body>`;
  return `<!DOCTYPE html>\n<html lang="en">\n${head(context, target, overview, formUrl).markup}\n${body.markup}\n</html>\n`;
}

/** A page that shows some proxies only shows none of what belongs to the process. */
function vipsOf({ engine, page: settings }: PageContext, { scope }: PageTarget): VipStatus | null {
  return settings.scope.length === 0 && scope === '' ? (engine.vipStatus ?? null) : null;
}

/** Rows come proxy by proxy. */
function sectionsOf({ model }: Engine, rows: readonly StatRow[]): Section[] {
  const byId = new Map<number, StatRow[]>();
  for (const row of rows) {
    const list = byId.get(row.iid);
    if (list) list.push(row);
    else byId.set(row.iid, [row]);
  }
  return model.proxies.flatMap((proxy) => {
    const own = byId.get(proxy.id);
    return own === undefined ? [] : [{ proxy, rows: own }];
  });
}

// ── Head ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A coloured dot in the browser's tab tells the state too. */
const ICON_COLOURS: { readonly [tone in Tone]?: string } = { up: '1a8f3c', falling: 'd98200', down: 'd11f2f' };

/** @param formUrl where an administrator's page refreshes to: what came of a form is told once */
function head(context: PageContext, target: PageTarget, { tone, brief }: Overview, formUrl: string): Html {
  const node = nodeOf(context);
  const title = `${brief === '' ? '' : `${brief} - `}Statistics Report for Fairlead${node === '' ? '' : ` on ${node}`}`;
  const colour = ICON_COLOURS[tone] ?? '777777';
  const icon = `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4' fill='%23${colour}'/></svg>`;
  const seconds = refreshS(context, target);
  const refresh =
    context.ask.isAdmin && seconds > 0
      ? html`<noscript><meta http-equiv="refresh" content="${seconds};url=${formUrl}"></noscript>\n`
      : NOTHING;
  return html`<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${icon}">
${refresh}<style>${new Html(STYLE)}</style>
${context.ask.isAdmin ? html`<script>${new Html(SCRIPT)}</script>` : NOTHING}
</head>`;
}

function refreshS({ page: settings }: PageContext, { noRefresh }: PageTarget): number {
  return noRefresh ? 0 : settings.refreshS;
}

/** `show-node` without a name shows that of the global section; '' where none is shown. */
function nodeOf({ page: settings, engine }: PageContext): string {
  if (settings.node === undefined) return '';
  return settings.node === '' ? (engine.model.global.node ?? '') : settings.node;
}

function descriptionOf({ page: settings, engine }: PageContext): string {
  if (settings.description === undefined) return '';
  return settings.description === '' ? (engine.model.global.description ?? '') : settings.description;
}

function heading(context: PageContext): Html {
  const { engine, page: settings } = context;
  const version = settings.hidesVersion ? '' : ` ${VERSION}`;
  const node = nodeOf(context);
  const about = descriptionOf(context);
  return html`<h1>Fairlead${version}${node === '' ? NOTHING : html` on <b>${node}</b>`}</h1>
${about === '' ? NOTHING : html`<p class="about">${about}</p>`}
<p class="process">${processWords(context).map((words) => html`<span>${words}</span> `)}</p>
${engine.reloads.lastOk ? NOTHING : html`<p class="outcome bad">The last reload was refused; an earlier configuration is in force.</p>`}`;
}

function processWords({ engine, figures, nowMs }: PageContext): string[] {
  const info = infoValues(engine, figures, nowMs);
  const value = (name: string) => grouped(Number(info[name] ?? 0));
  return [
    `pid ${info.Pid}, ${info.Nbthread} worker${info.Nbthread === 1 ? '' : 's'}`,
    `up for ${span(nowMs - engine.startedAtMs)}`,
    `${value('CurrConns')} of ${value('Maxconn')} connections`,
    `${value('ConnRate')} new/s`,
    `${bytes(Number(info.BytesOutRate ?? 0))}/s out`,
    `${info.Idle_pct} % idle`,
    ...(engine.stopping ? ['stopping'] : []),
  ];
}

// ── What came of the form ───────────────────────────────────────────────────────────────────────────────────────────

const OUTCOMES: { readonly [outcome in Outcome]: readonly [tone: string, text: string] } = {
  DONE: ['good', 'Done.'],
  NONE: ['', 'Nothing was changed: no server was selected, or the action makes no difference to it.'],
  PART: ['bad', 'Done in part: some of the servers are not known.'],
  ERRP: ['bad', 'Not done: the action, the backend or the servers are not known.'],
  EXCD: ['bad', 'Not done: the form was too long. Select fewer servers at a time.'],
  DENY: ['bad', 'Not done: this page is read-only for you (stats admin).'],
};

function outcomeHtml({ outcome }: PageTarget, url: string): Html {
  if (outcome === '') return NOTHING;
  const [tone, text] = Object.hasOwn(OUTCOMES, outcome)
    ? OUTCOMES[outcome as Outcome]
    : ['bad', 'What came of the action is not known.'];
  return html`<p class="outcome ${tone}" role="status">${text} <a href="${url}">Remove this message</a></p>`;
}

// ── Menu ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function menu(context: PageContext, target: PageTarget): Html {
  const { uri } = context.page;
  const kept: readonly string[] = keptOptions(target);
  const toggled = (word: string) => (kept.includes(word) ? kept.filter((one) => one !== word) : [...kept, word]);
  const link = (options: readonly string[], words: string) =>
    html`<li><a href="${pageUrl(uri, options, target.scope)}">${words}</a></li>\n`;
  const refresh = context.page.refreshS === 0 ? NOTHING : link(toggled('norefresh'), refreshWords(context, target));
  return html`<nav aria-label="Display">
<ul>
${link(toggled('up'), target.upOnly ? 'Show servers that are down' : 'Hide servers that are down')}${refresh}${link(kept, 'Refresh now')}${link(['csv', 'norefresh'], 'CSV')}${link(['json', 'norefresh'], 'JSON')}${link(['json-schema', 'norefresh'], 'Schema')}</ul>
${scopeForm(uri, kept, target.scope)}
</nav>`;
}

function refreshWords({ page: settings }: PageContext, { noRefresh }: PageTarget): string {
  return noRefresh ? `Refresh every ${settings.refreshS} s` : `Stop refreshing every ${settings.refreshS} s`;
}

/** A form replaces the query of its address, so what stands there travels as a field. */
function scopeForm(uri: string, kept: readonly string[], scope: string): Html {
  const [path, query] = uri.split('?', 2);
  const action = query === undefined ? pageUrl(uri, kept, '') : path;
  const field = query === undefined ? NOTHING : html`<input type="hidden" name="${query}" value="">`;
  const all = scope === '' ? NOTHING : html` <a href="${pageUrl(uri, kept, '')}">all proxies</a>`;
  return html`<form method="get" action="${action}" role="search">${field}<label for="scope">Proxies named</label> <input id="scope" name="scope" value="${scope}" size="10" minlength="2" maxlength="${SCOPE_LENGTH_MAX}" pattern="[A-Za-z0-9_.:\\-]*"> <button type="submit">Show</button>${all}</form>`;
}

/** Where there are many proxies: each with its state, to jump to. */
function contents(sections: readonly Section[]): Html {
  if (sections.length < 2) return NOTHING;
  const items = sections.map(({ proxy, rows }) => {
    const tone = toneOf(str((rows.find((row) => row.kind === 'B') ?? rows[0]).values, 'status'));
    return html`<li><a href="#${proxy.name}"><span class="${tone} sign" aria-hidden="true">${SIGNS[tone]}</span> ${proxy.name}</a></li>\n`;
  });
  return html`<nav aria-label="Proxies"><ul class="contents">
${items}</ul></nav>
`;
}

const MEANINGS: readonly (readonly [Tone, string])[] = [
  ['up', 'up'],
  ['falling', 'up, checks fail; or full'],
  ['rising', 'down, checks pass'],
  ['down', 'down'],
  ['drain', 'up, no new sessions'],
  ['maint', 'maintenance or paused'],
  ['plain', 'not checked, or not yet'],
];

function footer(): Html {
  const items = MEANINGS.map(
    ([tone, words]) => html`<li><span class="${tone} sign" aria-hidden="true">${SIGNS[tone]}</span> ${words}</li>\n`,
  );
  return html`<footer><h2>Signs</h2><ul>
${items}</ul></footer>`;
}
