/**
 * A host on this machine: a network namespace with processes and a `/run` of its own. `killall -0 haproxy` on one
 * host then says nothing of another, and programs with fixed paths for their sockets and pid files do not meet.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { run, type Sandbox } from './sandbox.js';
import { until } from './wait.js';

/** A first process that only waits, and buries the children of others. */
const INIT = 'mount -t tmpfs tmpfs /run && while :; do sleep 86400 & wait $!; done';
const START_TIMEOUT_MS = 5000;

interface ProcessOptions {
  /** File name under the run's directory. */
  readonly log: string;
  /** Hand standard output to the caller instead of the log. */
  readonly pipe?: boolean;
}

export class Host {
  private constructor(
    readonly name: string,
    readonly namespace: string,
    /** First process of the host, as the machine counts. */
    readonly init: number,
    readonly sandbox: Sandbox,
  ) {}

  /** @param namespace of the sandbox, which ends the host with it */
  static async boot(sandbox: Sandbox, name: string, namespace: string): Promise<Host> {
    const words = ['--pid', '--fork', '--kill-child=KILL', '--mount', '--mount-proc', 'sh', '-c', INIT];
    const outer = sandbox.start('unshare', words, { namespace, log: `${name}-init.log` });
    const init = await until(`${name} boots`, START_TIMEOUT_MS, async () => waiting(outer), 10);
    return new Host(name, namespace, init, sandbox);
  }

  /** The command in front of which `nsenter` stands runs on this host. */
  #enter(command: string, args: readonly string[]): string[] {
    return [`--target=${this.init}`, '--net', '--mount', '--pid', '--', command, ...args];
  }

  /** @returns nsenter(1), which ends when the program does; for signals see `pids` */
  start(command: string, args: readonly string[], options: ProcessOptions): ChildProcess {
    return this.sandbox.start('nsenter', this.#enter(command, args), options);
  }

  /** Runs a command to its end. @throws Error with what it said when it fails */
  run(command: string, args: readonly string[], input?: string): string {
    return run('nsenter', this.#enter(command, args), input);
  }

  /** @returns pids, as the machine counts, of the processes on this host whose command line matches */
  pids(pattern: RegExp): number[] {
    return run('ip', ['netns', 'pids', this.namespace])
      .split('\n')
      .filter((line) => line !== '')
      .map(Number)
      .filter((pid) => pid !== this.init && pattern.test(commandLine(pid)));
  }
}

/** @returns the shell that waits, when its `/run` is in place */
function waiting(outer: ChildProcess): number | undefined {
  const [shell] = childrenOf(outer.pid ?? 0);
  return shell !== undefined && childrenOf(shell).some((pid) => commandLine(pid).startsWith('sleep'))
    ? shell
    : undefined;
}

function childrenOf(pid: number): number[] {
  return readText(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

/** Words separated by blanks; '' of a process that is gone. `nsenter` is nobody's program. */
function commandLine(pid: number): string {
  const line = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return line.startsWith('nsenter ') ? '' : line;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended between two looks
  }
}
