/**
 * Golden files: files each under a line `=== NAME`, then `--- diagnostics` with what is said of them together, and
 * `--- yaml` with what `fairlead import` prints. `UPDATE=1 node --test …` writes what is found now.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { correct } from '../../../src/config/correct.js';
import { loadConfig } from '../../../src/config/load.js';
import { writeYaml } from '../../../src/config/yaml/write.js';

const GOLDEN = new URL('../../../../test/config/agents/golden/', import.meta.url);

for (const name of readdirSync(GOLDEN).sort())
  test(name, (t) => {
    const path = new URL(name, GOLDEN);
    const text = readFileSync(path, 'utf8');
    const input = text.split(/^--- /m)[0];
    const dir = mkdtempSync(join(tmpdir(), 'fairlead-golden-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const found = `${input}${outcomeOf(filesOf(input, dir)).replaceAll(`${dir}/`, '')}`;
    if (process.env.UPDATE === '1') writeFileSync(path, found);
    else assert.equal(found, text);
  });

/** @returns paths to load: those whose name begins with `+` are only there; `@/` in the text is the directory */
function filesOf(input: string, dir: string): string[] {
  const parts = input.split(/^=== (.*)\n/m).slice(1);
  return Array.from({ length: parts.length / 2 }, (_, i) => i).flatMap((i) => {
    const name = parts[2 * i];
    const path = join(dir, name.replace('+', ''));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, parts[2 * i + 1].replaceAll('@/', `${dir}/`));
    return name.startsWith('+') ? [] : [path];
  });
}

function outcomeOf(paths: readonly string[]): string {
  const { model, diagnostics } = loadConfig(paths, { env: {}, needsSecrets: false });
  if (!diagnostics.hasErrors) correct(model, diagnostics);
  const said = diagnostics.renderAll();
  return `--- diagnostics\n${said === '' ? '' : `${said}\n`}${diagnostics.hasErrors ? '' : `--- yaml\n${writeYaml(model)}`}`;
}
