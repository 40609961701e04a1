/**
 * Golden files: a keepalived.conf, a line `--- diagnostics`, what is said about it, and after `--- model` the model.
 * A file that begins with `# Diagnostics alone` has no model. `UPDATE=1 node --test …` writes what is found now; read
 * the difference before you commit it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyModel } from '../../../src/config/defaults.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import type { World } from '../../../src/config/keepalived/world.js';
import { validate } from '../../../src/config/validate.js';

const here = fileURLToPath(new URL('../../../../test/config/keepalived/', import.meta.url));
const FILE = '/etc/keepalived/keepalived.conf';
const WORLD: World = { read: () => undefined, list: () => [], instance: 'here' };

for (const name of readdirSync(join(here, 'golden')).sort()) {
  const path = join(here, 'golden', name);
  const [input] = readFileSync(path, 'utf8').split(/^--- .*\n/m);
  test(name, () => compare(path, input + found(input)));
}

// As printed in the document of the installation it comes from.
for (const name of readdirSync(join(here, 'seeds')).filter((file) => file.endsWith('.conf')))
  test(`seed ${name}`, () => {
    const input = readFileSync(join(here, 'seeds', name), 'utf8');
    compare(join(here, 'seeds', `${name}.expected`), found(input));
  });

function compare(path: string, text: string): void {
  if (process.env.UPDATE === '1') writeFileSync(path, text);
  else assert.equal(text, readFileSync(path, 'utf8'));
}

function found(text: string): string {
  const diag = new Diagnostics();
  diag.addSource(FILE, text);
  const { vips } = readKeepalived([{ file: FILE, text }], diag, WORLD);
  validate({ ...emptyModel(), vips }, diag);
  const said = diag.renderAll().replaceAll(`${FILE}:`, 'keepalived.conf:');
  const head = `--- diagnostics\n${said === '' ? '' : `${said}\n`}`;
  if (text.startsWith('# Diagnostics alone')) return head;
  return `${head}--- model\n${JSON.stringify(vips, withoutPlaces, 2)}\n`;
}

function withoutPlaces(key: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  return key === 'loc' || key === 'at' ? undefined : value;
}
