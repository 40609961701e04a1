/**
 * Files of patterns (`-f`) and maps (`map(FILE)`): their entries by name, as read at load and as rules and the runtime
 * commands change them. What was compiled with a file sees every change.
 */
import { bytesOf } from './bytes-of.js';

export interface PatternEntry {
  readonly key: string;
  value: string;
}

export class PatternFile {
  private entries: PatternEntry[] = [];
  private readonly byKey = new Map<string, PatternEntry[]>();
  /** Rises with every change; indexes made of the entries are made anew then. */
  version = 0;

  constructor(readonly name: string) {}

  get all(): readonly PatternEntry[] {
    return this.entries;
  }

  /** The first entry of this very key. */
  get(key: string): PatternEntry | undefined {
    return this.byKey.get(key)?.[0];
  }

  add(key: string, value: string): void {
    const entry = { key, value };
    this.entries.push(entry);
    const same = this.byKey.get(key);
    if (same === undefined) this.byKey.set(key, [entry]);
    else same.push(entry);
    this.version++;
  }

  /** `set map`: the value of every entry of the key. @returns false where there is none */
  set(key: string, value: string): boolean {
    const same = this.byKey.get(key);
    if (same === undefined) return false;
    for (const entry of same) entry.value = value;
    this.version++;
    return true;
  }

  /** @returns false where there is no entry of the key */
  delete(key: string): boolean {
    if (!this.byKey.delete(key)) return false;
    this.entries = this.entries.filter((entry) => entry.key !== key);
    this.version++;
    return true;
  }

  clear(): void {
    this.entries = [];
    this.byKey.clear();
    this.version++;
  }
}

export class PatternFiles {
  private readonly files = new Map<string, PatternFile>();

  /** A file that was not loaded is empty. */
  get(name: string): PatternFile {
    let file = this.files.get(name);
    if (file === undefined) {
      file = new PatternFile(name);
      this.files.set(name, file);
    }
    return file;
  }

  names(): IterableIterator<string> {
    return this.files.keys();
  }

  /**
   * Lines as the manual describes them (§7.1.1, `map`): empty ones and those that begin with `#` are left out.
   * @param isMap the first word is the key, what follows its value
   */
  load(name: string, text: string, isMap: boolean): void {
    const file = this.get(name);
    file.clear();
    for (const line of bytesOf(text).split('\n')) {
      const body = line.replace(/^[ \t]+/, '').replace(/[ \t\r]+$/, '');
      if (body === '' || line.startsWith('#')) continue;
      const [key] = isMap ? (/^[^ \t]+/.exec(body) ?? [body]) : [body];
      file.add(key, isMap ? body.slice(key.length).replace(/^[ \t]+/, '') : '');
    }
  }
}
