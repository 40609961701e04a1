/** `bench soak`: resident memory over two million connections. It must level off, whatever it is at first. */
import { formatTable } from '../lab/support/table.js';
import { startBackend } from './support/backend.js';
import { type Contestant, startContestant } from './support/contestants.js';
import { rssKib } from './support/process-figures.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atMost } from './support/verdict.js';
import { wrk } from './support/wrk.js';

interface SoakOptions extends BenchOptions {
  readonly proxies: readonly Contestant[];
  readonly connections: number;
}

interface Sample {
  readonly connections: number;
  readonly kib: number;
  readonly errors: number;
}

const SLICE_SECONDS = 5;
/** Two bytes a connection would be 4 MiB over two million: less is the allocator's noise. */
const GROWTH_KIB_MAX = 4096;
/** A machine that makes fewer than 100 connections/s in a slice is stuck, not slow. */
const SLICE_CONNECTIONS_MIN = 500;

export function benchSoak(options: SoakOptions): Promise<number> {
  return runBench('soak', options, async (sandbox, say) => {
    const [name] = options.proxies;
    const target = options.quick ? options.connections / 20 : options.connections;
    const proxy = await startContestant(sandbox, name, await startBackend(sandbox));
    const samples: Sample[] = [];
    for (let total = 0; total < target; ) {
      const slice = await wrk({ ...proxy, connections: 16, seconds: SLICE_SECONDS, close: true });
      if (slice.requests < SLICE_CONNECTIONS_MIN) throw new Error(`${name} makes no connections any more`);
      total += slice.requests;
      samples.push({ connections: total, kib: rssKib(proxy.pid), errors: slice.errors });
      say(`${name}: ${total} of ${target} connections, ${rssKib(proxy.pid)} KiB`);
    }
    const growth = growthKib(samples);
    const claim = `growth of resident memory from the second quarter to the last of ${target} connections`;
    const errors = samples.reduce((sum, sample) => sum + sample.errors, 0);
    const verdicts = [atMost(claim, growth, GROWTH_KIB_MAX, 'KiB'), atMost('errors', errors, 0, 'connections')];
    return { figures: { samples, growth }, text: table(samples), verdicts };
  });
}

/** Garbage makes memory rise and fall; the low points of two stretches tell growth from that. */
function growthKib(samples: readonly Sample[]): number {
  const quarter = samples.length / 4;
  const lowest = (from: number, to: number) =>
    Math.min(...samples.slice(Math.floor(from), Math.max(Math.floor(from) + 1, Math.ceil(to))).map(({ kib }) => kib));
  return lowest(quarter * 3, samples.length) - lowest(quarter, quarter * 2);
}

function table(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.floor(samples.length / 10));
  const shown = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  const rows = shown.map((sample) => [String(sample.connections), String(sample.kib), String(sample.errors)]);
  return formatTable(['connections', 'resident KiB', 'errors'], rows);
}
