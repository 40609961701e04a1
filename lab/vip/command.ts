/** `lab vip`: HAProxy with keepalived and Fairlead hold the same address, one after the other, and the same things break. */
import { Progress } from '../support/progress.js';
import { Sandbox } from '../support/sandbox.js';
import { type Contestant, play } from './play.js';
import { formatResults, missedBars, type Result } from './report.js';

const SECONDS = { version: 2, intervalMs: 1000 } as const;
const FAST = { version: 3, intervalMs: 20 } as const;

export const CONTESTANTS: readonly Contestant[] = [
  { name: 'keepalived', programs: ['keepalived', 'keepalived'], protocol: SECONDS },
  { name: 'fairlead', programs: ['fairlead', 'fairlead'], protocol: SECONDS },
  { name: 'fairlead-2cs', programs: ['fairlead', 'fairlead'], protocol: FAST },
  { name: 'keepalived-2cs', programs: ['keepalived', 'keepalived'], protocol: FAST },
  { name: 'fairlead-keepalived', programs: ['fairlead', 'keepalived'], protocol: SECONDS },
  { name: 'keepalived-fairlead', programs: ['keepalived', 'fairlead'], protocol: SECONDS },
];

/** A round with seconds takes as long as many with centiseconds. */
const SLOW_SHARE = 5;

export interface VipOptions {
  readonly contestants: readonly string[];
  readonly rounds: number;
  readonly json: boolean;
  readonly keep: boolean;
}

/** @returns exit code: 1 when Fairlead missed a bar */
export async function runVip(options: VipOptions): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root');
  const progress = new Progress(options.json);
  const results: Result[] = [];
  const failures: string[] = [];
  for (const name of options.contestants) {
    const contestant = CONTESTANTS.find((one) => one.name === name)!;
    try {
      results.push(await perform(contestant, options, progress));
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`); // what the others have shown is still worth its time
    }
  }
  const missed = [...failures, ...missedBars(results)];
  const verdict = missed.length === 0 ? ['every bar met'] : missed.map((line) => `MISSED  ${line}`);
  const text = [...(results.length === 0 ? [] : [formatResults(results), '']), ...verdict].join('\n');
  process.stdout.write(`${options.json ? JSON.stringify({ scenario: 'vip', results, missed }) : text}\n`);
  return missed.length === 0 ? 0 : 1;
}

async function perform(contestant: Contestant, options: VipOptions, progress: Progress): Promise<Result> {
  const { name, protocol, programs } = contestant;
  const rounds = protocol.intervalMs < 1000 ? options.rounds : Math.ceil(options.rounds / SLOW_SHARE);
  const sandbox = new Sandbox(`vip-${name}`, options.keep);
  try {
    const rows = await play(sandbox, contestant, rounds, (text) => progress.step(text));
    return { contestant: name, isJudged: programs.every((one) => one === 'fairlead'), rows };
  } finally {
    progress.done();
    sandbox.close();
    if (options.keep) process.stderr.write(`logs: ${sandbox.dir}\n`);
  }
}
