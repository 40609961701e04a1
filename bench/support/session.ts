/** What every benchmark shares: its directory, its progress line, its result as text or JSON. */
import { Progress } from '../../lab/support/progress.js';
import { Sandbox } from '../../lab/support/sandbox.js';
import { formatVerdict, type Verdict } from './verdict.js';

export interface BenchOptions {
  readonly quick: boolean;
  readonly json: boolean;
}

interface Outcome {
  readonly verdicts: readonly Verdict[];
  /** For `--json`. */
  readonly figures: unknown;
  /** For people, above the verdicts. */
  readonly text: string;
}

/** Runs a benchmark and cleans up after it. @returns exit code: 1 when a bar was missed */
export async function runBench(
  name: string,
  options: BenchOptions,
  measure: (sandbox: Sandbox, say: (text: string) => void) => Promise<Outcome>,
): Promise<number> {
  const sandbox = new Sandbox(`bench-${name}`, false);
  const progress = new Progress(options.json);
  try {
    const { verdicts, figures, text } = await measure(sandbox, (line) => progress.step(line));
    progress.done();
    const lines = [text, '', ...verdicts.map(formatVerdict)].join('\n');
    process.stdout.write(`${options.json ? JSON.stringify({ bench: name, figures, verdicts }) : lines}\n`);
    return verdicts.every((verdict) => verdict.met) ? 0 : 1;
  } finally {
    progress.done();
    sandbox.close();
  }
}
