/**
 * House rules that no linter knows: which room may import which (docs/architecture.md), and that the cores are pure.
 * Lengths of functions and files, and koffi's place, are in biome.json as well; koffi is here again because lint only
 * sees static imports.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** Facts about the model that are no reading of files: what a default is, what a listener is called. */
const MODEL = ['config/defaults', 'config/names', 'config/fullconn', 'config/route-tests'];

/** Room to what it may import besides itself: rooms, or files. `types` may be imported with `import type` only. */
const ROOMS: { readonly [room: string]: { readonly code: readonly string[]; readonly types?: readonly string[] } } = {
  core: { code: [], types: ['config'] },
  linux: { code: ['core'] },
  config: { code: ['core'] },
  control: { code: ['config', 'core'] },
  dataplane: { code: ['logs', 'linux', 'core', ...MODEL], types: ['config'] },
  checks: { code: ['linux', 'core', ...MODEL], types: ['config'] },
  agents: {
    code: ['checks/role', 'linux', 'core', 'config/secrets', 'config/agents/defaults', ...MODEL],
    types: ['config'],
  },
  vip: { code: ['linux', 'core', 'config/vip-defaults', ...MODEL], types: ['config'] },
  logs: { code: ['linux', 'core'], types: ['config'] },
  daemon: { code: ['config', 'control', 'dataplane', 'checks', 'agents', 'vip', 'logs', 'linux', 'core'] },
  cli: { code: ['daemon', 'config', 'control', 'dataplane', 'checks', 'agents', 'vip', 'logs', 'linux', 'core'] },
};

interface Import {
  readonly from: string;
  readonly isType: boolean;
  readonly line: number;
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .sort();

function read(path: string): string {
  return readFileSync(join(SRC, path), 'utf8');
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`. */
const IMPORT = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

function importsOf(path: string): Import[] {
  const text = read(path);
  return [...text.matchAll(IMPORT)].map((found) => ({
    from: found[2] ?? found[3],
    isType: found[1] !== undefined,
    line: text.slice(0, found.index).split('\n').length,
  }));
}

/** The text without comments and strings, line structure kept, so that a word in prose is no use of it. */
function codeOf(path: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  return read(path).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, blank);
}

function roomOf(path: string): string {
  return path.split('/')[0];
}

function violations(path: string): string[] {
  const room = roomOf(path);
  const rule = ROOMS[room];
  if (rule === undefined)
    return [`src/${path}: '${room}' is no room; add it to test/tidy.test.ts and the architecture`];
  const allowed = (to: string, isType: boolean) =>
    [room, ...rule.code, ...(isType ? (rule.types ?? []) : [])].some((one) => to === one || to.startsWith(`${one}/`));
  return importsOf(path)
    .filter((found) => found.from.startsWith('.'))
    .map((found) => ({ ...found, to: normalize(join(dirname(path), found.from)).replace(/\.js$/, '') }))
    .filter(({ to, isType }) => !allowed(to, isType))
    .map(({ to, line }) => `src/${path}:${line}: ${room} may not import ${to}; it may import: ${rule.code.join(', ')}`);
}

test('there is a program to check', () => assert.ok(sources.length > 0));

test('rooms import in one direction', () => assert.deepEqual(sources.flatMap(violations), []));

test('only src/linux imports koffi', () => {
  const found = sources.filter((path) => importsOf(path).some(({ from }) => from === 'koffi'));
  assert.deepEqual(
    found.filter((path) => roomOf(path) !== 'linux'),
    [],
  );
});

const IMPURE =
  /\b(Date\.now|new Date|Math\.random|performance\.now|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|await)\b/;

test('the cores are pure: no node modules, clock, randomness, timers or process', () => {
  const core = sources.filter((path) => roomOf(path) === 'core');
  const outside = core.flatMap((path) =>
    importsOf(path)
      .filter(({ from }) => !from.startsWith('.'))
      .map(({ from, line }) => `src/${path}:${line}: imports ${from}; take what it gives as a parameter`),
  );
  const impure = core.flatMap((path) =>
    codeOf(path)
      .split('\n')
      .flatMap((text, i) => {
        const found = IMPURE.exec(text);
        return found ? [`src/${path}:${i + 1}: ${found[1]}; take the time or the randomness as a parameter`] : [];
      }),
  );
  assert.deepEqual([...outside, ...impure], []);
});

test('nothing is left for later: no TODO, FIXME or skipped test', () => {
  const later = /\b(TODO|FIXME|XXX)\b/;
  const found = sources.flatMap((path) => {
    const line = read(path)
      .split('\n')
      .findIndex((text) => later.test(text));
    return line < 0 ? [] : [`src/${path}:${line + 1}`];
  });
  assert.deepEqual(found, []);
});
