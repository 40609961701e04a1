/** Whatever stands in a fairlead.yaml: no exception, and every complaint names a place in the file. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../../src/config/load.js';

const DIRECTORY = new URL('../../../../test/config/yaml/', import.meta.url);
const corpus = ['same', 'golden'].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, DIRECTORY)).map((name) => {
    const text = readFileSync(new URL(`${folder}/${name}`, DIRECTORY), 'utf8');
    return text.split(/^--- .*\n/m)[0];
  }),
);
const KEYS = [
  'services',
  'check',
  'servers',
  'bind',
  'timeouts',
  'steps',
  'expect',
  'tune',
  'haproxy',
  '__proto__',
  'constructor',
  '<<',
];

function assertSurvives(text: string): void {
  const { diagnostics } = loadConfig(['-'], { stdin: () => text, env: {} });
  const lines = text.split('\n').length;
  for (const d of diagnostics.list) assert.ok(d.loc && d.loc.line >= 1 && d.loc.line <= lines, diagnostics.render(d));
  diagnostics.renderAll();
}

/** A text of the corpus with a few pieces cut out, doubled or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...corpus),
    fc.array(
      fc.tuple(
        fc.nat(4000),
        fc.nat(12),
        fc.constantFrom(
          '',
          ' ',
          '\n',
          '  - ',
          ': ',
          '{',
          ']',
          '"',
          "'",
          '*a',
          '&a ',
          '\t',
          '#',
          '1',
          'null',
          '|\n',
          '\0',
          '\u{10ffff}',
        ),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([text, cuts]) =>
    cuts.reduce((rest, [at, length, piece]) => rest.slice(0, at) + piece + rest.slice(at + length), text),
  );

/** Well-formed data of the wrong shapes. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string({ maxLength: 8 }), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 5 })), tie('tree'), { maxKeys: 4 }),
  ),
}));

test('mutated files', () => fc.assert(fc.property(mutated, assertSurvives), { numRuns: 500 }));
test('random text', () =>
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => assertSurvives(`services:\n  a: ${text}`)),
    { numRuns: 300 },
  ));
test('data of any shape', () =>
  fc.assert(
    fc.property(tree, (data) =>
      assertSurvives(`---\n${JSON.stringify({ services: data, global: data, defaults: data })}`),
    ),
    { numRuns: 300 },
  ));

test('aliases that multiply are refused, not expanded', () => {
  const levels = Array.from({ length: 12 }, (_, i) => `x${i + 1}: &x${i + 1} [${Array(10).fill(`*x${i}`).join(', ')}]`);
  const { diagnostics } = loadConfig(['-'], { stdin: () => ['services:', 'x0: &x0 1', ...levels].join('\n'), env: {} });
  assert.ok(diagnostics.list.some((d) => d.code === 'yaml-alias'));
});
