/** `bench checks1000`: what checking 1,000 servers every second costs, in percent of one core; connects, then HTTP. */

import { freePort } from '../lab/support/ports.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { sleep } from '../lab/support/wait.js';
import { startBackend } from './support/backend.js';
import { startOnFile } from './support/contestants.js';
import { cpuMs, openedConnections } from './support/process-figures.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atLeast, atMost } from './support/verdict.js';

const SERVERS = 1000;
const PERCENT_MAX = 5;
const PER_SECOND_MIN = 0.95 * SERVERS;
/** By then the first checks are long over, the code is compiled, and the garbage of the start is collected. */
const SETTLE_MS = 20_000;

type Kind = 'connect' | 'http';
type Checker = 'fairlead' | 'haproxy';

interface Checks {
  readonly proxy: Checker;
  readonly kind: Kind;
  readonly percent: number;
  /** Connections opened meanwhile: checks that are not made cost nothing, and count for nothing. */
  readonly perSecond: number;
}

interface ChecksOptions extends BenchOptions {
  readonly proxies: readonly string[];
}

export function benchChecks(options: ChecksOptions): Promise<number> {
  return runBench('checks1000', options, async (sandbox, say) => {
    const backend = await startBackend(sandbox);
    const figures: Checks[] = [];
    for (const kind of ['connect', 'http'] as const)
      for (const proxy of ['fairlead', 'haproxy'] as const)
        if (options.proxies.includes(proxy)) {
          say(`${proxy}: ${SERVERS} servers, a check by ${kind} each second`);
          figures.push(await measure(sandbox, backend, proxy, kind, options.quick ? 5 : 20));
        }
    const ours = figures.filter(({ proxy }) => proxy === 'fairlead');
    const verdicts = ours.flatMap(({ kind, percent, perSecond }) => [
      atMost(`${SERVERS} servers checked each second by ${kind}`, percent, PERCENT_MAX, '% of a core'),
      atLeast(`checks by ${kind} that were made`, perSecond, PER_SECOND_MIN, 'per second'),
    ]);
    return { figures, text: table(figures), verdicts };
  });
}

async function measure(
  sandbox: Sandbox,
  backend: number,
  proxy: Checker,
  kind: Kind,
  seconds: number,
): Promise<Checks> {
  const port = await freePort();
  const running = await startOnFile(sandbox, proxy, file(port, backend, kind), port);
  await sleep(SETTLE_MS);
  const before = { cpu: cpuMs(running.pid), opened: openedConnections(), at: performance.now() };
  await sleep(seconds * 1000);
  const elapsedMs = performance.now() - before.at;
  const percent = ((cpuMs(running.pid) - before.cpu) / elapsedMs) * 100;
  const perSecond = (openedConnections() - before.opened) / (elapsedMs / 1000);
  running.process.kill('SIGKILL');
  return { proxy, kind, percent, perSecond };
}

function file(port: number, backend: number, kind: Kind): string {
  const servers = Array.from({ length: SERVERS }, (_, n) => `  server s${n + 1} 127.0.0.1:${backend} check inter 1s`);
  return `global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen bench
  bind 127.0.0.1:${port}
${kind === 'http' ? '  option httpchk GET /\n' : ''}${servers.join('\n')}
`;
}

function table(figures: readonly Checks[]): string {
  const header = ['proxy', 'check', 'checks/s', '% of a core'];
  return formatTable(
    header,
    figures.map(({ proxy, kind, percent, perSecond }) => [proxy, kind, perSecond.toFixed(0), percent.toFixed(1)]),
  );
}
