/** The keys of services, frontends, backends and defaults, beside those with a file of their own. */
import { z } from 'zod';
import type { Bind, Proxy } from '../model.js';
import { listenAddress, listenAddresses, socketLevel, sourceAddress } from './address.js';
import { balance, hashType } from './balance.js';
import { checkSchema } from './check.js';
import {
  type Codec,
  choice,
  count,
  duration,
  either,
  flag,
  octalMode,
  oneOrMany,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { flapDamping } from './control.js';
import { type Field, field, readFields, shapeOf, writeFields } from './fields.js';
import { HTTP_SHAPES, httpSchema } from './http-lines.js';
import { logTarget } from './log.js';
import { optionsSchema, redispatchOf, timeoutsSchema } from './options.js';
import { sidesShape } from './read-write.js';
import { haproxySchema, RULE_SHAPES } from './rules.js';
import { serverDefaultsSchema, serversSchema } from './server.js';
import { isObject, type Plain } from './source.js';

const bindFields: readonly Field<Bind>[] = [
  field('name', 'name', text, 'Name in the statistics.'),
  field('id', 'id', count(1), 'Number in the statistics.'),
  field('accept-proxy', 'acceptProxy', flag, 'Connections begin with a PROXY protocol header.'),
  field('backlog', 'backlog', count(), 'Connections the kernel holds until they are accepted.'),
  field('maxconn', 'maxconn', count(), 'Most connections of this address.'),
  field('interface', 'interface', text, 'Network interface to accept from.'),
  field('defer-accept', 'deferAccept', flag, 'Accept once data has come.'),
  field('tfo', 'tfo', flag, 'TCP fast open.'),
  field('mss', 'mss', count(-65535, 65535), 'Maximum segment size; negative is relative to the advertised one.'),
  field('nice', 'nice', count(-1024, 1024), 'Priority of the connections.'),
  field('transparent', 'transparent', flag, 'Bind an address this host need not hold.'),
  field('v4v6', 'v4v6', flag, 'An IPv6 address takes IPv4 connections too.'),
  field('v6only', 'v6only', flag, 'An IPv6 address takes no IPv4 connections.'),
  field('tcp-user-timeout', 'tcpUserTimeoutMs', duration(), 'Time unacknowledged data may be outstanding.'),
  field('mode', 'mode', octalMode, 'Permissions of a unix socket, octal.'),
  field('user', 'user', text, 'Owner of a unix socket.'),
  field('group', 'group', text, 'Group of a unix socket.'),
  field('uid', 'uid', count(), 'Owner of a unix socket, as a number.'),
  field('gid', 'gid', count(), 'Group of a unix socket, as a number.'),
  field('level', 'level', socketLevel, 'What users of a unix socket may do.'),
];

const bindSchema = either(
  "an address is needed; write such as '10.0.0.100:3306'",
  listenAddress.schema,
  strict('a bind', {
    address: listenAddress.schema.optional().describe('HOST:PORT, a port, a path of a unix socket, fd@N.'),
    ...shapeOf(bindFields),
  }),
).meta({ id: 'bind' });

/** One entry may name several addresses: it gives one bind for each. */
const bindGroup: Codec<Bind[]> = {
  schema: bindSchema,
  read: (data, place) => {
    const written = isObject(data) ? data.address : data;
    if (written === undefined)
      return place.error('missing-key', 'a bind has no address', "write 'address: HOST:PORT' in it");
    const addresses = listenAddresses.read(written, isObject(data) ? place.child('address') : place);
    const settings: Omit<Bind, 'address'> = {};
    readFields(bindFields as readonly Field<Omit<Bind, 'address'>>[], settings, data, place);
    const { at: _at, ...rest } = settings;
    return addresses?.map((address) => ({ address, ...rest, loc: place.loc }));
  },
  write: ([bind]) => {
    const options = writeFields(bindFields, bind);
    const address = listenAddress.write(bind.address);
    return options.length === 0 ? address : new Map([['address', address], ...options]);
  },
};

const binds: Codec<Bind[]> = {
  schema: oneOrMany(bindGroup).schema,
  read: (data, place) => oneOrMany(bindGroup).read(data, place)?.flat(),
  write: (all) => oneOrMany(bindGroup).write(all.map((bind) => [bind])),
};

const redispatch: Codec<number> = {
  schema: either('true, false or a number is needed', z.boolean(), z.int()),
  read: redispatchOf,
  write: (value) => (value === -1 ? true : value === 0 ? false : value),
};

const bindField: Field<Proxy> = {
  ...field<Proxy, 'binds'>('bind', 'binds', binds, 'Where to listen: an address, an object, or a list of them.', 'f'),
  write: (from) => (from.binds.length === 0 ? undefined : binds.write(from.binds)),
};

/** Simple keys in the order they are written; defaults may hold those of `INHERITABLE`. */
export const proxyFields: readonly Field<Proxy>[] = [
  field('description', 'description', text, 'Text shown in the statistics.'),
  field('disabled', 'disabled', flag, 'Read, and not run.'),
  bindField,
  field('mode', 'mode', choice('tcp', 'http'), 'tcp forwards bytes, http requests; tcp where nothing is written.'),
  field('maxconn', 'maxconn', count(), 'Most connections of the frontend side.', 'f'),
  field('backlog', 'backlog', count(), 'Connections the kernel holds until they are accepted.', 'f'),
  field('rate-limit', 'rateLimitSessions', count(), 'Most new sessions per second.', 'f'),
  field('fullconn', 'fullconn', count(), 'Load at which servers take their maxconn.', 'b'),
  field(
    'balance',
    'balance',
    balance,
    'How a server is chosen: roundrobin, leastconn, first, source, random(2), single …',
    'b',
  ),
  field('hash-type', 'hashType', hashType, 'How hashes choose servers.', 'b'),
  field('retries', 'retries', count(), 'Attempts after a failed connection.', 'b'),
  field('redispatch', 'redispatch', redispatch, 'Try another server at the last retry, or at every Nth.', 'b'),
  field('source', 'source', sourceAddress(false), 'Address connections to servers leave from.', 'b'),
  field('log-tag', 'logTag', text, 'Program name in log lines.'),
  field('log-format', 'logFormat', text, 'Format of log lines, in the HAProxy language.', 'f'),
  field('log-format-sd', 'logFormatSd', text, 'Structured data of RFC 5424 log lines.', 'f'),
  field('tcp-inspect-delay', 'inspectDelayMs', duration(), 'Time content rules may wait for data.'),
  field('default-backend', 'defaultBackend', text, 'Backend where no rule decides.', 'f'),
  field(
    'flap-damping',
    'flapDamping',
    flapDamping,
    'When a server that keeps going up and down is held down; on where the check knows the role, off elsewhere.',
    'b',
  ),
  field('server-state-file-name', 'serverStateFileName', text, 'File of server states of this backend.', 'b'),
  field(
    'load-server-state-from-file',
    'loadServerStateFrom',
    choice('global', 'local', 'none'),
    'Where server states are loaded from.',
    'b',
  ),
];

const PROXY_ONLY = ['description', 'bind', 'tcp-inspect-delay', 'server-state-file-name'];
export const INHERITABLE = proxyFields.filter(({ key }) => !PROXY_ONLY.includes(key));

const logSchema = either(
  "global, none or a log is needed; write such as '127.0.0.1 local0'",
  z.enum(['global', 'none']),
  oneOrMany(logTarget).schema,
).describe('Where logs go; the logs of `global:` where nothing is written.');

const logStyleSchema = choice('tcplog', 'httplog', 'httplog-clf', 'httpslog').schema.describe(
  'Format of log lines by name.',
);

/** What defaults and proxies both hold. */
const SHARED_SHAPE = {
  log: logSchema.optional(),
  'log-style': logStyleSchema.optional(),
  timeouts: timeoutsSchema.optional(),
  options: optionsSchema.optional(),
  check: checkSchema.optional(),
  'server-defaults': serverDefaultsSchema.optional(),
};

export const defaultsSchema = strict(
  'defaults',
  { ...shapeOf(INHERITABLE), ...SHARED_SHAPE, http: httpSchema.optional() },
  {
    bind: 'write it in the service',
    servers: 'write them in the service',
    haproxy: 'write it in the service',
  },
).describe('What every service, frontend and backend below has unless it says otherwise.');

/** What each address of a service may say for itself. */
const ADDRESS_SHAPE = {
  name: text.schema.optional().describe('Its name, where that is not the key.'),
  id: count(1).schema.optional().describe('Its number in the statistics.'),
  ...shapeOf(proxyFields),
  ...SHARED_SHAPE,
  ...Object.fromEntries(
    Object.entries({ ...RULE_SHAPES, ...HTTP_SHAPES }).map(([key, schema]) => [key, schema.optional()]),
  ),
};

const PROXY_SHAPE = {
  kind: choice('service', 'frontend', 'backend', 'listen')
    .schema.optional()
    .describe('What it is, where its place does not say it.'),
  ...ADDRESS_SHAPE,
  ...sidesShape(ADDRESS_SHAPE),
  servers: serversSchema.optional(),
  haproxy: haproxySchema.optional(),
};

const HINTS = {
  health: "write 'check: http'",
  'health-check': "write 'check: http'",
  port: "write 'bind: HOST:PORT' for listening, 'check: { port: N }' for checks",
  ssl: 'TLS is not supported: terminate it in front, or forward it untouched',
  tls: 'TLS is not supported: terminate it in front, or forward it untouched',
};

export function proxiesSchema(what: string, doc: string): z.ZodType {
  const error = `${what} are written with their names; write 'NAME:' with its settings below`;
  const id = what.replace(/s$/, '');
  return z.record(z.string(), strict(`a ${id}`, PROXY_SHAPE, HINTS).meta({ id }), { error }).describe(doc);
}

export function readLogs(proxy: Proxy, data: Plain, place: Place, globalLogs: Proxy['logs']): void {
  if (data === 'global') proxy.logs = structuredClone(globalLogs);
  else if (data === 'none') proxy.logs = [];
  else proxy.logs = oneOrMany(logTarget).read(data, place) ?? [];
}

export function writeLogs(logs: Proxy['logs']): Written {
  return logs.length === 0 ? 'none' : oneOrMany(logTarget).write(logs);
}
