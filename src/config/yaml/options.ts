/** `options:` and `timeouts:` of a proxy, in HAProxy's names. */
import { z } from 'zod';
import type { Proxy, ProxyOptions, Timeouts } from '../model.js';
import { didYouMean } from '../suggest.js';
import {
  type Codec,
  count,
  duration,
  durationOrNone,
  either,
  flag,
  NONE,
  nameOf,
  type Place,
  strict,
  type Written,
} from './codec.js';
import { type Field, field, readFields, type Sides, shapeOf, writeFields } from './fields.js';
import { isObject, type Plain } from './source.js';

export const timeoutFields: readonly Field<Timeouts & { at?: Proxy['at'] }>[] = [
  timeout('connect', 'connect', 'Time to reach a server.', 'b'),
  timeout('client', 'client', 'Time a client may be silent.', 'f'),
  timeout('server', 'server', 'Time a server may be silent.', 'b'),
  timeout('queue', 'queue', 'Time a connection may wait for a free slot.', 'b'),
  timeout('check', 'check', 'Time a check may take once connected.', 'b'),
  timeout('tunnel', 'tunnel', 'Time both sides may be silent once data has gone both ways.', 'b'),
  timeout('client-fin', 'clientFin', 'Time a client that closed its side may be silent.', 'f'),
  timeout('server-fin', 'serverFin', 'Time a server that closed its side may be silent.', 'b'),
  timeout('tarpit', 'tarpit', 'Time a tarpitted request is held (mode http).', 'fb'),
  timeout('http-request', 'httpRequest', 'Time for a whole request head (mode http).', 'fb'),
  timeout('http-keep-alive', 'httpKeepAlive', 'Time between two requests (mode http).', 'fb'),
];

function timeout(key: string, name: keyof Timeouts, doc: string, sides: Sides) {
  return field<Timeouts & { at?: Proxy['at'] }, keyof Timeouts>(key, name, durationOrNone, doc, sides);
}

/**
 * Times that hold where a file says nothing: without them a peer that vanished holds its connection for ever. Half an
 * hour is what connection pools of databases live with. The HAProxy language has no such defaults.
 */
const DEFAULT_TIMEOUTS: readonly (readonly [name: 'connect' | 'client' | 'server', ms: number])[] = [
  ['connect', 5000],
  ['client', 1_800_000],
  ['server', 1_800_000],
];

export function setDefaultTimeouts(proxy: Proxy): void {
  for (const [name, ms] of DEFAULT_TIMEOUTS) if (isDefaulted(proxy, name)) proxy.timeouts[name] = ms;
}

function isDefaulted({ kind }: Proxy, name: string): boolean {
  return countsFor(kind, timeoutFields.find((each) => each.name === name)?.sides ?? 'fb');
}

function option(key: string, name: keyof ProxyOptions, sides: Sides, doc: string): Field<ProxyOptions> {
  return field(key, name, flag as Codec<NonNullable<ProxyOptions[typeof name]>>, doc, sides);
}

function tuning(key: string, name: keyof ProxyOptions, sides: Sides, codec: Codec<number>): Field<ProxyOptions> {
  return field(key, name, codec as Codec<NonNullable<ProxyOptions[typeof name]>>, 'TCP keep-alive tuning.', sides);
}

export const optionFields: readonly Field<ProxyOptions>[] = [
  option('abortonclose', 'abortonclose', 'b', 'Drop a waiting connection whose client has left.'),
  option('allbackups', 'allbackups', 'b', 'Balance over all backup servers, not only the first.'),
  option('checkcache', 'checkcache', 'b', 'Refuse cacheable answers with cookies (mode http).'),
  option('clitcpka', 'clitcpka', 'f', 'TCP keep-alive towards clients.'),
  option('contstats', 'contstats', 'f', 'Count continuously.'),
  option('dontlog-normal', 'dontlogNormal', 'f', 'Log only what went wrong.'),
  option('dontlognull', 'dontlognull', 'f', 'Do not log connections without data.'),
  option('independent-streams', 'independentStreams', 'fb', 'Writing does not refresh the read timeout.'),
  option('log-health-checks', 'logHealthChecks', 'b', 'Log every change of a check.'),
  option('log-separate-errors', 'logSeparateErrors', 'f', 'Log errors at level err.'),
  option('logasap', 'logasap', 'f', 'Log at the connection, not at its end.'),
  option('nolinger', 'nolinger', 'fb', 'Close with a reset.'),
  option('persist', 'persist', 'b', 'Keep to a server even if it is down.'),
  option('prefer-last-server', 'preferLastServer', 'b', 'Keep to the server of the last request (mode http).'),
  option('socket-stats', 'socketStats', 'f', 'Statistics of each listening socket.'),
  option('splice-auto', 'spliceAuto', 'fb', 'Move bulk data inside the kernel.'),
  option('splice-request', 'spliceRequest', 'fb', 'The same from clients to servers.'),
  option('splice-response', 'spliceResponse', 'fb', 'The same from servers to clients.'),
  option('srvtcpka', 'srvtcpka', 'b', 'TCP keep-alive towards servers.'),
  option('tcp-smart-accept', 'tcpSmartAccept', 'f', 'Save a packet when accepting.'),
  option('tcp-smart-connect', 'tcpSmartConnect', 'b', 'Save a packet when connecting.'),
  option('transparent', 'transparent', 'b', 'Connect to the address the client wanted.'),
  tuning('clitcpka-cnt', 'clitcpkaCnt', 'f', count(1)),
  tuning('clitcpka-idle', 'clitcpkaIdleMs', 'f', duration()),
  tuning('clitcpka-intvl', 'clitcpkaIntvlMs', 'f', duration()),
  tuning('srvtcpka-cnt', 'srvtcpkaCnt', 'b', count(1)),
  tuning('srvtcpka-idle', 'srvtcpkaIdleMs', 'b', duration()),
  tuning('srvtcpka-intvl', 'srvtcpkaIntvlMs', 'b', duration()),
];

/** HAProxy calls these options too; each has a key of its own here, and is understood in the list as well. */
const ELSEWHERE: { readonly [name: string]: string } = {
  httpchk: "write 'check: http' in the proxy",
  'tcp-check': "write 'check: { type: script, steps: … }' in the proxy",
  forwardfor: "write 'http: { forwardfor: true }' in the proxy",
};
const NAMES = optionFields.map(({ key }) => key);
const LISTED = [
  ...NAMES.filter((name) => !/-(cnt|idle|intvl)$/.test(name)),
  'redispatch',
  'tcplog',
  'httplog',
  'tcpka',
];

const listedName = z.enum(LISTED as [string, ...string[]], {
  error: (issue) => {
    const name = String(issue.input);
    const remedy = Object.hasOwn(ELSEWHERE, name)
      ? ELSEWHERE[name]
      : didYouMean(name, LISTED, `known here: ${LISTED.join(', ')}`);
    return `unknown option ${nameOf(issue.input)}; ${remedy}`;
  },
});

const extras = {
  redispatch: either('true, false or a number is needed', z.boolean(), z.int())
    .optional()
    .describe("The same as 'redispatch' of the proxy."),
  tcplog: z.literal(true).optional().describe("The same as 'log-style: tcplog'."),
  httplog: z.literal(true).optional().describe("The same as 'log-style: httplog'."),
  tcpka: flag.schema.optional().describe('Both clitcpka and srvtcpka.'),
};

export const optionsSchema = either(
  'options are a list or an object; write [dontlognull, tcp-smart-accept]',
  z.array(listedName),
  strict('options', { ...shapeOf(optionFields), ...extras }, ELSEWHERE),
).meta({
  id: 'options',
  description: 'Options by their HAProxy names: a list of what is on, or true and false by name.',
});

export const timeoutsSchema = either(
  'times by name, or none, are needed',
  z.literal(NONE),
  strict('timeouts', shapeOf(timeoutFields)),
).meta({
  id: 'timeouts',
  description: 'Times with their unit; none is no limit. Without a word: connect 5s, client and server 30m.',
});

export function readTimeouts(proxy: Proxy, data: Plain, place: Place, isOwn: boolean): void {
  if (data === NONE) {
    proxy.timeouts = {};
    return;
  }
  const target: Timeouts & { at?: Proxy['at'] } = { ...proxy.timeouts };
  readFields(fittingFields(timeoutFields, proxy, data, place, isOwn), target, data, place);
  const { at, ...timeouts } = target;
  proxy.timeouts = Object.fromEntries(Object.entries(timeouts).filter(([, ms]) => !Number.isNaN(ms)));
  for (const [name, loc] of Object.entries(at ?? {})) proxy.at = { ...proxy.at, [`timeout ${name}`]: loc };
}

export function readOptions(proxy: Proxy, data: Plain, place: Place, isOwn: boolean): void {
  const entries = Array.isArray(data) ? Object.fromEntries(data.map((name) => [String(name), true])) : data;
  if (!isObject(entries)) return;
  for (const { key, read } of fittingFields(optionFields, proxy, entries, place, isOwn))
    if (entries[key] !== undefined) read(proxy.options, entries[key], place.child(key));
  readExtras(proxy, entries);
}

function readExtras(proxy: Proxy, entries: { [key: string]: Plain }): void {
  const { redispatch, tcplog, httplog, tcpka } = entries;
  if (tcplog === true || httplog === true) proxy.logStyle = tcplog === true ? 'tcplog' : 'httplog';
  if (redispatch !== undefined && proxy.kind !== 'frontend') proxy.redispatch = redispatchOf(redispatch);
  if (typeof tcpka !== 'boolean') return;
  if (proxy.kind !== 'backend') proxy.options.clitcpka = tcpka;
  if (proxy.kind !== 'frontend') proxy.options.srvtcpka = tcpka;
}

/** true is every last retry, as `option redispatch` without a number. */
export function redispatchOf(data: Plain): number {
  return typeof data === 'number' ? data : data === true ? -1 : 0;
}

/**
 * The fields that mean something to a proxy of this kind; what is written and does not is warned about.
 * @param isOwn written in the proxy itself; what defaults hold for the other side is no mistake
 */
export function fittingFields<T>(
  fields: readonly Field<T>[],
  { kind, name }: Proxy,
  data: Plain,
  place: Place,
  isOwn: boolean,
): Field<T>[] {
  return fields.filter(({ key, sides }) => {
    if (countsFor(kind, sides)) return true;
    const side = kind === 'backend' ? 'frontend' : 'backend';
    const message = `'${key}' has no effect: ${kind} '${name}' has no ${side} side`;
    const { diag } = place.source;
    if (isOwn && isObject(data) && data[key] !== undefined)
      diag.warning('wrong-section', place.child(key).keyLoc, message, `move it to a ${side} or a service`);
    return false;
  });
}

function countsFor(kind: Proxy['kind'], sides: Sides): boolean {
  return (sides.includes('f') && kind !== 'backend') || (sides.includes('b') && kind !== 'frontend');
}

/** A list where everything is on, else an object. */
export function writeOptions(options: ProxyOptions): Written | undefined {
  const entries = writeFields(optionFields, options);
  if (entries.length === 0) return undefined;
  return entries.every(([, value]) => value === true) ? entries.map(([key]) => key) : new Map(entries);
}

/** @param own the timeouts of the proxy that no defaults say already */
export function writeTimeouts(proxy: Proxy, own: Timeouts): Written | undefined {
  const absent = DEFAULT_TIMEOUTS.filter(([name]) => isDefaulted(proxy, name) && proxy.timeouts[name] === undefined);
  if (absent.length > 0 && Object.keys(proxy.timeouts).length === 0) return NONE;
  const entries = [...absent.map(([name]): [string, Written] => [name, NONE]), ...writeFields(timeoutFields, own)];
  return entries.length === 0 ? undefined : new Map(entries);
}
