/** One proxy out of its defaults and its own block. */
import { emptyModel, emptyProxy } from '../defaults.js';
import { reportDeferred } from '../haproxy/deferred.js';
import { Line } from '../haproxy/line.js';
import { resumeProxy } from '../haproxy/proxy.js';
import type { ReadContext } from '../haproxy/read.js';
import type { Reader } from '../haproxy/section.js';
import type { HttpErrors, LogTarget, Proxy } from '../model.js';
import { readCheck } from './check.js';
import type { Place } from './codec.js';
import { readFields, type ServerSettings } from './fields.js';
import { defaultHttpLines, httpLines } from './http-lines.js';
import { fittingFields, readOptions, readTimeouts, setDefaultTimeouts } from './options.js';
import { INHERITABLE, proxyFields, readLogs } from './proxy-fields.js';
import { applySide, type Half, halvesOf } from './read-write.js';
import { type Lines, ruleLines, verbatimLines } from './rules.js';
import { readServerDefaults, readServers } from './server.js';
import { isObject, type Plain } from './source.js';

/** A block of settings and where it stands: `defaults:`, or the proxy's own. */
export interface Layer {
  data: { [key: string]: Plain };
  place: Place;
}

export interface ProxyContext {
  ctx: ReadContext;
  /** Defaults in force, the earliest first. */
  defaults: readonly Layer[];
  globalLogs: LogTarget[];
  httpErrors: HttpErrors[];
}

/**
 * One proxy; of a service with a `write` and a `read` address, one for each. Their id is 0 where they are numbered later.
 */
export function readProxies(kind: Proxy['kind'], name: string, own: Layer, context: ProxyContext): Proxy[] {
  const halves = halvesOf(name, own.data, own.place);
  if (halves.length === 0 || kind !== 'listen') {
    for (const { side, place } of halves) complainSide(side, kind, place);
    return [readProxy(kind, name, [own], context)];
  }
  return halves.map((half) => readProxy(kind, half.name, [own, half], context, half));
}

function complainSide(side: string, kind: string, { keyLoc, source }: Place): void {
  const remedy = "move it to 'services:', with the servers";
  source.diag.error('wrong-section', keyLoc, `'${side}' cannot stand in a ${kind}`, remedy);
}

/** @param own what belongs to this proxy, the nearest last */
function readProxy(
  kind: Proxy['kind'],
  name: string,
  own: readonly Layer[],
  context: ProxyContext,
  half?: Half,
): Proxy {
  const nearest = own[own.length - 1];
  const proxy: Proxy = { ...emptyProxy(kind, name, 0), loc: nearest.place.keyLoc };
  const settings: ServerSettings = {};
  setDefaultTimeouts(proxy);
  proxy.logs = structuredClone(context.globalLogs);
  for (const layer of context.defaults) readLayer(proxy, settings, layer, false, context.globalLogs);
  for (const layer of own) readLayer(proxy, settings, layer, true, context.globalLogs);
  if (half) applySide(proxy, settings, half);
  if (typeof nearest.data.id === 'number') proxy.id = nearest.data.id;
  readServersOf(proxy, settings, own[0]);
  readLines(proxy, own, context);
  return proxy;
}

function readLayer(
  proxy: Proxy,
  settings: ServerSettings,
  layer: Layer,
  isOwn: boolean,
  globalLogs: LogTarget[],
): void {
  const { data, place } = layer;
  readFields(fittingFields(isOwn ? proxyFields : INHERITABLE, proxy, data, place, isOwn), proxy, data, place);
  if (data.timeouts !== undefined) readTimeouts(proxy, data.timeouts, place.child('timeouts'), isOwn);
  if (data.options !== undefined) readOptions(proxy, data.options, place.child('options'), isOwn);
  if (data.log !== undefined) readLogs(proxy, data.log, place.child('log'), globalLogs);
  readLogStyle(proxy, layer);
  if (proxy.kind !== 'frontend') readBackendSide(proxy, settings, layer);
}

/** The nearest layer decides between a style by name and a format; in one layer the format does. */
function readLogStyle(proxy: Proxy, { data, place }: Layer): void {
  if (proxy.kind === 'backend') return;
  const style = data['log-style'];
  if (typeof style === 'string') {
    proxy.logStyle = style as Proxy['logStyle'];
    proxy.at = { ...proxy.at, logStyle: place.child('log-style').loc };
  }
  if (data['log-format'] !== undefined) proxy.logStyle = 'format';
  else if (proxy.logStyle !== 'format' || style !== undefined) delete proxy.logFormat;
}

function readBackendSide(proxy: Proxy, settings: ServerSettings, { data, place }: Layer): void {
  if (data.check !== undefined) readCheck(proxy, settings, data.check, place.child('check'));
  if (data['server-defaults'] !== undefined)
    readServerDefaults(settings, data['server-defaults'], place.child('server-defaults'));
}

function readServersOf(proxy: Proxy, settings: ServerSettings, { data, place }: Layer): void {
  if (proxy.kind !== 'frontend') {
    proxy.servers = readServers(data.servers ?? null, place.child('servers'), settings);
    return;
  }
  for (const key of ['servers', 'check', 'server-defaults'].filter((each) => data[each] !== undefined)) {
    const { keyLoc, source } = place.child(key);
    const message = `frontend '${proxy.name}' has no servers, so '${key}' cannot stand in it`;
    source.diag.error('wrong-section', keyLoc, message, 'move it to a backend, or make this a service');
  }
}

/** Rules and verbatim lines, through the HAProxy reader; it also numbers the servers and completes the check. */
function readLines(proxy: Proxy, own: readonly Layer[], { ctx, defaults, httpErrors }: ProxyContext): void {
  const lookup = (name: string) => ctx.env[name];
  const inherited = defaults.flatMap(({ data, place }) => defaultHttpLines(data, place, proxy.kind));
  const lines: Lines = own.flatMap(({ data, place }) => [
    ...ruleLines(data, place),
    ...httpLines(data, place),
    ...verbatimLines(data.haproxy, place.child('haproxy'), lookup),
  ]);
  const { place } = own[own.length - 1];
  const { diag } = place.source;
  const reader: Reader = {
    model: { ...emptyModel(), httpErrors, proxies: [proxy] },
    diag,
    ctx,
    defaults: [],
    proxies: [],
  };
  const section = resumeProxy(reader, proxy, proxy.kind, place.keyLoc);
  for (const words of [...inherited, ...lines]) section.line(new Line(words, diag));
  section.end();
  reportDeferred(reader);
}

export function layerOf(data: Plain | undefined, place: Place): Layer | undefined {
  return isObject(data) ? { data, place } : undefined;
}
