/**
 * Real databases for tests, small and quick, each on a free port of 127.0.0.1 with a directory of its own: MariaDB
 * (also as Galera nodes), PostgreSQL with standbys, Redis with replicas. `close()` ends one and removes its files.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mariadb';
import { DYNAMIC_SHARED_MEMORY, releaseSharedMemory } from '../../lab/postgres/shared-memory.js';
import { freePort } from '../../lab/support/ports.js';
import { DatabaseProcess, databaseDirectory, removeDirectory, runAs, until, writeAs } from './database-process.js';

/** What every running database can do. */
interface Database {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly dir: string;
  /** What the server wrote to its log. */
  readonly log: string;
  /** In good order. */
  stop(): Promise<void>;
  /** SIGKILL, with all its processes. */
  kill(): Promise<void>;
  /** SIGSTOP until `thaw`: connections are accepted by the kernel, nobody answers. */
  freeze(): void;
  thaw(): void;
  /** After stop or kill: the same data on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

abstract class Base implements Database {
  readonly host = '127.0.0.1';
  protected abstract readonly process: DatabaseProcess;

  constructor(
    readonly port: number,
    readonly dir: string,
  ) {}

  abstract start(): Promise<void>;

  get log(): string {
    return this.process.log;
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  freeze(): void {
    this.process.freeze();
  }

  thaw(): void {
    this.process.thaw();
  }

  async close(): Promise<void> {
    await this.kill();
    removeDirectory(this.dir);
  }
}

// ── MariaDB ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const MARIADB_ACCOUNT = 'mysql';
const PROVIDERS = ['/usr/lib/galera/libgalera_smm.so', '/usr/lib/libgalera_smm.so'];

export class Mariadb extends Base {
  protected readonly process: DatabaseProcess;
  private admin: Connection | null = null;

  constructor(
    port: number,
    dir: string,
    args: readonly string[],
    /** What only the first start is given. */
    private firstArgs: readonly string[] = [],
  ) {
    super(port, dir);
    const options = {
      datadir: join(dir, 'data'),
      socket: join(dir, 'socket'),
      'pid-file': join(dir, 'pid'),
      'bind-address': '127.0.0.1',
      port,
      'skip-name-resolve': 1,
      'performance-schema': 'OFF',
      'innodb-buffer-pool-size': '16M',
      'innodb-log-file-size': '8M',
      'innodb-flush-method': 'nosync',
      'aria-pagecache-buffer-size': '1M',
      'key-buffer-size': '1M',
    };
    const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    this.process = new DatabaseProcess(
      dir,
      MARIADB_ACCOUNT,
      'mariadbd',
      ['--no-defaults', ...words, ...args],
      'SIGTERM',
    );
  }

  /** Resolves when it answers as root on its own socket; a Galera node: when it is Synced. */
  async start(): Promise<void> {
    const extra = this.firstArgs;
    this.firstArgs = [];
    await this.startWith(extra);
  }

  protected async startWith(extra: readonly string[]): Promise<void> {
    await this.process.start(() => this.isReady(), extra);
  }

  private async isReady(): Promise<boolean> {
    const rows = await this.sql(`SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'`);
    return rows.length === 0 || /^(Synced|Disabled|)$/.test(String(rows[0].Value));
  }

  /** One statement as root. @returns its rows, empty for a statement without */
  async sql(text: string): Promise<Record<string, unknown>[]> {
    this.admin ??= await this.connect();
    const rows = await this.admin.query({ sql: text, bigIntAsNumber: true });
    return Array.isArray(rows) ? rows : [];
  }

  private async connect(): Promise<Connection> {
    const connection = await createConnection({ socketPath: join(this.dir, 'socket'), user: 'root' });
    connection.on('error', () => {
      this.admin = null; // it went away; the next statement connects again
    });
    return connection;
  }

  override async stop(): Promise<void> {
    this.hangUp();
    await super.stop();
  }

  override async kill(): Promise<void> {
    this.hangUp();
    await super.kill();
  }

  private hangUp(): void {
    this.admin?.destroy();
    this.admin = null;
  }
}

async function installMariadb(dir: string): Promise<void> {
  await runAs(MARIADB_ACCOUNT, 'mariadb-install-db', [
    '--no-defaults',
    `--datadir=${join(dir, 'data')}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    '--innodb-log-file-size=8M',
    '--innodb-flush-method=nosync',
  ]);
}

/** @param args more options for mariadbd, e.g. `--log-bin`, `--ssl-cert=…`; {DIR} is its directory */
export async function startMariadb(args: readonly string[] = []): Promise<Mariadb> {
  const dir = databaseDirectory('mariadb', MARIADB_ACCOUNT);
  const filled = args.map((word) => word.replaceAll('{DIR}', dir));
  const server = new Mariadb(await freePort(), dir, filled);
  await installMariadb(dir);
  await server.start();
  return server;
}

/** A replica that follows the source by GTID; the source runs with `--log-bin --server-id=1`. */
export async function startMariadbReplica(source: Mariadb, args: readonly string[] = []): Promise<Mariadb> {
  const replica = await startMariadb(['--log-bin', '--server-id=2', '--read-only=1', ...args]);
  await source.sql(`GRANT REPLICATION SLAVE ON *.* TO 'copy'@'127.0.0.1' IDENTIFIED BY 'copy'`);
  await replica.sql(
    `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${source.port}, MASTER_USER='copy', MASTER_PASSWORD='copy',
     MASTER_USE_GTID=current_pos, MASTER_CONNECT_RETRY=1`,
  );
  await replica.sql('START SLAVE');
  await until('the replica to follow', async () => {
    const [row] = await replica.sql('SHOW SLAVE STATUS');
    return row.Slave_IO_Running === 'Yes' && row.Slave_SQL_Running === 'Yes';
  });
  return replica;
}

/** A Galera node: the first of a new group, or one that joins (its data arrives by rsync; both end Synced). */
export async function startGalera(join?: GaleraNode, args: readonly string[] = []): Promise<GaleraNode> {
  const dir = databaseDirectory('galera', MARIADB_ACCOUNT);
  const groupPort = await freePort();
  const receivers = { ist: await freePort(), sst: await freePort() };
  const provider = [
    'gcache.size=16M',
    `gmcast.listen_addr=tcp://127.0.0.1:${groupPort}`,
    `ist.recv_addr=127.0.0.1:${receivers.ist}`,
    'evs.keepalive_period=PT0.5S',
    'evs.suspect_timeout=PT2S',
    'evs.inactive_timeout=PT6S',
    'evs.install_timeout=PT6S',
  ];
  const options = [
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    '--wsrep-on=ON',
    `--wsrep-provider=${PROVIDERS.find((path) => existsSync(path)) ?? PROVIDERS[0]}`,
    `--wsrep-provider-options=${provider.join(';')}`,
    '--wsrep-cluster-name=test',
    `--wsrep-cluster-address=gcomm://${join === undefined ? '' : `127.0.0.1:${join.groupPort}`}`,
    '--wsrep-node-address=127.0.0.1',
    `--wsrep-sst-receive-address=127.0.0.1:${receivers.sst}`,
    '--wsrep-sst-method=rsync',
    ...args,
  ];
  const first = join === undefined ? ['--wsrep-new-cluster'] : [];
  const node = new GaleraNode(await freePort(), dir, groupPort, options, first);
  await installMariadb(dir);
  await node.start();
  return node;
}

export class GaleraNode extends Mariadb {
  constructor(
    port: number,
    dir: string,
    /** Where the other nodes reach it (gmcast.listen_addr). */
    readonly groupPort: number,
    args: readonly string[],
    firstArgs: readonly string[],
  ) {
    super(port, dir, args, firstArgs);
  }

  /** After stop or kill: back into the group of a node that runs. */
  async rejoin(member: GaleraNode): Promise<void> {
    await this.startWith([`--wsrep-cluster-address=gcomm://127.0.0.1:${member.groupPort}`]);
  }
}

// ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────────────

const POSTGRES_ACCOUNT = 'postgres';
const POSTGRES_DIR = '/usr/lib/postgresql';

/** Debian keeps a folder per version; elsewhere the programs are in the path. */
function postgresProgram(name: string): string {
  const versions = existsSync(POSTGRES_DIR) ? readdirSync(POSTGRES_DIR).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(POSTGRES_DIR, version, 'bin', name)).find((path) => existsSync(path));
  return found ?? name;
}

interface PostgresOptions {
  /** Authentication of TCP clients in pg_hba.conf: `scram-sha-256` (default), `md5`, `password`, `trust`. */
  readonly auth?: string;
  /** Whole lines of pg_hba.conf that come before ours. */
  readonly hba?: readonly string[];
  /** Settings, as after `-c`; {DIR} is the directory. */
  readonly settings?: readonly string[];
}

export class Postgres extends Base {
  protected readonly process: DatabaseProcess;

  constructor(port: number, dir: string, settings: readonly string[]) {
    super(port, dir);
    const all = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      `unix_socket_directories=${dir}`,
      'fsync=off',
      `dynamic_shared_memory_type=${DYNAMIC_SHARED_MEMORY}`,
      'shared_buffers=8MB',
      'max_wal_size=64MB',
      'wal_retrieve_retry_interval=100ms',
      ...settings.map((text) => text.replaceAll('{DIR}', dir)),
    ];
    const words = all.flatMap((text) => ['-c', text]);
    // SIGINT is its fast shutdown: sessions are ended, nothing is lost.
    this.process = new DatabaseProcess(
      dir,
      POSTGRES_ACCOUNT,
      postgresProgram('postgres'),
      ['-D', join(dir, 'data'), ...words],
      'SIGINT',
    );
  }

  async start(): Promise<void> {
    await this.process.start(async () => (await this.sql('SELECT 1')) === '1');
  }

  override async close(): Promise<void> {
    await this.kill();
    releaseSharedMemory(join(this.dir, 'data'));
    removeDirectory(this.dir);
  }

  /** As superuser over the unix socket. @returns unaligned rows, fields parted by `|` */
  async sql(text: string): Promise<string> {
    const args = ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', this.dir, '-p', String(this.port), '-U', POSTGRES_ACCOUNT];
    return (await runAs(POSTGRES_ACCOUNT, postgresProgram('psql'), [...args, '-f', '-', 'postgres'], text)).trimEnd();
  }

  /** Replaces the rules for clients (pg_hba.conf) and loads them. */
  async setAccess(lines: readonly string[]): Promise<void> {
    writeAs(POSTGRES_ACCOUNT, join(this.dir, 'data', 'pg_hba.conf'), accessRules(lines));
    await this.sql('SELECT pg_reload_conf()');
  }

  /** A standby becomes primary; resolves when it takes writes. */
  async promote(): Promise<void> {
    await this.sql('SELECT pg_promote(true, 60)');
  }
}

function accessRules(lines: readonly string[]): string {
  const ours = ['local all all trust', 'local replication all trust', 'host replication all 127.0.0.1/32 trust'];
  return `${[...ours, ...lines].join('\n')}\n`;
}

export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const dir = databaseDirectory('postgres', POSTGRES_ACCOUNT);
  const data = join(dir, 'data');
  await runAs(POSTGRES_ACCOUNT, postgresProgram('initdb'), [
    '-D',
    data,
    '-U',
    POSTGRES_ACCOUNT,
    '-N',
    '-k',
    '-A',
    'trust',
    '--no-locale',
    '-E',
    'UTF8',
  ]);
  const auth = options.auth ?? 'scram-sha-256';
  const rules = accessRules([...(options.hba ?? []), `host all all 127.0.0.1/32 ${auth}`]);
  writeAs(POSTGRES_ACCOUNT, join(data, 'pg_hba.conf'), rules);
  // In the file, not on the command line: pg_rewind's own recovery must keep the log it needs.
  writeAs(POSTGRES_ACCOUNT, join(data, 'postgresql.auto.conf'), 'wal_keep_size = 64MB\n');
  const server = new Postgres(await freePort(), dir, options.settings ?? []);
  await server.start();
  return server;
}

/** A streaming standby of the primary (or of a standby); resolves when it follows. */
export async function startPostgresStandby(primary: Postgres, settings: readonly string[] = []): Promise<Postgres> {
  const dir = databaseDirectory('standby', POSTGRES_ACCOUNT);
  const from = `host=${primary.dir} port=${primary.port} user=${POSTGRES_ACCOUNT}`;
  const copy = ['-D', join(dir, 'data'), '-d', from, '-R', '-N', '-X', 'stream', '-c', 'fast'];
  await runAs(POSTGRES_ACCOUNT, postgresProgram('pg_basebackup'), copy);
  const standby = new Postgres(await freePort(), dir, settings);
  await standby.start();
  await until(
    'the standby to stream',
    async () => (await standby.sql('SELECT status FROM pg_stat_wal_receiver')) === 'streaming',
  );
  return standby;
}

/**
 * The former primary, stopped or killed, starts again as a standby of the new one (pg_rewind where the two have
 * diverged).
 */
export async function rejoinPostgres(former: Postgres, primary: Postgres): Promise<void> {
  const from = `host=${primary.dir} port=${primary.port} user=${POSTGRES_ACCOUNT} dbname=postgres`;
  const data = join(former.dir, 'data');
  await primary.sql('CHECKPOINT'); // only then its control file tells of the new timeline
  await runAs(POSTGRES_ACCOUNT, postgresProgram('pg_rewind'), ['-D', data, '--source-server', from, '-R', '-N']);
  await former.start();
}

// ── Redis ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const REDIS_ACCOUNT = 'redis';

export class Redis extends Base {
  protected readonly process: DatabaseProcess;

  constructor(
    port: number,
    dir: string,
    private readonly password: string | null,
    args: readonly string[],
  ) {
    super(port, dir);
    const access = password === null ? [] : ['--requirepass', password, '--masterauth', password];
    const own = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'no'];
    const quick = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
    this.process = new DatabaseProcess(
      dir,
      REDIS_ACCOUNT,
      'redis-server',
      [...own, ...quick, ...access, ...args],
      'SIGTERM',
    );
  }

  async start(): Promise<void> {
    await this.process.start(async () => (await this.command('PING')) === 'PONG');
  }

  /** One command. @returns what redis-cli prints */
  async command(...words: string[]): Promise<string> {
    const login = this.password === null ? [] : ['--no-auth-warning', '-a', this.password];
    const args = ['-h', this.host, '-p', String(this.port), ...login, ...words];
    return (await runAs(REDIS_ACCOUNT, 'redis-cli', args)).trimEnd();
  }
}

interface RedisOptions {
  readonly password?: string;
  readonly args?: readonly string[];
}

export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const dir = databaseDirectory('redis', REDIS_ACCOUNT);
  const server = new Redis(await freePort(), dir, options.password ?? null, options.args ?? []);
  await server.start();
  return server;
}

/** Resolves when its link to the primary is up. */
export async function startRedisReplica(primary: Redis, options: RedisOptions = {}): Promise<Redis> {
  const follow = ['--replicaof', primary.host, String(primary.port)];
  const replica = await startRedis({ ...options, args: [...follow, ...(options.args ?? [])] });
  await until('the link to come up', async () =>
    /master_link_status:up/.test(await replica.command('INFO', 'replication')),
  );
  return replica;
}
