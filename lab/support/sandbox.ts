/**
 * What a lab run owns: one directory, its processes, its network namespaces. `close()` ends all of it and nothing else;
 * it is synchronous so that a signal handler can call it. Children die with us even if we are killed
 * (prctl(2) PR_SET_PDEATHSIG, through setpriv(1)).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMESPACE_PREFIX = 'flab';
const NAMESPACE_DIR = '/run/netns';

interface StartOptions {
  /** Namespace to run in; the host's own when absent. */
  readonly namespace?: string;
  /** Account to run as, with its group of the same name. */
  readonly user?: string;
  /** File name, under the run's directory, for standard error (and output, unless `pipe`). */
  readonly log: string;
  /** Hand standard output to the caller instead of the log. */
  readonly pipe?: boolean;
  /** Let the caller write to its standard input. */
  readonly input?: boolean;
  readonly env?: { readonly [name: string]: string };
}

export class Sandbox {
  readonly dir: string;
  readonly #children = new Set<ChildProcess>();
  readonly #namespaces: string[] = [];
  readonly #last: (() => void)[] = [];
  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.close();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };

  constructor(
    name: string,
    /** Leave the directory (logs, data) behind. */
    readonly keep: boolean,
  ) {
    removeOrphanNamespaces();
    this.dir = mkdtempSync(join(tmpdir(), `fairlead-${name}-`));
    chmodSync(this.dir, 0o755); // services run as accounts of their own
    process.once('SIGINT', this.#onSignal);
    process.once('SIGTERM', this.#onSignal);
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  /**
   * Adds a namespace with its loopback up.
   * @param hosts text for its /etc/hosts (ip-netns(8)), as no name server answers in there
   * @returns its name, unique to this process
   */
  namespace(role: string, hosts: string): string {
    const name = `${NAMESPACE_PREFIX}${process.pid}-${role}`;
    run('ip', ['netns', 'add', name]);
    this.#namespaces.push(name);
    mkdirSync(etcOf(name), { recursive: true });
    writeFileSync(join(etcOf(name), 'hosts'), `127.0.0.1 localhost ${hostname()}\n${hosts}`);
    // Nothing listens there, so that a lookup fails at once instead of after its timeouts.
    writeFileSync(join(etcOf(name), 'resolv.conf'), 'nameserver 127.0.0.1\n');
    run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    return name;
  }

  /** @param action done when every process has been killed, before the directory goes; it must not wait */
  atClose(action: () => void): void {
    this.#last.push(action);
  }

  start(command: string, args: readonly string[], options: StartOptions): ChildProcess {
    const inside = options.namespace === undefined ? [] : ['ip', 'netns', 'exec', options.namespace];
    const log = openSync(this.path(options.log), 'a');
    const identity =
      options.user === undefined ? [] : [`--reuid=${options.user}`, `--regid=${options.user}`, '--init-groups'];
    // setpriv comes last: a change of user would take the death signal away again.
    const chain = [...inside, 'setpriv', '--pdeathsig', 'KILL', ...identity, command, ...args];
    const child = spawn(chain[0], chain.slice(1), {
      stdio: [options.input === true ? 'pipe' : 'ignore', options.pipe === true ? 'pipe' : log, log],
      env: { ...process.env, ...options.env },
    });
    closeSync(log);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.once('error', () => this.#children.delete(child));
    return child;
  }

  /** Ends every process, namespace and file of this run. Safe to call twice. */
  close(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
    for (const child of this.#children) child.kill('SIGKILL');
    this.#children.clear();
    for (const name of this.#namespaces.splice(0)) {
      endProcessesIn(name); // children of ours may have children that are stopped
      removeNamespace(name);
    }
    for (const action of this.#last.splice(0)) action();
    if (!this.keep) rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Runs a command to its end. @param input its standard input. @throws Error with its standard error when it fails */
export function run(command: string, args: readonly string[], input?: string): string {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, input });
  if (done.status === 0) return done.stdout;
  const why = done.error?.message ?? `${done.stderr}${done.stdout}`.trim();
  throw new Error(`${command} ${args.join(' ')}: ${why}`);
}

/** Resolves when the process has ended; at once if it already has. */
export function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Namespaces of runs that were killed before they could clean up: their name holds the pid that made them. */
function removeOrphanNamespaces(): void {
  for (const name of namespaceNames()) {
    const pid = Number(new RegExp(`^${NAMESPACE_PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) {
      endProcessesIn(name);
      removeNamespace(name);
    }
  }
}

/** A proxy that changed its account has outlived its lab: the change took the death signal away. */
function endProcessesIn(namespace: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  for (const pid of stdout.split('\n').filter((line) => line !== '')) kill(Number(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended by itself
  }
}

function removeNamespace(name: string): void {
  spawnSync('ip', ['netns', 'del', name]);
  rmSync(etcOf(name), { recursive: true, force: true });
}

function etcOf(name: string): string {
  return join('/etc/netns', name);
}

function namespaceNames(): string[] {
  try {
    return readdirSync(NAMESPACE_DIR);
  } catch {
    return []; // iproute2 makes the directory with the first namespace
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
