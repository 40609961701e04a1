/** Addresses in YAML: one text, in the forms of the HAProxy manual (§11), wherever an address is needed. */
import { isIP } from 'node:net';
import { z } from 'zod';
import {
  parseListenAddresses,
  parseLogAddress,
  parseServerAddress,
  parseSourceAddress,
  type ServerAddress,
} from '../address.js';
import type { Address, LogTarget, SourceAddress } from '../model.js';
import { type Codec, choice, either, nameOf, text } from './codec.js';
import { type Field, field, record } from './fields.js';
import { isObject } from './source.js';

const addressText = z.string({
  error: (issue) => `an address is needed, not ${nameOf(issue.input)}; write such as '10.0.0.1:3306'`,
});

/** A port alone listens on every address, as in most languages of this kind. */
const listenText = either(
  "an address is needed; write such as '10.0.0.100:3306'",
  addressText,
  z.int().min(1).max(65535),
);

/** Where to listen; one text may name several addresses with commas, and a range of ports. */
export const listenAddresses: Codec<Address[]> = {
  schema: listenText,
  read: (data, place) => {
    const parsed = parseListenAddresses(typeof data === 'number' ? `:${data}` : String(data));
    return place.parsed('bad-address', parsed)?.flatMap(eachPort);
  },
  write: (addresses) => addresses.map(listenAddressText).join(','),
};

export const listenAddress: Codec<Address> = {
  schema: listenText,
  read: (data, place) => listenAddresses.read(data, place)?.[0],
  write: listenAddressText,
};

/** Where a server is. */
export const serverAddress: Codec<ServerAddress> = {
  schema: addressText,
  read: (data, place) => {
    const found = place.parsed('bad-address', parseServerAddress(String(data)));
    const isBarePort = found?.portMode === 'same' && /^\d+$/.test(String(data));
    if (isBarePort) return place.error('bad-address', `'${data}' names no host`, `write '127.0.0.1:${data}'`);
    return found;
  },
  write: ({ address, portMode, portOffset }) => {
    if (address.kind !== 'inet') return listenAddressText(address);
    const host = hostText(address.host, address.family);
    if (portMode === 'same') return host;
    const isOffset = portMode === 'offset' && portOffset !== undefined;
    return isOffset ? `${host}:${portOffset < 0 ? '' : '+'}${portOffset}` : `${host}:${address.port}`;
  },
};

/** Where logs go: a UDP address with port 514 by default, a socket, `stdout`, `stderr`, `fd@N`. */
export const logAddress: Codec<LogTarget['target']> = {
  schema: addressText,
  read: (data, place) => place.parsed('bad-address', parseLogAddress(String(data))),
  write: (target) => {
    if (target.kind === 'udp')
      return target.port === 514 ? bracketed(target.host) : `${bracketed(target.host)}:${target.port}`;
    if (target.kind === 'unix') return unixText(target.path);
    return target.fd === 1 ? 'stdout' : target.fd === 2 ? 'stderr' : `fd@${target.fd}`;
  },
};

type Source = Pick<SourceAddress, 'host' | 'port' | 'portEnd'>;
type Usesrc = NonNullable<SourceAddress['usesrc']>;

const sourceEndpoint = (allowsRange: boolean): Codec<Source> => ({
  schema: addressText,
  read: (data, place) => place.parsed('bad-address', parseSourceAddress(String(data), allowsRange)),
  write: ({ host, port, portEnd }) => {
    if (port === 0 && portEnd === undefined) return bracketed(host);
    return `${bracketed(host)}:${port}${portEnd === undefined ? '' : `-${portEnd}`}`;
  },
});

const usesrc: Codec<Usesrc> = {
  schema: addressText,
  read: (data, place) =>
    data === 'client' || data === 'clientip' ? data : (sourceEndpoint(false).read(data, place) as Usesrc | undefined),
  write: (value) => (typeof value === 'string' ? value : sourceEndpoint(false).write(value)),
};

/** The address connections leave from; a text, or an object where more than the address is said. */
export function sourceAddress(allowsRange: boolean): Codec<SourceAddress> {
  const endpoint = sourceEndpoint(allowsRange);
  const object = record<SourceAddress>('a source', sourceFields(endpoint), () => ({ host: '*', port: 0 }));
  return {
    schema: either("a source is needed; write such as '10.0.0.9'", endpoint.schema, object.schema),
    read: (data, place) => {
      if (isObject(data)) return object.read(data, place);
      const found = endpoint.read(data, place);
      return found && { ...found, loc: place.loc };
    },
    write: (value) =>
      value.interface === undefined && value.usesrc === undefined ? endpoint.write(value) : object.write(value),
  };
}

function sourceFields(endpoint: Codec<Source>): Field<SourceAddress>[] {
  const address: Field<SourceAddress> = {
    key: 'address',
    name: 'host',
    sides: 'fb',
    schema: endpoint.schema.describe('Address connections leave from; * leaves it to the kernel.'),
    read: (target, data, place) => void Object.assign(target, endpoint.read(data, place)),
    write: (from) => endpoint.write(from),
  };
  return [
    address,
    field('usesrc', 'usesrc', usesrc, 'Pretend to be the client (client, clientip) or another address.'),
    field('interface', 'interface', text, 'Network interface to leave through.'),
  ];
}

/** An address checks go to: a host without a port. */
export const hostOnly: Codec<string> = {
  schema: addressText,
  read: (data, place) => {
    const found = place.parsed('bad-address', parseServerAddress(String(data)));
    if (!found) return undefined;
    const isHost = found.address.kind === 'inet' && found.portMode === 'same';
    return isHost && found.address.kind === 'inet'
      ? found.address.host
      : place.error('bad-address', `'${data}' is not a host alone`, "write it without a port; 'port' is for that");
  },
  write: bracketed,
};

export const socketLevel = choice('user', 'operator', 'admin');

function eachPort(address: Address): Address[] {
  if (address.kind !== 'inet' || address.portEnd === undefined) return [address];
  const { portEnd, port, ...rest } = address;
  return Array.from({ length: portEnd - port + 1 }, (_, i) => ({ ...rest, port: port + i }));
}

function listenAddressText(address: Address): string {
  if (address.kind === 'unix') return unixText(address.path);
  if (address.kind === 'abns') return `abns@${address.name}`;
  if (address.kind === 'fd') return `fd@${address.fd}`;
  return `${hostText(address.host, address.family)}:${address.port}`;
}

function unixText(path: string): string {
  return path.startsWith('/') ? path : `unix@${path}`;
}

/** The host with the prefix its family needs: literals show their own, a star alone is IPv4, a name is either. */
function hostText(host: string, family: 0 | 4 | 6): string {
  const shown = host === '*' || host === '' ? 4 : isIP(host);
  return `${family === shown ? '' : `ipv${family}@`}${bracketed(host || '*')}`;
}

/** Without a port too: the last colon of an IPv6 address would begin one. */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
