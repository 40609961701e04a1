/**
 * A small, fast MariaDB Galera node: 32 MiB buffers, no fsync (only processes die here, never the machine's page cache),
 * group timeouts of a second instead of five. Names are those of the MariaDB and Galera manuals.
 */
import { existsSync } from 'node:fs';
import { nodeAddress } from './network.js';

export interface NodeSettings {
  readonly dir: string;
  readonly nodes: number;
  /** Seconds of silence after which the group suspects a node (evs.suspect_timeout). */
  readonly suspectSeconds: number;
}

export const DATABASE_PORT = 3306;

/** Debian's account; as root, the rsync of a state transfer would drop to `nobody`, who may not write here. */
export const DATABASE_ACCOUNT = 'mysql';

const PROVIDERS = ['/usr/lib/galera/libgalera_smm.so', '/usr/lib/libgalera_smm.so'];
/** Debian's place for Galera on this architecture. */
export const PROVIDER = PROVIDERS.find((path) => existsSync(path)) ?? PROVIDERS[0];

/** Option groups of wsrep_provider_options; periods are ISO 8601. */
function providerOptions(suspectSeconds: number): string {
  const period = (seconds: number) => `PT${seconds}S`;
  return Object.entries({
    'gcache.size': '32M',
    'evs.keepalive_period': period(suspectSeconds / 4),
    'evs.inactive_check_period': period(suspectSeconds / 4),
    'evs.suspect_timeout': period(suspectSeconds),
    'evs.inactive_timeout': period(suspectSeconds * 3),
    'evs.install_timeout': period(suspectSeconds * 3),
  })
    .map(([name, value]) => `${name}=${value}`)
    .join(';');
}

/** @param n node number, 0-based. @returns the text of its option file */
export function optionFile(n: number, settings: NodeSettings): string {
  const peers = Array.from({ length: settings.nodes }, (_, i) => nodeAddress(i));
  const options = {
    user: DATABASE_ACCOUNT,
    datadir: `${settings.dir}/data`,
    socket: `${settings.dir}/mysqld.sock`,
    'pid-file': `${settings.dir}/mysqld.pid`,
    'log-error': `${settings.dir}/error.log`,
    'bind-address': '0.0.0.0',
    port: DATABASE_PORT,
    'skip-name-resolve': 1,
    'skip-log-bin': 1,
    'performance-schema': 'OFF',
    'max-connections': 400,
    'innodb-buffer-pool-size': '32M',
    'innodb-log-file-size': '8M',
    'innodb-flush-log-at-trx-commit': 2,
    'innodb-flush-method': 'nosync',
    'innodb-autoinc-lock-mode': 2,
    'aria-pagecache-buffer-size': '1M',
    'key-buffer-size': '1M',
    'binlog-format': 'ROW',
    'wsrep-on': 'ON',
    'wsrep-provider': PROVIDER,
    'wsrep-provider-options': `"${providerOptions(settings.suspectSeconds)}"`,
    'wsrep-cluster-name': 'lab',
    'wsrep-cluster-address': `gcomm://${peers.join(',')}`,
    'wsrep-node-name': `galera-node0${n + 1}`,
    'wsrep-node-address': nodeAddress(n),
    'wsrep-sst-method': 'rsync',
    'wsrep-slave-threads': 2,
  };
  return `[mysqld]\n${Object.entries(options)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}`;
}
