/** One line as the section readers see it: located words, and the complaints every keyword needs. */
import type { Diagnostics, Loc } from '../diagnostics.js';
import { didYouMean } from '../suggest.js';
import { type Parsed, parseDuration, parseSize } from '../units.js';
import type { Word } from './words.js';

/** Times below this many ms, written without a unit, are worth a question. */
const TINY_MS = 100;

export interface IntegerBounds {
  min?: number;
  max?: number;
}

export class Line {
  constructor(
    readonly words: readonly Word[],
    readonly diag: Diagnostics,
    /** The prefix that was taken off: `no option X`, `default option X`. */
    readonly prefix?: 'no' | 'default',
  ) {}

  /** Text of a word, '' where there is none (an empty word ends a line, as in HAProxy). */
  text(i: number): string {
    return this.words[i]?.text ?? '';
  }

  has(i: number): boolean {
    return this.text(i) !== '';
  }

  /** Place of a word; of the last one where it is missing. */
  loc(i: number): Loc {
    return (this.words[i] ?? this.words[this.words.length - 1]).loc;
  }

  /** From the first word to the last. */
  get whole(): Loc {
    const [first, last] = [this.words[0].loc, this.words[this.words.length - 1].loc];
    return { ...first, len: last.col + last.len - first.col };
  }

  /** The texts, with the prefix put back. */
  get texts(): string[] {
    const texts = this.words.map((w) => w.text);
    return this.prefix ? [this.prefix, ...texts] : texts;
  }

  /** The same line without its first words. */
  from(i: number): Line {
    return new Line(this.words.slice(i), this.diag, this.prefix);
  }

  error(code: string, i: number, message: string, remedy?: string): void {
    this.diag.error(code, this.loc(i), message, remedy);
  }

  warning(code: string, i: number, message: string, remedy?: string): void {
    this.diag.warning(code, this.loc(i), message, remedy);
  }

  /** Refuses words from `i` on. */
  noMore(i: number): boolean {
    if (!this.has(i)) return true;
    this.error('extra-argument', i, `unexpected '${this.text(i)}' after '${this.text(i - 1)}'`, 'remove it');
    return false;
  }

  /** Word `i` must be there; `what` names it: `a backend name`. */
  need(i: number, what: string): boolean {
    return this.hasValue(i, `'${this.text(0)}' needs ${what}`);
  }

  private hasValue(i: number, message: string): boolean {
    if (this.has(i)) return true;
    this.error('missing-argument', i, message, `write it after '${this.text(i - 1)}'`);
    return false;
  }

  /** The value of a parse of word `i`, or undefined after the complaint. */
  parsed<T>(i: number, parsed: Parsed<T>, code: string): T | undefined {
    if (parsed.ok) return parsed.value;
    this.error(code, i, parsed.message, parsed.remedy);
    return undefined;
  }

  /** Milliseconds of word `i`; what follows the unit is ignored with a warning, as in HAProxy 2.6. */
  duration(i: number, what: string, unit: 'ms' | 's' = 'ms'): number | undefined {
    if (!this.hasValue(i, `${what} needs a time`)) return undefined;
    const value = this.parsed(i, parseDuration(this.text(i), unit), 'bad-time');
    if (unit === 'ms') this.warnTiny(i, value?.ms);
    if (value?.trailing === undefined) return value?.ms;
    const kept = this.text(i).slice(0, -value.trailing.length);
    this.warning(
      'bad-time',
      i,
      `'${value.trailing}' after the unit is ignored: '${this.text(i)}' is ${kept}`,
      `write '${kept}', or the sum in one unit`,
    );
    return value.ms;
  }

  /** Bytes of word `i`, with k, m and g for powers of 1024. */
  size(i: number, what: string): number | undefined {
    if (!this.hasValue(i, `${what} needs a size`)) return undefined;
    return this.parsed(i, parseSize(this.text(i)), 'bad-size');
  }

  /** A bare small number was nearly always meant as seconds. */
  private warnTiny(i: number, ms: number | undefined): void {
    if (ms === undefined || ms === 0 || ms >= TINY_MS || !/^\d+$/.test(this.text(i))) return;
    const { loc, what } = this.withKeyword(i);
    const unit = ms === 1 ? 'millisecond' : 'milliseconds';
    this.diag.warning(
      'tiny-time',
      loc,
      `'${what}' is ${ms} ${unit}`,
      `write '${ms}s' for seconds, or '${ms}ms' to keep it`,
    );
  }

  /** A value together with the word in front of it. */
  private withKeyword(i: number): { loc: Loc; what: string } {
    const [start, end] = [this.loc(i - 1), this.loc(i)];
    return { loc: { ...start, len: end.col + end.len - start.col }, what: `${this.text(i - 1)} ${this.text(i)}` };
  }

  /** An integer and nothing else. */
  integer(i: number, what: string, bounds: IntegerBounds = {}): number | undefined {
    if (!this.hasValue(i, `${what} needs a number`)) return undefined;
    const text = this.text(i);
    if (/^-?\d+$/.test(text)) return this.bounded(i, Number(text), what, bounds);
    this.error('bad-number', i, `'${text}' is not a number`, `write ${what} as an integer`);
    return undefined;
  }

  /** An integer where HAProxy reads the leading digits of anything: what it would take, with a warning. */
  looseInteger(i: number, what: string, bounds: IntegerBounds = {}): number | undefined {
    if (!this.hasValue(i, `${what} needs a number`)) return undefined;
    const text = this.text(i);
    const value = Number(/^\s*([+-]?\d+)/.exec(text)?.[1] ?? 0);
    if (!/^-?\d+$/.test(text)) {
      this.warning('bad-number', i, `'${text}' is not a number and is read as ${value}`, `write ${what} as an integer`);
    }
    return this.bounded(i, value, what, bounds);
  }

  /** One of a few words. */
  choice<T extends string>(i: number, what: string, choices: readonly T[]): T | undefined {
    if (!this.need(i, what)) return undefined;
    const text = this.text(i);
    const found = choices.find((c) => c === text);
    if (found === undefined)
      this.error(
        'bad-value',
        i,
        `unknown ${what.replace(/^an? /, '')} '${text}'`,
        didYouMean(text, choices, `write one of ${choices.join(', ')}`),
      );
    return found;
  }

  private bounded(i: number, value: number, what: string, bounds: IntegerBounds): number | undefined {
    const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
    if (value >= min && value <= max) return value;
    const range = bounds.max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
    this.error('out-of-range', i, `${what} cannot be ${this.text(i)}`, `write a number ${range}`);
    return undefined;
  }
}
