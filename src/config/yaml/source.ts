/**
 * YAML text as plain data that remembers where every value stands. What is no YAML, and what YAML would silently
 * understand otherwise than the operator meant it, is complained about here; what the data means is for the codecs.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { Diagnostics, Loc } from '../diagnostics.js';
import { standsFor } from './keys.js';

/** Keys and indexes from the top of the file down to a value. */
export type Path = readonly (string | number)[];

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

interface Span {
  value: Loc;
  key?: Loc;
}

/** One parsed file: its data, and the place of each part of it. */
export class YamlSource {
  readonly data: Plain;
  private readonly spans = new Map<string, Span>();
  private readonly counter = new LineCounter();
  private readonly lines: string[];

  constructor(
    readonly file: string,
    text: string,
    readonly diag: Diagnostics,
  ) {
    this.lines = text.split('\n');
    const doc = parseDocument(text, { lineCounter: this.counter, prettyErrors: false, logLevel: 'silent' });
    for (const problem of firstOfEachLine([...doc.errors, ...doc.warnings], this.counter)) this.complain(problem);
    // After a broken structure nothing can be trusted: every further complaint would be a guess.
    if (doc.errors.some((problem) => problem.code !== 'DUPLICATE_KEY')) doc.contents = null;
    this.data = (doc.contents && this.convert(doc.contents, [], (alias) => alias.resolve(doc))) ?? null;
  }

  /** Whether nothing is written behind the key. */
  isEmpty(path: Path): boolean {
    return path.reduce<Plain>((at, key) => childOf(at, key), this.data) === null;
  }

  /** Place of a value, or of the nearest part of the file around it. */
  locate(path: Path): Loc {
    return this.span(path).value;
  }

  /** Place of a key, or of the value where it has none. */
  locateKey(path: Path): Loc {
    const span = this.span(path);
    return span.key ?? span.value;
  }

  /** The lines of a text and the place of each: a block (`|`) begins in the line after its mark. */
  rows(path: Path, text: string): { text: string; at: Loc }[] {
    const loc = this.locate(path);
    return text.split('\n').map((row, i) => {
      const source = this.lines[loc.line + i] ?? '';
      const isBlock = row.trim() !== '' && source.trim() === row.trim();
      const at = { ...loc, line: loc.line + 1 + i, col: source.indexOf(row) + 1, len: Math.max(1, row.length) };
      return { text: row, at: isBlock ? at : loc };
    });
  }

  /** The data without the value at `path`, so that the rest can be read. */
  static without(data: Plain, path: Path): void {
    const [parent, last] = [path.slice(0, -1), path[path.length - 1]];
    const holder = parent.reduce<Plain>((at, key) => childOf(at, key), data);
    if (Array.isArray(holder)) holder.splice(Number(last), 1);
    else if (isObject(holder) && hasKey(holder, last)) delete holder[rawKey(holder, String(last))];
    // A key that is missing takes the object that lacks it with it.
    else if (parent.length > 0) YamlSource.without(data, parent);
  }

  /** Whether the last key of the path is written. */
  has(path: Path): boolean {
    const holder = path.slice(0, -1).reduce<Plain>((at, key) => childOf(at, key), this.data);
    return !isObject(holder) || hasKey(holder, path[path.length - 1]);
  }

  private span(path: Path): Span {
    const [raw, at] = [[] as (string | number)[], { data: this.data }];
    for (const key of path) {
      const holder = at.data;
      raw.push(isObject(holder) ? rawKey(holder, String(key)) : Number(key));
      at.data = childOf(holder, key);
    }
    for (; raw.length > 0; raw.pop()) {
      const found = this.spans.get(JSON.stringify(raw));
      if (found) return found;
    }
    return this.spans.get('[]') ?? { value: { file: this.file, line: 1, col: 1, len: 1 } };
  }

  /** The value at `path`, or undefined after a complaint: then the key is as if not written. */
  private convert(node: unknown, path: Path, resolve: Resolve, key?: Loc): Plain | undefined {
    const [start, end] = (node as Node | null)?.range ?? [0, 0];
    // An empty value has no place of its own: its key stands for it.
    const value = end > start || !key ? this.loc(start, end) : key;
    this.spans.set(JSON.stringify(path), { value, key });
    if (isAlias(node)) return this.convertAlias(node, path, resolve, value, key);
    if (isMap(node)) return this.convertMap(node.items, path, resolve);
    if (isSeq(node)) return node.items.map((item, i) => this.convert(item, [...path, i], resolve) ?? null);
    return isScalar(node) ? scalarOf(node.value) : null;
  }

  private convertAlias(alias: Alias, path: Path, resolve: Resolve, loc: Loc, key?: Loc): Plain | undefined {
    const target = resolve(alias);
    const isTooBig = path.length > MAX_DEPTH || this.spans.size > MAX_VALUES;
    if (target !== undefined && !isTooBig) return this.convert(target, path, resolve, key);
    const message = isTooBig
      ? `too much hangs on the alias '*${alias.source}'`
      : `'*${alias.source}' without quotes is an alias to YAML`;
    this.diag.error('yaml-alias', loc, message, isTooBig ? 'write it out' : aliasRemedy(alias));
    return undefined;
  }

  private convertMap(items: Pair[], path: Path, resolve: Resolve): Plain {
    const entries = items.map(({ key, value }) => {
      const name = keyText(key);
      const [start, end] = (key as Node).range ?? [0, 0];
      const loc = this.loc(start, end);
      if (name !== '__proto__') return [name, this.convert(value, [...path, name], resolve, loc)];
      // JavaScript objects cannot hold it as data: said, so that nothing is skipped silently.
      this.diag.error('bad-name', loc, "'__proto__' cannot be a name here", 'choose another name');
      return [name, undefined];
    });
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  private complain(problem: YAMLError): void {
    const { message, remedy } = explain(problem);
    this.diag.error('yaml-syntax', this.loc(...problem.pos), message, remedy);
  }

  private loc(start: number, end: number): Loc {
    const { line, col } = this.counter.linePos(start);
    const next = this.counter.lineStarts[line] ?? Number.POSITIVE_INFINITY;
    const len = Math.max(1, Math.min(end, next - 1) - start);
    return { file: this.file, line, col, len };
  }
}

type Alias = Extract<Node, { source: string; resolve: unknown }>;
type Resolve = (alias: Alias) => unknown;

/** Aliases may hold aliases: a small file can stand for an endless one. These bound what is read. */
const MAX_DEPTH = 32;
const MAX_VALUES = 50_000;

/** An address is what people mean by a star in front. */
function aliasRemedy(alias: Alias): string {
  return alias.source.includes(':') ? `write '*${alias.source}' in quotes` : `set the anchor '&${alias.source}' above`;
}

export function isObject(value: Plain | undefined): value is { [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The key as written in the file for a canonical one. */
function rawKey(holder: { [key: string]: Plain }, key: string): string {
  if (Object.hasOwn(holder, key)) return key;
  return Object.keys(holder).find((raw) => standsFor(raw, key)) ?? key;
}

function hasKey(holder: { [key: string]: Plain }, key: string | number): boolean {
  return Object.hasOwn(holder, rawKey(holder, String(key)));
}

function childOf(holder: Plain, key: string | number): Plain {
  if (Array.isArray(holder)) return holder[Number(key)] ?? null;
  return isObject(holder) ? (holder[rawKey(holder, String(key))] ?? null) : null;
}

function scalarOf(value: unknown): Plain {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Plain;
  return String(value);
}

/** Keys are texts, as written: `1.0:` is not the key 1. */
function keyText(key: unknown): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key);
}

/** A broken line is complained about once. */
function firstOfEachLine(problems: YAMLError[], counter: LineCounter): YAMLError[] {
  const lineOf = (problem: YAMLError) => counter.linePos(problem.pos[0]).line;
  return problems.filter((problem, i) => problems.findIndex((other) => lineOf(other) === lineOf(problem)) === i);
}

function explain(problem: YAMLError): { message: string; remedy?: string } {
  if (problem.code === 'DUPLICATE_KEY') return { message: 'this key is written twice', remedy: 'keep one of the two' };
  if (problem.code === 'TAB_AS_INDENT')
    return { message: 'YAML does not allow tabs here', remedy: 'indent with spaces' };
  if (problem.code === 'BLOCK_AS_IMPLICIT_KEY')
    return { message: "a second ': ' on one line", remedy: 'put a text that contains it into quotes' };
  const [, open] = /^Flow (map|sequence) in block/.exec(problem.message) ?? [];
  if (open)
    return {
      message: `a '${open === 'map' ? '{' : '['}' above is not closed`,
      remedy: `write '${open === 'map' ? '}' : ']'}'`,
    };
  return { message: problem.message.replace(/\.$/, '') };
}
