/** Samples and their kinds, and how one kind becomes another where a converter or a matching method wants it. */
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from '../ip.js';

/** `any`: known when it is there (variables). */
export type Kind = 'ip' | 'integer' | 'boolean' | 'string' | 'binary' | 'any';

export interface IpValue {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

/** Binary samples are strings of one character a byte, as are strings that a client sent. */
export type Value = number | boolean | string | IpValue;

type Cast = (value: Value) => Value | undefined;

const same: Cast = (value) => value;

const CASTS: { readonly [from in Kind]: { readonly [to in Kind]?: Cast } } = {
  ip: {
    any: same,
    ip: same,
    string: (value) => ipText(value as IpValue),
    binary: (value) => ipBinary(value as IpValue),
    integer: (value) => ipNumber(value as IpValue),
  },
  integer: {
    any: same,
    integer: same,
    string: String,
    binary: (value) => numberBinary(value as number),
    boolean: (value) => value !== 0,
    ip: (value) => numberIp(value as number),
  },
  boolean: {
    any: same,
    boolean: same,
    integer: Number,
    binary: (value) => numberBinary(Number(value)),
    string: (value) => (value ? '1' : '0'),
  },
  string: {
    any: same,
    string: same,
    binary: same,
    integer: (value) => leadingNumber(value as string),
    boolean: (value) => leadingNumber(value as string) !== 0,
    ip: (value) => textIp(value as string),
  },
  binary: { any: same, binary: same, string: same },
  any: {
    any: same,
    ip: (value) => castValue(value, 'ip'),
    integer: (value) => castValue(value, 'integer'),
    boolean: (value) => castValue(value, 'boolean'),
    string: (value) => textOf(value),
    binary: (value) => castValue(value, 'binary'),
  },
};

/** The kind of a value that says nothing of it itself. */
export function kindOf(value: Value): Exclude<Kind, 'any' | 'binary'> {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'integer';
  return typeof value === 'boolean' ? 'boolean' : 'ip';
}

function castValue(value: Value, to: Kind): Value | undefined {
  return CASTS[kindOf(value)][to]?.(value);
}

/** As a header, a log line or a string converter sees it. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return ipText(value);
  return typeof value === 'number' ? String(value) : value ? '1' : '0';
}

/** @returns undefined where no sample of the first kind can ever become one of the second */
export function castOf(from: Kind, to: Kind): Cast | undefined {
  return CASTS[from][to];
}

/** As far as it is a number; 0 where it does not begin as one (observed from HAProxy). */
function leadingNumber(text: string): number {
  return Number(/^[-+]?\d+/.exec(text)?.[0] ?? 0);
}

function ipText({ family, bytes }: IpValue): string {
  return family === 4 ? ipv4Text(bytes) : ipv6Text(bytes);
}

function ipNumber({ family, bytes }: IpValue): number | undefined {
  return family === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) : undefined;
}

/** Bytes of an address in network order. */
function ipBinary({ bytes }: IpValue): string {
  return String.fromCharCode(...bytes);
}

/** 64 bits in network order. */
function numberBinary(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(value));
  return String.fromCharCode(...new Uint8Array(view.buffer));
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
