/** Converters of addresses, and of the names of hosts and backends. */
import { parseIpv6 } from '../../ip.js';
import { type Convert, type Converters, plain } from '../converter.js';
import { embeddedIpv4, parseMask } from '../ip-pattern.js';
import { lowerAscii } from '../letters.js';
import type { IpValue } from '../values.js';

export const ADDRESSES: Converters = {
  ipmask: { takes: 'ip', gives: 'ip', make: makeIpmask },
  nbsrv: plain('string', 'integer', (value, context) => context.backend(value as string)?.usableServers),
  srv_queue: plain('string', 'integer', (value, context) => {
    const [backend, server] = pathOf(value as string);
    return context.backend(backend)?.serverFigure(server, 'queue');
  }),
  host_only: plain('string', 'string', (value) => lowerAscii(hostOf(value as string)[0])),
  port_only: plain('string', 'integer', (value) => hostOf(value as string)[1]),
};

/** `[backend/]server` */
function pathOf(path: string): [string, string] {
  const slash = path.indexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

/** `host`, `host:80`, `[::1]:80`: the host as written, and the port or 0. */
function hostOf(value: string): [string, number] {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(value) ?? [];
  return host === undefined ? [value, 0] : [host, Number(port ?? 0)];
}

/** An IPv6 address that carries an IPv4 one is masked as that (observed from HAProxy). */
function asIpv4(value: IpValue): IpValue {
  const at = value.family === 6 ? embeddedIpv4(value.bytes) : -1;
  return at < 0 ? value : { family: 4, bytes: value.bytes.slice(at, at + 4) };
}

/** Without a mask for IPv6 its addresses have no value (manual, `ipmask`). */
function makeIpmask([text4, text6]: readonly string[]): Convert | string {
  const mask4 = text4 === undefined ? undefined : parseMask(text4, 4);
  const mask6 = text6 === undefined ? undefined : (parseMask(text6, 16) ?? parseIpv6(text6));
  if (mask4 === undefined || (text6 !== undefined && mask6 === undefined)) return 'needs a mask such as 24';
  return (value) => {
    const { family, bytes } = asIpv4(value as IpValue);
    const mask = family === 4 ? mask4 : mask6;
    return mask && { family, bytes: mask.map((bits, i) => bits & bytes[i]) };
  };
}
