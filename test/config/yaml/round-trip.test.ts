/** The invariant of the native language: what `writeYaml` writes, `readYaml` reads back as the same model. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readHaproxy } from '../../../src/config/haproxy/read.js';
import type { Model } from '../../../src/config/model.js';
import { readYaml } from '../../../src/config/yaml/read.js';
import { writeYaml } from '../../../src/config/yaml/write.js';
import { model } from './models.js';

const CONTEXT = () => ({ env: {}, version: '2.6.12' });

/**
 * What two equal models have in common: all but places, `check: false` (as good as none), and the order of the notes on
 * lines that do not run.
 */
function comparable(of: Model): Model {
  const plain = JSON.parse(
    JSON.stringify(of, (key, value) => (key === 'loc' || key === 'at' ? undefined : value)),
  ) as Model;
  const byText = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
  plain.global.deferred.sort(byText);
  for (const proxy of plain.proxies) {
    proxy.deferred.sort(byText);
    for (const server of proxy.servers) if (server.check === false) delete server.check;
  }
  return plain;
}

function assertSame(original: Model): void {
  const text = writeYaml(original);
  const diag = new Diagnostics();
  diag.addSource('fairlead.yaml', text);
  const found = readYaml([{ file: 'fairlead.yaml', text }], diag, CONTEXT());
  const errors = diag.list.filter((d) => d.severity === 'error').map((d) => diag.render(d));
  assert.deepEqual(errors, [], text);
  assert.deepEqual(comparable(found), comparable(original), text);
}

test('every model reads back from its own text', () => {
  fc.assert(fc.property(model, assertSame), { numRuns: 200 });
});

const SEEDS = new URL('../../../../test/config/haproxy/seeds/', import.meta.url);
for (const file of readdirSync(SEEDS).filter((name) => name.endsWith('.cfg')))
  test(`${file} means the same as fairlead.yaml`, () => {
    const text = readFileSync(new URL(file, SEEDS), 'utf8');
    assertSame(readHaproxy([{ file, text }], new Diagnostics(), CONTEXT()));
  });
