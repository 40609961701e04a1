/** Whatever the bytes, the reader answers: no exception, an end, and a place for every complaint. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readHaproxy } from '../../../src/config/haproxy/read.js';
import { validate } from '../../../src/config/validate.js';

const here = fileURLToPath(new URL('../../../../test/config/haproxy/', import.meta.url));
const texts = ['seeds', 'corpus'].flatMap((dir) =>
  readdirSync(join(here, dir)).map((name) => readFileSync(join(here, dir, name), 'utf8')),
);
const WORDS = [...new Set(texts.join('\n').split(/\s+/))];
const HEADS = [
  'global',
  'defaults',
  'defaults d',
  'listen a',
  'frontend f',
  'backend b from d',
  'userlist u',
  '.if 1',
  '.endif',
];

function survive(text: string): void {
  const diag = new Diagnostics();
  const model = readHaproxy([{ file: 'f.cfg', text }], diag, { env: { A: 'x y' }, version: '2.6.12' });
  validate(model, diag);
  diag.renderAll();
  structuredClone(model);
  const lines = text.split('\n').length;
  for (const { loc, message } of diag.list) {
    assert.ok(loc, `no place: ${message}`);
    assert.ok(
      loc.line >= 1 && loc.line <= lines && loc.col >= 1 && loc.len >= 1,
      `a place outside the file: ${message}`,
    );
  }
}

test('random characters', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), survive), { numRuns: 1500 });
});

test('random punctuation of the language', () => {
  const unit = fc.constantFrom(...'ab0:@,.%-/*+!(){}[]"\'\\$# \t\n\r');
  fc.assert(fc.property(fc.string({ unit, maxLength: 200 }), survive), { numRuns: 1500 });
});

test('words of the language in any order', () => {
  const line = fc.array(fc.constantFrom(...WORDS), { maxLength: 7 }).map((words) => ` ${words.join(' ')}`);
  const section = fc
    .tuple(fc.constantFrom(...HEADS), fc.array(line, { maxLength: 6 }))
    .map(([head, lines]) => [head, ...lines].join('\n'));
  const text = fc.array(section, { maxLength: 5 }).map((sections) => `${sections.join('\n')}\n`);
  fc.assert(fc.property(text, survive), { numRuns: 2000 });
});

test('files with a piece cut out or doubled', () => {
  const cut = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(), fc.boolean());
  const property = fc.property(cut, ([text, a, b, doubled]) => {
    const [from, to] = [a % text.length, b % text.length].sort((x, y) => x - y);
    survive(doubled ? text.slice(0, to) + text.slice(from) : text.slice(0, from) + text.slice(to));
  });
  fc.assert(property, { numRuns: 150 });
});
