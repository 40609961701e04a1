/** From a sample to the bytes by which a stick table knows it (manual, `stick-table type`). */
import type { StickType } from '../../config/model.js';
import { embeddedIpv4 } from '../expr/ip-pattern.js';
import { castOf, type IpValue, type Kind, type Value } from '../expr/values.js';
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from '../ip.js';

/**
 * Writes the key into `to`. Strings longer than the table's keys are cut.
 * @returns its length, or -1 where the sample is no key of this type (an IPv6 client in a table of IPv4)
 */
export function writeKey(value: Value, type: StickType, to: Uint8Array): number {
  if (type === 'ip' || type === 'ipv6') return writeIp(value, type, to);
  if (type === 'integer') return writeInteger(value, to);
  const text = castOf(kindOf(value), type)?.(value);
  if (typeof text !== 'string') return -1;
  const end = type === 'string' ? text.indexOf('\0') : -1; // text ends there, as in HAProxy (observed)
  const length = Math.min(end < 0 ? text.length : end, to.length);
  for (let i = 0; i < length; i++) to[i] = text.charCodeAt(i);
  if (type === 'string') return length;
  to.fill(0, length); // bytes are as many as the table says (observed from HAProxy)
  return to.length;
}

/** A key as an operator writes it. */
export function parseKey(text: string, type: StickType): Value | undefined {
  if (type === 'integer') return /^\d+$/.test(text) ? Number(text) : undefined;
  if (type !== 'ip' && type !== 'ipv6') return text;
  const bytes = type === 'ip' ? parseIpv4(text) : parseIpv6(text);
  return bytes && { family: type === 'ip' ? 4 : 6, bytes };
}

/** The sample that a key was made of, as far as the table keeps it. */
export function keyValue(bytes: Uint8Array, type: StickType): Value {
  if (type === 'ip' || type === 'ipv6') return { family: type === 'ip' ? 4 : 6, bytes };
  if (type === 'integer') return integerOf(bytes);
  return String.fromCharCode(...bytes);
}

function integerOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** A key as `show table` prints it. */
export function keyText(bytes: Uint8Array, type: StickType): string {
  if (type === 'ip') return ipv4Text(bytes);
  if (type === 'ipv6') return ipv6Text(bytes);
  if (type === 'integer') return String(integerOf(bytes));
  if (type === 'binary') return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
  return String.fromCharCode(...bytes).replace(/[^!-<>-[\]-~]/g, escaped);
}

const ESCAPES: { readonly [character: string]: string } = {
  ' ': '\\ ',
  '=': '\\=',
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\x1b': '\\e',
};

/** Keys are what clients send: none of it may end a line, or speak to a terminal. As HAProxy writes it (observed). */
function escaped(character: string): string {
  const known = ESCAPES[character];
  return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
}

function kindOf(value: Value): Kind {
  if (typeof value === 'number') return 'integer';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : 'ip';
}

function writeIp(value: Value, type: 'ip' | 'ipv6', to: Uint8Array): number {
  if (typeof value === 'string') return writeText(value, type, to);
  if (typeof value !== 'object') return -1;
  return type === 'ip' ? writeIpv4(value, to) : writeIpv6(value, to);
}

function writeText(text: string, type: 'ip' | 'ipv6', to: Uint8Array): number {
  const bytes = parseIpv4(text) ?? parseIpv6(text);
  if (bytes === undefined) return -1;
  const value: IpValue = { family: bytes.length === 4 ? 4 : 6, bytes };
  return type === 'ip' ? writeIpv4(value, to) : writeIpv6(value, to);
}

/** An IPv6 address that carries an IPv4 one is that. */
function writeIpv4({ family, bytes }: IpValue, to: Uint8Array): number {
  const from = family === 4 ? 0 : embeddedIpv4(bytes);
  if (from < 0) return -1;
  for (let i = 0; i < 4; i++) to[i] = bytes[from + i];
  return 4;
}

function writeIpv6({ family, bytes }: IpValue, to: Uint8Array): number {
  if (family === 6) {
    for (let i = 0; i < 16; i++) to[i] = bytes[i];
    return 16;
  }
  to.fill(0, 0, 10);
  to[10] = to[11] = 0xff;
  for (let i = 0; i < 4; i++) to[12 + i] = bytes[i];
  return 16;
}

function writeInteger(value: Value, to: Uint8Array): number {
  const number = castOf(kindOf(value), 'integer')?.(value);
  if (typeof number !== 'number') return -1;
  for (let i = 0; i < 4; i++) to[i] = (number >>> (24 - 8 * i)) & 0xff;
  return 4;
}
