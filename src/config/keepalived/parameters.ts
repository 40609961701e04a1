/** `$NAME=value` and what stands for it (keepalived.conf(5), "Parameter substitution"). */
import { dirname, resolve } from 'node:path';
import type { Diagnostics } from '../diagnostics.js';
import { didYouMean } from '../suggest.js';
import { Row } from './rows.js';

/** One row, or the rows of a definition over several lines. */
export type Value = readonly Row[];

const DEFINITION = /^\$([A-Za-z_]\w*)=/;
const REFERENCE = /\$\{(_RANDOM)((?:\s+\d+){0,2})\s*\}|\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)(?=\s|$)/g;
/** Parameters may name parameters; none is named so deep, and one may name itself. */
const MAX_DEPTH = 32;
/** Longest row with parameters in it, and most of them: one that doubles itself would have no end. */
const MAX_LENGTH = 1 << 15;
const MAX_REFERENCES = 1000;

export class Parameters {
  private readonly values = new Map<string, Value>();
  private randoms = 0;

  constructor(
    private readonly diag: Diagnostics,
    private readonly instance: string,
  ) {}

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }

  /**
   * The row with everything known put in its place.
   * @returns several rows where a definition over several lines is all that the row says
   */
  substituted(row: Row, depth = 0): Row[] {
    const parts: Row[] = [];
    let [from, length] = [0, 0];
    for (const match of row.text.matchAll(REFERENCE)) {
      const [start, end] = [match.index, match.index + match[0].length];
      const value = this.valueOf(match, row, start, end);
      if (value === undefined) continue;
      if (value.length > 1) {
        if (row.text.trim() === match[0]) return [...value];
        const place = row.locate(start, end);
        this.diag.error(
          'misplaced-parameter',
          place,
          `${match[0]} holds several lines`,
          'write it on a line of its own',
        );
        continue;
      }
      parts.push(row.slice(from, start), row.standIn(value[0].text, start, end));
      length += value[0].text.length;
      from = end;
      if (length > MAX_LENGTH || parts.length > 2 * MAX_REFERENCES) break;
    }
    if (from === 0) return [row];
    const joined = Row.joined([...parts, row.slice(from)]);
    const isBounded = depth < MAX_DEPTH && joined.text.length <= MAX_LENGTH && parts.length <= 2 * MAX_REFERENCES;
    if (isBounded) return this.substituted(joined, depth + 1);
    this.diag.error(
      'parameter-loop',
      row.locate(0, 1),
      'a parameter here stands for itself, or for too much',
      'define it otherwise',
    );
    return [];
  }

  /** What looks like a parameter outside quotes and is none is a slip: `$` has no other use there. */
  complainUnknown(name: string, row: Row, from: number, to: number): void {
    const known = [...this.values.keys()];
    const isLater = known.includes(name);
    const remedy = isLater
      ? 'define it above'
      : didYouMean(name, known.slice(0, 500), `define it above: '$${name}=value'`);
    this.diag.error(
      'unknown-parameter',
      row.locate(from, to),
      `the parameter '${name}' is not defined${isLater ? ' yet' : ''}`,
      remedy,
    );
  }

  private valueOf(match: RegExpMatchArray, row: Row, start: number, end: number): Value | undefined {
    const name = match[1] ?? match[3] ?? match[4];
    const own = this.values.get(name);
    if (own !== undefined) return own;
    const text = this.predefined(name, match[2] ?? '', row.locate(start, end).file);
    return text === undefined ? undefined : [row.standIn(text, start, end)];
  }

  private predefined(name: string, bounds: string, file: string): string | undefined {
    switch (name) {
      case '_PWD':
        return dirname(resolve(file));
      case '_INSTANCE':
        return this.instance;
      case '_HASH':
        return '#';
      case '_BANG':
        return '!';
      case '_RANDOM':
        return String(this.random(bounds.trim()));
      default:
        return undefined;
    }
  }

  /** The same for one host and place in its files at every start: a reload must not change what nobody changed. */
  private random(bounds: string): number {
    const [min = 0, max = 32_767] = bounds === '' ? [] : bounds.split(/\s+/).map(Number);
    const seed = this.values.get(SEED)?.[0].text ?? '';
    let hash = 2_166_136_261;
    for (const c of `${this.instance}/${seed}/${this.randoms++}`)
      hash = Math.imul(hash ^ c.charCodeAt(0), 16_777_619) >>> 0;
    return min + (hash % Math.max(1, max - min + 1));
  }
}

/** Where `random_seed` is kept: no name of a parameter can be this. */
export const SEED = 'random seed';

/** @returns the name, and the value behind the sign */
export function definitionOf(row: Row): { name: string; value: Row } | undefined {
  const [whole, name] = DEFINITION.exec(row.text) ?? [];
  return whole === undefined ? undefined : { name, value: row.slice(whole.length).trimmed() };
}
