/** A program that answers pollers itself, as under xinetd: what it prints is the answer, and one run serves a whole window. */
import type { Source } from './asker.js';
import { type Command, type Outcome, type Run, runCommand } from './command.js';
import { type Finding, undecided } from './finding.js';

export class ProgramSource implements Source {
  private run: Run | null = null;

  constructor(
    private readonly command: Command,
    private readonly timeoutMs: number,
    private readonly now: () => number,
  ) {}

  find(done: (finding: Finding) => void): void {
    this.run = runCommand(this.command, this.timeoutMs, (outcome) => done(this.judge(outcome)));
  }

  close(): void {
    this.run?.cancel();
  }

  /** Status 200 in its own words, or no HTTP and exit status 0, is a yes. */
  private judge(outcome: Outcome): Finding {
    if (!outcome.ok) return undecided(outcome.reason, this.now());
    const [program] = this.command.argv;
    const { stdout, code } = outcome;
    const [, status] = /^HTTP\/\d\.\d (\d{3})/.exec(stdout.subarray(0, 64).toString('latin1')) ?? [];
    const isOk = status === undefined ? code === 0 : /^[23]/.test(status);
    const said = status === undefined ? `exit status ${code}` : `status ${status}`;
    const output = stdout.length > 0 ? stdout : null;
    return { ...undecided(`${program}: ${said}`, this.now()), state: isOk ? 'fit' : 'unfit', isOk, output };
  }
}
