/** Asks the main thread's side of the statistics page and the exporter, without a worker. */
import type { Model, StatsPage } from '../../../src/config/model.js';
import type { Engine } from '../../../src/control/engine.js';
import { answerService } from '../../../src/control/service.js';
import type { ServiceRequest } from '../../../src/core/messages.js';

export interface Told {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly text: string;
}

const FIGURES = { idlePercent: () => 94, bytesOutRate: () => 48_300_000 };

const QUESTION: ServiceRequest = {
  service: 'stats',
  proxy: 'stats',
  method: 'GET',
  target: '/stats',
  host: 'lb1:7000',
  origin: '',
  referer: '',
  secFetchSite: '',
  body: '',
  isAdmin: false,
};

export async function tell(engine: Engine, ask: Partial<ServiceRequest> = {}, nowMs = Date.now()): Promise<Told> {
  const { status, headers, body } = await answerService(engine, FIGURES, { ...QUESTION, ...ask }, nowMs);
  return { status, headers: Object.fromEntries(headers), text: new TextDecoder().decode(body) };
}

/** Sends the form as an administrator. @returns where it leads to */
export async function submit(engine: Engine, body: string, ask: Partial<ServiceRequest> = {}): Promise<string> {
  const { headers } = await tell(engine, { method: 'POST', isAdmin: true, body, ...ask });
  return headers.location;
}

/** Gives a proxy of the model its page. */
export function withPage(model: Model, proxy: string, page: Partial<StatsPage> = {}): Model {
  const owner = model.proxies.find((p) => p.name === proxy)!;
  owner.http.statsPage = { uri: '/stats', realm: '', refreshS: 0, users: [], rules: [], admin: [], scope: [], ...page };
  return model;
}
