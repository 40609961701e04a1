/** A daemon that does not read for long: the helper keeps little for it, and says again what it must not miss. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { FromHelper } from '../../../src/vip/helper/messages.js';
import { startHelper } from '../../../src/vip/helper/start.js';
import { script, settings } from './support.js';

const LINES = 20_000;

test('what was not taken is not kept, and values are told once more when there is room', async (t) => {
  const helper = startHelper('pipe');
  const link = helper.stdio[3] as Duplex;
  t.after(async () => {
    const ended = once(helper, 'exit');
    link.destroy();
    await ended;
  });
  const scripts = [script('good', ['true'])];
  const plan = { type: 'plan', settings: settings(), scripts, files: [], processes: [], rtPriority: 0 };
  for (let i = 0; i < LINES; i++) link.write(`${'x'.repeat(70)}\n`);
  link.write(`${JSON.stringify(plan)}\n`);
  await new Promise((resolve) => setTimeout(resolve, 1500)); // it has had all, and the script has run
  const heard: FromHelper[] = [];
  const lines = createInterface({ input: link });
  lines.on('line', (line) => heard.push(JSON.parse(line) as FromHelper));
  while (!heard.some(({ type }) => type === 'tracked'))
    await once(lines, 'line', { signal: AbortSignal.timeout(5000) });
  const logs = heard.filter(({ type }) => type === 'log').length;
  assert.ok(logs < LINES / 2, `${logs} lines were kept`);
});
