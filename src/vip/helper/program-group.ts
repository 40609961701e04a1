/**
 * Runs programs without a shell, each in a process group of its own, with no input, nowhere to print to, nothing of the
 * helper's environment but a path, in `/`. What does not end in time is told to end, and shortly after killed with all
 * that it started.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Account } from './account.js';
import { forgetGroup, type GroupMemory, killGroups, noteGroup, signalGroup } from './group-table.js';

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 500;
/** Where programs are looked for, and what they are told as PATH. */
export const PROGRAM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export type Outcome =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  /** It never ran. */
  | { readonly kind: 'not-run'; readonly reason: string };

export interface Launch {
  readonly command: readonly string[];
  /** Null: as this process. */
  readonly account: Account | null;
  /** From the start; none: it may run for good. */
  readonly timeoutMs?: number;
  /** What it reads as standard input; none: /dev/null. */
  readonly input?: string;
  /** What started during its run is killed when it has ended: true for checks, not for programs that start daemons. */
  readonly endsWithLeader: boolean;
}

export interface Watcher {
  /** Called once: it has ended, did not start, or is out of time. */
  readonly done: (outcome: Outcome) => void;
  /** Called once, after `done`: nothing of it runs any more. */
  readonly gone?: () => void;
}

export interface Running {
  /** SIGTERM, then SIGKILL, for the whole group. `done` and `gone` are still called. */
  end(): void;
}

export class ProgramGroups {
  constructor(private readonly memory: GroupMemory) {}

  run(launch: Launch, watcher: Watcher): Running {
    const group = new ProgramGroup(launch, watcher, this.memory);
    group.start();
    return group;
  }

  /** At once, for good: the process is about to exit. */
  killAll(): void {
    killGroups(this.memory);
  }
}

class ProgramGroup implements Running {
  private child: ChildProcess | undefined;
  private isDone = false;
  private timeout: NodeJS.Timeout | undefined;
  private grace: NodeJS.Timeout | undefined;
  private slot = -1;

  constructor(
    private readonly launch: Launch,
    private readonly watcher: Watcher,
    private readonly memory: GroupMemory,
  ) {}

  start(): void {
    const { command, account, timeoutMs, input } = this.launch;
    const [program, ...args] = command;
    try {
      this.child = spawn(program, args, {
        stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'ignore'],
        env: { PATH: PROGRAM_PATH },
        cwd: '/',
        detached: true, // setsid(2): the leader of a group
        // Where these are given libuv empties the supplementary groups first.
        ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
      });
    } catch (error) {
      setImmediate(() => this.over({ kind: 'not-run', reason: reasonOf(error, program) })); // ENOMEM and the like
      return;
    }
    if (this.child.pid !== undefined) this.slot = noteGroup(this.memory, this.child.pid);
    this.child.once('error', (error) => this.over({ kind: 'not-run', reason: reasonOf(error, program) }));
    this.child.once('exit', (code, signal) =>
      this.over(code === null ? { kind: 'signal', signal: signal ?? 'a signal' } : { kind: 'exit', code }),
    );
    if (timeoutMs !== undefined) this.timeout = setTimeout(() => this.late(timeoutMs), timeoutMs);
    this.child.stdin?.on('error', () => {}); // it does not read, and says so by its exit status
    this.child.stdin?.end(input);
  }

  end(): void {
    if (this.child?.pid === undefined || this.grace !== undefined) return;
    this.signal('SIGTERM');
    this.grace = setTimeout(() => this.signal('SIGKILL'), GRACE_MS);
  }

  private signal(name: NodeJS.Signals): void {
    if (this.child?.pid !== undefined) signalGroup(this.child.pid, name);
  }

  private late(timeoutMs: number): void {
    this.end();
    this.done({ kind: 'timeout', timeoutMs });
  }

  /** The leader has ended. Its number is not given away while the group has members, so what is left can be reached. */
  private over(outcome: Outcome): void {
    clearTimeout(this.timeout);
    clearTimeout(this.grace);
    if (this.launch.endsWithLeader || this.grace !== undefined) this.signal('SIGKILL');
    forgetGroup(this.memory, this.slot);
    this.done(outcome);
    this.watcher.gone?.();
  }

  private done(outcome: Outcome): void {
    if (this.isDone) return;
    this.isDone = true;
    this.watcher.done(outcome);
  }
}

function reasonOf(error: unknown, program: string): string {
  const { code } = error as NodeJS.ErrnoException;
  const texts: { readonly [code: string]: string } = {
    ENOENT: 'there is no such program',
    EACCES: 'it may not be executed',
    EPERM: 'its user cannot be switched to',
    ENOEXEC: 'it is no program (a script needs a first line such as #!/bin/sh)',
    ENOTDIR: 'a part of its path is no directory',
  };
  return `${program}: ${texts[code ?? ''] ?? `it cannot be run (${code ?? String(error)})`}`;
}

/** For a person. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'exit':
      return `exit status ${outcome.code}`;
    case 'signal':
      return `ended by ${outcome.signal}`;
    case 'timeout':
      return `did not end within ${outcome.timeoutMs} ms`;
    case 'not-run':
      return outcome.reason;
  }
}
