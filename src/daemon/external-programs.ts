/**
 * Starts the programs of external checks for the health thread, whose own event loop never turns. Each runs in a group of
 * its own, so that what it started ends with it; more than a few dozen at once wait for their turn, and their time runs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ExternalProgram } from '../core/messages.js';

/** A check takes some ten milliseconds of a processor: more of them at once only make each other late. */
const RUNNING_MAX = 64;
/** From SIGTERM to SIGKILL. */
const GRACE_MS = 1000;
/** As a shell says that a program cannot be run, and as HAProxy's child exits then. */
const NOT_STARTED = 255;
const KILLED = -1;

interface Waiting {
  readonly id: number;
  readonly program: ExternalProgram;
}

export class ExternalPrograms {
  private readonly running = new Map<number, ChildProcess>();
  private waiting: Waiting[] = [];

  /** @param ended called once for each program that was not killed, with its exit status, -1 if a signal ended it */
  constructor(private readonly ended: (id: number, status: number) => void) {}

  start(id: number, program: ExternalProgram): void {
    if (this.running.size < RUNNING_MAX) this.run({ id, program });
    else this.waiting.push({ id, program });
  }

  kill(id: number): void {
    this.waiting = this.waiting.filter((each) => each.id !== id);
    const child = this.running.get(id);
    if (child !== undefined) terminate(child);
  }

  /** The process ends. */
  killAll(): void {
    this.waiting = [];
    for (const child of this.running.values()) signal(child, 'SIGKILL');
  }

  private run({ id, program }: Waiting): void {
    const { command, args, env } = program;
    let child: ChildProcess;
    try {
      child = spawn(command, args, { env: { ...env }, stdio: 'ignore', detached: true });
    } catch {
      this.ended(id, NOT_STARTED); // ENOMEM and the like are thrown
      return;
    }
    this.running.set(id, child);
    child.once('error', () => this.over(id, NOT_STARTED)); // ENOENT, EACCES, EAGAIN: it never ran
    child.once('exit', (code) => this.over(id, code ?? KILLED));
  }

  private over(id: number, status: number): void {
    if (!this.running.delete(id)) return;
    this.ended(id, status);
    const next = this.waiting.shift();
    if (next !== undefined) this.run(next);
  }
}

function terminate(child: ChildProcess): void {
  signal(child, 'SIGTERM');
  const timer = setTimeout(signal, GRACE_MS, child, 'SIGKILL').unref();
  child.once('exit', () => clearTimeout(timer));
}

/** To the whole group. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended by itself
  }
}
