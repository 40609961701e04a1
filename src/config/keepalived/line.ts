/** One statement while it is read: its words with their places, values within bounds, and the complaints about them. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Diagnostics, Loc } from '../diagnostics.js';
import { didYouMean } from '../suggest.js';
import type { Statement, Word } from './syntax.js';

const ON = ['on', 'true', 'yes'];
const OFF = ['off', 'false', 'no'];

export class Line {
  private taken = 1;

  constructor(
    readonly statement: Statement,
    readonly diag: Diagnostics,
  ) {}

  get keyword(): string {
    return this.statement.words[0].text;
  }

  get loc(): Loc {
    return this.statement.words[0].loc;
  }

  get rest(): readonly Word[] {
    return this.statement.words.slice(this.taken);
  }

  peek(): Word | undefined {
    return this.statement.words[this.taken];
  }

  next(): Word | undefined {
    return this.statement.words[this.taken++];
  }

  /** The next word; its absence is an error. */
  needed(what: string): Word | undefined {
    const word = this.next();
    if (word === undefined)
      this.diag.error('missing-value', this.loc, `'${this.keyword}' without ${what}`, `write '${this.keyword} VALUE'`);
    return word;
  }

  error(word: Word | undefined, code: string, message: string, remedy?: string): undefined {
    this.diag.error(code, word?.loc ?? this.loc, message, remedy);
  }

  integer(min: number, max: number): number | undefined {
    const word = this.needed('a number');
    return word && this.integerOf(word, min, max);
  }

  integerOf(word: Word, min: number, max: number): number | undefined {
    const value = Number(word.text);
    if (/^[+-]?\d+$/.test(word.text) && value >= min && value <= max) return value;
    return this.error(
      word,
      'bad-value',
      `'${word.text}' does not fit '${this.keyword}'`,
      `write an integer from ${min} to ${max}`,
    );
  }

  /** Decimal seconds, as milliseconds. */
  seconds(min: number, max: number): number | undefined {
    const us = this.micros(min, max);
    return us === undefined ? undefined : us / 1000;
  }

  /** Decimal seconds, as whole microseconds. */
  micros(min: number, max: number): number | undefined {
    const word = this.needed('a time');
    if (word === undefined) return undefined;
    const value = Number(word.text);
    if (/^\d*\.?\d+$|^\d+\.$/.test(word.text) && value >= min && value <= max) return Math.round(value * 1e6);
    return this.error(
      word,
      'bad-value',
      `'${word.text}' does not fit '${this.keyword}'`,
      `write seconds from ${min} to ${max}, without a unit`,
    );
  }

  /** `on` where nothing is written. */
  flag(): boolean | undefined {
    const word = this.next();
    if (word === undefined) return true;
    if (ON.includes(word.text)) return true;
    if (OFF.includes(word.text)) return false;
    return this.error(
      word,
      'bad-value',
      `'${word.text}' is neither yes nor no`,
      `write one of ${[...ON, ...OFF].join(', ')}`,
    );
  }

  ip(what = 'an address'): string | undefined {
    const word = this.needed(what);
    if (word === undefined) return undefined;
    if (isIPv4(word.text) || isIPv6(word.text)) return word.text;
    return this.error(
      word,
      'bad-address',
      `'${word.text}' is no IP address`,
      "write such as '10.0.0.1' or '2001:db8::1'",
    );
  }

  oneOf<T extends string>(words: readonly T[]): T | undefined {
    const word = this.needed(`one of ${words.join(', ')}`);
    if (word === undefined) return undefined;
    const found = words.find((each) => each === word.text);
    if (found !== undefined) return found;
    const remedy = words.find((each) => each.toLowerCase() === word.text.toLowerCase());
    const hint = remedy ? `write '${remedy}'` : didYouMean(word.text, words, `write one of ${words.join(', ')}`);
    return this.error(word, 'bad-value', `'${word.text}' does not fit '${this.keyword}'`, hint);
  }

  /** keepalived passes over what follows; so do we, and say it. */
  end(): void {
    const [extra] = this.rest;
    if (extra === undefined) return;
    const remedy = 'write one statement on a line, or remove it';
    this.diag.warning('extra-words', extra.loc, `'${extra.text}' behind '${this.keyword}' has no effect`, remedy);
  }
}

/** What becomes of a keyword; `T` is what it is said of. */
export interface Keyword<T> {
  readonly read: (line: Line, target: T) => void;
  /** It has a block behind it. */
  readonly isBlock?: true;
}

export type Keywords<T> = { readonly [keyword: string]: Keyword<T> };

/** @param where names the block in complaints: `vrrp_instance` */
export function readBlock<T>(
  statements: readonly Statement[],
  keywords: Keywords<T>,
  target: T,
  where: string,
  diag: Diagnostics,
): void {
  for (const statement of statements) {
    const line = new Line(statement, diag);
    const keyword = Object.hasOwn(keywords, line.keyword) ? keywords[line.keyword] : undefined;
    if (keyword === undefined) unknown(line, keywords, where);
    else if (hasItsBlock(line, keyword)) keyword.read(line, target);
  }
}

function unknown(line: Line, keywords: Keywords<never>, where: string): void {
  if (line.keyword === '{') return;
  // In the wrong block it is a secret all the same.
  if (line.keyword === 'auth_pass') for (const { loc } of line.rest) line.diag.hide(loc);
  const near = didYouMean(line.keyword, Object.keys(keywords), 'see keepalived.conf(5)');
  line.error(undefined, 'unknown-keyword', `unknown keyword '${line.keyword}' in ${where}`, near);
}

function hasItsBlock(line: Line, { isBlock }: { isBlock?: true }): boolean {
  const { block } = line.statement;
  if (isBlock && block === undefined)
    line.error(undefined, 'missing-block', `'${line.keyword}' without its block`, `write '${line.keyword} { … }'`);
  if (!isBlock && block !== undefined)
    line.error(undefined, 'unexpected-brace', `'${line.keyword}' has no block`, 'write its value on the same line');
  return (isBlock === true) === (block !== undefined);
}

/** A keyword with values on its own line. */
export function keyword<T>(read: (line: Line, target: T) => void): Keyword<T> {
  return {
    read: (line, target) => {
      read(line, target);
      line.end();
    },
  };
}

/** A keyword with a block; names before the brace are for `read`. */
export function block<T>(read: (line: Line, target: T, statements: readonly Statement[]) => void): Keyword<T> {
  return {
    isBlock: true,
    read: (line, target) => {
      read(line, target, line.statement.block ?? []);
      line.end();
    },
  };
}
