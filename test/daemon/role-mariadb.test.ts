/** Real MariaDB replication behind a role check: the old primary freezes, the replica is promoted, the old one thaws. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mariadb';
import { type Mariadb, startMariadb, startMariadbReplica } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { freePort, type RunningProxy, startProxy } from '../support/proxy.js';

const NEEDS = { commands: ['mariadbd'] };
let one: Mariadb;
let two: Mariadb;
let proxy: RunningProxy;
let port = 0;

before(async () => {
  one = await startMariadb(['--log-bin', '--server-id=1']);
  await one.sql('CREATE DATABASE app');
  await one.sql('CREATE TABLE app.t (n INT)');
  await one.sql("CREATE USER writer@'127.0.0.1' IDENTIFIED BY 'w'");
  await one.sql("GRANT ALL ON app.* TO writer@'127.0.0.1'");
  await one.sql("CREATE USER checker@'127.0.0.1' IDENTIFIED BY 'geheim'");
  await one.sql("GRANT SLAVE MONITOR ON *.* TO checker@'127.0.0.1'");
  two = await startMariadbReplica(one);
  port = await freePort();
  proxy = await startProxy(
    'fairlead',
    `global
 stats socket {SOCK} level admin
 log {LOG} local0
defaults
 mode tcp
 log global
 timeout connect 1s
 timeout client 10s
 timeout server 10s
listen my
 bind 127.0.0.1:${port}
 # fairlead: check mariadb user=checker password=geheim
 default-server on-marked-down shutdown-sessions
 server one 127.0.0.1:${one.port} check
 server two 127.0.0.1:${two.port} check
`,
    [port],
  );
  await proxy.log(/my\/one is UP/);
});

after(async () => {
  await proxy?.stop();
  await one?.close();
  await two?.close();
});

/** One write on a connection of its own. @returns the server_id of who took it */
async function write(): Promise<number> {
  const target = { host: '127.0.0.1', port, user: 'writer', password: 'w', database: 'app', connectTimeout: 1000 };
  const connection = await createConnection({ ...target, socketTimeout: 2000 });
  try {
    const rows = await connection.query('SELECT @@server_id AS id');
    await connection.query('INSERT INTO t VALUES (1)');
    return Number(rows[0].id);
  } finally {
    connection.destroy();
  }
}

async function untilTaken(by: number): Promise<void> {
  const end = Date.now() + 15_000;
  for (let last: unknown = null; Date.now() < end; await sleep(5)) {
    try {
      last = await write();
      if (last === by) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end - 10) throw new Error(`${last}\n${proxy.logs.join('\n')}\n${proxy.output()}`);
  }
}

systemTest('the primary takes the writes, and no log has the password', NEEDS, async () => {
  assert.equal(await write(), 1);
  assert.doesNotMatch(`${await proxy.ask('show stat')}${proxy.logs.join()}${proxy.output()}`, /geheim/);
});

systemTest('frozen, replaced and thawed: the old primary gets no write', NEEDS, async () => {
  one.freeze();
  await proxy.log(/my\/one is DOWN/);
  await two.sql('STOP SLAVE');
  await two.sql('RESET SLAVE ALL');
  await two.sql('SET GLOBAL read_only = 0');
  await untilTaken(2);
  one.thaw();
  await proxy.log(/my\/one says it may take writes and is kept out: stale primary: two took over/);
  for (let i = 0; i < 20; i++) {
    assert.equal(await write(), 2);
    await sleep(20);
  }
});

systemTest('nor while the new primary is down, until it steps down and is made the primary again', NEEDS, async () => {
  await two.stop();
  await proxy.log(/my\/two is DOWN/);
  for (let i = 0; i < 10; i++) {
    await assert.rejects(write());
    await sleep(20);
  }
  await one.sql('SET GLOBAL read_only = 1');
  await proxy.log(/my\/one is no longer kept out/);
  await one.sql('SET GLOBAL read_only = 0');
  await untilTaken(1);
});
