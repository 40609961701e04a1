/**
 * One line of text into words (manual §2.2 and §2.3): quotes, escapes, comments, environment variables.
 * Every word keeps the place it came from; what the words mean is for the section readers.
 */
import type { Loc } from '../diagnostics.js';

export interface Word {
  readonly text: string;
  readonly loc: Loc;
}

/** What is wrong with a line that cannot be cut into words. */
export interface WordError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly loc: Loc;
}

/** Value of an environment or pseudo variable, undefined when it does not exist. */
export type Lookup = (name: string) => string | undefined;

/** HAProxy reads no more words than this from one line. */
const MAX_WORDS = 64;

const LETTER_ESCAPES: { [letter: string]: string } = { n: '\n', r: '\r', t: '\t' };

/**
 * @param at file and line of the text; `col` is the column of its first character
 * @returns the words, empty for a blank or comment line, or the first error
 */
export function splitWords(text: string, at: Pick<Loc, 'file' | 'line' | 'col'>, lookup: Lookup): Word[] | WordError {
  const splitter = new Splitter(text, at, lookup);
  return splitter.run();
}

class Splitter {
  private readonly words: Word[] = [];
  private pos = 0;
  private quote = '';
  private quoteStart = 0;
  /** The word being read: its text, and where it began (-1 between words). */
  private word = '';
  private start = -1;

  constructor(
    private readonly text: string,
    private readonly at: Pick<Loc, 'file' | 'line' | 'col'>,
    private readonly lookup: Lookup,
  ) {}

  run(): Word[] | WordError {
    while (this.pos < this.text.length) {
      const c = this.text[this.pos];
      if (this.quote === '' && c === '#') break;
      const error = this.step(c);
      if (error) return error;
      if (this.words.length > MAX_WORDS) return this.tooMany();
    }
    if (this.quote !== '')
      return this.error('unmatched-quote', this.quoteStart, 'unmatched quote', `close it with ${this.quote}`);
    this.endWord();
    return this.words.length > MAX_WORDS ? this.tooMany() : this.words;
  }

  private step(c: string): WordError | undefined {
    if (this.quote === "'") return c === "'" ? this.closeQuote() : this.take(c);
    if (c === '\\') return this.escape();
    if (this.quote === '"') return c === '"' ? this.closeQuote() : c === '$' ? this.variable() : this.take(c);
    if (c === ' ' || c === '\t' || c === '\r') return this.space();
    if (c === '"' || c === "'") return this.openQuote(c);
    return this.take(c);
  }

  private take(text: string, width = 1): undefined {
    if (this.start < 0) this.start = this.pos;
    this.word += text;
    this.pos += width;
  }

  private space(): undefined {
    this.endWord();
    this.pos++;
  }

  private openQuote(c: string): undefined {
    this.quoteStart = this.pos;
    this.take('');
    this.quote = c;
  }

  private closeQuote(): undefined {
    this.quote = '';
    this.pos++;
  }

  private endWord(): void {
    if (this.start < 0) return;
    this.words.push({ text: this.word, loc: this.locate(this.start, this.pos) });
    this.word = '';
    this.start = -1;
  }

  /** A backslash before anything that needs none stays as it is, as it does at the end of a line. */
  private escape(): WordError | undefined {
    const next = this.text[this.pos + 1];
    if (next === undefined) return this.take('\\');
    if (next === 'x') return this.hexEscape();
    const letter = LETTER_ESCAPES[next];
    if (letter !== undefined) return this.take(letter, 2);
    if (' \t#\\\'"$'.includes(next)) return this.take(next, 2);
    return this.take('\\');
  }

  private hexEscape(): WordError | undefined {
    const [, hex] = /^\\x([0-9a-fA-F]{2})/.exec(this.text.slice(this.pos, this.pos + 4)) ?? [];
    if (hex) return this.take(String.fromCharCode(Number.parseInt(hex, 16)), 4);
    return this.error(
      'bad-escape',
      this.pos,
      "'\\x' needs two hexadecimal digits",
      "write '\\x0a', or '\\\\x' for the text itself",
    );
  }

  /** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`: only inside double quotes. */
  private variable(): WordError | undefined {
    const rest = this.text.slice(this.pos);
    const [plain, name] = /^\$([A-Za-z_.][A-Za-z0-9_]*)/.exec(rest) ?? [];
    if (plain !== undefined) return this.insert(this.lookup(name) ?? '', plain.length);
    const [braced, inner, list, , otherwise] = /^\$\{([A-Za-z_.][A-Za-z0-9_]*)(\[\*\])?(-([^}]*))?\}/.exec(rest) ?? [];
    if (braced === undefined) return this.badVariable(rest);
    const value = this.lookup(inner) ?? otherwise ?? '';
    return list ? this.insertList(value, braced.length) : this.insert(value, braced.length);
  }

  private insert(value: string, width: number): undefined {
    this.take(value, width);
  }

  private insertList(value: string, width: number): undefined {
    const [first = '', ...others] = value.split(/[ \t]+/).filter((part) => part !== '');
    this.take(first, width);
    for (const other of others) {
      this.endWord();
      this.start = this.pos - width;
      this.word = other;
    }
  }

  private badVariable(rest: string): WordError {
    const message = /^\$\{[A-Za-z_.]/.test(rest)
      ? 'the braces of a variable are not closed'
      : 'a variable needs a name here';
    return this.error('bad-variable', this.pos, message, `write "\${NAME}", or "\\$" for a dollar`);
  }

  private tooMany(): WordError {
    return {
      code: 'too-many-words',
      message: `more than ${MAX_WORDS} words`,
      remedy: 'split the line',
      loc: this.words[MAX_WORDS].loc,
    };
  }

  private error(code: string, from: number, message: string, remedy: string): WordError {
    return { code, message, remedy, loc: this.locate(from, from + 1) };
  }

  private locate(from: number, to: number): Loc {
    return { file: this.at.file, line: this.at.line, col: this.at.col + from, len: Math.max(1, to - from) };
  }
}
