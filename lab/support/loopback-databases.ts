/** Real databases on a loopback, small: a Galera group of one, and a PostgreSQL. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Connection, createConnection } from 'mariadb';
import { installDatabase } from '../galera/cluster.js';
import { DATABASE_ACCOUNT, PROVIDER } from '../galera/node-config.js';
import { binary, DATABASE_ACCOUNT as POSTGRES_ACCOUNT } from '../postgres/node-config.js';
import { DYNAMIC_SHARED_MEMORY, releaseSharedMemory } from '../postgres/shared-memory.js';
import { PostgresSession } from './postgres-session.js';
import { run, type Sandbox } from './sandbox.js';
import { until } from './wait.js';

const START_TIMEOUT_MS = 60_000;

export const LOGIN = { user: 'checker', password: 'only-asks' };

interface Place {
  /** On 127.0.0.1. */
  readonly port: number;
  /** The host's own loopback when absent. */
  readonly namespace?: string;
}

/** Synced, a group of one; `LOGIN` may ask. @param groupPort where it would listen for others of its group */
export async function startGalera(sandbox: Sandbox, place: Place, groupPort: number): Promise<void> {
  const dir = sandbox.path('galera');
  mkdirSync(dir);
  installDatabase(`${dir}/data`);
  const optionFile = `${dir}/my.cnf`;
  writeFileSync(optionFile, galeraOptions(dir, place.port, groupPort));
  run('chown', ['-R', `${DATABASE_ACCOUNT}:${DATABASE_ACCOUNT}`, dir]);
  const args = [`--defaults-file=${optionFile}`, '--wsrep-new-cluster'];
  sandbox.start('mariadbd', args, { namespace: place.namespace, user: DATABASE_ACCOUNT, log: 'mariadbd.log' });
  await until('a Galera group of one', START_TIMEOUT_MS, () => createLogin(`${dir}/mysqld.sock`));
}

function galeraOptions(dir: string, port: number, groupPort: number): string {
  const options = {
    datadir: `${dir}/data`,
    socket: `${dir}/mysqld.sock`,
    'pid-file': `${dir}/mysqld.pid`,
    'log-error': `${dir}/error.log`,
    'bind-address': '0.0.0.0',
    port,
    'skip-name-resolve': 1,
    'max-connections': 400,
    'innodb-buffer-pool-size': '32M',
    'innodb-log-file-size': '8M',
    'innodb-flush-method': 'nosync',
    'binlog-format': 'ROW',
    'wsrep-on': 'ON',
    'wsrep-provider': PROVIDER,
    'wsrep-provider-options': `"gcache.size=8M;base_port=${groupPort}"`,
    'wsrep-cluster-name': 'bench',
    'wsrep-cluster-address': 'gcomm://',
    'wsrep-node-address': `127.0.0.1:${groupPort}`,
  };
  return `[mysqld]\n${Object.entries(options)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}`;
}

/** @returns undefined while the server does not take statements */
async function createLogin(socketPath: string): Promise<true | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await createConnection({ socketPath, user: 'root' });
    await connection.query(`CREATE OR REPLACE USER '${LOGIN.user}'@'127.0.0.1' IDENTIFIED BY '${LOGIN.password}'`);
    await connection.query(`GRANT SLAVE MONITOR ON *.* TO '${LOGIN.user}'@'127.0.0.1'`);
    return true;
  } catch {
    return undefined; // starting: whoever waits asks again
  } finally {
    connection?.destroy();
  }
}

/** A primary that trusts `LOGIN`, so that what is said in logging in has no random part. */
export async function startPostgres(sandbox: Sandbox, { port, namespace }: Place): Promise<void> {
  const dir = sandbox.path('postgres');
  mkdirSync(dir);
  run('chown', [`${POSTGRES_ACCOUNT}:${POSTGRES_ACCOUNT}`, dir]);
  const words = ['-D', `${dir}/data`, '-U', LOGIN.user, '--no-sync', '--auth=trust', '-E', 'UTF8', '--no-locale'];
  run('runuser', ['-u', POSTGRES_ACCOUNT, '--', binary('initdb'), ...words]);
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: dir,
    fsync: 'off',
    max_connections: 200,
    dynamic_shared_memory_type: DYNAMIC_SHARED_MEMORY,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  sandbox.atClose(() => releaseSharedMemory(`${dir}/data`));
  const how = { namespace, user: POSTGRES_ACCOUNT, log: 'postgres.log' };
  sandbox.start(binary('postgres'), ['-D', `${dir}/data`, ...options], how);
  await until('PostgreSQL takes connections', START_TIMEOUT_MS, () => answers(`${dir}/.s.PGSQL.${port}`));
}

async function answers(path: string): Promise<true | undefined> {
  try {
    const session = await PostgresSession.open({ path }, LOGIN.user, 2000);
    await session.query(`CREATE DATABASE ${LOGIN.user}`).catch(() => undefined); // it is there from the last attempt
    session.close();
    return true;
  } catch {
    return undefined; // starting: whoever waits asks again
  }
}
