/**
 * Golden files: a fairlead.yaml, a line `--- diagnostics`, and what is said about it.
 * `UPDATE=1 node --test …` writes what is found now; read the difference before you commit it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.js';

const GOLDEN = new URL('../../../../test/config/yaml/golden/', import.meta.url);

for (const name of readdirSync(GOLDEN).sort())
  test(name, () => {
    const path = new URL(name, GOLDEN);
    const [input, expected] = readFileSync(path, 'utf8').split('--- diagnostics\n');
    const found = `${loadConfig(['-'], { stdin: () => input, env: {} }).diagnostics.renderAll()}\n`;
    if (process.env.UPDATE === '1') writeFileSync(path, `${input}--- diagnostics\n${found}`);
    else assert.equal(found, expected);
  });
