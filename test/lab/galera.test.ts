/** The Galera lab, in its quick form: real nodes fail and return behind Fairlead, and no acknowledged write is lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemTest } from '../support/peers.js';

const MAIN = fileURLToPath(new URL('../../lab/main.js', import.meta.url));
const NEEDS = {
  commands: ['mariadbd', 'mariadb-install-db', 'rsync', 'ip', 'nft'],
  root: true,
  timeoutMs: 280_000,
};
/** A fault may cost the group's own time to evict a node and the proxy's to pass it by; never this long. */
const GAP_MS_MAX = 12_000;
/** One write in ten may fail across all faults; the file has a check every 2 s and needs three to fail. */
const FAILED_SHARE_MAX = 0.1;

interface Report {
  readonly faults: readonly {
    readonly fault: string;
    readonly gapMs: number;
    readonly failed: number;
    readonly noticedMs: number | null;
  }[];
  readonly attempts: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly lostWrites: readonly number[];
}

function runLab(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    // SIGTERM, which an abort sends, lets the lab remove its namespaces and processes.
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

systemTest('a Galera cluster behind Fairlead loses no acknowledged write', NEEDS, async (t) => {
  const done = await runLab(['galera', '--quick', '--json'], t.signal);
  assert.equal(done.code, 0, done.err + done.out);
  const report = JSON.parse(done.out) as Report;
  for (const row of report.faults) t.diagnostic(`${row.fault}: gap ${row.gapMs} ms, ${row.failed} failed`);
  assert.deepEqual(report.lostWrites, []);
  assert.ok(report.acknowledged > 1000, `only ${report.acknowledged} writes were acknowledged`);
  assert.ok(report.failed < report.attempts * FAILED_SHARE_MAX, `${report.failed} of ${report.attempts} failed`);
  const marked = report.faults.filter((row) => /is killed|is desynced|is stopped/.test(row.fault));
  assert.equal(marked.length, 3);
  for (const row of marked)
    assert.notEqual(row.noticedMs, null, `${row.fault}: no log line says that the server is DOWN`);
  for (const row of report.faults) assert.ok(row.gapMs < GAP_MS_MAX, `${row.fault}: ${row.gapMs} ms without a write`);
});
