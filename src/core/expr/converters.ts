/** Sample converters (manual §7.3.1) that need nothing but their sample and their arguments. */
import { parseIpv6 } from '../ip.js';
import type { SampleContext } from './context.js';
import { embeddedIpv4, parseMask } from './ip-pattern.js';
import { castOf, type IpValue, type Kind, type Value } from './values.js';

type Convert = (value: Value, context: SampleContext) => Value | undefined;

interface Converter {
  readonly takes: Kind;
  readonly gives: Kind;
  /** @returns what the arguments make of it, or why they are wrong */
  make(args: readonly string[]): Convert | string;
}

/** Of integers, with one number behind the name. 64 bits, as HAProxy counts. */
function arithmetic(compute: (a: bigint, b: bigint) => bigint): Converter {
  return {
    takes: 'integer',
    gives: 'integer',
    make: ([text, ...more]) => {
      if (text === undefined || !/^-?\d+$/.test(text) || more.length > 0)
        return 'needs one number (variables do not run)';
      const operand = BigInt(text);
      return (value) => Number(BigInt.asIntN(64, compute(BigInt(value as number), operand)));
    },
  };
}

function plain(takes: Kind, gives: Kind, convert: Convert): Converter {
  return { takes, gives, make: (args) => (args.length === 0 ? convert : 'takes no argument') };
}

const CONVERTERS: { readonly [name: string]: Converter } = {
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: arithmetic((a, b) => (b === 0n ? 0x7fff_ffff_ffff_ffffn : a / b)),
  mod: arithmetic((a, b) => (b === 0n ? 0n : a % b)),
  and: arithmetic((a, b) => a & b),
  or: arithmetic((a, b) => a | b),
  xor: arithmetic((a, b) => a ^ b),
  cpl: plain('integer', 'integer', (value) => Number(BigInt.asIntN(64, ~BigInt(value as number)))),
  neg: plain('integer', 'integer', (value) => -(value as number)),
  bool: plain('integer', 'boolean', (value) => value !== 0),
  not: plain('integer', 'boolean', (value) => value === 0),
  even: plain('integer', 'boolean', (value) => (value as number) % 2 === 0),
  odd: plain('integer', 'boolean', (value) => (value as number) % 2 !== 0),
  lower: plain('string', 'string', (value) => (value as string).toLowerCase()),
  upper: plain('string', 'string', (value) => (value as string).toUpperCase()),
  length: plain('string', 'integer', (value) => (value as string).length),
  hex: plain('binary', 'string', (value) => hexOf(value as string)),
  nbsrv: plain('string', 'integer', (value, context) => context.backend(value as string)?.usableServers),
  bytes: { takes: 'binary', gives: 'binary', make: makeBytes },
  // Beyond the last one a field has no value, and a word is empty (observed from HAProxy).
  field: { takes: 'string', gives: 'string', make: (args) => makeParts(args, fieldsOf, undefined) },
  word: { takes: 'string', gives: 'string', make: (args) => makeParts(args, wordsOf, '') },
  ltrim: { takes: 'string', gives: 'string', make: ([set]) => makeTrim(set, true) },
  rtrim: { takes: 'string', gives: 'string', make: ([set]) => makeTrim(set, false) },
  iif: { takes: 'boolean', gives: 'string', make: ([yes, no]) => makeIif(yes, no) },
  ipmask: { takes: 'ip', gives: 'ip', make: makeIpmask },
};

export interface Chain {
  readonly gives: Kind;
  run(value: Value, context: SampleContext): Value | undefined;
}

/** Converters in a row behind a sample of a kind. @returns why they do not run, where they do not */
export function compileConverters(from: Kind, calls: readonly { name: string; args: string[] }[]): Chain | string {
  const steps: Convert[] = [];
  let kind = from;
  for (const { name, args } of calls) {
    if (!Object.hasOwn(CONVERTERS, name)) return `converter '${name}' does not run in this version`;
    const converter = CONVERTERS[name];
    const cast = castOf(kind, converter.takes);
    const convert = converter.make(args);
    if (cast === undefined) return `converter '${name}' cannot be applied to this sample`;
    if (typeof convert === 'string') return `converter '${name}' ${convert}`;
    steps.push(cast, convert);
    kind = converter.gives;
  }
  return { gives: kind, run: (value, context) => runSteps(steps, value, context) };
}

function runSteps(steps: readonly Convert[], value: Value, context: SampleContext): Value | undefined {
  let current: Value | undefined = value;
  for (const step of steps) {
    current = step(current, context);
    if (current === undefined) return undefined;
  }
  return current;
}

function hexOf(bytes: string): string {
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}

function makeBytes([offset, length]: readonly string[]): Convert | string {
  if (![offset, length ?? '0'].every((text) => /^\d+$/.test(text ?? ''))) return 'needs an offset and perhaps a length';
  const from = Number(offset);
  return (value) => {
    const text = value as string;
    return from > text.length ? undefined : text.slice(from, length === undefined ? undefined : from + Number(length));
  };
}

/** Where a part begins and ends in its text. */
type Part = readonly [from: number, to: number];

/** `field` and `word`: `count` parts from the index on, counted from either end; 0 = all that follow. */
function makeParts(
  args: readonly string[],
  parts: (text: string, delimiters: string) => Part[],
  beyond: string | undefined,
): Convert | string {
  const [index, delimiters, count = '1'] = args;
  if (!/^-?[1-9]\d*$/.test(index ?? '') || !delimiters || !/^\d+$/.test(count)) return 'needs an index and delimiters';
  return (value) => {
    const found = parts(value as string, delimiters);
    const at = Number(index) > 0 ? Number(index) - 1 : found.length + Number(index);
    if (at < 0 || at >= found.length) return beyond;
    const span = Number(count) === 0 ? found.length : Number(count);
    const first = Number(index) > 0 ? at : Math.max(0, at - span + 1);
    const last = Number(index) > 0 ? Math.min(found.length - 1, at + span - 1) : at;
    return (value as string).slice(found[first][0], found[last][1]);
  };
}

function fieldsOf(text: string, delimiters: string): Part[] {
  const fields: Part[] = [];
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && !delimiters.includes(text[i])) continue;
    fields.push([from, i]);
    from = i + 1;
  }
  return fields;
}

function wordsOf(text: string, delimiters: string): Part[] {
  return fieldsOf(text, delimiters).filter(([from, to]) => to > from);
}

function makeTrim(set: string | undefined, isLeft: boolean): Convert | string {
  if (!set) return 'needs the characters to remove';
  return (value) => {
    const text = value as string;
    let [from, to] = [0, text.length];
    while (isLeft && from < to && set.includes(text[from])) from++;
    while (!isLeft && to > from && set.includes(text[to - 1])) to--;
    return text.slice(from, to);
  };
}

function makeIif(yes: string | undefined, no: string | undefined): Convert | string {
  if (yes === undefined || no === undefined) return 'needs two texts';
  return (value) => (value ? yes : no);
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
