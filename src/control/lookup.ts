/** Finds what a command names: `backend/server`, `#3/#1`, a frontend; with HAProxy's words where there is none. */
import { hasBackend, hasFrontend } from '../config/defaults.js';
import type { Proxy, Server } from '../config/model.js';
import { rowKey } from '../core/table.js';
import { type Message, refuse } from './command.js';
import type { Engine } from './engine.js';

/** Either what was looked for, or the answer that says why it is not there. */
export type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Message };

export interface ServerTarget {
  readonly proxy: Proxy;
  readonly server: Server;
}

function missing(text: string): { ok: false; refusal: Message } {
  return { ok: false, refusal: refuse(text) };
}

/** `be`, or `#3` for its numeric id. */
function matches(text: string, thing: { name: string; id: number }): boolean {
  return text.startsWith('#') ? thing.id === Number(text.slice(1)) : thing.name === text;
}

export function findServer(engine: Engine, text: string | undefined): Found<ServerTarget> {
  const slash = text?.indexOf('/') ?? -1;
  if (text === undefined || slash <= 0 || slash === text.length - 1) return missing("Require 'backend/server'.");
  const proxy = engine.model.proxies.find((p) => hasBackend(p) && matches(text.slice(0, slash), p));
  if (!proxy) return missing('No such backend.');
  const server = proxy.servers.find((s) => matches(text.slice(slash + 1), s));
  return server ? { ok: true, value: { proxy, server } } : missing('No such server.');
}

export function findFrontend(engine: Engine, text: string | undefined): Found<Proxy> {
  if (!text) return missing('A frontend name is expected.');
  const proxy = engine.model.proxies.find((p) => hasFrontend(p) && matches(text, p));
  return proxy ? { ok: true, value: proxy } : missing('No such frontend.');
}

/** The optional backend of `show servers …`; undefined value = all. */
export function findBackends(engine: Engine, text: string | undefined): Found<Proxy[]> {
  const backends = engine.model.proxies.filter(hasBackend);
  if (!text) return { ok: true, value: backends };
  const one = backends.find((p) => matches(text, p));
  return one ? { ok: true, value: [one] } : missing("Can't find backend.");
}

/** A proxy of either side by name or id, -1 for all; as `show stat` and `show errors` take it. */
export function findProxyId(engine: Engine, text: string): Found<number> {
  if (/^-?\d+$/.test(text)) return { ok: true, value: Number(text) };
  const proxy = engine.model.proxies.find((p) => p.name === text);
  return proxy ? { ok: true, value: proxy.id } : missing('No such proxy.');
}

/** The server at the end of a chain of `track`, and itself where it tracks nobody. */
export function trackedServer(engine: Engine, target: ServerTarget): ServerTarget {
  let at = target;
  // A reader refuses loops; the bound keeps a wrong model from hanging the answer.
  for (let hops = 0; at.server.track !== undefined && hops < 64; hops++) {
    const next = trackTarget(engine, at);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** `track` names `backend/server`, or a server of the same backend. */
export function trackTarget(engine: Engine, { proxy, server }: ServerTarget): ServerTarget | undefined {
  const [backend, name] = server.track?.includes('/') ? server.track.split('/') : [proxy.name, server.track];
  const other = engine.model.proxies.find((p) => hasBackend(p) && p.name === backend);
  const found = other?.servers.find((s) => s.name === name);
  return other && found ? { proxy: other, server: found } : undefined;
}

export function serverRow(engine: Pick<Engine, 'row'>, { proxy, server }: ServerTarget) {
  return engine.row(rowKey.server(proxy.name, server.name));
}
