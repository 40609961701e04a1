/** A writer in a namespace of its own, as the lab sees it: what it has tried so far. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from './repository.js';
import { exited, type Sandbox } from './sandbox.js';
import type { Attempt, WriterTarget } from './writer.js';

export interface Writer {
  /** Grows while it runs. */
  readonly attempts: readonly Attempt[];
  /** Writes to another host from now on. */
  aim(host: string): void;
  /** Lets the attempts in flight end. */
  stop(): Promise<void>;
}

/** @param log file name for what it says on standard error */
export function startWriter(sandbox: Sandbox, namespace: string, target: WriterTarget, log: string): Writer {
  const words = Object.entries(target).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const args = [join(REPOSITORY, 'dist', 'lab', 'main.js'), 'writer', ...words];
  const child = sandbox.start(process.execPath, args, { namespace, log, pipe: true, input: true });
  const attempts: Attempt[] = [];
  const finished = readLines(child, (line) => attempts.push(JSON.parse(line) as Attempt));
  child.stdin?.on('error', () => undefined); // it has ended; its exit says so
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`a writer ended by itself; see ${sandbox.path(log)} with --keep`);
    child.kill('SIGTERM');
    await exited(child);
    await finished;
  };
  return { attempts, aim: (host) => child.stdin?.write(`${host}\n`), stop };
}

function readLines(child: ChildProcess, take: (line: string) => void): Promise<void> {
  if (child.stdout === null) throw new Error('a child without output cannot report');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', take);
  return new Promise((resolve) => lines.once('close', resolve));
}
