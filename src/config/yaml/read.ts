/** fairlead.yaml into the model: source, schema, then the blocks in the order they are written. */
import { emptyModel } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import { reportDeferred } from '../haproxy/deferred.js';
import { openGlobal } from '../haproxy/global.js';
import { Line } from '../haproxy/line.js';
import type { ReadContext, Source } from '../haproxy/read.js';
import type { Reader } from '../haproxy/section.js';
import { noVips } from '../keepalived/read.js';
import type { Model, Proxy } from '../model.js';
import { collectPatternFiles } from '../pattern-files.js';
import { readAgents } from './agents.js';
import { Place } from './codec.js';
import { readControl } from './control.js';
import { readFields } from './fields.js';
import { globalFields, tuneEntries } from './global.js';
import { readHttpErrors } from './http-lines.js';
import { fitToSchema } from './issues.js';
import { type Layer, layerOf, type ProxyContext, readProxies as readProxiesOf } from './proxy.js';
import { verbatimLines } from './rules.js';
import { fileSchema } from './schema.js';
import { isObject, type Plain, YamlSource } from './source.js';
import { readUserlists } from './userlist.js';
import { readVips } from './vips.js';
import { readVrrp } from './vrrp.js';
import { speakYaml } from './wording.js';

const KINDS: { readonly [word: string]: Proxy['kind'] } = {
  services: 'listen',
  frontends: 'frontend',
  backends: 'backend',
  service: 'listen',
  listen: 'listen',
  frontend: 'frontend',
  backend: 'backend',
};

/** Ids of proxies begin here: 1 is the statistics' own. */
const FIRST_ID = 2;

interface File {
  data: { [key: string]: Plain };
  place: Place;
}

/**
 * Reads fairlead.yaml files into `model`, after what it holds already. Global settings of all files hold for all;
 * defaults hold in their file and those after it. Never throws: what is wrong is in `diag`.
 */
export function readYaml(
  sources: readonly Source[],
  diag: Diagnostics,
  ctx: ReadContext,
  model: Model = emptyModel(),
): Model {
  const files = sources.flatMap((source) => readFile(source, diag) ?? []);
  for (const { data, place } of files) readGlobal(data.global, place.child('global'), model, ctx);
  const defaults: Layer[] = [];
  const taken = new Set(model.proxies.map((proxy) => proxy.id));
  const added: Proxy[] = [];
  for (const { data, place } of files) {
    const layer = layerOf(data.defaults, place.child('defaults'));
    if (layer) defaults.push(layer);
    model.userlists.push(...readUserlists(data.userlists ?? null, place.child('userlists')));
    model.httpErrors.push(...readHttpErrors(data['http-errors'] ?? null, place.child('http-errors')));
    model.agents.push(...readAgents(data.agents ?? null, place.child('agents')));
    const control = readControl(data.control, place.child('control'));
    if (control !== undefined) model.control = control;
    added.push(
      ...readProxies(data, place, { ctx, defaults, globalLogs: model.global.logs, httpErrors: model.httpErrors }),
    );
  }
  numberProxies(added, taken);
  model.proxies.push(...added);
  if (added.length > 0) collectPatternFiles(model, diag);
  for (const { data, place } of files) readVirtual(data, place, model);
  return model;
}

function readFile({ file, text }: Source, diag: Diagnostics): File | undefined {
  const source = new YamlSource(file, text, diag);
  if (source.data === null) return undefined;
  const data = fitToSchema(source, fileSchema);
  return isObject(data) ? { data, place: new Place(source, []) } : undefined;
}

/** `vips:` and `vrrp:`; after all proxies, which virtual addresses may be about. */
function readVirtual(data: File['data'], place: Place, model: Model): void {
  if (data.vips === undefined && data.vrrp === undefined) return;
  model.vips ??= noVips();
  readVrrp(data.vrrp, place.child('vrrp'), model.vips);
  const { diag, file } = place.source;
  const before = diag.list.length;
  model.vips.instances.push(...readVips(data.vips, place.child('vips'), model.proxies));
  speakYaml(diag, before, new Set([file]));
}

/** `tune:` and the verbatim lines go through the HAProxy reader. */
function readGlobal(data: Plain | undefined, place: Place, model: Model, ctx: ReadContext): void {
  if (!isObject(data)) return;
  const { diag } = place.source;
  const before = { logs: model.global.logs, statsSockets: model.global.statsSockets };
  model.global.loc ??= place.keyLoc;
  readFields(globalFields, model.global, data, place);
  if (data.log !== undefined) model.global.logs = [...before.logs, ...model.global.logs];
  if (data['stats-sockets'] !== undefined)
    model.global.statsSockets = [...before.statsSockets, ...model.global.statsSockets];
  const reader: Reader = { model, diag, ctx, defaults: [], proxies: [] };
  const section = openGlobal(new Line([{ text: 'global', loc: place.keyLoc }], diag), reader);
  for (const [name, value] of tuneEntries(data)) {
    const { keyLoc, loc } = place.child('tune').child(name.slice('tune.'.length));
    const words = [
      { text: name, loc: keyLoc },
      { text: value, loc },
    ];
    section.line(new Line(words, diag));
  }
  for (const words of verbatimLines(data.haproxy, place.child('haproxy'), (name) => ctx.env[name]))
    section.line(new Line(words, diag));
  reportDeferred(reader);
}

/** Proxies in the order of the file, whatever block they stand in. */
function readProxies(data: File['data'], place: Place, context: ProxyContext): Proxy[] {
  const blocks = place.entries(data).filter(([key]) => ['services', 'frontends', 'backends'].includes(key));
  return blocks.flatMap(([block, entries, at]) =>
    at.entries(entries).flatMap(([key, own, ownPlace]) => {
      const layer = layerOf(own, ownPlace);
      if (!layer) return [];
      const kind = KINDS[String(layer.data.kind ?? block)];
      const name = typeof layer.data.name === 'string' ? layer.data.name : key;
      checkName(name, kind, layer);
      return readProxiesOf(kind, name, layer, context);
    }),
  );
}

function checkName(name: string, kind: string, { place }: Layer): void {
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  const message = name === '' ? `a ${kind} has no name` : `'${wrong}' cannot stand in the ${kind} name '${name}'`;
  if (wrong !== undefined || name === '')
    place.source.diag.error('bad-name', place.keyLoc, message, 'use letters, digits, and - _ . :');
}

function numberProxies(proxies: Proxy[], taken: Set<number>): void {
  for (const { id } of proxies) if (id !== 0) taken.add(id);
  let next = FIRST_ID;
  for (const proxy of proxies) {
    if (proxy.id !== 0) continue;
    while (taken.has(next)) next++;
    proxy.id = next;
    taken.add(next);
  }
}
