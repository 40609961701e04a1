/**
 * Golden files: a configuration, a line `--- diagnostics`, what is said about it, and after `--- model` the model.
 * `UPDATE=1 node --test …` writes what is found now; read the difference before you commit it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readHaproxy } from '../../../src/config/haproxy/read.js';
import type { Model } from '../../../src/config/model.js';
import { validate } from '../../../src/config/validate.js';

const here = fileURLToPath(new URL('../../../../test/config/haproxy/', import.meta.url));
const ENV = { HOME: '/root', PORTS: '81 82', EMPTY: '' };

for (const name of readdirSync(join(here, 'golden')).sort()) {
  const path = join(here, 'golden', name);
  const [input, ...expected] = readFileSync(path, 'utf8').split(/^--- .*\n/m);
  const wantsModel = expected.length !== 1;
  test(name, () => check(path, input, expected.join(''), wantsModel));
}

// The four files of the installations we replace, as printed in their documents.
for (const name of readdirSync(join(here, 'seeds')).filter((file) => file.endsWith('.cfg'))) {
  const input = readFileSync(join(here, 'seeds', name), 'utf8');
  const path = join(here, 'seeds', `${name}.expected`);
  test(`seed ${name} is accepted`, () => {
    const { diag, model } = read(input);
    assert.equal(diag.hasErrors, false, diag.renderAll());
    compare(path, '', render(diag, model, true));
  });
}

function check(path: string, input: string, expected: string, wantsModel: boolean): void {
  const { diag, model } = read(input);
  const found = render(diag, model, wantsModel);
  if (process.env.UPDATE === '1') writeFileSync(path, input + found);
  else assert.equal(found.replace(/^--- .*\n/gm, ''), expected);
}

function compare(path: string, input: string, found: string): void {
  if (process.env.UPDATE === '1') writeFileSync(path, input + found);
  else assert.equal(found, readFileSync(path, 'utf8'));
}

function read(text: string): { diag: Diagnostics; model: Model } {
  const diag = new Diagnostics();
  const model = readHaproxy([{ file: 'haproxy.cfg', text }], diag, { env: { ...ENV }, version: '2.6.12' });
  validate(model, diag);
  return { diag, model };
}

function render(diag: Diagnostics, model: Model, wantsModel: boolean): string {
  const said = diag.renderAll();
  const head = `--- diagnostics\n${said === '' ? '' : `${said}\n`}`;
  return wantsModel ? `${head}--- model\n${JSON.stringify(model, withoutPlaces, 2)}\n` : head;
}

function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'loc' || key === 'at' ? undefined : value;
}
