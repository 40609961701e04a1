/** `bench idle`: what 9,000 connections at rest cost in resident memory, per connection. */

import { freePort } from '../lab/support/ports.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { type Contestant, startContestant } from './support/contestants.js';
import { type Idle, idleTable, MAIN, measureIdle } from './support/idle.js';
import { untilListening } from './support/ports.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atMost } from './support/verdict.js';

interface IdleOptions extends BenchOptions {
  readonly proxies: readonly Contestant[];
  readonly connections: number;
}

const KIB_PER_CONNECTION_MAX = 2.5;

export function benchIdle(options: IdleOptions): Promise<number> {
  return runBench('idle', options, async (sandbox, say) => {
    const backend = await startIdleServer(sandbox);
    const figures = new Map<string, Idle>();
    for (const name of options.proxies) {
      say(`${name}: ${options.connections} idle connections`);
      const proxy = await startContestant(sandbox, name, backend);
      figures.set(name, await measureIdle(proxy, options.connections));
      proxy.process.kill('SIGKILL');
    }
    const ours = figures.get('fairlead');
    const claim = `growth of resident memory with ${options.connections} idle connections`;
    const verdicts = ours ? [atMost(claim, ours.perConnectionKib, KIB_PER_CONNECTION_MAX, 'KiB each')] : [];
    return { figures: Object.fromEntries(figures), text: idleTable(figures), verdicts };
  });
}

async function startIdleServer(sandbox: Sandbox): Promise<number> {
  const port = await freePort();
  sandbox.start(process.execPath, [MAIN, 'idle-server', '--port', String(port)], { log: 'idle-server.log' });
  await untilListening(port, 'the idle server');
  return port;
}
