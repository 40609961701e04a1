/** `~SEQ`, `~SEQx` and `~LST` in front of a line: the line, once for each value (keepalived.conf(5), "Sequence blocks"). */
import type { Parsed } from '../units.js';

/** Values that the parameters get, turn by turn. */
export interface Turns {
  readonly names: string[];
  readonly values: string[][];
  /** Length of the specification. */
  readonly length: number;
}

/** More instances than VRRP has ids for on a hundred networks; what says more is a slip or an attack. */
const MAX_TURNS = 25_500;

const SPECIFICATION = /^~(SEQx?|LST)\(((?:[^(){}]|\{[^{}]*\})*)\)\s*/;
const INTEGER = /^-?(0x[0-9a-f]+|\d+)$/i;

/** @returns undefined for a line that begins with none */
export function turnsOf(text: string): Parsed<Turns> | undefined {
  if (!text.startsWith('~')) return undefined;
  const [whole, kind, inner] = SPECIFICATION.exec(text) ?? [];
  if (whole === undefined)
    return bad(
      `'${text.split(/[\s(]/)[0]}' is no sequence`,
      "write '~SEQ(NAME, START, STEP, END) …' or '~LST(NAME, VALUE, …) …'",
    );
  return kind === 'LST' ? listed(inner, whole.length) : counted(inner, kind === 'SEQx', whole.length);
}

function counted(inner: string, isHex: boolean, length: number): Parsed<Turns> {
  const [name, ...numbers] = inner.split(',').map((part) => part.trim());
  if (!isName(name)) return badName(name);
  if (numbers.length < 1 || numbers.length > 3 || !numbers.every((each) => INTEGER.test(each)))
    return bad(`'(${inner})' are no bounds of a sequence`, "write '(NAME, START, STEP, END)' with integers");
  const end = integer(numbers.at(-1)!);
  const start = numbers.length > 1 ? integer(numbers[0]) : end < 0 ? -1 : 1;
  const step = numbers.length > 2 ? integer(numbers[1]) : end < start ? -1 : 1;
  if (step === 0 || (end - start) * step < 0)
    return bad(`the sequence from ${start} in steps of ${step} never comes to ${end}`, 'write another step');
  const count = Math.floor((end - start) / step) + 1;
  if (count > MAX_TURNS) return bad(`the sequence has ${count} turns`, `write ${MAX_TURNS} at most`);
  const text = (n: number) => (isHex ? n.toString(16) : String(n));
  const values = Array.from({ length: count }, (_, i) => [text(start + i * step)]);
  return { ok: true, value: { names: [name], values, length } };
}

function integer(text: string): number {
  const size = Number(text.replace(/^-/, ''));
  return text.startsWith('-') ? -size : size;
}

function listed(inner: string, length: number): Parsed<Turns> {
  const [first, ...rest] =
    inner
      .match(/\{[^{}]*\}|[^,{}]+/g)
      ?.map((part) => part.trim())
      .filter((part) => part !== '') ?? [];
  const names = items(first ?? '');
  const wrong = names.find((name) => !isName(name));
  if (wrong !== undefined || names.length === 0) return badName(wrong ?? '');
  const values = rest.map(items);
  const odd = values.findIndex((value) => value.length !== names.length);
  if (values.length === 0) return bad('the list has no values', "write '~LST(NAME, VALUE, …) …'");
  if (odd >= 0) return bad(`'${rest[odd]}' has not ${names.length} values, one for each of ${names.join(', ')}`);
  return { ok: true, value: { names, values, length } };
}

function items(part: string): string[] {
  const inner = /^\{(.*)\}$/.exec(part)?.[1];
  return inner === undefined ? [part] : inner.split(',').map((each) => each.trim());
}

function isName(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z_]\w*$/.test(text);
}

function badName(name: string | undefined): Parsed<never> {
  return bad(`'${name ?? ''}' is no name of a parameter`, 'write letters, digits and _');
}

function bad(message: string, remedy?: string): { ok: false; message: string; remedy?: string } {
  return { ok: false, message, remedy };
}
