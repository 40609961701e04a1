/** Samples and their kinds, and how one kind becomes another where a converter or a matching method wants it. */
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from '../ip.js';

export type Kind = 'ip' | 'integer' | 'boolean' | 'string' | 'binary';

export interface IpValue {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

/** Binary samples are strings of one character a byte, as are strings that a client sent. */
export type Value = number | boolean | string | IpValue;

type Cast = (value: Value) => Value | undefined;

const same: Cast = (value) => value;

const CASTS: { readonly [from in Kind]: { readonly [to in Kind]?: Cast } } = {
  ip: { ip: same, string: (value) => ipText(value as IpValue), integer: (value) => ipNumber(value as IpValue) },
  integer: { integer: same, string: String, boolean: (value) => value !== 0, ip: (value) => numberIp(value as number) },
  boolean: { boolean: same, integer: Number, string: (value) => (value ? '1' : '0') },
  string: {
    string: same,
    binary: same,
    integer: (value) => leadingNumber(value as string),
    ip: (value) => textIp(value as string),
  },
  binary: { binary: same, string: same },
};

/** @returns undefined where no sample of the first kind can ever become one of the second */
export function castOf(from: Kind, to: Kind): Cast | undefined {
  return CASTS[from][to];
}

/** As far as it is a number; 0 where it does not begin as one (observed from HAProxy). */
function leadingNumber(text: string): number {
  return Number(/^-?\d+/.exec(text)?.[0] ?? 0);
}

function ipText({ family, bytes }: IpValue): string {
  return family === 4 ? ipv4Text(bytes) : ipv6Text(bytes);
}

function ipNumber({ family, bytes }: IpValue): number | undefined {
  return family === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) : undefined;
}

function numberIp(value: number): IpValue {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return { family: 4, bytes };
}

function textIp(text: string): IpValue | undefined {
  const bytes = parseIpv4(text) ?? parseIpv6(text);
  return bytes && { family: bytes.length === 4 ? 4 : 6, bytes };
}
