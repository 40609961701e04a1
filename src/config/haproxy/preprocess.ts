/**
 * The files as one stream of lines: cuts each into words, follows `.if`/`.elif`/`.else`/`.endif`, and answers
 * `.notice`/`.warning`/`.alert`/`.diag` (manual §2.4). Sections come after this and see only the lines that count.
 */
import type { Diagnostics, Loc } from '../diagnostics.js';
import { didYouMean } from '../suggest.js';
import { Line } from './line.js';
import { evaluatePredicate, type PredicateContext } from './predicates.js';
import { splitWords, type Word } from './words.js';

export interface Source {
  file: string;
  text: string;
}

/** What stands behind the stream: it is told of every line, and names its section for `${.SECTION}`. */
export interface LineConsumer {
  line(line: Line): void;
  /** `# fairlead: WORD …`: a comment to HAProxy, a setting to us. The line begins with WORD. */
  pragma(line: Line): void;
  sectionName(): string;
  endOfFile(): void;
}

interface Block {
  loc: Loc;
  /** `taking`: lines count; `seeking`: no branch was true yet; `done`: a branch was true, or an outer block is off. */
  state: 'taking' | 'seeking' | 'done';
  sawElse: boolean;
}

const DIRECTIVES = ['.if', '.elif', '.else', '.endif', '.diag', '.notice', '.warning', '.alert'];

/** What is for us alone stands behind this, so that HAProxy passes over it. */
const PRAGMA = /^[ \t]*#[ \t]*fairlead:/;

/** Nested blocks HAProxy accepts. */
const MAX_NESTING = 50;

/** Reads one file to its end. Blocks cannot span files. */
export function preprocess(source: Source, diag: Diagnostics, ctx: PredicateContext, consumer: LineConsumer): void {
  diag.addSource(source.file, source.text);
  const lines = source.text.split('\n');
  const last = lines.pop() ?? '';
  const file = new FileReader(source.file, diag, ctx, consumer);
  lines.forEach((text, i) => {
    file.read(text, i + 1);
  });
  if (last !== '') file.readUnterminated(last, lines.length + 1);
  file.end();
}

class FileReader {
  private readonly blocks: Block[] = [];

  constructor(
    private readonly file: string,
    private readonly diag: Diagnostics,
    private readonly ctx: PredicateContext,
    private readonly consumer: LineConsumer,
  ) {}

  read(text: string, number: number): void {
    const [mark] = PRAGMA.exec(text) ?? [''];
    const words = this.split(text.slice(mark.length), number, 1 + mark.length);
    if (words.length === 0 || words[0].text === '') return;
    if (mark !== '') this.pragma(words);
    else if (words[0].text.startsWith('.')) this.directive(words);
    else if (this.isTaking()) this.consumer.line(new Line(words, this.diag));
  }

  /** No words after a complaint. */
  private split(text: string, line: number, col: number): Word[] {
    const words = splitWords(text, { file: this.file, line, col }, (name) => this.lookup(name, line));
    if (Array.isArray(words)) return words;
    this.diag.error(words.code, words.loc, words.message, words.remedy);
    return [];
  }

  private pragma(words: Word[]): void {
    if (this.isTaking()) this.consumer.pragma(new Line(words, this.diag));
  }

  readUnterminated(text: string, number: number): void {
    this.read(text, number);
    const loc = { file: this.file, line: number, col: Math.max(1, text.length), len: 1 };
    this.diag.error(
      'missing-newline',
      loc,
      'the last line has no line feed, the file may have been cut off',
      'end it with a line feed',
    );
  }

  end(): void {
    for (const block of this.blocks)
      this.diag.error('open-block', block.loc, "'.if' without '.endif'", "close it with '.endif'");
    this.consumer.endOfFile();
  }

  private lookup(name: string, line: number): string | undefined {
    if (name === '.FILE') return this.file;
    if (name === '.LINE') return String(line);
    if (name === '.SECTION') return this.consumer.sectionName();
    return this.ctx.env[name];
  }

  private isTaking(): boolean {
    return this.blocks.every((block) => block.state === 'taking');
  }

  private directive(words: Word[]): void {
    const line = new Line(words, this.diag);
    switch (words[0].text) {
      case '.if':
        this.openBlock(line);
        return;
      case '.elif':
      case '.else':
      case '.endif':
        this.continueBlock(line);
        return;
      case '.diag':
      case '.notice':
      case '.warning':
      case '.alert':
        this.message(line);
        return;
      default:
        line.error(
          'unknown-keyword',
          0,
          `unknown directive '${line.text(0)}'`,
          didYouMean(line.text(0), DIRECTIVES, `write one of ${DIRECTIVES.join(', ')}`),
        );
        return;
    }
  }

  private openBlock(line: Line): void {
    if (this.blocks.length >= MAX_NESTING) {
      line.error('open-block', 0, `more than ${MAX_NESTING} nested '.if'`, 'nest less');
      return;
    }
    const isOn = this.isTaking();
    const state = !isOn ? 'done' : this.condition(line) ? 'taking' : 'seeking';
    this.blocks.push({ loc: line.whole, state, sawElse: false });
  }

  private continueBlock(line: Line): void {
    const word = line.text(0);
    const block = this.blocks.at(-1);
    if (!block) {
      line.error('lone-directive', 0, `'${word}' without '.if'`, "open the block with '.if'");
      return;
    }
    if (word === '.endif') {
      this.blocks.pop();
      line.noMore(1);
      return;
    }
    if (block.sawElse) {
      line.error('lone-directive', 0, `'${word}' after '.else'`, "close the block with '.endif' first");
      return;
    }
    block.sawElse = word === '.else';
    this.nextBranch(block, line, word);
  }

  private nextBranch(block: Block, line: Line, word: string): void {
    if (word === '.else') line.noMore(1);
    if (block.state !== 'seeking') block.state = 'done';
    else if (word === '.else' || this.condition(line)) block.state = 'taking';
  }

  private condition(line: Line): boolean {
    const text = line.words.slice(1).map((w) => w.text);
    return line.parsed(1, evaluatePredicate(text.join(' '), this.ctx), 'bad-condition') ?? false;
  }

  private message(line: Line): void {
    if (!this.isTaking()) return;
    if (line.has(2)) {
      line.error('extra-argument', 2, `unexpected '${line.text(2)}'`, 'put the message into quotes');
      return;
    }
    const severity = { '.alert': 'error', '.warning': 'warning', '.notice': 'notice' } as const;
    const kind = severity[line.text(0) as keyof typeof severity];
    // `.diag` speaks only in HAProxy's diagnostic mode (-dD), which does not exist here.
    if (kind) this.diag[kind]('message', line.whole, line.text(1));
  }
}
