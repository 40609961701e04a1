/** Converters of sample expressions, those that texts of checks have a use for (manual §7.3.1). */

/** Bytes as a latin1 string, or an integer. */
export type Value = string | number;

/** @returns undefined where the value cannot be converted */
type Convert = (value: Value) => Value | undefined;

export const CONVERTERS: { readonly [name: string]: (args: readonly string[]) => Convert } = {
  add: ([n = '0']) => arithmetic((value) => value + Number(n)),
  sub: ([n = '0']) => arithmetic((value) => value - Number(n)),
  mul: ([n = '1']) => arithmetic((value) => value * Number(n)),
  div: ([n = '1']) => arithmetic((value) => (Number(n) === 0 ? value : Math.trunc(value / Number(n)))),
  mod: ([n = '1']) => arithmetic((value) => (Number(n) === 0 ? 0 : value % Number(n))),
  bytes: ([offset = '0', length]) => onText((text) => cut(text, Number(offset), length)),
  cut_crlf: () => onText((text) => /^[^\r\n]*/.exec(text)![0]),
  field: ([index = '1', delimiters = '']) => onText((text) => fieldOf(splitAt(text, delimiters), Number(index))),
  word: ([index = '1', delimiters = '']) =>
    onText((text) =>
      fieldOf(
        splitAt(text, delimiters).filter((part) => part !== ''),
        Number(index),
      ),
    ),
  hex: () => onText(hexOf),
  length: () => (value) => String(value).length,
  lower: () => onText((text) => text.toLowerCase()),
  upper: () => onText((text) => text.toUpperCase()),
  ltrim: ([characters = '']) => onText((text) => trimStart(text, characters)),
  rtrim: ([characters = '']) => onText((text) => trimEnd(text, characters)),
};

function onText(convert: (text: string) => string | undefined): Convert {
  return (value) => convert(String(value));
}

function arithmetic(convert: (value: number) => number): Convert {
  return (value) => convert(leadingNumber(value));
}

/** As C reads a number: leading digits, 0 where there are none. */
export function leadingNumber(value: Value): number {
  return typeof value === 'number' ? value : Number(/^\s*([+-]?\d+)/.exec(value)?.[1] ?? 0);
}

function cut(text: string, offset: number, length: string | undefined): string {
  return text.slice(offset, length === undefined ? undefined : offset + Number(length));
}

function splitAt(text: string, delimiters: string): string[] {
  const parts = [''];
  for (const c of text) {
    if (delimiters.includes(c)) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

/** @param index from 1, or from the end where negative */
function fieldOf(parts: readonly string[], index: number): string | undefined {
  return index < 0 ? parts.at(index) : parts[index - 1];
}

function hexOf(text: string): string {
  return [...text].map((c) => c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('');
}

function trimStart(text: string, characters: string): string {
  let from = 0;
  while (from < text.length && characters.includes(text[from])) from++;
  return text.slice(from);
}

function trimEnd(text: string, characters: string): string {
  let to = text.length;
  while (to > 0 && characters.includes(text[to - 1])) to--;
  return text.slice(0, to);
}
