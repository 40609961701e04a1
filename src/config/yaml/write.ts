/** The model as fairlead.yaml, in the words and short forms a person would use; `readYaml` finds the same model in it. */
import { Document, isMap, isPair, isScalar, isSeq, type Node, visit } from 'yaml';
import type { Global, Model, Proxy, VipConfig } from '../model.js';
import { writeAgents } from './agents.js';
import type { Written } from './codec.js';
import { writeControl } from './control.js';
import { writeFields } from './fields.js';
import { globalFields } from './global.js';
import { RULE_KEYS } from './http-keys.js';
import { writeHttpErrors } from './http-lines.js';
import { unusualIds } from './ids.js';
import { lineOf } from './rule-text.js';
import { writeUserlists } from './userlist.js';
import { writeVips } from './vips.js';
import { writeVrrp } from './vrrp.js';
import { sharedSettings, writeProxy } from './write-proxy.js';

const BLOCKS: { readonly [kind in Proxy['kind']]: string } = {
  listen: 'services',
  frontend: 'frontends',
  backend: 'backends',
};
type Block = [string, Written];

/** Longest line of a block that is written on one line, as `{ a: 1, b: 2 }`. */
const FLOW_WIDTH = 90;

/** @returns text that ends in a newline */
export function writeYaml(model: Model): string {
  const blocks: Block[] = [...writeGlobal(model.global), ...writeProxies(model)];
  if (model.userlists.length > 0) blocks.push(['userlists', writeUserlists(model.userlists)]);
  if (model.httpErrors.length > 0) blocks.push(['http-errors', writeHttpErrors(model.httpErrors)]);
  if (model.agents.length > 0) blocks.push(['agents', writeAgents(model.agents)]);
  if (model.control !== undefined) blocks.push(['control', writeControl(model.control)]);
  if (model.vips !== undefined) blocks.push(...writeVirtual(model.vips, model));
  const document = new Document(new Map(blocks));
  prettify(document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true, singleQuote: true });
}

function writeVirtual(vips: VipConfig, { proxies }: Model): Block[] {
  const shared = writeVrrp(vips);
  const blocks: Block[] = vips.instances.length === 0 ? [] : [['vips', writeVips(vips.instances, proxies)]];
  return shared === undefined ? blocks : [...blocks, ['vrrp', shared]];
}

function writeGlobal(global: Global): Block[] {
  const entries = writeFields(globalFields, global);
  // What `tune:` says is noted again when it is read.
  const lines = global.deferred.filter(({ words }) => !words[0].startsWith('tune.')).map(lineOf);
  if (lines.length > 0) entries.push(['haproxy', `${lines.join('\n')}\n`]);
  return entries.length === 0 ? [] : [['global', new Map(entries)]];
}

function writeProxies(model: Model): Block[] {
  const shared = sharedSettings(model);
  const ids = unusualIds(model.proxies, 2);
  const inBlocks = groupedKinds(model.proxies);
  const blocks = new Map<string, Map<string, Written>>();
  for (const proxy of model.proxies) {
    const block = inBlocks ? BLOCKS[proxy.kind] : 'services';
    const entries = blocks.get(block) ?? new Map<string, Written>();
    const head = headOf(proxy, block, entries, ids.has(proxy));
    const body = writeProxy(proxy, model.global.logs, shared);
    entries.set(head.key, new Map([...head.entries, ...body]));
    blocks.set(block, entries);
  }
  const defaults: Block[] = shared.size === 0 ? [] : [['defaults', shared]];
  return [...defaults, ...blocks];
}

/** Whether each kind stands together, so that a block for each keeps the order. */
function groupedKinds(proxies: readonly Proxy[]): boolean {
  const kinds = proxies.map((proxy) => proxy.kind);
  return kinds.every((kind, i) => kind === kinds[i - 1] || !kinds.slice(0, i).includes(kind));
}

/** The key of a proxy, and what its place does not say: kind, name (both sides may share one) and number. */
function headOf(proxy: Proxy, block: string, taken: Map<string, Written>, hasOwnId: boolean) {
  const entries: Block[] = [];
  let key = proxy.name;
  for (let n = 2; taken.has(key); n++) key = `${proxy.name}-${proxy.kind}${n > 2 ? n : ''}`;
  if (BLOCKS[proxy.kind] !== block) entries.push(['kind', proxy.kind]);
  if (key !== proxy.name) entries.push(['name', proxy.name]);
  if (hasOwnId) entries.push(['id', proxy.id]);
  return { key, entries };
}

/** Read one below the other, however short they are. */
const ALWAYS_BLOCK = [
  'servers',
  'users',
  'acls',
  'agents',
  'services',
  'frontends',
  'backends',
  'userlists',
  'haproxy',
  'tcp-request',
  'use-backend',
  'use-server',
  'http-errors',
  'vips',
  'vrrp',
  'scripts',
  'groups',
  'processes',
  ...RULE_KEYS.map(({ key }) => key),
];

/** Small collections on one line, an empty line between the blocks and between the proxies of a block. */
function prettify(document: Document): void {
  visit(document, {
    Pair: (_key, { key, value }, path) => {
      if (String(key) === 'haproxy')
        (key as Node).commentBefore = ' HAProxy lines: noted, they do not run in this version';
      const depth = path.filter((each) => isMap(each)).length;
      const isProxy = depth === 2 && isNamed(path[path.length - 2]);
      const isShown = depth === 1 || isProxy || ALWAYS_BLOCK.includes(String(key));
      if ((isMap(value) || isSeq(value)) && !isShown && isSmall(value)) value.flow = true;
      return isMap(value) && value.flow ? visit.SKIP : undefined;
    },
    Map: (key, node) => {
      // An entry of a list on its own line: `- { to: …, facility: … }`.
      if (typeof key === 'number' && isSmall(node)) node.flow = true;
    },
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && /\n./.test(node.value)) node.type = 'BLOCK_LITERAL';
    },
  });
  spaceOut(document.contents, 2);
}

/** Whether a pair holds things by name. */
function isNamed(pair: unknown): boolean {
  return isPair(pair) && [...Object.values(BLOCKS), 'vips'].includes(String(pair.key));
}

function isSmall(node: Node): boolean {
  const text = JSON.stringify(node);
  const inner = isMap(node) ? node.items.map((item) => item.value) : isSeq(node) ? node.items : [];
  const isFlat = inner.every((item) => isScalar(item) || isSmall(item as Node));
  return isFlat && text.length <= FLOW_WIDTH && !text.includes('\\n');
}

function spaceOut(node: unknown, depth: number): void {
  if (!isMap(node) || depth === 0) return;
  for (const [i, { key, value }] of node.items.entries()) {
    const isBlock = isMap(value) && !value.flow && value.items.length > 0;
    if (i > 0 && isBlock) (key as Node).spaceBefore = true;
    if (depth === 2 && ['services', 'frontends', 'backends', 'vips'].includes(String(key))) spaceOut(value, 1);
  }
}
