/**
 * What the database helpers share: a temporary directory and the processes started in it as the distribution's own
 * account (databases refuse root). Everything ends with the test process, even a killed one (setpriv --pdeathsig).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const isRoot = process.getuid?.() === 0;
const directories = new Set<string>();

/** Longest wait for a database to start or end; a machine that runs other tests as well is slow. */
const PATIENCE_MS = 60_000;

/** @returns a new directory that belongs to the account; removed with `removeDirectory`, or when the process ends */
export function databaseDirectory(kind: string, account: string): string {
  const dir = mkdtempSync(join(tmpdir(), `fl-${kind}-`));
  chmodSync(dir, 0o755);
  if (isRoot) runNow('chown', [account, dir]);
  if (directories.size === 0) process.on('exit', removeAll);
  directories.add(dir);
  return dir;
}

export function removeDirectory(dir: string): void {
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  directories.delete(dir);
}

function removeAll(): void {
  for (const dir of directories) rmSync(dir, { recursive: true, force: true });
}

/** A file in the directory that only the account may read. */
export function writeAs(account: string, path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (isRoot) runNow('chown', [account, path]);
}

/** The command line that runs a program as the account; root changes over, anyone else stays what he is. */
function asAccount(account: string, command: string, args: readonly string[]): [string, string[]] {
  const identity = isRoot ? [`--reuid=${account}`, `--regid=${account}`, '--init-groups'] : [];
  return ['setpriv', ['--pdeathsig', 'KILL', ...identity, '--', command, ...args]];
}

function runNow(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr ?? done.error}`);
}

/** Runs a program to its end as the account. @returns standard output. @throws Error with what it complained about */
export async function runAs(account: string, command: string, args: readonly string[], input = ''): Promise<string> {
  const [program, words] = asAccount(account, command, args);
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  child.stdin.on('error', () => child.stdin.destroy()); // it may end without reading
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${errors}${output}`);
  return output;
}

/** One database server's process: started, ended and started again on the same directory. */
export class DatabaseProcess {
  private child: ChildProcess | null = null;

  constructor(
    readonly dir: string,
    private readonly account: string,
    private readonly command: string,
    private readonly args: readonly string[],
    /** Signal for an orderly end that does not wait for clients. */
    private readonly stopSignal: NodeJS.Signals,
  ) {}

  get pid(): number {
    assertRunning(this.child);
    return this.child.pid!;
  }

  /** Everything it wrote. */
  get log(): string {
    const path = join(this.dir, 'server.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** @param isReady asked until it says yes; an exception means not yet */
  async start(isReady: () => Promise<boolean>, extra: readonly string[] = []): Promise<void> {
    const log = openSync(join(this.dir, 'server.log'), 'a');
    const [program, words] = asAccount(this.account, this.command, [...this.args, ...extra]);
    const child = spawn(program, words, { stdio: ['ignore', log, log], cwd: '/' });
    this.child = child;
    closeSync(log);
    child.unref();
    await until(`${this.command} to answer`, async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${this.command} ended at once:\n${this.log}`);
      return isReady().catch(() => false);
    });
  }

  async stop(): Promise<void> {
    await this.end(this.stopSignal);
  }

  /** As if its host lost power: no process of it says another word. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stops it with all its children: connections stay, nobody answers, until `thaw`. */
  freeze(): void {
    for (const pid of family(this.pid)) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of family(this.pid)) signal(pid, 'SIGCONT');
  }

  private async end(how: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const gone = once(child, 'exit');
    const pids = family(child.pid!);
    if (how === 'SIGKILL') for (const pid of pids) signal(pid, how);
    else child.kill(how);
    child.kill('SIGCONT'); // a frozen one would not hear it
    await gone;
  }
}

function assertRunning(child: ChildProcess | null): asserts child is ChildProcess {
  if (child === null) throw new Error('the database does not run');
}

/** The process and all below it: PostgreSQL's children are sessions of their own, no signal to a group reaches them. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name));
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

function parentOf(pid: string): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // ended meanwhile
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Asks again and again. @throws Error naming what did not come */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
}
