/** Three nodes from nothing to Synced, and the tables that the writers fill. */
import { run, type Sandbox } from '../support/sandbox.js';
import { GaleraNode } from './node.js';

export const NODES = 3;
export const WRITER = { user: 'writer', password: 'writer' };
/** Fairlead's own account: what it asks needs no privilege. */
export const CHECKER = { user: 'fairlead', password: 'only-asks' };

export async function startCluster(
  sandbox: Sandbox,
  namespaces: readonly string[],
  suspectSeconds: number,
  tables: readonly string[],
  say: (text: string) => void,
): Promise<GaleraNode[]> {
  const template = sandbox.path('template');
  say('making a data directory');
  installDatabase(template);
  const nodes = namespaces.map((namespace, n) => new GaleraNode(sandbox, namespace, n, NODES, suspectSeconds));
  for (const node of nodes) node.startCheckService();
  await foundGroup(nodes, template, tables);
  for (const [n, node] of nodes.entries()) {
    say(`starting ${node.name} at ${node.address()}`);
    node.start(n === 0 ? 'bootstrap' : 'join');
    // One after the other: a joiner needs a Synced node to join.
    await node.waitSynced(n + 1);
  }
  for (const node of nodes) await node.waitCheck(200);
  return nodes;
}

/**
 * The first node makes the group and the writers' tables and stops; the others begin as copies of it. They then share
 * its history and join in a second (IST); from empty disks each would take a full copy (SST).
 */
async function foundGroup(nodes: readonly GaleraNode[], template: string, tables: readonly string[]): Promise<void> {
  const [first, ...others] = nodes;
  first.copyData(template);
  first.start('bootstrap');
  await first.waitSynced(1);
  await createTables(first, tables);
  await first.stop();
  for (const node of others) node.copyData(first.dataDir);
}

/** An empty data directory. */
export function installDatabase(dir: string): void {
  run('mariadb-install-db', [
    '--no-defaults',
    '--user=root',
    `--datadir=${dir}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--innodb-log-file-size=8M',
    '--innodb-buffer-pool-size=32M',
    '--innodb-flush-method=nosync',
  ]);
}

async function createTables(node: GaleraNode, tables: readonly string[]): Promise<void> {
  await node.query('CREATE DATABASE lab');
  for (const table of tables) await node.query(`CREATE TABLE ${table} (id BIGINT PRIMARY KEY) ENGINE=InnoDB`);
  for (const { user, password } of [WRITER, CHECKER])
    await node.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
  await node.query(`GRANT ALL ON lab.* TO '${WRITER.user}'@'%'`);
}

/** Every id that this node holds, after it has caught up with the group (wsrep_sync_wait). */
export async function heldIds(node: GaleraNode, table: string): Promise<Set<number>> {
  await node.query('SET SESSION wsrep_sync_wait = 1');
  const rows = (await node.query(`SELECT id FROM ${table}`)) as { id: bigint | number }[];
  return new Set(rows.map((row) => Number(row.id)));
}
