/**
 * Rows into statements: words, and blocks between braces. A line is one statement; a brace ends it (keepalived.conf(5),
 * "DESCRIPTION" and "Quoted strings").
 */
import type { Diagnostics, Loc } from '../diagnostics.js';
import type { Row } from './rows.js';

export interface Word {
  /** As written, without the quotes around it; a backslash is a backslash. */
  readonly text: string;
  /** For programs, in which keepalived knows escapes (`\t`, `\x41` …); absent where there are none. */
  readonly unescaped?: string;
  /** It begins with a single quote, which is a quote for programs alone. */
  readonly raw?: string;
  readonly loc: Loc;
}

export interface Statement {
  readonly words: Word[];
  block?: Statement[];
}

/** Blocks within blocks: nothing in the language is deeper than five. */
const MAX_DEPTH = 32;

/** Looks for names of parameters that stand in no quotes and mean nothing. */
type OnParameter = (name: string, row: Row, from: number, to: number) => void;

export function parse(rows: readonly Row[], diag: Diagnostics, onParameter?: OnParameter): Statement[] {
  const builder = new Builder(diag);
  for (const row of rows) for (const token of tokensOf(row, diag, onParameter)) builder.token(token);
  return builder.end();
}

type Token = Word | { readonly brace: '{' | '}'; readonly loc: Loc } | { readonly brace: '\n'; readonly loc: Loc };

class Builder {
  private readonly top: Statement[] = [];
  private readonly open: { statements: Statement[]; opener: Statement; loc: Loc }[] = [];
  private words: Word[] = [];
  private last?: Statement;

  constructor(private readonly diag: Diagnostics) {}

  token(token: Token): void {
    if (!('brace' in token)) this.words.push(token);
    else this.brace(token.brace, token.loc);
  }

  end(): Statement[] {
    this.flush();
    for (const { opener, loc } of this.open) {
      const name = opener.words.map(({ text }) => text).join(' ');
      this.diag.error('unclosed-block', loc, `the block '${name}' is not closed`, "write '}' behind its last line");
    }
    return this.top;
  }

  private brace(brace: '{' | '}' | '\n', loc: Loc): void {
    this.flush();
    if (brace === '{') this.begin(loc);
    else if (brace === '}') this.finish(loc);
  }

  private flush(): void {
    if (this.words.length === 0) return;
    this.last = { words: this.words };
    this.current.push(this.last);
    this.words = [];
  }

  private get current(): Statement[] {
    return this.open.at(-1)?.statements ?? this.top;
  }

  private begin(loc: Loc): void {
    if (this.last === undefined || this.last.block !== undefined || this.open.length >= MAX_DEPTH) {
      this.diag.error('unexpected-brace', loc, "'{' opens a block of nothing", 'write the name of the block before it');
      // What follows is read as a block of its own, so that the braces still match.
      this.last = { words: [{ text: '{', loc }] };
    }
    this.last.block = [];
    this.open.push({ statements: this.last.block, opener: this.last, loc });
    this.last = undefined;
  }

  private finish(loc: Loc): void {
    this.last = undefined;
    if (this.open.pop() === undefined)
      this.diag.error('unexpected-brace', loc, "there is no block that this '}' could close", 'remove it');
  }
}

const ESCAPES: { readonly [c: string]: string } = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function tokensOf(row: Row, diag: Diagnostics, onParameter?: OnParameter): Token[] {
  const { text } = row;
  const tokens: Token[] = [];
  let i = 0;
  while (i < text.length) {
    if (/\s/.test(text[i])) i++;
    else if (text[i] === '{' || text[i] === '}') tokens.push({ brace: text[i] as '{' | '}', loc: row.locate(i, ++i) });
    else {
      const word = wordAt(text, i);
      const loc = row.locate(i, word.end);
      if (word.unclosed)
        diag.error(
          'unclosed-quote',
          loc,
          `a quote (${word.unclosed}) is not closed on this line`,
          'write it behind the text',
        );
      for (const { name, from, to } of word.parameters) onParameter?.(name, row, from, to);
      tokens.push(wordOf(word, text.slice(i, word.end), loc));
      i = word.end;
    }
  }
  if (text.length > 0) tokens.push({ brace: '\n', loc: row.locate(0, 1) });
  return tokens;
}

interface Cut {
  text: string;
  unescaped: string;
  end: number;
  unclosed?: string;
  parameters: { name: string; from: number; to: number }[];
}

function wordOf({ text, unescaped }: Cut, raw: string, loc: Loc): Word {
  return {
    text,
    loc,
    ...(unescaped !== text && { unescaped }),
    ...(raw.startsWith("'") && { raw }),
  };
}

function wordAt(text: string, start: number): Cut {
  const cut: Cut = { text: '', unescaped: '', end: start, parameters: [] };
  let quote = '';
  let i = start;
  for (; i < text.length; i++) {
    const c = text[i];
    const parameter =
      quote === '' && c === '$' ? /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=\s|$))/.exec(text.slice(i)) : null;
    if (parameter) {
      cut.parameters.push({ name: parameter[1] ?? parameter[2], from: i, to: i + parameter[0].length });
      cut.text += parameter[0];
      cut.unescaped += parameter[0];
      i += parameter[0].length - 1;
    } else if (quote === '' && /[\s{}]/.test(c)) break;
    else if (c === '\\' && i + 1 < text.length) {
      const [value, length] = escapeAt(text, i + 1);
      cut.unescaped += value;
      cut.text += text.slice(i, i + 1 + length);
      i += length;
    } else if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) quote = c;
    else {
      cut.text += c;
      cut.unescaped += c;
    }
  }
  cut.end = i;
  if (quote !== '') cut.unclosed = quote;
  return cut;
}

/** @returns what the characters behind a `\` mean, and how many they are */
function escapeAt(text: string, at: number): [string, number] {
  const rest = text.slice(at, at + 12);
  const [octal] = /^[0-7]{1,3}/.exec(rest) ?? [];
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8) & 0xff), octal.length];
  const [hex, digits] = /^x([0-9a-fA-F]+)/.exec(rest) ?? [];
  if (hex !== undefined) return [String.fromCharCode(Number.parseInt(digits, 16) & 0xff), hex.length];
  if (rest[0] === 'c' && rest.length > 1) return [String.fromCharCode(rest.charCodeAt(1) & 0x1f), 2];
  return [ESCAPES[rest[0]] ?? rest[0], 1];
}
