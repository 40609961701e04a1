/** Role checks against real Redis servers: passwords, users, TLS, replication. */
import assert from 'node:assert/strict';
import { freePort } from '../../../lab/support/ports.js';
import { selfSigned } from '../../support/certificate.js';
import { until } from '../../support/database-process.js';
import { startRedis, startRedisReplica } from '../../support/databases.js';
import { systemTest } from '../../support/peers.js';
import { PASSWORD, session } from './sessions.js';

const NEEDS = { commands: ['redis-server', 'openssl'] };

systemTest('Redis lets the check in, or says why not', NEEDS, async (t) => {
  const { cert, key } = await selfSigned('redis');
  const tlsPort = await freePort();
  const tls = [
    '--tls-port',
    String(tlsPort),
    '--tls-cert-file',
    cert,
    '--tls-key-file',
    key,
    '--tls-auth-clients',
    'no',
  ];
  const server = await startRedis({ password: PASSWORD, args: tls });
  t.after(() => server.close());
  await server.command('ACL', 'SETUSER', 'checker', 'on', `>${PASSWORD}`, '+info', '+ping');
  await server.command('ACL', 'SETUSER', 'blind', 'on', `>${PASSWORD}`);
  const secure = { host: server.host, port: tlsPort };

  for (const [name, place, settings, password, expected] of [
    ['by password', server, {}, PASSWORD, 'L7OK primary with 0 replicas'],
    ['by user and password', server, { user: 'checker' }, PASSWORD, 'L7OK primary with 0 replicas'],
    ['wrong password', server, {}, 'falsch', 'L7STS access denied for the default user: check its password'],
    ['unknown user', server, { user: 'nobody' }, PASSWORD, "L7STS access denied for user 'nobody': check its password"],
    ['no password', server, {}, null, 'L7STS the server requires a password, and the check has none'],
    [
      'a user without rights',
      server,
      { user: 'blind' },
      PASSWORD,
      /^L7STS missing privilege: ACL SETUSER for user 'blind' \+info \+ping/,
    ],
    ['over TLS', secure, { tls: 'require' }, PASSWORD, 'L7OK primary with 0 replicas'],
    ['over TLS that is trusted', secure, { tls: 'require', tlsCa: cert }, PASSWORD, 'L7OK primary with 0 replicas'],
    ['TLS where there is none', server, { tls: 'require', timeoutMs: 1000 }, PASSWORD, /^L6(RSP|TOUT) TLS: /],
    ['no TLS where there is nothing else', secure, {}, PASSWORD, /^L7RSP .*(set tls to require|during the login)/],
  ] as const)
    await t.test(name, async (t) => {
      const outcome = await session(t, 'redis', place, settings, password).outcome();
      if (typeof expected === 'string') assert.equal(outcome, expected);
      else assert.match(outcome, expected);
      assert.ok(!outcome.includes(PASSWORD));
    });
});

systemTest('a Redis primary and its replica', NEEDS, async (t) => {
  const primary = await startRedis({ password: PASSWORD });
  t.after(() => primary.close());
  const replica = await startRedisReplica(primary, { password: PASSWORD });
  t.after(() => replica.close());
  const writer = session(t, 'redis', primary);
  const reader = session(t, 'redis', replica, { want: 'replica', maxLagMs: 60_000 });

  await t.test('each is what it is, of one history', async (t) => {
    const [ours, theirs] = [await writer.ask(), await reader.ask()];
    assert.deepEqual(
      [ours.text, ours.role, theirs.role, theirs.status],
      ['primary with 1 replica', 'primary', 'replica', 15],
    );
    assert.ok(ours.claim?.kind === 'redis' && theirs.claim?.kind === 'redis');
    assert.equal(theirs.claim.replicationId, ours.claim.replicationId);
    assert.match(await session(t, 'redis', replica).outcome(), /^L7STS replica, .*: not the primary$/);
  });

  await t.test('an answer that waits while this thread is busy is no late one', async (t) => {
    const check = session(t, 'redis', primary, { timeoutMs: 200 });
    await until('the session to be up', async () => (await check.ask()).status === 15);
    const asked = check.ask();
    for (const end = performance.now() + 500; performance.now() < end; );
    assert.match(await asked.then(({ text }) => text), /^primary/);
  });

  await t.test('a session that is killed is opened again', async () => {
    await primary.command('CLIENT', 'KILL', 'TYPE', 'normal');
    assert.match(await writer.outcome(), /^L7OK/);
  });

  await t.test('the link to the primary is lost', async () => {
    await primary.kill();
    await until('the session to break', () => writer.broken() > 0);
    assert.equal(await writer.outcome(), 'L4CON connection refused');
    await until('the replica to notice', async () =>
      /^L7STS replica whose link to its primary is down/.test(await reader.outcome()),
    );
  });

  await t.test('promoted, it remembers whose history it continues', async (t) => {
    const before = (await reader.ask()).claim;
    await replica.command('REPLICAOF', 'NO', 'ONE');
    const { claim, text } = await session(t, 'redis', replica).ask();
    assert.equal(text, 'primary with 0 replicas');
    assert.ok(claim?.kind === 'redis' && before?.kind === 'redis');
    assert.equal(claim.secondReplicationId, before.replicationId);
  });
});
