/** Names of files with wildcards, as `include` takes them (glob(7), and brace expressions as csh has them). */
import { dirname, isAbsolute, join } from 'node:path';
import type { World } from './world.js';

/** Bound on what braces and wildcards may stand for. */
const MAX_PATHS = 4096;
const MAX_STARS = 6;

export interface Globbed {
  readonly paths: string[];
  /** Expansions of the braces, each without what it matched. */
  readonly unmatched: string[];
  readonly hasWildcards: boolean;
}

/** @param from the file that names the pattern; relative patterns are relative to its directory */
export function glob(pattern: string, from: string, world: World): Globbed {
  const patterns = braces(pattern);
  const found = patterns.map((each) => {
    const path = isAbsolute(each) ? each : join(dirname(from), each);
    return { each, paths: isWild(path) ? matching(path, world) : world.read(path) === undefined ? [] : [path] };
  });
  return {
    paths: found.flatMap(({ paths }) => paths).slice(0, MAX_PATHS),
    unmatched: found.filter(({ paths }) => paths.length === 0).map(({ each }) => each),
    hasWildcards: patterns.some(isWild),
  };
}

function isWild(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** `a{b,c}` is `ab` and `ac`; braces may hold braces. */
function braces(pattern: string): string[] {
  let done: string[] = [];
  let open = [pattern];
  while (open.length > 0 && open.length + done.length < MAX_PATHS) {
    const next: string[] = [];
    for (const text of open) {
      const [whole, inner] = /\{([^{}]*)\}/.exec(text) ?? [];
      if (whole === undefined) done.push(text);
      else next.push(...inner.split(',').map((part) => text.replace(whole, () => part)));
    }
    open = next;
  }
  done = [...new Set(done)];
  return done;
}

function matching(path: string, world: World): string[] {
  const parts = path.split('/');
  let found = [parts[0] === '' ? '/' : ''];
  for (const part of parts.filter((each) => each !== '')) {
    const step = (base: string) => (isWild(part) ? world.list(base || '.').filter((name) => fits(name, part)) : [part]);
    found = found.flatMap((base) => step(base).map((name) => join(base, name))).slice(0, MAX_PATHS);
  }
  return found.filter((each) => world.read(each) !== undefined).sort();
}

function fits(name: string, part: string): boolean {
  if (name.startsWith('.') && !part.startsWith('.')) return false;
  // More would take a regular expression for ever, and no name has so many parts.
  if ((part.match(/\*+/g)?.length ?? 0) > MAX_STARS) return false;
  const pattern = part.replace(/\[!?[^\]]*\]|\*+|\?|[\\^$.|+()[\]{}]/g, (token) => {
    if (token.startsWith('*')) return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1) return token.replace('[!', '[^').replace(/\\/g, '\\\\');
    return `\\${token}`;
  });
  return testsSafely(pattern, name);
}

/** A class such as `[z-a]` is none: then nothing fits. */
function testsSafely(pattern: string, name: string): boolean {
  try {
    return new RegExp(`^${pattern}$`).test(name);
  } catch {
    return false;
  }
}
