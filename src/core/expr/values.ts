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
    string: (value) => integerText(value as number),
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
    boolean: (value) => truthOf(leadingNumber(value as string)),
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
  return typeof value === 'number' ? integerText(value) : value ? '1' : '0';
}

/** @returns undefined where no sample of the first kind can ever become one of the second */
export function castOf(from: Kind, to: Kind): Cast | undefined {
  return CASTS[from][to];
}

const LARGEST = 0x7fff_ffff_ffff_ffffn;
const LEAST = -0x8000_0000_0000_0000n;

/** Integers have 64 bits: what is larger, or no number at all, must not get into arithmetic. */
export function integerOf(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.max(Number(LEAST), Math.min(Number(LARGEST), Math.trunc(value)));
}

/** The same in 64 bits; the largest double stands for the largest integer. */
export function bigIntegerOf(value: number): bigint {
  const whole = BigInt(integerOf(value));
  return whole > LARGEST ? LARGEST : whole;
}

function integerText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : String(bigIntegerOf(value));
}

/** As far as it is a number; 0 where it does not begin as one, nothing where there is no text (observed from HAProxy). */
function leadingNumber(text: string): number | undefined {
  if (text === '') return undefined;
  return integerOf(Number(/^[-+]?\d+/.exec(text)?.[0] ?? 0));
}

function truthOf(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 0;
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
  view.setBigInt64(0, bigIntegerOf(value));
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
