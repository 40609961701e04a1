/** One proxy as the entries of its block, and what all proxies have in common as the entries of `defaults:`. */
import { hasBackend, hasFrontend } from '../defaults.js';
import type { LogTarget, Model, Proxy } from '../model.js';
import { hasCheck, writeCheck } from './check.js';
import { isSameWritten, type Written } from './codec.js';
import { writeFields } from './fields.js';
import { HTTP_KEYS } from './http-keys.js';
import { writeHttp } from './http-lines.js';
import { optionFields, timeoutFields, writeOptions, writeTimeouts } from './options.js';
import { INHERITABLE, proxyFields, writeLogs } from './proxy-fields.js';
import { lineOf, writeAcls, writeTcpRule, writeUse } from './rule-text.js';
import { writeServers } from './server.js';

type Entries = [string, Written][];

/** Defaults are worth their place from two proxies on. */
const SHARED_FROM = 2;

/**
 * What every proxy that it counts for has alike: written once, in `defaults:`. A setting that one of them lacks stays
 * with the others, for nothing could take it away from that one again.
 */
export function sharedSettings(model: Model): Map<string, Written> {
  const { proxies, global } = model;
  if (proxies.length < SHARED_FROM) return new Map();
  const entries: Entries = INHERITABLE.flatMap((field) => shareField(proxies, field.key, field.sides, field.write));
  const nested = (key: string, fields: typeof timeoutFields | typeof optionFields, pick: 'timeouts' | 'options') => {
    const shared = fields.flatMap((field) =>
      shareField(proxies, field.key, field.sides, (proxy) => field.write(proxy[pick])),
    );
    return shared.length === 0 ? [] : ([[key, listIfAllOn(shared)]] as Entries);
  };
  entries.push(...nested('timeouts', timeoutFields, 'timeouts'), ...nested('options', optionFields, 'options'));
  const http = HTTP_KEYS.filter(({ isShared }) => isShared).flatMap(({ key, sides, write }) =>
    shareField(proxies, key, sides, write),
  );
  if (http.length > 0) entries.push(['http', new Map(http)]);
  entries.push(...shareField(proxies, 'log-style', 'f', (proxy) => styleOf(proxy)));
  entries.push(...shareField(proxies, 'log', 'fb', (proxy) => ownLogs(proxy, global.logs)));
  return new Map(entries);
}

function listIfAllOn(entries: Entries): Written {
  return entries.every(([, value]) => value === true) ? entries.map(([key]) => key) : new Map(entries);
}

function shareField(
  proxies: Proxy[],
  key: string,
  sides: string,
  write: (proxy: Proxy) => Written | undefined,
): Entries {
  const concerned = proxies.filter(
    (proxy) => (sides.includes('f') && hasFrontend(proxy)) || (sides.includes('b') && hasBackend(proxy)),
  );
  const [first, ...others] = concerned.map(write);
  const isShared =
    first !== undefined && concerned.length >= SHARED_FROM && others.every((other) => isSameWritten(other, first));
  const isDefault = key === 'mode' && first === 'tcp';
  return isShared && !isDefault ? [[key, first]] : [];
}

/** The entries of a proxy, in the order one reads about it: where it listens, how it balances, where it sends. */
export function writeProxy(proxy: Proxy, globalLogs: LogTarget[], shared: ReadonlyMap<string, Written>): Entries {
  const fields = new Map(writeProxyFields(proxy));
  const { probe, defaults, servers } = writeServers(proxy.servers, hasCheck(proxy));
  const checked = proxy.servers.some((server) => server.check === true);
  const entries: [string, Written | undefined][] = [
    ...[...fields].filter(([key]) => key !== 'default-backend'),
    ['log', ownLogs(proxy, globalLogs)],
    ['log-style', styleOf(proxy)],
    ['timeouts', writeTimeouts(proxy, without(proxy.timeouts, shared.get('timeouts'), timeoutFields))],
    ['options', writeOptions(without(proxy.options, shared.get('options'), optionFields))],
    ...writeFirstRules(proxy),
    ...writeHttp(proxy, shared.get('http')),
    ...writeRoutes(proxy),
    ['default-backend', fields.get('default-backend')],
    ['check', writeCheck(proxy.check, probe, checked)],
    ['server-defaults', defaults.length === 0 ? undefined : new Map(defaults)],
    ['servers', servers.size === 0 ? undefined : servers],
    ['haproxy', writeVerbatim(proxy)],
  ];
  return entries.filter((entry): entry is [string, Written] => entry[1] !== undefined && !isInherited(entry, shared));
}

function writeProxyFields(proxy: Proxy): Entries {
  return writeFields(proxyFields, proxy).filter(([key, value]) => key !== 'mode' || value !== 'tcp');
}

function isInherited([key, value]: [string, Written | undefined], shared: ReadonlyMap<string, Written>): boolean {
  return !['timeouts', 'options', 'http'].includes(key) && isSameWritten(shared.get(key), value ?? null);
}

/** The settings that defaults do not say already. */
function without<T extends object>(
  from: T,
  shared: Written | undefined,
  fields: readonly { key: string; name: string }[],
): T {
  const keys = shared instanceof Map ? [...shared.keys()] : Array.isArray(shared) ? shared : [];
  const said = new Set(fields.filter(({ key }) => keys.includes(key)).map(({ name }) => name));
  return Object.fromEntries(Object.entries(from).filter(([name]) => !said.has(name))) as T;
}

/** Nothing where it logs to the global targets, as proxies do that say nothing. */
function ownLogs(proxy: Proxy, globalLogs: LogTarget[]): Written | undefined {
  const written = writeLogs(proxy.logs);
  return isSameWritten(written, writeLogs(globalLogs)) ? undefined : written;
}

function styleOf(proxy: Proxy): Written | undefined {
  return proxy.logStyle === 'format' ? undefined : proxy.logStyle;
}

function writeFirstRules({ acls, tcpRequest }: Proxy): [string, Written | undefined][] {
  return [
    ['acls', acls.length === 0 ? undefined : writeAcls(acls)],
    ['tcp-request', tcpRequest.length === 0 ? undefined : tcpRequest.map(writeTcpRule)],
  ];
}

function writeRoutes({ useBackends, useServers }: Proxy): [string, Written | undefined][] {
  return [
    [
      'use-backend',
      useBackends.length === 0 ? undefined : useBackends.map((rule) => writeUse(rule.backend, rule.condition)),
    ],
    [
      'use-server',
      useServers.length === 0 ? undefined : useServers.map((rule) => writeUse(rule.server, rule.condition)),
    ],
  ];
}

/** ACLs are written above: those that wait for a later version are noted again when they are read. */
function writeVerbatim({ deferred }: Proxy): Written | undefined {
  const lines = deferred.filter(({ words }) => words[0] !== 'acl').map(lineOf);
  return lines.length === 0 ? undefined : `${lines.join('\n')}\n`;
}
