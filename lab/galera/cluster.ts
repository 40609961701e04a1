/** Three nodes from nothing to Synced, and the table that the writer fills. */
import { run, type Sandbox } from '../support/sandbox.js';
import { GaleraNode } from './node.js';

export const NODES = 3;
export const WRITER = { user: 'writer', password: 'writer' };

export async function startCluster(
  sandbox: Sandbox,
  namespaces: readonly string[],
  suspectSeconds: number,
  say: (text: string) => void,
): Promise<GaleraNode[]> {
  const template = sandbox.path('template');
  say('making a data directory');
  installDatabase(template);
  const nodes = namespaces.map((namespace, n) => new GaleraNode(sandbox, namespace, n, NODES, suspectSeconds));
  for (const node of nodes) node.startCheckService();
  await foundGroup(nodes, template);
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
 * The first node makes the group and the writer's table and stops; the others begin as copies of it. They then share
 * its history and join in a second (IST); from empty disks each would take a full copy (SST).
 */
async function foundGroup(nodes: readonly GaleraNode[], template: string): Promise<void> {
  const [first, ...others] = nodes;
  first.copyData(template);
  first.start('bootstrap');
  await first.waitSynced(1);
  await createTable(first);
  await first.stop();
  for (const node of others) node.copyData(first.dataDir);
}

function installDatabase(dir: string): void {
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

async function createTable(node: GaleraNode): Promise<void> {
  await node.query('CREATE DATABASE lab');
  await node.query('CREATE TABLE lab.writes (id BIGINT PRIMARY KEY) ENGINE=InnoDB');
  await node.query(`CREATE USER '${WRITER.user}'@'%' IDENTIFIED BY '${WRITER.password}'`);
  await node.query(`GRANT ALL ON lab.* TO '${WRITER.user}'@'%'`);
}

/** Every id that this node holds, after it has caught up with the group (wsrep_sync_wait). */
export async function heldIds(node: GaleraNode): Promise<Set<number>> {
  await node.query('SET SESSION wsrep_sync_wait = 1');
  const rows = (await node.query('SELECT id FROM lab.writes')) as { id: bigint | number }[];
  return new Set(rows.map((row) => Number(row.id)));
}
