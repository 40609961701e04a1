/**
 * Every form of address an operator may write (manual §11), one grammar for every configuration language.
 * Nothing is resolved here: a host name stays a name, and whoever binds or connects looks it up.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { Address, LogTarget, Server } from './model.js';
import type { Parsed } from './units.js';

const SYSLOG_PORT = 514;

/** Address and port mode of a server line. */
export type ServerAddress = Pick<Server, 'address' | 'portMode' | 'portOffset'>;

interface Endpoint {
  transport?: 'stream' | 'dgram';
  family: 'inet' | 'unix' | 'abns' | 'fd' | 'sockpair';
  ip: 0 | 4 | 6;
  /** After the prefix: host, path, name or descriptor. */
  rest: string;
  host: string;
  /** Undefined when there is no colon. */
  port?: string;
}

interface Ports {
  kind: 'none' | 'one' | 'range' | 'offset';
  low: number;
  high: number;
}

type Family = Pick<Endpoint, 'transport' | 'family' | 'ip'>;

const FAMILIES: { [prefix: string]: Family } = {
  ip: { family: 'inet', ip: 0 },
  ipv4: { family: 'inet', ip: 4 },
  ipv6: { family: 'inet', ip: 6 },
  tcp: { family: 'inet', ip: 0, transport: 'stream' },
  tcp4: { family: 'inet', ip: 4, transport: 'stream' },
  tcp6: { family: 'inet', ip: 6, transport: 'stream' },
  udp: { family: 'inet', ip: 0, transport: 'dgram' },
  udp4: { family: 'inet', ip: 4, transport: 'dgram' },
  udp6: { family: 'inet', ip: 6, transport: 'dgram' },
  unix: { family: 'unix', ip: 0 },
  uxst: { family: 'unix', ip: 0, transport: 'stream' },
  uxdg: { family: 'unix', ip: 0, transport: 'dgram' },
  abns: { family: 'abns', ip: 0 },
  fd: { family: 'fd', ip: 0 },
  sockpair: { family: 'sockpair', ip: 0 },
};

/**
 * Where to listen, for streams: several addresses with commas, each `[HOST]:PORT[-END]` or one of the prefixed forms.
 * A range stays one address with `portEnd`.
 */
export function parseListenAddresses(text: string): Parsed<Address[]> {
  const addresses: Address[] = [];
  for (const part of text.split(',').filter((part, i) => part !== '' || i === 0)) {
    const parsed = parseListenAddress(part);
    if (!parsed.ok) return parsed;
    addresses.push(parsed.value);
  }
  return { ok: true, value: addresses };
}

/** Where a server listens: without a port, or with `:+N`, it follows the port the client came to. */
export function parseServerAddress(text: string): Parsed<ServerAddress> {
  const parsed = parseStream(text);
  if (!parsed.ok) return parsed;
  const endpoint = parsed.value;
  if (endpoint.family === 'fd') return bad(`a file descriptor is not a server address: '${text}'`);
  if (endpoint.family !== 'inet') return ok({ address: localAddress(endpoint), portMode: 'fixed' as const });
  const ports = parsePorts(endpoint.port, 0);
  if (!ports.ok) return ports;
  if (ports.value.kind === 'range') return bad(`a server has one port, not the range in '${text}'`);
  const host = parseHost(endpoint, text);
  if (!host.ok) return host;
  if (ports.value.kind === 'offset') {
    return ok({ address: inet(host.value, 0), portMode: 'offset' as const, portOffset: ports.value.low });
  }
  const isFixed = ports.value.kind === 'one' && ports.value.low > 0;
  return ok({ address: inet(host.value, ports.value.low), portMode: isFixed ? ('fixed' as const) : ('same' as const) });
}

/** The address connections leave from: `HOST[:PORT]`, with a port range on server lines; `*` leaves it to the kernel. */
export function parseSourceAddress(
  text: string,
  allowsRange: boolean,
): Parsed<{ host: string; port: number; portEnd?: number }> {
  const parsed = parseStream(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.family !== 'inet') return bad(`a source must be an IP address, not '${text}'`);
  const ports = parsePorts(parsed.value.port, 0);
  if (!ports.ok) return ports;
  const { kind, low, high } = ports.value;
  if (kind === 'range' && !allowsRange)
    return bad(`a port range is not permitted in '${text}'`, 'write one port, or none');
  if (kind === 'offset') return bad(`a port offset is not permitted in '${text}'`, 'write one port, or none');
  const host = parseHost(parsed.value, text);
  if (!host.ok) return host;
  return ok({ host: host.value.host, port: low, portEnd: kind === 'range' ? high : undefined });
}

/** Where logs go: `stdout`, `stderr`, `fd@N`, a unix socket, or a UDP address with port 514 by default. */
export function parseLogAddress(text: string): Parsed<LogTarget['target']> {
  if (text === 'stdout') return ok({ kind: 'fd' as const, fd: 1 });
  if (text === 'stderr') return ok({ kind: 'fd' as const, fd: 2 });
  const parsed = parseEndpoint(text);
  if (!parsed.ok) return parsed;
  const { transport, family, rest } = parsed.value;
  if (transport === 'stream' || text.startsWith('ring@')) {
    return bad(
      `logs to '${text}' need a ring buffer, which is not supported`,
      "write a UDP address such as '127.0.0.1:514'",
    );
  }
  if (family === 'fd') return parseFd(rest, text);
  if (family === 'unix') return ok({ kind: 'unix' as const, path: rest });
  if (family !== 'inet')
    return bad(`'${text}' cannot receive logs`, "write a UDP address, or a path such as '/dev/log'");
  return parseLogHost(parsed.value, text);
}

function parseLogHost(endpoint: Endpoint, text: string): Parsed<LogTarget['target']> {
  const ports = parsePorts(endpoint.port, SYSLOG_PORT);
  if (!ports.ok) return ports;
  if (ports.value.kind === 'range' || ports.value.kind === 'offset') return bad(`one port is needed in '${text}'`);
  const host = parseHost(endpoint, text);
  return host.ok ? ok({ kind: 'udp' as const, host: host.value.host, port: ports.value.low || SYSLOG_PORT }) : host;
}

function parseListenAddress(text: string): Parsed<Address> {
  const parsed = parseStream(text);
  if (!parsed.ok) return parsed;
  const endpoint = parsed.value;
  if (endpoint.family === 'fd') return parseFd(endpoint.rest, text);
  if (endpoint.family !== 'inet') return ok(localAddress(endpoint));
  if (!endpoint.port) {
    const missing = `missing port in '${text}'`;
    return endpoint.port === '' && text !== ':'
      ? bad(missing, 'write the port without a space after the colon')
      : bad(missing, `write '${endpoint.host || '*'}:PORT'`);
  }
  const ports = parsePorts(endpoint.port, 0);
  if (!ports.ok) return ports;
  if (ports.value.kind === 'offset') return bad(`a port offset is not permitted in '${text}'`, 'write the port itself');
  if (ports.value.low === 0) return bad(`invalid port '${endpoint.port}' in '${text}'`, 'write a port from 1 to 65535');
  const host = parseHost(endpoint, text);
  if (!host.ok) return host;
  const address = inet(host.value, ports.value.low);
  return ok(ports.value.kind === 'range' ? { ...address, portEnd: ports.value.high } : address);
}

/** An endpoint for streams; datagram forms and what we cannot run are refused with the reason. */
function parseStream(text: string): Parsed<Endpoint> {
  const parsed = parseEndpoint(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.transport === 'dgram')
    return bad(`'${text}' is a datagram address; a stream is needed here`, "write it without 'udp' or 'dgram'");
  if (parsed.value.family === 'sockpair')
    return bad(`'sockpair@' is not supported: '${text}'`, "use a unix socket, 'unix@PATH'");
  return parsed;
}

function parseEndpoint(text: string): Parsed<Endpoint> {
  if (/^quic[46]?@/.test(text)) return bad(`QUIC is not supported: '${text}'`, 'write a TCP address');
  const [, stream, afterSocket] = /^(stream|dgram)\+(.*)$/s.exec(text) ?? [undefined, undefined, text];
  const [, prefix, afterFamily] = /^([a-z0-9]+)@(.*)$/s.exec(afterSocket) ?? [];
  const known = prefix !== undefined ? FAMILIES[prefix] : undefined;
  const family: Family = known ?? { family: afterSocket.startsWith('/') ? 'unix' : 'inet', ip: 0 };
  const rest = known ? afterFamily : afterSocket;
  const transport = (stream as Endpoint['transport']) ?? family.transport;
  return ok({ ...family, transport, rest, ...splitPort(rest) });
}

/** The port follows the last colon outside brackets, so that `::1:80` is port 80 of `::1` (as HAProxy reads it). */
function splitPort(rest: string): { host: string; port?: string } {
  const [, bracketed, , portAfterBracket] = /^\[([^\]]*)\](:(.*))?$/s.exec(rest) ?? [];
  if (bracketed !== undefined) return { host: bracketed, port: portAfterBracket };
  const colon = rest.lastIndexOf(':');
  return colon < 0 ? { host: rest } : { host: rest.slice(0, colon), port: rest.slice(colon + 1) };
}

function parsePorts(text: string | undefined, otherwise: number): Parsed<Ports> {
  if (text === undefined || text === '') return ok({ kind: 'none' as const, low: otherwise, high: otherwise });
  const [, sign, first, end] = /^([+-]?)(\d+)(?:-(\d*))?$/.exec(text) ?? [];
  if (first === undefined) return bad(`'${text}' is not a port number`, 'write a port from 1 to 65535');
  if (sign) return ok({ kind: 'offset' as const, low: Number(sign + first), high: 0 });
  const low = Number(first);
  const high = end === undefined ? low : Number(end || Number.NaN);
  if (low > 65535 || !(high <= 65535)) return bad(`invalid port '${text}'`, 'write a port from 1 to 65535');
  if (high < low) return bad(`the port range '${text}' runs backwards`, `write '${high}-${low}'`);
  return ok({ kind: end === undefined ? ('one' as const) : ('range' as const), low, high });
}

function parseHost(endpoint: Endpoint, text: string): Parsed<{ host: string; family: 0 | 4 | 6 }> {
  const { host, ip } = endpoint;
  if (host === '' || host === '*') return ok({ host: '*', family: ip || 4 });
  const literal = isIPv4(host) ? 4 : isIPv6(host) ? 6 : 0;
  const isName = /^[A-Za-z0-9._-]+$/.test(host) && !/^\d+(\.\d+){3,}$/.test(host);
  if (literal === 0 && !isName) return badHost(endpoint, text);
  if (literal !== 0 && ip !== 0 && literal !== ip)
    return bad(`'${host}' is not an IPv${ip} address, as '${text}' demands`);
  return ok({ host, family: literal || ip });
}

function badHost(endpoint: Endpoint, text: string): Parsed<never> {
  const isBareIPv6 = isIPv6(endpoint.rest);
  return bad(`invalid address '${endpoint.host}' in '${text}'`, isBareIPv6 ? `write '[${endpoint.rest}]'` : undefined);
}

function parseFd(rest: string, text: string): Parsed<{ kind: 'fd'; fd: number }> {
  if (!/^\d+$/.test(rest)) return bad(`'${rest}' is not a file descriptor number in '${text}'`, "write 'fd@N'");
  return ok({ kind: 'fd' as const, fd: Number(rest) });
}

function localAddress(endpoint: Endpoint): Address {
  return endpoint.family === 'abns' ? { kind: 'abns', name: endpoint.rest } : { kind: 'unix', path: endpoint.rest };
}

function inet(at: { host: string; family: 0 | 4 | 6 }, port: number): Address & { kind: 'inet' } {
  return { kind: 'inet', family: at.family, host: at.host, port };
}

function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

function bad(message: string, remedy?: string): { ok: false; message: string; remedy?: string } {
  return { ok: false, message, remedy };
}
