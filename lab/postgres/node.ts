/** One PostgreSQL server of the pair: its data directory, its postmaster, its check service on port 25432. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresSession } from '../support/postgres-session.js';
import { REPOSITORY } from '../support/repository.js';
import { exited, run, type Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';
import { DATABASE_PORT, serverAddress } from './network.js';
import { ACCOUNTS, binary, DATABASE_ACCOUNT, HOST_BASED_AUTHENTICATION, settingsFile } from './node-config.js';
import { releaseSharedMemory } from './shared-memory.js';

const START_TIMEOUT_MS = 60_000;
const QUERY_TIMEOUT_MS = 5000;

export class PostgresNode {
  readonly dir: string;
  #server: ChildProcess | undefined;
  #session: PostgresSession | undefined;

  constructor(
    readonly sandbox: Sandbox,
    readonly namespace: string,
    readonly name: string,
    readonly number: number,
  ) {
    this.dir = sandbox.path(name);
    mkdirSync(this.dir);
    writeFileSync(join(this.dir, 'postgresql.conf'), settingsFile(name, this.dir));
    writeFileSync(join(this.dir, 'pg_hba.conf'), HOST_BASED_AUTHENTICATION);
    writeFileSync(join(this.dir, 'pg_ident.conf'), '');
    this.setSynchronous(false);
    sandbox.atClose(() => releaseSharedMemory(this.#data));
    run('chown', ['-R', `${DATABASE_ACCOUNT}:${DATABASE_ACCOUNT}`, this.dir]);
  }

  get address(): string {
    return serverAddress(this.number);
  }

  get #data(): string {
    return join(this.dir, 'data');
  }

  /** A new cluster, empty. */
  initialize(): void {
    this.#run('initdb', ['-D', this.#data, '-U', 'postgres', '--no-sync', '--auth=trust', '-E', 'UTF8', '--no-locale']);
  }

  /** Becomes a copy of another server that runs, to follow it as its standby. What it had is gone. */
  copyFrom(primary: PostgresNode): void {
    rmSync(this.#data, { recursive: true, force: true });
    const from = `host=${primary.address} port=${DATABASE_PORT} user=${ACCOUNTS.replication} application_name=${this.name}`;
    const how = ['--wal-method=stream', '--checkpoint=fast', '--write-recovery-conf', '--no-sync'];
    this.#run('pg_basebackup', ['-d', from, '-D', this.#data, ...how]);
  }

  /** A server that was stopped in good order follows the other one from where it is. */
  becomeStandbyOf(primary: PostgresNode): void {
    const from = `host=${primary.address} port=${DATABASE_PORT} user=${ACCOUNTS.replication} application_name=${this.name}`;
    this.#write(join(this.#data, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
    this.#write(join(this.#data, 'standby.signal'), '');
  }

  #write(path: string, text: string): void {
    writeFileSync(path, text);
    run('chown', [`${DATABASE_ACCOUNT}:${DATABASE_ACCOUNT}`, path]);
  }

  #run(program: string, args: readonly string[]): void {
    const inside = ['ip', 'netns', 'exec', this.namespace, 'runuser', '-u', DATABASE_ACCOUNT, '--'];
    const [command, ...rest] = [...inside, binary(program), ...args];
    const done = spawnSync(command, rest, { encoding: 'utf8', cwd: '/' });
    if (done.status !== 0) throw new Error(`${program} for ${this.name}: ${done.stderr}`.trim());
  }

  start(): void {
    const settings = ['-c', `config_file=${join(this.dir, 'postgresql.conf')}`];
    this.#server = this.sandbox.start(binary('postgres'), ['-D', this.#data, ...settings], {
      namespace: this.namespace,
      user: DATABASE_ACCOUNT,
      log: join(this.name, 'server.log'),
    });
  }

  /** pgsqlchk as the seed has it: its own host's database, asked anew for every poll. */
  startCheckService(): void {
    const main = join(REPOSITORY, 'dist', 'lab', 'main.js');
    const args = [main, 'postgres-check', '--port', '25432', '--user', ACCOUNTS.health];
    this.sandbox.start(process.execPath, args, { namespace: this.namespace, log: join(this.name, 'check.log') });
  }

  /** @param signal SIGINT: fast shutdown, SIGQUIT: immediate shutdown (manual, "Shutting Down the Server") */
  async end(signal: 'SIGKILL' | 'SIGINT' | 'SIGQUIT'): Promise<void> {
    this.#session?.close();
    this.#session = undefined;
    if (this.#server === undefined) return;
    const ended = exited(this.#server);
    if (signal === 'SIGKILL') this.#signalAll('SIGKILL');
    else this.#server.kill(signal);
    await ended;
    this.#server = undefined;
  }

  /** Every process of the server stops where it is; its kernel goes on answering for its sockets. */
  freeze(): void {
    this.#signalAll('SIGSTOP');
  }

  thaw(): void {
    this.#signalAll('SIGCONT');
  }

  /** The postmaster first: it must not see its children stopped or dead. */
  #signalAll(signal: NodeJS.Signals): void {
    const pid = this.#server?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    process.kill(pid, signal);
    for (const child of childrenOf(pid)) sendTo(child, signal);
  }

  /**
   * Synchronous replication as a failover manager steers it: on while a standby streams, so that no acknowledged write
   * is on one server only; off where there is none. A frozen server learns it when it goes on.
   */
  setSynchronous(on: boolean): void {
    writeFileSync(join(this.dir, 'synchronous.conf'), `synchronous_standby_names = '${on ? '*' : ''}'\n`);
    this.#server?.kill('SIGHUP');
  }

  /** Asks over the unix socket, as whoever stands at the machine: no fault of the network is in the way. */
  async query(sql: string): Promise<string[][]> {
    this.#session ??= await PostgresSession.open(
      { path: join(this.dir, `.s.PGSQL.${DATABASE_PORT}`) },
      'postgres',
      QUERY_TIMEOUT_MS,
    );
    try {
      return await this.#session.query(sql);
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
  }

  /** @returns the first column of the first row; undefined while the server does not answer */
  async ask(sql: string): Promise<string | undefined> {
    try {
      return (await this.query(sql))[0]?.[0];
    } catch {
      return undefined; // starting, or gone: whoever waits asks again
    }
  }

  async waitReady(): Promise<void> {
    await until(`${this.name} takes connections (see ${this.dir}/server.log)`, START_TIMEOUT_MS, async () =>
      (await this.ask('SELECT 1')) === '1' ? true : undefined,
    );
  }

  /** @param standby whose stream has caught up */
  async waitStreaming(standby: PostgresNode): Promise<void> {
    const sql = `SELECT state FROM pg_stat_replication WHERE application_name = '${standby.name}'`;
    await until(`${standby.name} streams from ${this.name}`, START_TIMEOUT_MS, async () =>
      (await this.ask(sql)) === 'streaming' ? true : undefined,
    );
  }

  /**
   * `pg_ctl promote`, as an operator or a failover manager does it.
   * @returns when it took writes, epoch ms, to 5 ms
   */
  async promote(): Promise<number> {
    this.sandbox.start(binary('pg_ctl'), ['promote', '--no-wait', '-D', this.#data], {
      user: DATABASE_ACCOUNT,
      log: join(this.name, 'promote.log'),
    });
    return until(
      `${this.name} is promoted`,
      START_TIMEOUT_MS,
      async () => ((await this.ask('SELECT pg_is_in_recovery()')) === 'f' ? Date.now() : undefined),
      2,
    );
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it ended while we looked
  }
}

function sendTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended by itself
  }
}
