/** The published JSON Schema is the one in force, and it names every key the writer uses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readYaml } from '../../../src/config/yaml/read.js';
import { jsonSchema } from '../../../src/config/yaml/schema.js';

const PUBLISHED = new URL('../../../../docs/schema/fairlead.schema.json', import.meta.url);

test('docs/schema/fairlead.schema.json is current: else run `bin/fairlead schema > docs/schema/fairlead.schema.json`', () => {
  assert.deepEqual(JSON.parse(readFileSync(PUBLISHED, 'utf8')), JSON.parse(JSON.stringify(jsonSchema())));
});

test('every key has a description', () => {
  const undescribed: string[] = [];
  visit(JSON.parse(JSON.stringify(jsonSchema())), []);
  assert.deepEqual(undescribed, []);

  function visit(node: unknown, path: string[]): void {
    if (typeof node !== 'object' || node === null) return;
    const { properties } = node as { properties?: { [key: string]: { description?: string; $ref?: string } } };
    for (const [key, value] of Object.entries(properties ?? {}))
      if (value.description === undefined && value.$ref === undefined) undescribed.push([...path, key].join('.'));
    for (const [key, value] of Object.entries(node)) visit(value, [...path, key]);
  }
});

test('docs/fairlead-yaml.md names every key, and its examples are accepted', () => {
  const manual = readFileSync(new URL('../../../../docs/fairlead-yaml.md', import.meta.url), 'utf8');
  const options = Object.keys(JSON.parse(JSON.stringify(jsonSchema())).$defs.options.anyOf[1].properties);
  const missing = [...keysOf(JSON.parse(JSON.stringify(jsonSchema())))].filter(
    (key) => !options.includes(key) && !new RegExp(`(^|[^\\w-])${key}([^\\w-]|$)`, 'm').test(manual),
  );
  assert.deepEqual(missing, []);
  for (const [, example] of manual.matchAll(/```yaml\n([\s\S]*?)```/g)) assertAccepted(example);
});

test('the examples of README.md are accepted', () => {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
  const examples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)];
  assert.ok(examples.length > 2);
  for (const [, example] of examples) assertAccepted(example);
});

/** A fragment that begins with `check:` stands in a service; several of them are alternatives. */
function assertAccepted(example: string): void {
  const service = (body: string) =>
    `services:\n  a:\n    servers: { s: '127.0.0.1:1' }\n${body.replace(/^/gm, '    ')}`;
  const texts = example.startsWith('check:') ? example.split(/^(?=check:)/m).map(service) : [example];
  for (const text of texts) {
    const diag = new Diagnostics();
    readYaml([{ file: 'example.yaml', text }], diag, { env: {}, version: '2.6.12' });
    assert.deepEqual(
      diag.list.map((d) => diag.render(d)),
      [],
      text,
    );
  }
}

function keysOf(node: unknown, found = new Set<string>()): Set<string> {
  if (typeof node !== 'object' || node === null) return found;
  const { properties } = node as { properties?: object };
  for (const key of Object.keys(properties ?? {})) found.add(key);
  for (const value of Object.values(node)) keysOf(value, found);
  return found;
}
