/**
 * What happens to the lines of a keepalived.conf before they mean anything: comments, `include`, `@host` lines,
 * parameters, sequences. Everything is bounded: a small file can ask for endless work.
 */
import type { Diagnostics } from '../diagnostics.js';
import type { Source } from '../haproxy/preprocess.js';
import { didYouMean } from '../suggest.js';
import { glob } from './glob.js';
import { definitionOf, Parameters, SEED } from './parameters.js';
import { commentAt, Row } from './rows.js';
import { type Turns, turnsOf } from './sequences.js';
import type { World } from './world.js';

/** Lines after everything is written out. A host with 255 routers on each of 20 networks needs half of them. */
const MAX_ROWS = 100_000;
/** Files within files, and definitions within definitions. */
const MAX_DEPTH = 24;
/** All files together: two that include each other by wildcards are many. */
const MAX_FILES = 1000;

const CHECKS = ['readable', 'match', 'wildcard_match', 'brace_match'] as const;
type Check = (typeof CHECKS)[number];

const INCLUDES: { readonly [keyword: string]: readonly Check[] } = {
  include: [],
  includer: ['readable'],
  includem: ['readable', 'match'],
  includew: ['readable', 'wildcard_match'],
  includeb: ['readable', 'brace_match'],
  includea: CHECKS,
};

export interface Preprocessed {
  readonly rows: Row[];
  /** Files that were included, in the order they were read. */
  readonly included: string[];
  /** Complains about a parameter that nobody has defined. */
  readonly unknownParameter: (name: string, row: Row, from: number, to: number) => void;
}

/** Reads the files as one stream; parameters live on from one to the next. */
export function preprocess(sources: readonly Source[], diag: Diagnostics, world: World): Preprocessed {
  const reader = new Preprocessor(diag, world);
  for (const { file, text } of sources) reader.file(file, text, []);
  return reader.result;
}

class Preprocessor {
  readonly result: Preprocessed;
  private readonly parameters: Parameters;
  private checks: ReadonlySet<Check> = new Set();
  private steps = 0;

  constructor(
    private readonly diag: Diagnostics,
    private readonly world: World,
  ) {
    const parameters = new Parameters(diag, world.instance);
    this.parameters = parameters;
    this.result = { rows: [], included: [], unknownParameter: (...at) => parameters.complainUnknown(...at) };
  }

  file(file: string, text: string, within: readonly string[]): void {
    const before = this.checks;
    const lines = text.split('\n').map((line, i) => {
      const row = Row.of(line.replace(/\r$/, ''), file, i + 1);
      return row.slice(0, commentAt(row.text)).trimmed();
    });
    for (let i = 0; i < lines.length && !this.isFull; i++) {
      const rows = [lines[i]];
      while (rows.at(-1)!.text.endsWith('\\') && i + 1 < lines.length) rows.push(lines[++i]);
      this.logical(rows, [...within, file]);
    }
    this.checks = before;
  }

  private get isFull(): boolean {
    return this.steps > MAX_ROWS;
  }

  /** One line, or lines that end in `\`: a definition of several lines, or one line that goes on. */
  private logical(rows: readonly Row[], within: readonly string[]): void {
    const bare = rows.map((row) => (row.text.endsWith('\\') ? row.slice(0, row.text.length - 1).trimmed() : row));
    const first = this.chosen(bare[0]);
    if (first === undefined) return;
    const definition = definitionOf(first);
    if (rows.length > 1 && definition?.value.text === '') {
      this.parameters.set(definition.name, bare.slice(1));
      return;
    }
    if (rows.length === 1) {
      this.row(first, within, 0);
      return;
    }
    const gap = (row: Row) => row.standIn(' ', 0, 1);
    this.row(Row.joined([first, ...bare.slice(1).flatMap((row) => [gap(row), row])]), within, 0);
  }

  private row(written: Row, within: readonly string[], depth: number): void {
    const row = this.chosen(written);
    if (row === undefined || !this.hasRoom(row) || row.text === '') return;
    const [keyword] = row.text.split(/\s/, 1);
    const definition = definitionOf(row);
    if (Object.hasOwn(INCLUDES, keyword)) this.include(row, keyword, within);
    else if (definition !== undefined) this.parameters.set(definition.name, [definition.value]);
    else if (row.text.startsWith('~')) this.sequence(row, within, depth);
    else this.plain(row, within, depth);
  }

  private plain(row: Row, within: readonly string[], depth: number): void {
    const found = this.parameters.substituted(row);
    if (depth > MAX_DEPTH) this.complain(row, 'parameter-loop', 'a parameter here stands for itself');
    else if (found.length > 1) for (const each of found) this.row(each, within, depth + 1);
    else if (found.length === 1) this.substituted(found[0], row, within, depth);
  }

  /** What a parameter held may be a conditional or a sequence again. */
  private substituted(row: Row, before: Row, within: readonly string[], depth: number): void {
    const isNew = row !== before && /^(@|~(SEQ|LST))/.test(row.text);
    if (isNew) this.row(row, within, depth + 1);
    else this.emit(row.trimmed());
  }

  private emit(row: Row): void {
    const [keyword, ...words] = row.text.split(/\s+/);
    if (keyword === 'include_check') this.setChecks(words);
    if (keyword === 'random_seed' && words.length > 0) this.parameters.set(SEED, [row.standIn(words[0], 0, 1)]);
    if (row.text !== '') this.result.rows.push(row);
  }

  /** `@main …` and `@^main …`: the rest of the line, where it is meant for this host. */
  private chosen(row: Row): Row | undefined {
    const [whole, not, name] = /^@(\^?)(\S*)\s*/.exec(row.text) ?? [];
    if (whole === undefined) return row;
    if (name === '') {
      this.diag.error('bad-condition', row.locate(0, 1), "'@' without a name", "write '@HOST …' or '@^HOST …'");
      return undefined;
    }
    return (name === this.world.instance) === (not === '') ? row.slice(whole.length) : undefined;
  }

  private sequence(row: Row, within: readonly string[], depth: number): void {
    const close = row.text.indexOf(')');
    const head = close < 0 ? row : this.parameters.substituted(row.slice(0, close + 1))[0];
    const turns = head && turnsOf(head.text);
    if (turns === undefined) return;
    if (!turns.ok) this.complain(row, 'bad-sequence', turns.message, turns.remedy);
    else if (depth > MAX_DEPTH) this.complain(row, 'bad-sequence', 'too many sequences within each other');
    else this.turn(turns.value, row.slice(0, close + 1), row.slice(close + 1).trimmed(), within, depth);
  }

  private turn({ names, values }: Turns, head: Row, rest: Row, within: readonly string[], depth: number): void {
    for (const each of values) {
      if (this.isFull) return;
      names.forEach((name, i) => {
        this.parameters.set(name, [head.standIn(each[i], 0, head.text.length)]);
      });
      this.row(rest, within, depth + 1);
    }
  }

  private include(row: Row, keyword: string, within: readonly string[]): void {
    const place = row.slice(keyword.length).trimmed();
    const pattern = place.text.replace(/^(["'])(.*)\1$/, '$2');
    if (pattern === '') {
      this.complain(row, 'missing-value', `'${keyword}' without a file`, 'write the path behind it');
      return;
    }
    const { paths, unmatched, hasWildcards } = glob(pattern, row.locate(0, 1).file, this.world);
    const isMissing = paths.length === 0;
    if (isMissing || unmatched.length > 0) this.complainMissing(keyword, place, unmatched, isMissing, hasWildcards);
    for (const path of paths) this.includePath(path, place, within);
  }

  private includePath(path: string, place: Row, within: readonly string[]): void {
    const isLoop = within.includes(path) || within.length > MAX_DEPTH;
    if (isLoop) {
      this.complain(place, 'include-loop', `${path} is being read already: it includes itself`, 'break the circle');
      return;
    }
    if (this.result.included.length >= MAX_FILES) return;
    const text = this.world.read(path)!;
    this.diag.addSource(path, text);
    this.result.included.push(path);
    this.file(path, text, within);
    if (this.result.included.length === MAX_FILES)
      this.complain(place, 'too-large', `more than ${MAX_FILES} files are included`, 'include fewer');
  }

  private complainMissing(keyword: string, row: Row, unmatched: string[], isAll: boolean, isWild: boolean): void {
    const checks = new Set([...this.checks, ...INCLUDES[keyword]]);
    const isWrong =
      (isAll && !isWild && (checks.has('match') || checks.has('readable'))) ||
      (isAll && isWild && checks.has('wildcard_match')) ||
      (!isAll && checks.has('brace_match'));
    if (!isAll && !checks.has('brace_match')) return;
    const message = `no file that can be read is '${unmatched.join("', '")}'`;
    const remedy = 'write the path of a file, or leave the line out';
    const at = row.locate(0, row.text.length);
    if (isWrong) this.diag.error('include-missing', at, message, remedy);
    else if (!isWild) this.diag.warning('include-missing', at, message, remedy);
  }

  private setChecks(words: readonly string[]): void {
    const names = new Set<Check>(words.some((word) => /^[+-]/.test(word)) ? this.checks : []);
    for (const word of words) {
      const name = CHECKS.find((check) => check === word.replace(/^[+-]/, ''));
      if (name === undefined) continue;
      if (word.startsWith('-')) names.delete(name);
      else names.add(name);
    }
    this.checks = words.length === 0 ? new Set(CHECKS) : names;
  }

  private hasRoom(row: Row): boolean {
    this.steps++;
    if (this.steps === MAX_ROWS + 1)
      this.complain(row, 'too-large', `the configuration is longer than ${MAX_ROWS} lines once it is written out`);
    return !this.isFull;
  }

  private complain(row: Row, code: string, message: string, remedy?: string): void {
    this.diag.error(code, row.locate(0, row.text.length), message, remedy);
  }
}

/** Options of `include_check`, for the keyword that reads them. */
export function unknownCheck(word: string): string | undefined {
  const plain = word.replace(/^[+-]/, '');
  return CHECKS.some((check) => check === plain) ? undefined : didYouMean(plain, CHECKS, `write ${CHECKS.join(', ')}`);
}
