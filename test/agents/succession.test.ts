/** From one process to the next (`-sf`): the endpoints' sockets go along, so that nobody who polls is refused. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../lab/support/ports.js';
import { directory, get, until } from './support.js';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));

function start(t: TestContext, path: string, ...more: string[]): { child: ChildProcess; output(): string } {
  const child = spawn(process.execPath, [FAIRLEAD, 'haproxy', '-db', '-f', path, ...more]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  t.after(() => child.kill('SIGKILL'));
  return { child, output: () => text };
}

test('a successor takes the sockets over', { timeout: 40_000 }, async (t) => {
  const dir = directory(t);
  const port = await freePort();
  const config = (word: string) => {
    const path = join(dir, `${word}.yaml`);
    const settings = `bind: "127.0.0.1:${port}", type: program, share: 10ms, timeout: 10s, command: [/bin/echo, ${word}]`;
    writeFileSync(path, `agents: { a: { ${settings} } }\n`);
    return path;
  };
  const old = start(t, config('old'));
  const said = async () => {
    const { bytes, error } = await get(port);
    return bytes.trim() || error || 'nothing';
  };
  await until('the first', async () => (await said()) === 'old');
  const heard = new Set<string>();
  let isOver = false;
  const asking = (async () => {
    while (!isOver) heard.add(await said());
  })();
  const next = start(t, config('new'), '-sf', String(old.child.pid));
  await until('the end of the first', () => old.child.exitCode !== null);
  await until('the second', async () => (await said()) === 'new');
  isOver = true;
  await asking;
  assert.deepEqual([...heard].sort(), ['new', 'old'], `${old.output()}\n${next.output()}`);
  next.child.kill('SIGTERM');
  await once(next.child, 'exit');
});
