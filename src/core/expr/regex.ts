/**
 * Regular expressions as HAProxy takes them (PCRE) as far as this engine can run them: what is written differently is
 * translated, and what would mean something else is refused. Text is latin1, one character a byte.
 */

const CLASSES: { readonly [name: string]: string } = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
};

/** Escapes that we would take literally: what they become instead. */
const ESCAPES: { readonly [letter: string]: string } = {
  A: '^',
  Z: '$',
  z: '$',
  h: '[ \\t]',
  a: '\\x07',
  e: '\\x1b',
  R: '(?:\\r\\n|[\\n\\v\\f\\r])',
};

const FOREIGN = /^(?:\\[GHXKQENpPC]|\(\?[#(>|&R]|\(\?P[=>]|\(\*)/;
const POSSESSIVE = /^[*+?}]\+/;

/** @returns why the text is no regular expression that can run, where it is none */
export function compileRegex(text: string, isFolded: boolean, flags = ''): RegExp | string {
  const [start = '', anchor = '', inline = ''] = /^(\^?)\(\?([is]+)\)/.exec(text) ?? [];
  const source = translate(anchor + text.slice(start.length));
  if (source === undefined) return `the regular expression '${text}' does not run in this version`;
  const all = new Set([...flags, ...inline, ...(isFolded ? 'i' : '')]);
  try {
    return new RegExp(source, [...all].join(''));
  } catch {
    return `'${text}' is not a regular expression`;
  }
}

/** @returns undefined where something in it cannot be said here */
function translate(text: string): string | undefined {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    if (FOREIGN.test(rest) || POSSESSIVE.test(rest)) return undefined;
    const next = text[at] === '[' ? bracket(rest) : element(rest);
    if (next === undefined) return undefined;
    out += next.text;
    at += next.length;
  }
  return out;
}

interface Piece {
  readonly text: string;
  readonly length: number;
}

function element(rest: string): Piece {
  if (rest.startsWith('(?P<')) return { text: '(?<', length: 4 };
  if (rest[0] !== '\\' || rest.length < 2) return { text: rest[0], length: 1 };
  return { text: Object.hasOwn(ESCAPES, rest[1]) ? ESCAPES[rest[1]] : rest.slice(0, 2), length: 2 };
}

/** `[…]` with its POSIX classes; a bracket that comes first is an ordinary character. */
function bracket(rest: string): Piece | undefined {
  let [at, out] = rest[1] === '^' ? [2, '[^'] : [1, '['];
  if (rest[at] === ']') {
    out += '\\]';
    at++;
  }
  while (at < rest.length && rest[at] !== ']') {
    const [whole, not, name] = /^\[:(\^?)([a-z]+):\]/.exec(rest.slice(at)) ?? [];
    if (whole !== undefined && (not !== '' || !Object.hasOwn(CLASSES, name))) return undefined;
    const piece = whole ?? (rest[at] === '\\' ? rest.slice(at, at + 2) : rest[at]);
    out += whole === undefined ? (piece === '[' ? '\\[' : piece) : CLASSES[name];
    at += piece.length;
  }
  // Left open it is refused by whoever reads the result.
  return { text: at < rest.length ? `${out}]` : '[', length: at + 1 };
}
