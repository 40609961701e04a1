/** docs/virtual-ip-configuration.md: names every keyword that does not run, and its examples are accepted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { BLOCK_REASONS, GLOBAL_REASONS, INSTANCE_REASONS } from '../../../src/config/keepalived/not-run.js';
import { readYaml } from '../../../src/config/yaml/read.js';

const manual = readFileSync(new URL('../../../../docs/virtual-ip-configuration.md', import.meta.url), 'utf8');

test('every keyword that does not run stands under its class', () => {
  const [, notRun] = manual.split('## What does not run');
  const sections: { [code: string]: string } = { 'no-effect': /Notices \(`no-effect`\)[\s\S]*?\n\n/.exec(notRun)![0] };
  const rows = notRun.split('\n').filter((line) => line.startsWith('| '));
  const rowsOf = (code: string) => sections[code] ?? rows.filter((row) => row.startsWith(`| \`${code}\``)).join('\n');
  const errors = rows.join('\n').split('| class |')[0];
  const wanted = { ...GLOBAL_REASONS, ...INSTANCE_REASONS, ...BLOCK_REASONS };
  const isMissing = ([name, reason]: [string, (typeof BLOCK_REASONS)[string]]) =>
    !(reason.isError ? errors : rowsOf(reason.code)).includes(`\`${name}\``);
  assert.deepEqual(Object.entries(wanted).filter(isMissing), []);
});

test('its examples are accepted', () => {
  const examples = [...manual.matchAll(/```yaml\n([\s\S]*?)```/g)];
  assert.ok(examples.length > 0);
  for (const [, text] of examples) {
    const diag = new Diagnostics();
    readYaml([{ file: 'example.yaml', text }], diag, { env: {}, version: '2.6.12' });
    assert.deepEqual(diag.list, [], text);
  }
});
