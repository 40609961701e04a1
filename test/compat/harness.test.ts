/** varnishtest drives a HAProxy through its command line, inherited sockets, syslog and CLI; the same scripts, on both. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findPeer, systemTest } from '../support/peers.js';

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
/** The tool gives up by itself after this many seconds. */
const LIMIT_S = 30;

for (const script of ['sessions', 'checks', 'proxy-protocol'])
  for (const program of ['haproxy', 'fairlead'] as const)
    systemTest(`${script} on ${program}`, { commands: ['haproxy', 'varnishtest'] }, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'fl-harness-'));
      try {
        const ours = join(dir, 'haproxy');
        symlinkSync(file('bin/fairlead'), ours);
        const { code, output } = await run(
          file(`test/compat/harness/${script}.vtc`),
          program === 'fairlead' ? ours : findPeer('haproxy')!,
          dir,
        );
        assert.equal(code, 0, output);
      } finally {
        rmSync(dir, { recursive: true });
      }
    });

async function run(script: string, program: string, dir: string): Promise<{ code: number; output: string }> {
  const child = spawn(findPeer('varnishtest')!, ['-t', String(LIMIT_S), basename(script)], {
    cwd: file('test/compat/harness'),
    env: { ...process.env, HAPROXY_PROGRAM: program, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const output = await text(child.stdout);
  const [code] = (await ended) as [number];
  return { code, output };
}
