/**
 * What the workers leave to the main thread: the statistics page and the metrics. A question comes as plain data, so does
 * the answer; everything is read from the shared table, and no worker waits for it.
 */
import type { StatsPage } from '../config/model.js';
import type { ServiceRequest } from '../core/messages.js';
import type { Figures } from './command.js';
import type { Engine } from './engine.js';
import { metrics } from './prometheus/exporter.js';
import { readQuery } from './prometheus/query.js';
import { answerStats } from './stats-page/answer.js';

/** A whole answer; the worker adds what framing needs. */
export interface ServiceAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: [string, string][];
  readonly body: Uint8Array;
}

/** An answer before its text is bytes. */
export interface ServiceText extends Omit<ServiceAnswer, 'body'> {
  readonly text: string;
}

/** @param nowMs epoch milliseconds */
export async function answerService(
  engine: Engine,
  figures: Figures,
  ask: ServiceRequest,
  nowMs: number,
): Promise<ServiceAnswer> {
  const { text, ...head } = await textOf(engine, figures, ask, nowMs);
  return { ...head, body: new TextEncoder().encode(text) };
}

async function textOf(engine: Engine, figures: Figures, ask: ServiceRequest, nowMs: number): Promise<ServiceText> {
  if (ask.service === 'prometheus') return scrape(engine, figures, ask, nowMs);
  const page = pageOf(engine, ask.proxy);
  // The configuration changed between the question and now.
  if (page === undefined) return plain(404, 'Not Found', 'There is no statistics page here any more.\n');
  return answerStats({ engine, figures, page, ask, nowMs });
}

/** A frontend and a backend may share a name; the page belongs to the one that has it. */
function pageOf({ model }: Engine, proxy: string): StatsPage | undefined {
  return model.proxies.find((p) => p.name === proxy && p.http.statsPage !== undefined)?.http.statsPage;
}

function plain(status: number, reason: string, text: string): ServiceText {
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', 'text/plain'],
  ];
  return { status, reason, headers, text };
}

function scrape(engine: Engine, figures: Figures, { target }: ServiceRequest, nowMs: number): ServiceText {
  const query = readQuery(target);
  if (query === null)
    return plain(400, 'Bad request', 'scope is one of: global frontend listener backend server sticktable *\n');
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', 'text/plain; version=0.0.4'],
  ];
  return { status: 200, reason: 'OK', headers, text: [...metrics(engine, figures, query, nowMs)].join('') };
}
