/** One writer for a real Galera cluster, chosen alike by two instances with the same file. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createConnection } from 'mariadb';
import { fairlead, file, type Running, until, workDirectory } from '../daemon/program.js';
import { startGalera } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { Client, freePort } from '../support/proxy.js';

const NEEDS = { commands: ['mariadbd', 'mariadb-install-db', 'rsync'], timeoutMs: 120_000 };
const LOGIN = { host: '127.0.0.1', user: 'app', password: 'app', connectTimeout: 3000 };

interface Instance {
  readonly running: Running;
  readonly write: number;
  readonly read: number;
}

async function instance(t: TestContext, nodes: readonly number[]): Promise<Instance> {
  const [write, read] = [await freePort(), await freePort()];
  const servers = nodes.map((port, i) => `n${i + 1}: '127.0.0.1:${port}'`);
  const text = `global: { threads: 2 }
services:
  g:
    timeouts: { connect: 2s, client: 60s, server: 60s }
    check: { type: galera, user: app, password: { env: APP_PASSWORD }, interval: 100ms }
    servers: { ${servers.join(', ')} }
    write: 127.0.0.1:${write}
    read: 127.0.0.1:${read}
`;
  process.env.APP_PASSWORD = 'app';
  return { running: fairlead(t, 'run', '-f', file(workDirectory(t), 'fairlead.yaml', text)), write, read };
}

/** The port of the node behind an address; 0 where nobody answers. */
async function nodeBehind(port: number): Promise<number> {
  try {
    const connection = await createConnection({ ...LOGIN, port });
    const [row] = await connection.query<{ port: number }[]>('SELECT @@port AS port');
    await connection.end();
    return Number(row.port);
  } catch {
    return 0; // the address has no node at this moment
  }
}

async function chosen({ running }: Instance): Promise<string> {
  const socket = new Client(`/run/fairlead/${running.pid}.sock`);
  await socket.send('show chosen\n').over();
  return socket.data.toString().trim();
}

systemTest(
  'two instances send the writes to one node; whoever takes over stays; readers meet every node',
  NEEDS,
  async (t) => {
    const first = await startGalera();
    t.after(() => first.close());
    await first.sql(`GRANT ALL ON *.* TO 'app'@'127.0.0.1' IDENTIFIED BY 'app'`);
    const second = await startGalera(first);
    t.after(() => second.close());
    const both = [await instance(t, [first.port, second.port]), await instance(t, [first.port, second.port])];
    const follow = async (node: number, name: string) => {
      for (const each of both) {
        await until(`${name} for writers`, async () => (await nodeBehind(each.write)) === node, 20_000);
        assert.equal(await chosen(each), `g-write ${name}`);
      }
    };
    await follow(first.port, 'n1');

    const held = await createConnection({ ...LOGIN, port: both[0].write });
    let isHeld = true;
    held.on('error', () => {
      isHeld = false;
    });
    const seen = new Set<number>();
    await until('both nodes for readers', async () => {
      seen.add(await nodeBehind(both[0].read));
      return seen.has(first.port) && seen.has(second.port);
    });

    // A donor or desynced node answers, and may take no traffic: its writers go, and their sessions end.
    await first.sql('SET GLOBAL wsrep_desync = ON');
    await follow(second.port, 'n2');
    await until('the end of the held session', () => !isHeld || !held.isValid());
    await first.sql('SET GLOBAL wsrep_desync = OFF');
    const again = new Set<number>();
    await until('the first node for readers', async () => again.add(await nodeBehind(both[0].read)).has(first.port));
    await follow(second.port, 'n2');

    await second.stop();
    await follow(first.port, 'n1');
  },
);
