/** Role checks against real MariaDB servers and Galera nodes: logins, privileges, replication, lost sessions. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { selfSigned } from '../../support/certificate.js';
import { until } from '../../support/database-process.js';
import { startGalera, startMariadb, startMariadbReplica } from '../../support/databases.js';
import { systemTest } from '../../support/peers.js';
import { PASSWORD, session } from './sessions.js';

const NEEDS = { commands: ['mariadbd', 'mariadb-install-db', 'openssl'], timeoutMs: 120_000 };
const PRIMARY = /^L7OK primary$/;
const HOST = "'127.0.0.1'";

systemTest('MariaDB lets the check in, or says why not', NEEDS, async (t) => {
  const { cert, key } = await selfSigned('mysql');
  const other = await selfSigned('mysql');
  const tls = [`--ssl-cert=${cert}`, `--ssl-key=${key}`];
  const server = await startMariadb(['--log-bin', '--server-id=7', '--plugin-load-add=auth_ed25519', ...tls]);
  t.after(() => server.close());
  for (const [user, how] of [
    [`checker@${HOST}`, `IDENTIFIED BY '${PASSWORD}'`],
    [`checker_ed@${HOST}`, `IDENTIFIED VIA ed25519 USING PASSWORD('${PASSWORD}')`],
    [`checker_tls@${HOST}`, `IDENTIFIED BY '${PASSWORD}' REQUIRE SSL`],
    [`checker_open@${HOST}`, ''],
    ['checker@localhost', `IDENTIFIED BY '${PASSWORD}'`],
  ]) {
    await server.sql(`CREATE USER ${user} ${how}`);
    await server.sql(`GRANT SLAVE MONITOR ON *.* TO ${user}`);
  }
  await server.sql(`CREATE USER plain@${HOST} IDENTIFIED BY '${PASSWORD}'`);
  const denied = (user: string) => new RegExp(`^L7STS access denied for user '${user}': check its password`);

  for (const [name, settings, password, expected] of [
    ['native password over TLS', {}, PASSWORD, PRIMARY],
    ['native password in the clear', { tls: 'off' }, PASSWORD, PRIMARY],
    ['ed25519', { user: 'checker_ed', tls: 'off' }, PASSWORD, PRIMARY],
    ['ed25519, wrong', { user: 'checker_ed' }, 'falsch', denied('checker_ed')],
    ['no password', { user: 'checker_open' }, null, PRIMARY],
    ['TLS alone', { user: 'checker_tls' }, PASSWORD, PRIMARY],
    ['no TLS where it is required', { user: 'checker_tls', tls: 'off' }, PASSWORD, denied('checker_tls')],
    ['a trusted certificate', { tls: 'require', tlsCa: cert }, PASSWORD, PRIMARY],
    [
      'another certificate',
      { tlsCa: other.cert },
      PASSWORD,
      /^L6RSP TLS: the server's certificate is self-signed and not in tlsCa/,
    ],
    ['a database', { database: 'information_schema' }, PASSWORD, PRIMARY],
    [
      'unknown database',
      { database: 'nix' },
      PASSWORD,
      /^L7STS (unknown database 'nix'|access denied for user 'checker' to database 'nix')/,
    ],
    ['wrong password', {}, 'falsch', denied('checker')],
    ['missing password', {}, null, denied('checker')],
    ['unknown user', { user: 'nobody' }, PASSWORD, denied('nobody')],
    [
      'missing privilege',
      { user: 'plain' },
      PASSWORD,
      "L7STS missing privilege: GRANT SLAVE MONITOR ON *.* TO 'plain'",
    ],
  ] as const)
    await t.test(name, async (t) => {
      const check = session(t, 'mysql', server, settings, password);
      for (let times = 0; times < 2; times++) {
        const outcome = await check.outcome();
        if (typeof expected === 'string') assert.equal(outcome, expected);
        else assert.match(outcome, expected);
        assert.ok(!outcome.includes(PASSWORD));
      }
    });

  await t.test('over its unix socket', async (t) => {
    const check = session(t, 'mysql', { host: join(server.dir, 'socket'), port: 0 }, { tls: 'require' });
    assert.match(await check.outcome(), PRIMARY);
  });

  await t.test('as another protocol', async (t) => {
    for (const kind of ['postgres', 'redis', 'patroni'] as const)
      assert.match(await session(t, kind, server).outcome(), /^L7RSP .*MariaDB/, kind);
  });

  await t.test('a granted privilege is seen by the next check', async (t) => {
    const check = session(t, 'mysql', server, { user: 'plain' });
    assert.match(await check.outcome(), /^L7STS missing privilege/);
    await server.sql(`GRANT SLAVE MONITOR ON *.* TO plain@${HOST}`);
    assert.match(await check.outcome(), PRIMARY);
  });

  await t.test('who it is', async (t) => {
    await server.sql('CREATE DATABASE shop');
    const { claim } = await session(t, 'mysql', server).ask();
    assert.ok(claim?.kind === 'mysql');
    assert.deepEqual([claim.flavor, claim.serverUuid], ['mariadb', '7']);
    assert.match(claim.gtid, /^0-7-\d+$/);
  });

  await t.test('read-only and not, over one session', async (t) => {
    const check = session(t, 'mysql', server);
    assert.match(await check.outcome(), PRIMARY);
    await server.sql('SET GLOBAL read_only = 1');
    assert.equal(await check.outcome(), 'L7STS read-only, and replicates from nobody');
    await server.sql('SET GLOBAL read_only = 0');
    assert.match(await check.outcome(), PRIMARY);
  });

  await t.test('no Galera', async (t) =>
    assert.match(await session(t, 'galera', server).outcome(), /^L7STS not a Galera node/),
  );

  await t.test('only the session was ended: the check does not fail', async (t) => {
    const check = session(t, 'mysql', server);
    assert.match(await check.outcome(), PRIMARY);
    await server.sql(`KILL USER checker@${HOST}`);
    assert.match(await check.outcome(), PRIMARY);
  });

  await t.test('full: refused, but not for good', async (t) => {
    await server.sql(`ALTER USER checker@${HOST} WITH MAX_USER_CONNECTIONS 1`);
    const first = session(t, 'mysql', server);
    assert.match(await first.outcome(), PRIMARY);
    const report = await session(t, 'mysql', server).ask();
    assert.deepEqual([report.status, report.isDefinite], [17, false]);
    assert.match(report.text, /^error 1226: /);
    await server.sql(`ALTER USER checker@${HOST} WITH MAX_USER_CONNECTIONS 0`);
  });

  await t.test('frozen: no answer in time; thawed: fit again', async (t) => {
    const check = session(t, 'mysql', server, { timeoutMs: 300 });
    await until('the session to be up', async () => PRIMARY.test(await check.outcome()));
    server.freeze();
    t.after(() => server.thaw());
    assert.equal(await check.outcome(), 'L7TOUT no answer within 300 ms');
    assert.equal(await check.outcome(), 'L7TOUT connected, and no greeting within 300 ms');
    server.thaw();
    await until('the check to pass', async () => PRIMARY.test(await check.outcome()));
  });

  await t.test('restarted between two checks: the next connects again', async (t) => {
    const check = session(t, 'mysql', server);
    assert.match(await check.outcome(), PRIMARY);
    await server.kill();
    await until('the session to break', () => check.broken() === 1);
    assert.equal(await check.outcome(), 'L4CON connection refused');
    await server.start();
    assert.match(await check.outcome(), PRIMARY);
  });
});

systemTest('a MariaDB primary and its replica', NEEDS, async (t) => {
  const primary = await startMariadb(['--log-bin', '--server-id=1']);
  t.after(() => primary.close());
  const replica = await startMariadbReplica(primary);
  t.after(() => replica.close());
  for (const server of [primary, replica]) {
    await server.sql('SET sql_log_bin = 0');
    await server.sql(`GRANT SLAVE MONITOR ON *.* TO checker@${HOST} IDENTIFIED BY '${PASSWORD}'`);
    await server.sql('SET sql_log_bin = 1');
  }
  const reader = session(t, 'mysql', replica, { want: 'replica', maxLagMs: 60_000 });

  await t.test('the replica is one, and no primary', async (t) => {
    assert.match(await reader.outcome(), /^L7OK replica, (caught up|\d+ s behind)$/);
    assert.match(await session(t, 'mysql', replica).outcome(), /^L7STS replica, .*: not the primary$/);
    assert.match(await session(t, 'mysql', primary).outcome(), PRIMARY);
  });

  await t.test('behind by more than the limit', async () => {
    await replica.sql('STOP SLAVE SQL_THREAD');
    assert.match(await reader.outcome(), /^L7STS replica whose replication does not run \(IO Yes, SQL No\)/);
    await replica.sql('START SLAVE SQL_THREAD');
    await until('replication to run', async () => /^L7OK/.test(await reader.outcome()));
  });

  await t.test('its source is gone', async () => {
    await primary.kill();
    await until('the replica to notice', async () => /IO Connecting, SQL Yes/.test(await reader.outcome()));
  });

  await t.test('promoted', async (t) => {
    await replica.sql('STOP SLAVE');
    await replica.sql('SET GLOBAL read_only = 0');
    const writer = session(t, 'mysql', replica);
    assert.equal(await writer.outcome(), 'L7OK primary, its own replication stopped');
    await replica.sql('RESET SLAVE ALL');
    assert.match(await writer.outcome(), PRIMARY);
  });
});

systemTest('a Galera node', { ...NEEDS, commands: [...NEEDS.commands, 'rsync'] }, async (t) => {
  const node = await startGalera();
  t.after(() => node.close());
  await node.sql(`CREATE USER checker@${HOST} IDENTIFIED BY '${PASSWORD}'`);
  const check = session(t, 'galera', node);
  const lenient = session(t, 'galera', node, { acceptDonor: true, acceptReadOnly: true });

  await t.test('synced', async () => {
    const report = await check.ask();
    assert.deepEqual([report.text, report.status, report.role], ['synced, 1 in the group', 15, 'primary']);
    assert.ok(report.claim?.kind === 'galera' && report.claim.isPrimaryComponent && report.claim.size === 1);
    assert.match(report.claim.clusterUuid, /^[0-9a-f-]{36}$/);
  });

  for (const [name, put, back, strict, tolerant] of [
    [
      'desynced',
      'SET GLOBAL wsrep_desync = ON',
      'SET GLOBAL wsrep_desync = OFF',
      'L7STS desynced by an operator (wsrep_desync is ON)',
      'L7OK donor, 1 in the group',
    ],
    [
      'read-only',
      'SET GLOBAL read_only = ON',
      'SET GLOBAL read_only = OFF',
      'L7STS read-only (read_only is ON)',
      'L7OK synced, read-only, 1 in the group',
    ],
  ] as const)
    await t.test(name, async () => {
      await node.sql(put);
      assert.equal(await check.outcome(), strict);
      assert.equal(await lenient.outcome(), tolerant);
      await node.sql(back);
      await until('the node to be synced again', async () => (await check.outcome()) === 'L7OK synced, 1 in the group');
    });

  await t.test('out of its group', async () => {
    await node.sql("SET GLOBAL wsrep_cluster_address = ''");
    assert.match(await check.outcome(), /^L7STS (not connected to its group|cut off|not a Galera node)/);
  });

  await t.test('is also asked as a plain server', async (t) => {
    await node.sql("SET GLOBAL wsrep_cluster_address = 'gcomm://'");
    await until('the node to be synced again', async () => (await check.outcome()) === 'L7OK synced, 1 in the group');
    await node.sql(`GRANT SLAVE MONITOR ON *.* TO checker@${HOST}`);
    assert.match(await session(t, 'mysql', node).outcome(), PRIMARY);
  });
});
