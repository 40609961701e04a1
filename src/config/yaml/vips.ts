/** `vips:`: virtual addresses by name. The block `vrrp:` beside it has what they share (`vrrp.ts`). */
import { z } from 'zod';
import { bitsOf, canonical, familyOf } from '../ip-text.js';
import type { Proxy, Tracked, VrrpInstance } from '../model.js';
import { DEFAULT_ADVERT_MS, DEFAULT_PRIORITY } from '../vip-defaults.js';
import { settleInstance } from '../vip-settle.js';
import { count, type Place, strict, type Written } from './codec.js';
import { readFields, shapeOf, writeFields } from './fields.js';
import { isObject, type Plain } from './source.js';
import { byName } from './vip-codecs.js';
import { vipFields } from './vip-fields.js';

const YAML_VERSION = 3;

export const vipsSchema = z
  .record(
    z.string(),
    strict(
      'a virtual address',
      {
        ...shapeOf(vipFields),
        family: count(4, 6).schema.optional().describe('4 or 6; needed only where no address says it.'),
      },
      {
        bind: "services bind: write 'address' here",
        servers: "write them in 'services:'",
        scripts: "write them in 'vrrp: { scripts: … }', and their names in 'track'",
      },
    ).meta({ id: 'vip' }),
    { error: "virtual addresses are written with their names; write 'NAME:' with its settings below" },
  )
  .describe('Addresses that one of several hosts has (VRRP).');

/** @param proxies all of the configuration: those on an address are tracked unless something else is said */
export function readVips(data: Plain | undefined, place: Place, proxies: readonly Proxy[]): VrrpInstance[] {
  return byName(data, place, (name, entry, at) => (isObject(entry) ? readVip(name, entry, at, proxies) : undefined));
}

function readVip(
  name: string,
  data: { [key: string]: Plain },
  place: Place,
  proxies: readonly Proxy[],
): VrrpInstance | undefined {
  const vip: VrrpInstance = {
    name,
    version: YAML_VERSION,
    family: 4,
    virtualRouterId: 0,
    priority: DEFAULT_PRIORITY,
    advertIntervalMs: DEFAULT_ADVERT_MS,
    addresses: [],
    excludedAddresses: [],
    routes: [],
    rules: [],
    garp: {},
    track: { interfaces: [], scripts: [], files: [], processes: [], frontends: [] },
    notify: { any: [] },
    loc: place.keyLoc,
    at: {},
  };
  const before = place.source.diag.list.length;
  readFields(vipFields, vip, data, place);
  vip.family = data.family === 4 || data.family === 6 ? data.family : familyFor(vip);
  if (vip.virtualRouterId === 0) vip.virtualRouterId = derivedId(vip);
  if (place.source.diag.list.slice(before).some(({ severity }) => severity === 'error')) return undefined;
  if (!isComplete(vip, place)) return undefined;
  const isOpen = !(isObject(data.track) && data.track.frontends !== undefined);
  if (isOpen) vip.track.frontends = proxiesOn(vip, proxies);
  settleInstance(vip, place.source.diag);
  for (const each of vip.track.frontends) each.weight ??= weightOf(vip);
  return vip;
}

function familyFor({ addresses, excludedAddresses, unicastPeers, sourceIp }: VrrpInstance): 4 | 6 {
  const [first] = [...addresses, ...excludedAddresses];
  return familyOf(first?.ip ?? unicastPeers?.[0]?.ip ?? sourceIp ?? '') ?? 4;
}

/** All routers of an address know it, so its last byte is a number they agree on; 0 where it can be none. */
function derivedId({ addresses, excludedAddresses }: VrrpInstance): number {
  const [first] = [...addresses, ...excludedAddresses];
  return first === undefined ? 0 : Number(bitsOf(first.ip) & 255n);
}

function isComplete(vip: VrrpInstance, place: Place): boolean {
  const { diag } = place.source;
  const missing = (what: string, remedy: string) =>
    diag.error('missing-key', place.keyLoc, `the virtual address '${vip.name}' has no ${what}`, remedy);
  if (vip.addresses.length + vip.excludedAddresses.length === 0) missing("'address'", "write 'address: 10.0.0.100/24'");
  else if (vip.virtualRouterId === 0) missing("'id', and its last byte is 0", "write 'id: N', from 1 to 255");
  if (vip.interface === undefined && vip.unicastPeers === undefined) missing("'interface'", "write 'interface: eth0'");
  const homeless = [...vip.addresses, ...vip.excludedAddresses].find((each) => each.interface === undefined);
  if (vip.interface === undefined && vip.unicastPeers !== undefined && homeless !== undefined)
    missing(`interface for ${homeless.ip}`, `write 'interface: eth0', or 'address: ${homeless.ip}/24 dev eth0'`);
  return !diag.list.some(({ code, loc }) => code === 'missing-key' && loc === place.keyLoc);
}

/** Services and frontends that bind one of its addresses. */
function proxiesOn(vip: VrrpInstance, proxies: readonly Proxy[]): Tracked[] {
  const held = new Set([...vip.addresses, ...vip.excludedAddresses].map(({ ip }) => canonical(ip)));
  const isOn = ({ kind, binds }: Proxy) =>
    kind !== 'backend' && binds.some(({ address }) => address.kind === 'inet' && held.has(canonical(address.host)));
  return proxies.filter(isOn).map(({ name, loc }) => ({ name, loc }));
}

/** The address goes to any router that is well, and stays where none is; what cannot yield so is in fault instead. */
function weightOf({ priority, preempt }: VrrpInstance): number {
  return priority === 255 || preempt === false ? 0 : -253;
}

export function writeVips(vips: readonly VrrpInstance[], proxies: readonly Proxy[]): Written {
  return new Map(vips.map((vip): [string, Written] => [vip.name, writeVip(vip, proxies)]));
}

function writeVip(vip: VrrpInstance, proxies: readonly Proxy[]): Written {
  const isUsual: { readonly [key: string]: boolean } = {
    version: vip.version === YAML_VERSION,
    priority: vip.priority === DEFAULT_PRIORITY,
    interval: vip.advertIntervalMs === DEFAULT_ADVERT_MS,
    id: vip.virtualRouterId === derivedId(vip),
  };
  const entries = writeFields(vipFields, vip).flatMap(([key, value]): [string, Written][] => {
    if (key === 'track') return writeTrack(vip, value, proxies);
    const isEmpty = (value instanceof Map && value.size === 0) || (Array.isArray(value) && value.length === 0);
    return isUsual[key] || isEmpty ? [] : [[key, value]];
  });
  const family: [string, Written][] = familyFor(vip) === vip.family ? [] : [['family', vip.family]];
  return new Map([...entries, ...family]);
}

/** Nothing is tracked where something would be unless that is said. */
function writeTrack(vip: VrrpInstance, value: Written, proxies: readonly Proxy[]): [string, Written][] {
  const isDenied = vip.track.frontends.length === 0 && proxiesOn(vip, proxies).length > 0;
  const entries = new Map(value as Map<string, Written>);
  if (isDenied) entries.set('frontends', []);
  return entries.size === 0 ? [] : [['track', entries]];
}
