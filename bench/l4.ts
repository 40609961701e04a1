/** `bench l4`: what forwarding in mode tcp costs, next to HAProxy, nginx and Pen. */
import type { Sandbox } from '../lab/support/sandbox.js';
import { measureScaling, type Scaling, scalingText } from './l4-scaling.js';
import { startBackend } from './support/backend.js';
import { type Contestant, type Running, startContestant } from './support/contestants.js';
import { type Cost, costTable, measureCosts } from './support/costs.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atMost, type Verdict } from './support/verdict.js';

interface L4Options extends BenchOptions {
  readonly proxies: readonly Contestant[];
}

/** Each of the two measurements. */
const SCALING_SECONDS = { quick: 2, full: 4 };

export function benchL4(options: L4Options): Promise<number> {
  return runBench('l4', options, async (sandbox, say) => {
    const backend = await startBackend(sandbox);
    const running: Running[] = [];
    for (const name of options.proxies) running.push(await startContestant(sandbox, name, backend));
    const costs = await measureCosts(running, options.quick, say);
    const scaling = options.proxies.includes('fairlead') ? await scale(sandbox, backend, options.quick, say) : null;
    const text = [costTable('one worker, tcp', costs), ...(scaling === null ? [] : ['', scalingText(scaling)])].join(
      '\n',
    );
    return { figures: { costs: Object.fromEntries(costs), scaling }, text, verdicts: verdicts(costs) };
  });
}

function scale(sandbox: Sandbox, backend: number, quick: boolean, say: (text: string) => void): Promise<Scaling> {
  say('two workers against one');
  return measureScaling(sandbox, backend, SCALING_SECONDS[quick ? 'quick' : 'full']);
}

function verdicts(costs: ReadonlyMap<string, Cost>): Verdict[] {
  const ours = costs.get('fairlead');
  const base = costs.get('haproxy');
  if (ours === undefined || base === undefined) return [];
  const unit = '× HAProxy';
  return [
    atMost('CPU per keep-alive request', ours.requestUs / base.requestUs, 1, unit),
    atMost('CPU per connection', ours.connectionUs / base.connectionUs, 1, unit),
    atMost('CPU per GB', ours.gigabyteMs / base.gigabyteMs, 0.4, unit),
    atMost('p99 latency', ours.p99Ms / base.p99Ms, 1.1, unit),
    atMost('errors', ours.errors, 0, 'in all rounds'),
  ];
}
