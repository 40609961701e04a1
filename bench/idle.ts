/** `bench idle`: what 9,000 connections at rest cost in resident memory, per connection. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from '../lab/support/repository.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { sleep } from '../lab/support/wait.js';
import { type Contestant, type Running, startContestant } from './support/contestants.js';
import { freePort, untilListening } from './support/ports.js';
import { rssKib } from './support/process-figures.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atMost } from './support/verdict.js';

interface IdleOptions extends BenchOptions {
  readonly proxies: readonly Contestant[];
  readonly connections: number;
}

interface Idle {
  readonly connections: number;
  readonly beforeKib: number;
  readonly withKib: number;
  readonly perConnectionKib: number;
}

const KIB_PER_CONNECTION_MAX = 2.5;
/** A first few connections bring in code and tables, which are no cost of the others. */
const WARM_CONNECTIONS = 200;
const SETTLE_MS = 3000;

export function benchIdle(options: IdleOptions): Promise<number> {
  return runBench('idle', options, async (sandbox, say) => {
    const backend = await startIdleServer(sandbox);
    const figures = new Map<string, Idle>();
    for (const name of options.proxies) {
      say(`${name}: ${options.connections} idle connections`);
      const proxy = await startContestant(sandbox, name, backend);
      figures.set(name, await measure(proxy, options.connections));
      proxy.process.kill('SIGKILL');
    }
    const ours = figures.get('fairlead');
    const claim = `growth of resident memory with ${options.connections} idle connections`;
    const verdicts = ours ? [atMost(claim, ours.perConnectionKib, KIB_PER_CONNECTION_MAX, 'KiB each')] : [];
    return { figures: Object.fromEntries(figures), text: table(figures), verdicts };
  });
}

async function startIdleServer(sandbox: Sandbox): Promise<number> {
  const port = await freePort();
  sandbox.start(process.execPath, [MAIN, 'idle-server', '--port', String(port)], { log: 'idle-server.log' });
  await untilListening(port, 'the idle server');
  return port;
}

const MAIN = join(REPOSITORY, 'dist', 'bench', 'main.js');

async function measure(proxy: Running, connections: number): Promise<Idle> {
  await withIdle(proxy.port, WARM_CONNECTIONS, () => 0);
  await sleep(SETTLE_MS);
  const beforeKib = rssKib(proxy.pid);
  const withKib = await withIdle(proxy.port, connections, () => rssKib(proxy.pid));
  return { connections, beforeKib, withKib, perConnectionKib: (withKib - beforeKib) / connections };
}

/** Holds connections open while `look` looks. */
async function withIdle(port: number, connections: number, look: () => number): Promise<number> {
  const words = ['idle-client', '--port', String(port), '--connections', String(connections)];
  const client = spawn(process.execPath, [MAIN, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = await Promise.race([once(createInterface({ input: client.stdout }), 'line'), once(client, 'exit')]);
    if (line !== `open ${connections}`) throw new Error(`only ${line} of ${connections} connections stand`);
    await sleep(SETTLE_MS);
    return look();
  } finally {
    client.stdin.end();
    if (client.exitCode === null) await once(client, 'exit');
  }
}

function table(figures: ReadonlyMap<string, Idle>): string {
  const header = ['proxy', 'idle connections', 'before, KiB', 'with them, KiB', 'KiB each'];
  const rows = [...figures].map(([name, idle]) => [
    name,
    String(idle.connections),
    String(idle.beforeKib),
    String(idle.withKib),
    idle.perConnectionKib.toFixed(2),
  ]);
  return formatTable(header, rows);
}
