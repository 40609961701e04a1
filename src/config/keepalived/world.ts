/** What reading a keepalived.conf asks of the machine: other files, and its name. Tests hand in their own. */
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface World {
  /** @returns undefined for what cannot be read */
  read(path: string): string | undefined;
  /** Names in a directory; none where it cannot be read. */
  list(path: string): string[];
  /** What `@NAME` lines and `${_INSTANCE}` refer to. */
  readonly instance: string;
}

/** @param instance as with keepalived's `-i`; the first part of the host's name where it is not said */
export function realWorld(instance?: string): World {
  return {
    read: (path) => attempt(() => readFileSync(path, 'utf8')),
    list: (path) => attempt(() => readdirSync(path)) ?? [],
    instance: instance ?? hostname().split('.')[0],
  };
}

/** What cannot be read is as good as not there; whoever asks says so with a place. */
function attempt<T>(of: () => T): T | undefined {
  try {
    return of();
  } catch {
    return undefined;
  }
}
