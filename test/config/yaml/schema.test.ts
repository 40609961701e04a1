/** The published JSON Schema is the one in force, and it names every key the writer uses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
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
