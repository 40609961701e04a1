/**
 * One meaning in two languages: each file holds a fairlead.yaml, a line `--- haproxy`, and the HAProxy configuration
 * that must yield the same model. The import of the latter must check clean and yield it too.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.js';
import type { Model } from '../../../src/config/model.js';
import { writeYaml } from '../../../src/config/yaml/write.js';

const SAME = new URL('../../../../test/config/yaml/same/', import.meta.url);

for (const name of readdirSync(SAME).sort())
  test(name, () => {
    const [yaml, haproxy] = readFileSync(new URL(name, SAME), 'utf8').split('--- haproxy\n');
    const expected = read(haproxy);
    assert.deepEqual(read(yaml), expected);
    assert.deepEqual(read(writeYaml(load(haproxy))), expected);
  });

function load(text: string): Model {
  const { model, diagnostics } = loadConfig(['-'], { stdin: () => text, env: { PGCHECK: 'x' } });
  assert.equal(diagnostics.hasErrors, false, `${diagnostics.renderAll()}\n${text}`);
  return model;
}

/** `check: false` is as good as none. */
function read(text: string): unknown {
  return JSON.parse(
    JSON.stringify(load(text), (key, value) =>
      key === 'loc' || key === 'at' || (key === 'check' && value === false) ? undefined : value,
    ),
  );
}
