/** Whatever the bytes, the reader answers: no exception, an end, and a place for every complaint. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { emptyModel } from '../../../src/config/defaults.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import type { World } from '../../../src/config/keepalived/world.js';
import { validate } from '../../../src/config/validate.js';

const here = fileURLToPath(new URL('../../../../test/config/keepalived/', import.meta.url));
const texts = ['seeds', 'corpus', 'golden'].flatMap((dir) =>
  readdirSync(join(here, dir)).map((name) => readFileSync(join(here, dir, name), 'utf8').split(/^--- .*\n/m)[0]),
);
const WORDS = [
  ...new Set(
    texts
      .join('\n')
      .replaceAll('\\n', '\n')
      .split(/[\s{}]+/),
  ),
].filter((word) => word !== '');

/** A parameter of keepalived. */
function ref(name: string): string {
  return `$\{${name}}`;
}

/** Files that include themselves, and each other by wildcards. */
const FILES: { readonly [path: string]: string } = {
  '/c/self': 'include self\nvrrp_instance S {\n}\n',
  '/c/d/a': `include *\ninclude {a,b}\n$A=${ref('B')}\n`,
  '/c/d/b': `include ../d/?\n$B=${ref('A')}\n~SEQ(I,1,20000) include /c/d/*\n`,
};
const WORLD: World = {
  read: (path) => FILES[path],
  list: (path) =>
    Object.keys(FILES).flatMap((file) =>
      file.startsWith(`${path}/`) ? file.slice(path.length + 1).split('/')[0] : [],
    ),
  instance: 'here',
};

function survive(text: string): Diagnostics {
  const diag = new Diagnostics();
  const { vips } = readKeepalived([{ file: '/c/f.conf', text }], diag, WORLD);
  validate({ ...emptyModel(), vips }, diag);
  if (diag.list.length < 500) diag.renderAll();
  structuredClone(vips);
  for (const { loc, message } of diag.list) {
    assert.ok(loc, `no place: ${message}`);
    const lines = (loc.file === '/c/f.conf' ? text : FILES[loc.file]).split('\n').length;
    const isInside = loc.line >= 1 && loc.line <= lines && loc.col >= 1 && loc.len >= 1;
    assert.ok(isInside, `a place outside the file: ${message} ${JSON.stringify(loc)}`);
  }
  return diag;
}

test('random characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => void survive(text)),
    { numRuns: 1500 },
  );
});

test('random punctuation of the language', () => {
  const unit = fc.constantFrom(...'aA0_:@^,.%-/*+!(){}[]"\'\\$#~= \t\n\r');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 200 }), (text) => void survive(text)),
    { numRuns: 1500 },
  );
});

test('words of the language in any order', () => {
  const line = fc.array(fc.constantFrom(...WORDS, '{', '}', '{ }'), { maxLength: 6 }).map((words) => words.join(' '));
  const block = fc
    .tuple(
      fc.constantFrom('vrrp_instance A', 'global_defs', 'vrrp_script s', 'virtual_ipaddress', '$A='),
      fc.array(line, { maxLength: 6 }),
    )
    .map(([head, lines]) => `${head} {\n${lines.join('\n')}\n}`);
  const text = fc.array(fc.oneof(block, line), { maxLength: 8 }).map((parts) => `${parts.join('\n')}\n`);
  fc.assert(
    fc.property(text, (each) => void survive(each)),
    { numRuns: 2000 },
  );
});

test('files with a piece cut out or doubled', () => {
  const cut = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(), fc.boolean());
  const property = fc.property(cut, ([text, a, b, doubled]) => {
    const [from, to] = [a % text.length, b % text.length].sort((x, y) => x - y);
    survive(doubled ? text.slice(0, to) + text.slice(from) : text.slice(0, from) + text.slice(to));
  });
  fc.assert(property, { numRuns: 100 });
});

// text, code of a complaint that must be there
for (const [name, text, code] of [
  [
    'sequences within sequences',
    `~SEQ(A,1,9999) ~SEQ(B,1,9999) ~SEQ(C,1,9999) x${ref('A')}${ref('B')}${ref('C')}`,
    'too-large',
  ],
  ['sequences of nothing', '~SEQ(A,1,9999) ~SEQ(B,1,9999) ~SEQ(C,1,9999)', 'too-large'],
  ['a sequence without an end', '~SEQ(A,1,999999999999) x', 'bad-sequence'],
  ['definitions that double', `$A=x\n${`$A=${ref('A')}${ref('A')}\n`.repeat(3)}$A`, 'parameter-loop'],
  [
    'definitions that double each other',
    `$A=$B $B\n${Array.from({ length: 40 }, (_, i) => `$V${i}=${ref(`V${i + 1}`)}${ref(`V${i + 1}`)}`).join('\n')}\n\${V0}`,
    'parameter-loop',
  ],
  ['definitions of several lines that name themselves', '$A= \\\nx \\\n$A \\\n$A\n$A', 'parameter-loop'],
  ['a file that includes itself', 'include self', 'include-loop'],
  ['files that include each other', 'include d/*', 'include-loop'],
] as const)
  test(`bounded: ${name}`, { timeout: 20_000 }, () => {
    const { list } = survive(text);
    assert.ok(
      list.some((d) => d.code === code),
      list
        .slice(0, 5)
        .map((d) => `${d.code} ${d.message}`)
        .join('\n'),
    );
  });
