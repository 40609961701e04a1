/**
 * A small PostgreSQL: 16 MiB of buffers, no fsync (only processes die here, never the machine's page cache). Names are
 * those of the manual. The configuration stands outside the data directory, so that a copy of the other's data directory
 * does not bring its name along.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_PORT } from './network.js';
import { DYNAMIC_SHARED_MEMORY } from './shared-memory.js';

/** Debian's account; PostgreSQL refuses to run as root. */
export const DATABASE_ACCOUNT = 'postgres';

/** Accounts of the lab. Only Fairlead's logs in with a password: what it sends must be right. */
export const ACCOUNTS = {
  writer: 'lab',
  replication: 'replicator',
  /** The seed's, for the check service of its host. */
  health: 'health_check_user',
  fairlead: 'fairlead',
} as const;

const VERSIONS = '/usr/lib/postgresql';

/** Debian keeps each version's programs apart. @throws Error when none is installed */
export function binary(name: string): string {
  const newest = readdirSync(VERSIONS)
    .map(Number)
    .sort((a, b) => b - a)[0];
  if (newest === undefined) throw new Error(`no PostgreSQL under ${VERSIONS}`);
  return join(VERSIONS, String(newest), 'bin', name);
}

export function settingsFile(name: string, dir: string): string {
  return text({
    cluster_name: name,
    listen_addresses: '*',
    port: DATABASE_PORT,
    unix_socket_directories: dir,
    hba_file: join(dir, 'pg_hba.conf'),
    ident_file: join(dir, 'pg_ident.conf'),
    max_connections: 300,
    shared_buffers: '16MB',
    fsync: 'off',
    full_page_writes: 'on',
    wal_level: 'replica',
    hot_standby: 'on',
    max_wal_senders: 10,
    wal_keep_size: '128MB',
    wal_retrieve_retry_interval: '200ms',
    autovacuum: 'off',
    jit: 'off',
    dynamic_shared_memory_type: DYNAMIC_SHARED_MEMORY,
    include_if_exists: join(dir, 'synchronous.conf'),
  });
}

function text(settings: { readonly [name: string]: string | number }): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
}

/** Local accounts and the lab's own are trusted; what comes over the network for Fairlead proves its password. */
export const HOST_BASED_AUTHENTICATION = `local all all trust
host all ${ACCOUNTS.health} 127.0.0.1/32 trust
host all ${ACCOUNTS.writer} 10.0.0.0/8 trust
host replication ${ACCOUNTS.replication} 10.0.0.0/8 trust
host all ${ACCOUNTS.fairlead} 10.0.0.0/8 scram-sha-256
`;
