/** Servers: a map of names to an address, or to an object where more is said; and what all servers of a proxy share. */
import { z } from 'zod';
import type { Server } from '../model.js';
import { hostOnly, serverAddress, sourceAddress } from './address.js';
import { agentField } from './agent.js';
import {
  type Codec,
  choice,
  count,
  duration,
  either,
  flag,
  isSameWritten,
  nameOf,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { type Field, field, readFields, type ServerSettings, shapeOf, writeFields } from './fields.js';
import { unusualIds } from './ids.js';
import { isObject, type Plain } from './source.js';

/** `send-proxy: true` is version 1, as in HAProxy. */
const proxyVersion: Codec<'v1' | 'v2'> = {
  schema: either('v1, v2 or true is needed', choice('v1', 'v2').schema, z.literal(true)),
  read: (data) => (data === true ? 'v1' : (data as 'v1' | 'v2')),
  write: (value) => value,
};

/** A list, or HAProxy's comma-separated text. */
const initAddr: Codec<string[]> = {
  schema: either('a list is needed; write such as [last, libc, none]', z.string(), z.array(z.string())),
  read: (data, place) => {
    const methods = Array.isArray(data) ? data.map(String) : String(data).split(',');
    const wrong = methods.find((method) => !/^(last|libc|none|[\d.]+|[\da-fA-F:.]*:[\da-fA-F:.]*)$/.test(method));
    if (wrong === undefined) return methods;
    return place.error('bad-value', `unknown method '${wrong}'`, 'write some of last, libc, none, or an IP address');
  },
  write: (methods) => methods,
};

/** False is as if not written. */
const stuck: Codec<true> = {
  schema: flag.schema,
  read: (data) => (data === true ? true : undefined),
  write: () => true,
};

/** How one server is checked: the part of `check:` that HAProxy writes on server lines. */
export const probeFields: readonly Field<ServerSettings>[] = [
  field('port', 'checkPort', count(0, 65535), 'Port checks go to, where it is not the port of the traffic.', 'b'),
  field('address', 'checkAddr', hostOnly, 'Host checks go to, where it is not the server.', 'b'),
  field('interval', 'interMs', duration(1), 'Time between checks.', 'b'),
  field('fast-interval', 'fastinterMs', duration(1), 'Time between checks while the state is changing.', 'b'),
  field('down-interval', 'downinterMs', duration(1), 'Time between checks while the server is down.', 'b'),
  field('rise', 'rise', count(1), 'Good checks in a row that bring a server up.', 'b'),
  field('fall', 'fall', count(1), 'Bad checks in a row that take a server down.', 'b'),
  field('send-proxy', 'checkSendProxy', flag, 'Begin checks with a PROXY protocol header.', 'b'),
];

const settingFields: readonly Field<ServerSettings>[] = [
  field('weight', 'weight', count(0, 256), 'Share of the traffic; 1 where nothing is written, 0 takes none.', 'b'),
  field('backup', 'backup', flag, 'Used only while no other server is up.', 'b'),
  field('disabled', 'disabled', flag, 'Starts in maintenance.', 'b'),
  field('maxconn', 'maxconn', count(), 'Most connections to the server; others wait in its queue.', 'b'),
  field('minconn', 'minconn', count(), 'Connections it may always have while maxconn grows with the load.', 'b'),
  field('maxqueue', 'maxqueue', count(), 'Most connections waiting for the server.', 'b'),
  field('slowstart', 'slowstartMs', duration(), 'Time over which a server that came up reaches its weight.', 'b'),
  field('track', 'track', text, 'Follow the state of another server: [BACKEND/]SERVER.', 'b'),
  field(
    'init-state',
    'initState',
    choice('up', 'down', 'fully-up', 'fully-down', 'none'),
    'State before the first check.',
    'b',
  ),
  field('observe', 'observe', choice('layer4', 'layer7'), 'Count failures of live traffic as bad checks.', 'b'),
  field(
    'on-error',
    'onError',
    choice('fastinter', 'fail-check', 'sudden-death', 'mark-down'),
    'What an observed failure does.',
    'b',
  ),
  field('error-limit', 'errorLimit', count(1), 'Observed failures until on-error acts.', 'b'),
  field(
    'on-marked-down',
    'onMarkedDown',
    choice('shutdown-sessions', 'none'),
    'What happens to sessions when the server goes down; shutdown-sessions is the default for a primary.',
    'b',
  ),
  field(
    'on-marked-up',
    'onMarkedUp',
    choice('shutdown-backup-sessions'),
    'What happens to sessions on backup servers when it comes up.',
    'b',
  ),
  field('send-proxy', 'sendProxy', proxyVersion, 'Begin connections with a PROXY protocol header.', 'b'),
  field('source', 'source', sourceAddress(true), 'Address connections to this server leave from.', 'b'),
  field('tcp-user-timeout', 'tcpUserTimeoutMs', duration(), 'Time unacknowledged data may be outstanding.', 'b'),
  field('tfo', 'tfo', flag, 'Connect with TCP fast open.', 'b'),
  field('cookie', 'cookie', text, 'Cookie value of the server (mode http).', 'b'),
  field('redir', 'redir', text, 'Redirection prefix of the server (mode http).', 'b'),
  field('non-stick', 'nonStick', stuck, 'Its clients are not kept in stick tables.', 'b'),
  field('init-addr', 'initAddr', initAddr, 'How the name is resolved at start.', 'b'),
  field('resolve-prefer', 'resolvePrefer', choice('ipv4', 'ipv6'), 'Address family that is preferred.', 'b'),
];

/** `check: true|false`, or how it is checked, which turns it on. */
const checkField: Field<ServerSettings> = {
  key: 'check',
  name: 'check',
  sides: 'b',
  schema: either(
    'true, false or how to check is needed',
    z.boolean(),
    strict('the check of a server', {
      ...shapeOf(probeFields),
      enabled: flag.schema.optional().describe('false: how it would be checked, without turning checks on.'),
    }),
  ).describe('Whether and how this server is checked.'),
  read: (target, data, place) => {
    if (!isObject(data)) target.check = data as boolean;
    else {
      target.check = data.enabled !== false;
      readFields(probeFields, target, data, place);
    }
  },
  write: (from) => {
    const probe = writeFields(probeFields, from);
    if (probe.length === 0) return from.check;
    return new Map([...(from.check === true ? [] : ([['enabled', false]] as [string, Written][])), ...probe]);
  },
};

/** What `server-defaults` may hold when a file is written: all but the check, which has a block of its own. */
const sharedFields: readonly Field<ServerSettings>[] = [...settingFields, agentField];
const fields: readonly Field<ServerSettings>[] = [...sharedFields, checkField];

export const serverDefaultsSchema = strict('server-defaults', shapeOf(fields)).meta({
  id: 'server-defaults',
  description: 'What every server of the proxy has unless it says otherwise.',
});

const SERVER_REMEDY = "a server is an address; write such as '10.0.0.1:3306', or { address: …, weight: … }";

const serverSchema = either(
  SERVER_REMEDY,
  serverAddress.schema,
  strict('a server', {
    address: serverAddress.schema.optional().describe('HOST:PORT; without a port, that of the client is used.'),
    ...shapeOf(fields),
    id: count(1).schema.optional().describe('Number of the server in the statistics.'),
  }),
);

export const serversSchema = z
  .record(z.string(), serverSchema, {
    error: (issue) => `servers have names, ${nameOf(issue.input)} has none; write 'NAME: HOST:PORT' for each`,
  })
  .meta({ id: 'servers', description: 'Servers by name: an address, or an object with more.' });

export function readServerDefaults(target: ServerSettings, data: Plain, place: Place): void {
  readFields(fields, target, data, place);
}

/** @param base what the servers start from */
export function readServers(data: Plain, place: Place, base: ServerSettings): Server[] {
  return place.entries(data).flatMap(([name, entry, at]) => readServer(name, entry, at, base) ?? []);
}

function readServer(name: string, data: Plain, place: Place, base: ServerSettings): Server | undefined {
  checkName(name, place);
  const written = isObject(data) ? data.address : data;
  if (written === undefined)
    return place.error('missing-key', `server '${name}' has no address`, "write 'address: HOST:PORT' in it");
  const address = serverAddress.read(written, isObject(data) ? place.child('address') : place);
  const settings: ServerSettings = structuredClone(base);
  if (isObject(data)) readFields(fields, settings, data, place);
  // Who follows another server is not checked itself, unless it says so.
  if (settings.track !== undefined && !(isObject(data) && data.check !== undefined)) delete settings.check;
  const id = isObject(data) && typeof data.id === 'number' ? data.id : 0;
  return address && { name, id, ...address, ...settings, loc: place.keyLoc };
}

function checkName(name: string, place: Place): void {
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (wrong === undefined && name !== '') return;
  const message = name === '' ? 'a server has no name' : `'${wrong}' cannot stand in the server name '${name}'`;
  place.source.diag.error('bad-name', place.keyLoc, message, 'use letters, digits, and - _ . :');
}

export interface WrittenServers {
  /** Probe fields that all servers share: they go into the proxy's check block. */
  probe: [string, Written][];
  defaults: [string, Written][];
  servers: Map<string, Written>;
}

/** @param isChecked whether the proxy's check block turns checks on, so that servers need not */
export function writeServers(servers: readonly Server[], isChecked: boolean): WrittenServers {
  const probe = isChecked ? sharedBy(servers, probeFields, 1) : [];
  const defaults = sharedBy(servers, sharedFields, 2);
  const base: ServerSettings = isChecked ? { check: true } : {};
  const said = new Set(probe.map(([key]) => key));
  const ids = unusualIds(servers, 1);
  const entries = servers.map((server): [string, Written] => {
    const own = ownSettings(server, base, said, new Set(defaults.map(([key]) => key)));
    const address = serverAddress.write(server);
    const id: [string, Written][] = ids.has(server) ? [['id', server.id]] : [];
    return [server.name, own.length + id.length === 0 ? address : new Map([['address', address], ...own, ...id])];
  });
  return { probe, defaults, servers: new Map(entries) };
}

/** Keys that are written alike for every server, of at least `least` servers. */
function sharedBy(
  servers: readonly Server[],
  among: readonly Field<ServerSettings>[],
  least: number,
): [string, Written][] {
  const [first, ...others] = servers.map((server) => new Map(writeFields(among, server)));
  if (first === undefined || servers.length < least) return [];
  return [...first].filter(([key, value]) => others.every((other) => isSameWritten(other.get(key), value)));
}

function ownSettings(
  server: Server,
  base: ServerSettings,
  probe: Set<string>,
  shared: Set<string>,
): [string, Written][] {
  const settings = writeFields(sharedFields, server).filter(([key]) => !shared.has(key));
  const own = writeFields(probeFields, server).filter(([key]) => !probe.has(key));
  const isOn = server.check === true;
  if (own.length > 0) return [...settings, ['check', new Map([...(isOn ? [] : OFF), ...own])]];
  const isInherited = base.check === true && server.track === undefined;
  return isOn === isInherited ? settings : [...settings, ['check', isOn]];
}

const OFF: [string, Written][] = [['enabled', false]];
