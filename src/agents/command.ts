/** Runs a program safely: no shell, no input, a time limit, a bound on what it may say. Only this file starts processes. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** More than any check says; the rest is cut off and the program ended. */
const OUTPUT_BYTES_MAX = 64 * 1024;

export interface Command {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly uid?: number;
  readonly gid?: number;
}

export type Outcome =
  | { readonly ok: true; readonly stdout: Buffer; readonly code: number }
  | { readonly ok: false; readonly reason: string };

export interface Run {
  /** Ends the program; its outcome is not told any more. */
  cancel(): void;
}

/** @param done called once, never synchronously, at most `timeoutMs` (and a moment) later */
export function runCommand(command: Command, timeoutMs: number, done: (outcome: Outcome) => void): Run {
  const [program, ...args] = command.argv;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  // Asked each time: after the start the process may have given root up, and then it runs programs as itself.
  const { uid, gid } = process.getuid?.() === 0 ? command : {};
  const { env } = command;
  let child: ChildProcessByStdio<null, Readable, null>;
  try {
    // A group of its own, so that what it started is ended with it.
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env, cwd: '/', uid, gid, detached: true });
  } catch (error) {
    const told = setImmediate(done, failed(`${program} cannot be run (${(error as NodeJS.ErrnoException).code})`));
    return { cancel: () => clearImmediate(told) };
  }
  const end = (outcome: Outcome | null) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    if (outcome === null || !outcome.ok) killGroup(child.pid);
    child.stdout?.destroy();
    if (outcome) done(outcome);
  };
  const timer = setTimeout(() => end(failed(`${program} did not end within ${timeoutMs} ms`)), timeoutMs);
  child.on('error', (error: NodeJS.ErrnoException) =>
    end(failed(`${program} cannot be run (${error.code ?? 'error'})`)),
  );
  // Without a free descriptor there are no pipes, whatever the types say.
  child.stdout?.on('error', () => end(failed(`${program} cannot be read`)));
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > OUTPUT_BYTES_MAX) end(failed(`${program} says more than ${OUTPUT_BYTES_MAX} bytes`));
  });
  child.on('close', (code, signal) => {
    if (code === null) end(failed(`${program} was ended by ${signal}`));
    else end({ ok: true, code, stdout: Buffer.concat(chunks) });
  });
  return { cancel: () => end(null) };
}

function failed(reason: string): Outcome {
  return { ok: false, reason };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself meanwhile
  }
}
