/** What `npm start` runs: each step of the demonstration shows within a second, and nothing is left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { ask, BIN, until } from './program.js';

test('kill a node, bring it back, drain one: shown within a second', { timeout: 30_000 }, async (t) => {
  const child = spawn(process.execPath, [BIN, 'demo'], { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  const seen = async (pattern: RegExp, limitMs: number) => {
    await until(String(pattern), () => pattern.test(output), limitMs);
    output = '';
  };
  await until('introduction', () => /unanswered[\s\S]*unanswered[\s\S]*unanswered/.test(output), 10_000);
  const port = Number(/nc 127\.0\.0\.1 (\d+)/.exec(output)?.[1]);
  const configuration = /configuration: (\S+)/.exec(output)![1];
  assert.match(await ask(port, 300), /LATE|node\d at your service/);
  child.stdin.write('k 2\n');
  await seen(/^node2 .*: DOWN/m, 1000);
  child.stdin.write('b 2\n');
  await seen(/^node2 .*: UP, was DOWN/m, 1500); // starting a process is part of it
  child.stdin.write('d1\n');
  await seen(/^node1 .*: DRAIN/m, 1000);
  child.stdin.write('b 1\n');
  await seen(/^node1 .*: UP, was DRAIN/m, 1000);
  child.stdin.write('nonsense\n');
  await seen(/write 'k', 'd' or 'b'/, 1000);
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
  assert.equal(existsSync(dirname(configuration)), false);
  assert.equal(await ask(port, 300), 'ECONNREFUSED');
});
