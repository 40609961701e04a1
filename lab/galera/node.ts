/** One Galera node: its data directory, its mariadbd, its check service on port 9200. */
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { connectMysql, type MysqlConnection } from '../support/mysql-session.js';
import { REPOSITORY } from '../support/repository.js';
import { exited, run, type Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';
import { nodeAddress } from './network.js';
import { DATABASE_ACCOUNT, optionFile } from './node-config.js';

/** The checks answer in milliseconds; a node that joins by a full copy takes seconds. */
const STATE_TIMEOUT_MS = 90_000;
/** A node that blocks for a state transfer says nothing for some seconds. */
const QUERY_TIMEOUT_MS = 20_000;

export class GaleraNode {
  readonly name: string;
  readonly dir: string;
  #server: ChildProcess | undefined;
  #connection: MysqlConnection | undefined;

  constructor(
    readonly sandbox: Sandbox,
    readonly namespace: string,
    readonly number: number,
    nodes: number,
    suspectSeconds: number,
  ) {
    this.name = `galera-node0${number + 1}`;
    this.dir = sandbox.path(this.name);
    mkdirSync(this.dir);
    writeFileSync(this.#optionFile, optionFile(number, { dir: this.dir, nodes, suspectSeconds }));
  }

  get #optionFile(): string {
    return join(this.dir, 'my.cnf');
  }

  get dataDir(): string {
    return join(this.dir, 'data');
  }

  get socket(): string {
    return join(this.dir, 'mysqld.sock');
  }

  get #checkSocket(): string {
    return join(this.dir, 'check.sock');
  }

  /** @param source data directory to copy: empty as installed, or of a stopped node of the same group */
  copyData(source: string): void {
    cpSync(source, this.dataDir, { recursive: true });
    this.#giveToDatabase();
  }

  /** The disk is new: the node must come back by a full state transfer (SST). */
  wipeData(): void {
    rmSync(this.dataDir, { recursive: true });
    mkdirSync(this.dataDir);
    this.#giveToDatabase();
  }

  #giveToDatabase(): void {
    run('chown', ['-R', `${DATABASE_ACCOUNT}:${DATABASE_ACCOUNT}`, this.dir]);
  }

  /**
   * @param how `bootstrap` starts a new group; `recover` first asks InnoDB for its position, as galera_recovery does
   * @param donor name of the node to take a state transfer from; the group chooses where absent
   */
  start(how: 'bootstrap' | 'join' | 'recover', donor?: string): void {
    const extra = how === 'bootstrap' ? ['--wsrep-new-cluster'] : how === 'recover' ? this.#recoveredPosition() : [];
    if (donor !== undefined) extra.push(`--wsrep-sst-donor=${donor},`);
    this.#server = this.sandbox.start('mariadbd', [`--defaults-file=${this.#optionFile}`, ...extra], {
      namespace: this.namespace,
      user: DATABASE_ACCOUNT,
      log: `${this.name}/server.log`,
    });
  }

  #recoveredPosition(): string[] {
    const log = join(this.dir, 'recover.log');
    rmSync(log, { force: true });
    // stderr carries the position; --log-error in the option file would swallow it.
    const text = run('sh', [
      '-c',
      `mariadbd --defaults-file=${this.#optionFile} --log-error=${log} --wsrep-recover; cat ${log}`,
    ]);
    const position = /Recovered position:? *(\S+)/.exec(text)?.[1];
    return position === undefined ? [] : [`--wsrep-start-position=${position}`];
  }

  startCheckService(): void {
    const main = join(REPOSITORY, 'dist', 'lab', 'main.js');
    const sockets = ['--socket', this.socket, '--local-socket', this.#checkSocket];
    const args = [main, 'galera-check', ...sockets, '--port', '9200'];
    this.sandbox.start(process.execPath, args, { namespace: this.namespace, log: `${this.name}/check.log` });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: the node leaves the group in good order and saves its position. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** The process stops where it is; its kernel goes on answering for its sockets. */
  freeze(): void {
    this.#server?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#server?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#connection?.hangUp();
    this.#connection = undefined;
    this.#server?.kill(signal);
    if (this.#server !== undefined) await exited(this.#server);
    this.#server = undefined;
  }

  /** Asks over the unix socket, as whoever stands at the machine. A connection that failed is not used again. */
  async query(sql: string): Promise<unknown> {
    this.#connection ??= await connectMysql(
      { path: this.socket },
      { user: 'root', database: 'mysql' },
      QUERY_TIMEOUT_MS,
    );
    try {
      return await this.#connection.query(sql);
    } catch (error) {
      this.#connection?.hangUp();
      this.#connection = undefined;
      throw error;
    }
  }

  /** @returns wsrep_local_state_comment and group size, or undefined while the server does not answer */
  async state(): Promise<{ comment: string; size: number } | undefined> {
    try {
      const rows = (await this.query(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_local_state_comment', 'wsrep_cluster_size')",
      )) as { Variable_name: string; Value: string }[];
      const value = (name: string) => rows.find((row) => row.Variable_name === name)?.Value ?? '';
      return { comment: value('wsrep_local_state_comment'), size: Number(value('wsrep_cluster_size')) };
    } catch (error) {
      return this.#diedOr(error);
    }
  }

  /** Starting up, a refused connection is an answer of its own; a server that has ended is a failure. */
  #diedOr(error: unknown): undefined {
    if (this.#server?.exitCode == null && this.#server?.signalCode == null) return undefined;
    throw new Error(`${this.name} ended by itself; see ${this.dir}/error.log`, { cause: error });
  }

  async waitSynced(size: number): Promise<void> {
    await until(`${this.name} Synced in a group of ${size}`, STATE_TIMEOUT_MS, async () => {
      const state = await this.state();
      return state?.comment === 'Synced' && state.size === size ? state : undefined;
    });
  }

  /** Waits for what the proxy's check hears too, asked over a unix socket. */
  async waitCheck(status: number): Promise<void> {
    await until(`${this.name} answers ${status} on port 9200`, STATE_TIMEOUT_MS, async () =>
      (await this.#checkStatus()) === status ? true : undefined,
    );
  }

  #checkStatus(): Promise<number> {
    return new Promise((resolve) => {
      const asked = request({ socketPath: this.#checkSocket, method: 'OPTIONS', timeout: 2000 }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('timeout', () => asked.destroy());
      asked.on('error', () => resolve(0));
      asked.end();
    });
  }

  address(): string {
    return nodeAddress(this.number);
  }
}
