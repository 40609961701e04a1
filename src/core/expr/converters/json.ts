/** Converters to and from JSON (RFC 8259). */
import { decodeBase64Url } from '../base64.js';
import type { Convert, Converters } from '../converter.js';
import { integerOf, type Value } from '../values.js';

export const JSON_TEXTS: Converters = {
  json: { takes: 'string', gives: 'string', make: makeJson },
  json_query: { takes: 'string', gives: 'any', make: (args) => makeQuery(args, (text) => text) },
  jwt_header_query: { takes: 'string', gives: 'any', make: (args) => makeJwt(args, 0) },
  jwt_payload_query: { takes: 'string', gives: 'any', make: (args) => makeJwt(args, 1) },
};

const DECODERS = ['ascii', 'utf8', 'utf8s', 'utf8p', 'utf8ps'];

function makeJson([decoder = 'ascii', ...more]: readonly string[]): Convert | string {
  if (!DECODERS.includes(decoder) || more.length > 0) return `takes one of ${DECODERS.join(', ')}`;
  if (decoder === 'ascii') return (value) => escapeAll(Array.from(value as string, (c) => c.charCodeAt(0)));
  const isPermissive = decoder.includes('p');
  const isSilent = decoder.endsWith('s');
  return (value) => {
    const codes = decodeUtf8(value as string, isPermissive, isSilent);
    return codes && escapeAll(codes);
  };
}

const SHORT: { readonly [code: number]: string } = {
  34: '\\"',
  47: '\\/',
  92: '\\\\',
  8: '\\b',
  12: '\\f',
  10: '\\n',
  13: '\\r',
  9: '\\t',
};

function escapeAll(codes: readonly number[]): string {
  let out = '';
  for (const code of codes) {
    if (Object.hasOwn(SHORT, code)) out += SHORT[code];
    else if (code >= 32 && code < 127) out += String.fromCharCode(code);
    else out += `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return out;
}

/** Code points up to U+FFFF. @returns undefined at the first error that may not pass */
function decodeUtf8(bytes: string, isPermissive: boolean, isSilent: boolean): number[] | undefined {
  const codes: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { code, length, isLong } = sequenceAt(bytes, at);
    const isSound = code >= 0 && code <= 0xffff && (code < 0xd800 || code > 0xdfff) && (!isLong || isPermissive);
    if (isSound) codes.push(code);
    else if (!isSilent) return undefined;
    at += length;
  }
  return codes;
}

const LEAST = [0, 0, 0x80, 0x800, 0x1_0000];

/** @returns code -1 for bytes that are no sequence */
function sequenceAt(bytes: string, at: number): { code: number; length: number; isLong: boolean } {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { code: first, length: 1, isLong: false };
  const size = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  if (size === 0 || first >= 0xf8) return { code: -1, length: 1, isLong: false };
  let code = first & (0x7f >> size);
  for (let i = 1; i < size; i++) {
    const next = bytes.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return { code: -1, length: i, isLong: false };
    code = (code << 6) | (next & 0x3f);
  }
  return { code, length: size, isLong: code < LEAST[size] };
}

function makeQuery([path, type, ...more]: readonly string[], find: (text: string) => string | undefined) {
  if (path === undefined || more.length > 0 || (type !== undefined && type !== 'int'))
    return "needs a path such as '$.name', and perhaps 'int'";
  const steps = stepsOf(path);
  if (steps === undefined) return `'${path}' is no path that runs in this version`;
  const convert: Convert = (value) => {
    const text = find(value as string);
    const found = text === undefined ? undefined : walk(text, steps);
    return found === undefined ? undefined : sampleOf(found, type === 'int');
  };
  return convert;
}

/** A part of a token (RFC 7519 §3), whole or queried. */
function makeJwt(args: readonly string[], part: number): Convert | string {
  const find = (token: string) => {
    const parts = token.split('.');
    return parts.length === 3 ? decodeBase64Url(parts[part]) : undefined;
  };
  return args.length === 0 ? (value) => find(value as string) : makeQuery(args, find);
}

/** `$.a.b[0]['c']`; a backslash protects a dot. */
function stepsOf(path: string): (string | number)[] | undefined {
  const steps: (string | number)[] = [];
  let rest = path.replace(/^\$/, '');
  while (rest !== '') {
    const [whole, name, index, quoted] = /^(?:\.((?:\\.|[^.[\\])+)|\[(\d+)\]|\['([^']*)'\])/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    steps.push(index !== undefined ? Number(index) : (quoted ?? name.replace(/\\(.)/g, '$1')));
    rest = rest.slice(whole.length);
  }
  return steps;
}

function walk(text: string, steps: readonly (string | number)[]): unknown {
  let node = parsed(text);
  for (const step of steps) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, step)) return undefined;
    if (Array.isArray(node) && typeof step !== 'number') return undefined; // its length is no member
    node = (node as { [key: string | number]: unknown })[step];
  }
  return node;
}

/** A text that is no JSON has no value. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Numbers are text of six digits unless an integer is asked for; lists and objects have no value (observed). Nor has a
 * text with an escape above \u00ff: a character is a byte here, and cut to one it could be the end of a line.
 */
function sampleOf(found: unknown, wantsInteger: boolean): Value | undefined {
  if (typeof found === 'string') return /[^\x00-\xff]/.test(found) ? undefined : found;
  if (typeof found === 'boolean') return found;
  if (typeof found !== 'number') return undefined;
  return wantsInteger ? integerOf(found) : sixDigits(found);
}

/** `%g` of printf(3). */
function sixDigits(number: number): string {
  const exponent = number === 0 ? 0 : Math.floor(Math.log10(Math.abs(Number(number.toPrecision(6)))));
  if (exponent >= -4 && exponent < 6) return String(Number(number.toPrecision(6)));
  const [mantissa, power] = number.toExponential(5).split('e');
  return `${Number(mantissa)}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}
