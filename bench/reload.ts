/**
 * `bench reload`: 500 new connections a second while the configuration is reloaded every second; failures counted.
 * HAProxy runs in master-worker mode, where SIGUSR2 to the master reloads; Fairlead takes the same signal.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../lab/support/ports.js';
import { REPOSITORY } from '../lab/support/repository.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { sleep } from '../lab/support/wait.js';
import { startBackend } from './support/backend.js';
import { haproxyFile, startOnFile } from './support/contestants.js';
import type { RateResult } from './support/rate-client.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atMost } from './support/verdict.js';

type Reloader = 'fairlead' | 'haproxy';

interface ReloadOptions extends BenchOptions {
  readonly proxies: readonly string[];
}

interface Reloads extends RateResult {
  readonly proxy: Reloader;
  readonly reloads: number;
}

const PER_SECOND = 500;
const RELOAD_EVERY_MS = 1000;

const execute = promisify(execFile);

export function benchReload(options: ReloadOptions): Promise<number> {
  return runBench('reload', options, async (sandbox, say) => {
    const backend = await startBackend(sandbox);
    const figures: Reloads[] = [];
    for (const proxy of ['fairlead', 'haproxy'] as const)
      if (options.proxies.includes(proxy)) {
        say(`${proxy}: ${PER_SECOND} new connections a second, a reload each second`);
        figures.push(await measure(sandbox, backend, proxy, options.quick ? 6 : 20));
      }
    const ours = figures.filter(({ proxy }) => proxy === 'fairlead');
    const claim = `failed connections under ${PER_SECOND}/s through reloads`;
    return {
      figures,
      text: table(figures),
      verdicts: ours.map(({ failed }) => atMost(claim, failed, 0, 'connections')),
    };
  });
}

async function measure(sandbox: Sandbox, backend: number, proxy: Reloader, seconds: number): Promise<Reloads> {
  const port = await freePort();
  const mode = proxy === 'haproxy' ? ['-W'] : ['-db'];
  const running = await startOnFile(sandbox, proxy, haproxyFile(port, 1, backend), port, mode);
  const client = load(port, seconds);
  let reloads = 0;
  while ((reloads + 2) * RELOAD_EVERY_MS < seconds * 1000) {
    await sleep(RELOAD_EVERY_MS);
    process.kill(running.pid, 'SIGUSR2');
    reloads++;
  }
  const result = await client;
  running.process.kill('SIGTERM');
  return { proxy, reloads, ...result };
}

async function load(port: number, seconds: number): Promise<RateResult> {
  const main = join(REPOSITORY, 'dist', 'bench', 'main.js');
  const words = ['--port', String(port), '--per-second', String(PER_SECOND), '--seconds', String(seconds)];
  const { stdout } = await execute(process.execPath, [main, 'rate-client', ...words]);
  return JSON.parse(stdout) as RateResult;
}

function table(figures: readonly Reloads[]): string {
  const header = ['proxy', 'reloads', 'connections', 'failed', 'why'];
  const rows = figures.map(({ proxy, reloads, attempts, failed, reasons }) => [
    proxy,
    String(reloads),
    String(attempts),
    String(failed),
    Object.entries(reasons)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', '),
  ]);
  return formatTable(header, rows);
}
