/** Whole outputs beside the tests: UPDATE=1 writes them anew, and the difference is for a person to judge. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../../../../test/control/vips/golden/', import.meta.url));

/** @throws AssertionError where the text is another than that of the file, or there is no such file */
export function golden(name: string, text: string): void {
  const path = `${DIRECTORY}${name}`;
  if (process.env.UPDATE === '1') writeFileSync(path, text);
  assert.ok(existsSync(path), `${path} is missing; UPDATE=1 writes it`);
  assert.equal(text, readFileSync(path, 'utf8'), name);
}
