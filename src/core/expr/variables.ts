/** Variables of rules (`set-var`, `var()`): a small map, made when the first one is set. */
import type { Value } from './values.js';

/** Where a variable lives, the part of its name before the dot (manual §2.8). */
export type Scope = 'proc' | 'sess' | 'txn' | 'req' | 'res' | 'check';

/** `scope.name` of letters, digits, dots and underscores (manual §7.3.1, `set-var`). */
export function isVariableName(text: string): boolean {
  return /^(proc|sess|txn|req|res|check)\.[A-Za-z0-9_.]+$/.test(text);
}

export class Variables {
  private values: Map<string, Value> | null = null;

  get(name: string): Value | undefined {
    return this.values?.get(name);
  }

  set(name: string, value: Value): void {
    this.values ??= new Map();
    this.values.set(name, value);
  }

  unset(name: string): void {
    this.values?.delete(name);
  }

  /** @param scope only names of this scope go; all without it */
  clear(scope?: Scope): void {
    if (this.values === null) return;
    if (scope === undefined) this.values = null;
    else for (const name of this.values.keys()) if (name.startsWith(`${scope}.`)) this.values.delete(name);
  }
}
