/** The answer to a request for the statistics page: one of its forms, or what came of its form. */
import type { StatsPage } from '../../config/model.js';
import type { ServiceRequest } from '../../core/messages.js';
import type { Figures } from '../command.js';
import type { Engine } from '../engine.js';
import type { ServiceText } from '../service.js';
import { csv, json, typed } from '../stat/stat-format.js';
import type { StatRow } from '../stat/stat-row.js';
import { EVERYTHING, statRows } from '../stat/stat-rows.js';
import { type Outcome, obey } from './form.js';
import { JSON_SCHEMA } from './json-schema.js';
import { page } from './page.js';
import { crossSite } from './same-origin.js';
import { contentPolicy } from './script.js';
import { keptOptions, type PageTarget, pageUrl, readTarget } from './target.js';

/** What an answer is made from. */
export interface PageContext {
  readonly engine: Engine;
  readonly figures: Figures;
  readonly page: StatsPage;
  readonly ask: ServiceRequest;
  readonly nowMs: number;
}

export async function answerStats(context: PageContext): Promise<ServiceText> {
  const target = readTarget(context.page.uri, context.ask.target);
  return context.ask.method === 'POST' ? post(context, target) : show(context, target);
}

// ── The form ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function post(context: PageContext, target: PageTarget): Promise<ServiceText> {
  const { ask, page } = context;
  const against = crossSite(ask);
  if (against !== null) return refusal(against);
  const outcome = await outcomeOf(context);
  const location = pageUrl(page.uri, [`st=${outcome}`, ...keptOptions(target)], target.scope);
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', 'text/plain'],
    ['location', location],
  ];
  return { status: 303, reason: 'See Other', headers, text: '' };
}

async function outcomeOf({ engine, ask }: PageContext): Promise<Outcome> {
  if (!ask.isAdmin) return 'DENY';
  if (ask.isTruncated) return 'EXCD';
  return obey(
    engine,
    ask.body,
    ask.who === undefined ? 'over the statistics page' : `${ask.who}, over the statistics page`,
  );
}

function refusal(against: string): ServiceText {
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', 'text/plain'],
  ];
  const text = `Refused: ${against}. Actions are taken from this statistics page itself, and from programs that are no browsers.\n`;
  return { status: 403, reason: 'Forbidden', headers, text };
}

// ── What is shown ───────────────────────────────────────────────────────────────────────────────────────────────────

function show(context: PageContext, target: PageTarget): ServiceText {
  const rows = rowsOf(context, target);
  switch (target.format) {
    case 'csv':
      return shown(context, target, 'text/plain', [...csv(rows)].join(''));
    case 'typed':
      return shown(context, target, 'text/plain', [...typed(rows, false)].join(''));
    case 'json':
      return shown(context, target, 'application/json', [...json(rows)].join(''));
    case 'json-schema':
      return shown(context, target, 'application/json', JSON_SCHEMA);
    case 'html':
      return htmlPage(context, target, rows);
  }
}

function rowsOf({ engine, page, ask, nowMs }: PageContext, target: PageTarget): Generator<StatRow> {
  const { upOnly, noMaint } = target;
  const text = target.scope.toLowerCase();
  const isConfigured = (name: string) =>
    page.scope.length === 0 || page.scope.some((one) => ownName(one, ask) === name);
  const scope = (name: string) => isConfigured(name) && name.toLowerCase().includes(text);
  return statRows(engine, { ...EVERYTHING, upOnly, noMaint, scope, legends: page.showsLegends === true }, nowMs);
}

/** `.` of `stats scope` is the proxy that shows the page. */
function ownName(scope: string, { proxy }: ServiceRequest): string {
  return scope === '.' ? proxy : scope;
}

function shown({ page }: PageContext, target: PageTarget, type: string, text: string): ServiceText {
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', type],
  ];
  if (page.refreshS > 0 && !target.noRefresh) headers.push(['refresh', String(page.refreshS)]);
  return { status: 200, reason: 'OK', headers, text };
}

/** An administrator's page refreshes itself, so that it can wait while servers are being chosen. */
function htmlPage(context: PageContext, target: PageTarget, rows: Iterable<StatRow>): ServiceText {
  const { isAdmin } = context.ask;
  const text = page(context, target, [...rows]);
  const answer = shown(context, isAdmin ? { ...target, noRefresh: true } : target, 'text/html; charset=utf-8', text);
  answer.headers.push(['content-security-policy', contentPolicy(isAdmin)], ['x-content-type-options', 'nosniff']);
  return answer;
}
