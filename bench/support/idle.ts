/** Resident memory of connections that stand and say nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from '../../lab/support/repository.js';
import { formatTable } from '../../lab/support/table.js';
import { sleep } from '../../lab/support/wait.js';
import type { Running } from './contestants.js';
import { rssKib } from './process-figures.js';

export interface Idle {
  readonly connections: number;
  readonly beforeKib: number;
  readonly withKib: number;
  readonly perConnectionKib: number;
}

/** A first few connections bring in code and tables, which are no cost of the others. */
const WARM_CONNECTIONS = 200;
const SETTLE_MS = 3000;

export const MAIN = join(REPOSITORY, 'dist', 'bench', 'main.js');

/** @param http each has asked once and got its answer: idle between two requests */
export async function measureIdle(proxy: Running, connections: number, http = false): Promise<Idle> {
  await withIdle(proxy.port, WARM_CONNECTIONS, http, () => 0);
  await sleep(SETTLE_MS);
  const beforeKib = rssKib(proxy.pid);
  const withKib = await withIdle(proxy.port, connections, http, () => rssKib(proxy.pid));
  return { connections, beforeKib, withKib, perConnectionKib: (withKib - beforeKib) / connections };
}

/** Holds connections open while `look` looks. */
async function withIdle(port: number, connections: number, http: boolean, look: () => number): Promise<number> {
  const words = [
    'idle-client',
    '--port',
    String(port),
    '--connections',
    String(connections),
    ...(http ? ['--http'] : []),
  ];
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

export function idleTable(figures: ReadonlyMap<string, Idle>): string {
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
