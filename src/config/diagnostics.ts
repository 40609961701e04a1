/**
 * What an operator wrote and we answer: located complaints. Readers collect them all in one pass; nobody throws.
 * Rendering (snippet, caret) is here too, so that every language and every command prints alike.
 */

/** Where a value stands: 1-based line and column, `len` characters long. */
export interface Loc {
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly len: number;
}

export type Severity = 'error' | 'warning' | 'notice';

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable identifier, kebab-case: `unknown-keyword`, `check-port-unset`. Tests and scripts match on it. */
  readonly code: string;
  /** What is wrong, without the remedy and without a full stop. */
  readonly message: string;
  /** What to write instead; absent only where the message already says it. */
  readonly remedy?: string;
  readonly loc?: Loc;
}

/** Collects diagnostics and remembers the text of the files, for the snippets. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  private readonly lines = new Map<string, string[]>();
  private readonly hidden: Loc[] = [];
  /** Place, code and message of what is in the list: a file can have thousands of faults. */
  private readonly said = new Set<string>();

  /** Makes the text of a file known, so that `render` can quote the line. */
  addSource(file: string, text: string): void {
    this.lines.set(file, text.split('\n'));
  }

  /** A secret stands there: no quoted line shows it. */
  hide(loc: Loc): void {
    this.hidden.push(loc);
  }

  error(code: string, loc: Loc | undefined, message: string, remedy?: string): void {
    this.add({ severity: 'error', code, loc, message, remedy });
  }

  warning(code: string, loc: Loc | undefined, message: string, remedy?: string): void {
    this.add({ severity: 'warning', code, loc, message, remedy });
  }

  notice(code: string, loc: Loc | undefined, message: string, remedy?: string): void {
    this.add({ severity: 'notice', code, loc, message, remedy });
  }

  /** One block of a file may be read for several proxies: what is wrong with it is said once. */
  private add(entry: Diagnostic): void {
    const { loc, code, message } = entry;
    const key = loc && `${loc.line}:${loc.col}:${code}:${message}:${loc.file}`;
    if (key !== undefined && this.said.has(key)) return;
    if (key !== undefined) this.said.add(key);
    this.list.push(entry);
  }

  get hasErrors(): boolean {
    return this.list.some((d) => d.severity === 'error');
  }

  /** `file:line:col: severity: message; remedy` and the quoted line with a caret run below it. */
  render(d: Diagnostic): string {
    const text = d.remedy ? `${d.message}; ${d.remedy}` : d.message;
    if (!d.loc) return `${d.severity}: ${text}`;
    const { file, line, col, len } = d.loc;
    const head = `${file}:${line}:${col}: ${d.severity}: ${text}`;
    const written = this.lines.get(file)?.[line - 1];
    if (written === undefined) return head;
    const places = this.hidden.filter((each) => each.file === file && each.line === line);
    const source = masked(places.reduce(withoutPlace, written));
    const gutter = String(line).padStart(5);
    const pad = source.slice(0, col - 1).replace(/[^\t]/g, ' ');
    return `${head}\n${gutter} | ${source}\n      | ${pad}${'^'.repeat(Math.max(1, len))}`;
  }

  /** In file and line order. */
  get sorted(): Diagnostic[] {
    return [...this.list].sort(
      (a, b) =>
        (a.loc?.file ?? '').localeCompare(b.loc?.file ?? '') ||
        (a.loc?.line ?? 0) - (b.loc?.line ?? 0) ||
        (a.loc?.col ?? 0) - (b.loc?.col ?? 0),
    );
  }

  /** All diagnostics in file and line order, one per paragraph. */
  renderAll(): string {
    return this.sorted.map((d) => this.render(d)).join('\n');
  }
}

/** Words behind which a secret stands, and its text unless that names a place. */
const SECRET = /(?<![a-z])((?:pass\w*|secret|token)["']?\s*[:=]\s*)(?!\{)("[^"]*"?|'[^']*'?|[^\s"',}]+)/gi;

function withoutPlace(line: string, { col, len }: Loc): string {
  return line.slice(0, col - 1) + '*'.repeat(Math.min(len, line.length - col + 1)) + line.slice(col - 1 + len);
}

/** A quoted line without the secrets in it; nothing moves, so carets stay right. */
function masked(line: string): string {
  return line.replace(SECRET, (_, before: string, secret: string) => before + '*'.repeat(secret.length));
}
