/** The text of xinetd.conf(5): services with attributes, each word with its place. What it means is for the reader. */
import type { Diagnostics, Loc } from '../diagnostics.js';

export interface Word {
  readonly text: string;
  readonly loc: Loc;
}

export interface Attribute {
  readonly name: string;
  readonly operator: '=' | '+=' | '-=';
  readonly values: readonly Word[];
  readonly loc: Loc;
}

export interface Entry {
  /** `defaults` has no service name. */
  readonly service: string | null;
  readonly loc: Loc;
  readonly attributes: Attribute[];
}

export interface XinetdFile {
  readonly entries: Entry[];
  /** `include` and `includedir` lines. */
  readonly includes: { readonly isDirectory: boolean; readonly path: Word }[];
}

export function parseXinetd(file: string, text: string, diag: Diagnostics): XinetdFile {
  const parser = new Parser(file, diag);
  text.split('\n').forEach((line, i) => {
    parser.line(line.replace(/\r$/, ''), i + 1);
  });
  parser.end();
  return parser.result;
}

class Parser {
  readonly result: XinetdFile = { entries: [], includes: [] };
  private entry: Entry | null = null;
  private isOpen = false;

  constructor(
    private readonly file: string,
    private readonly diag: Diagnostics,
  ) {}

  line(line: string, number: number): void {
    const words = this.wordsOf(line, number);
    if (words.length === 0 || words[0].text.startsWith('#')) return;
    if (this.entry === null) this.outside(words);
    else if (!this.isOpen) this.brace(words);
    else if (words[0].text === '}') this.close();
    else this.attribute(line, number);
  }

  end(): void {
    if (this.entry === null) return;
    this.diag.error('xinetd-syntax', this.entry.loc, 'this entry is not closed', "write '}' below its attributes");
  }

  private outside(words: readonly Word[]): void {
    const [first, second, third] = words;
    if (first.text === 'include' || first.text === 'includedir') {
      if (second) this.result.includes.push({ isDirectory: first.text === 'includedir', path: second });
      else this.diag.error('xinetd-syntax', first.loc, `'${first.text}' without a path`, 'write the path behind it');
      return;
    }
    const isDefaults = first.text === 'defaults';
    if (!isDefaults && (first.text !== 'service' || second === undefined || second.text === '{')) {
      this.diag.error('xinetd-syntax', first.loc, `'${first.text}' begins no entry`, "write 'service NAME', then '{'");
      return;
    }
    this.entry = { service: isDefaults ? null : second.text, loc: isDefaults ? first.loc : second.loc, attributes: [] };
    this.isOpen = (isDefaults ? second : third)?.text === '{';
  }

  private brace(words: readonly Word[]): void {
    this.isOpen = true;
    if (words[0].text === '{') return;
    this.diag.error(
      'xinetd-syntax',
      words[0].loc,
      "'{' is missing in front of the attributes",
      "write '{' on its own line",
    );
  }

  private close(): void {
    this.result.entries.push(this.entry!);
    this.entry = null;
    this.isOpen = false;
  }

  private attribute(line: string, number: number): void {
    const [, before, name, gap, operator, rest] = /^(\s*)([\w-]+)(\s*)(\+=|-=|=)(.*)$/.exec(line) ?? [];
    const loc = this.locOf(number, line.search(/\S/), line.trim().length);
    if (name === undefined) {
      this.diag.error('xinetd-syntax', loc, `no attribute: '${line.trim()}'`, "write 'NAME = VALUE'");
      return;
    }
    const valuesAt = before.length + name.length + gap.length + operator.length;
    this.entry!.attributes.push({
      name,
      operator: operator as Attribute['operator'],
      values: this.wordsOf(rest, number, valuesAt),
      loc: this.locOf(number, before.length, name.length),
    });
  }

  private wordsOf(text: string, number: number, offset = 0): Word[] {
    return [...text.matchAll(/\S+/g)].map((found) => ({
      text: found[0],
      loc: this.locOf(number, offset + found.index, found[0].length),
    }));
  }

  private locOf(line: number, index: number, len: number): Loc {
    return { file: this.file, line, col: index + 1, len: Math.max(1, len) };
  }
}
