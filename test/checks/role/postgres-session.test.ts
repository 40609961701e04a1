/** Role checks against real PostgreSQL servers: every way to log in, roles, lag, and sessions that are lost. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from '../../support/certificate.js';
import { until } from '../../support/database-process.js';
import { type Postgres, startPostgres, startPostgresStandby } from '../../support/databases.js';
import { systemTest } from '../../support/peers.js';
import { PASSWORD, session } from './sessions.js';

const NEEDS = { commands: ['postgres', 'openssl'], timeoutMs: 120_000 };
const PRIMARY = /^L7OK primary, timeline 1 at 0\/[0-9A-F]+$/;

/** One user for each way to log in. */
const USERS = `
  CREATE ROLE checker LOGIN PASSWORD '${PASSWORD}';
  CREATE ROLE checker_trust LOGIN;
  CREATE ROLE checker_tls LOGIN PASSWORD '${PASSWORD}';
  CREATE ROLE checker_clear LOGIN PASSWORD '${PASSWORD}';
  CREATE ROLE reader LOGIN PASSWORD '${PASSWORD}';
  ALTER ROLE reader SET default_transaction_read_only = on;
  SET password_encryption = 'md5';
  CREATE ROLE checker_md5 LOGIN PASSWORD '${PASSWORD}';`;

const RULES = [
  'host all checker_reject all reject',
  'host all checker_trust all trust',
  'hostssl all checker_tls all scram-sha-256',
  'hostnossl all checker_tls all reject',
  'host all checker_clear all password',
  'host all checker_md5 all md5',
];

async function startWithTls(): Promise<{ server: Postgres; ca: string }> {
  const { cert, key } = await selfSigned('postgres');
  const settings = ['ssl=on', `ssl_cert_file=${cert}`, `ssl_key_file=${key}`];
  const server = await startPostgres({ settings, hba: RULES });
  await server.sql(USERS);
  return { server, ca: cert };
}

systemTest('PostgreSQL lets the check in, or says why not', NEEDS, async (t) => {
  const { server, ca } = await startWithTls();
  t.after(() => server.close());
  const other = await selfSigned('postgres');
  const denied = (user: string) => new RegExp(`^L7STS access denied for user '${user}': check `);

  for (const [name, settings, password, expected] of [
    ['SCRAM over TLS', {}, PASSWORD, PRIMARY],
    ['SCRAM in the clear', { tls: 'off' }, PASSWORD, PRIMARY],
    ['MD5', { user: 'checker_md5', tls: 'off' }, PASSWORD, PRIMARY],
    ['trust', { user: 'checker_trust' }, null, PRIMARY],
    ['a password over TLS', { user: 'checker_clear' }, PASSWORD, PRIMARY],
    ['a password in the clear', { user: 'checker_clear', tls: 'off' }, PASSWORD, /in clear text: use scram-sha-256/],
    ['TLS alone', { user: 'checker_tls' }, PASSWORD, PRIMARY],
    ['no TLS where it is required', { user: 'checker_tls', tls: 'off' }, PASSWORD, denied('checker_tls')],
    ['a trusted certificate', { tls: 'require', tlsCa: ca }, PASSWORD, PRIMARY],
    [
      'another certificate',
      { tlsCa: other.cert },
      PASSWORD,
      /^L6RSP TLS: the server's certificate is self-signed and not in tlsCa/,
    ],
    [
      'no file of authorities',
      { tlsCa: '/nowhere/ca.pem' },
      PASSWORD,
      /^L6RSP TLS: cannot use \/nowhere\/ca.pem: ENOENT/,
    ],
    ['a file of something else', { tlsCa: '/etc/passwd' }, PASSWORD, /^L6RSP TLS: there is no certificate in/],
    ['wrong password', {}, 'falsch', denied('checker')],
    ['no password', {}, null, denied('checker')],
    ['unknown user', { user: 'nobody' }, PASSWORD, denied('nobody')],
    ['rejected user', { user: 'checker_reject' }, PASSWORD, /check pg_hba.conf .*pg_hba.conf rejects connection/],
    ['unknown database', { database: 'nix' }, PASSWORD, /^L7STS there is no database 'nix'/],
    [
      'a user who may only read',
      { user: 'reader' },
      PASSWORD,
      /^L7STS primary that refuses writes.*for all or for this user/,
    ],
  ] as const)
    await t.test(name, async (t) => {
      const check = session(t, 'postgres', server, settings, password);
      for (let times = 0; times < 2; times++) {
        const outcome = await check.outcome();
        assert.match(outcome, expected);
        assert.ok(!outcome.includes(PASSWORD));
      }
    });

  await t.test('over its unix socket', async (t) => {
    const check = session(
      t,
      'postgres',
      { host: `${server.dir}/.s.PGSQL.${server.port}`, port: 0 },
      { tls: 'require' },
    );
    assert.match(await check.outcome(), PRIMARY);
  });

  await t.test('as another protocol', async (t) => {
    for (const kind of ['mysql', 'redis', 'patroni'] as const) {
      const outcome = await session(t, kind, server, { timeoutMs: 500 }).outcome();
      assert.match(outcome, /^L7(RSP|TOUT) /, kind);
    }
  });

  await t.test('a granted write is seen by the next check', async (t) => {
    const check = session(t, 'postgres', server, { user: 'reader' });
    assert.match(await check.outcome(), /^L7STS/);
    await server.sql('ALTER ROLE reader RESET default_transaction_read_only');
    assert.match(await check.outcome(), PRIMARY);
  });
});

systemTest('a PostgreSQL primary and its standby', NEEDS, async (t) => {
  const primary = await startPostgres();
  t.after(() => primary.close());
  await primary.sql(`${USERS} CREATE TABLE t (n int)`);
  const standby = await startPostgresStandby(primary);
  t.after(() => standby.close());
  const reader = session(t, 'postgres', standby, { want: 'replica', maxLagMs: 60_000, maxLagBytes: 100_000 });
  const writer = session(t, 'postgres', standby);

  await t.test('the standby is a replica, and no primary', async () => {
    await until('the standby to catch up', async () => (await reader.outcome()) === 'L7OK standby, caught up');
    const report = await writer.ask();
    assert.deepEqual([report.role, report.isDefinite], ['replica', true]);
    assert.equal(report.text, 'standby, caught up: not the primary');
  });

  await t.test('both are of one system, on one timeline', async (t) => {
    const { claim: ours } = await session(t, 'postgres', primary).ask();
    const { claim: theirs } = await reader.ask();
    assert.ok(ours?.kind === 'postgres' && theirs?.kind === 'postgres');
    assert.match(ours.systemId, /^\d{15,20}$/);
    assert.deepEqual([theirs.systemId, theirs.timeline, ours.timeline], [ours.systemId, 1, 1]);
  });

  await t.test('a standby that does not replay falls behind', async () => {
    await standby.sql('SELECT pg_wal_replay_pause()');
    await primary.sql(`INSERT INTO t SELECT generate_series(1, 10000)`);
    await until('the standby to be behind', async () =>
      /replay paused: the limit is 97.7 KiB$/.test(await reader.outcome()),
    );
    await standby.sql('SELECT pg_wal_replay_resume()');
    await until('the standby to catch up', async () => (await reader.outcome()) === 'L7OK standby, caught up');
  });

  await t.test('a standby whose primary is gone is as late as the primary is gone', async (t) => {
    const LIMIT_MS = 3000;
    const strict = session(t, 'postgres', standby, { want: 'replica', maxLagMs: LIMIT_MS });
    const stranger = session(t, 'postgres', standby, { want: 'replica', maxLagMs: LIMIT_MS });
    await sleep(LIMIT_MS + 500); // nobody writes: its last transaction is older than the limit
    const seenMs = performance.now();
    assert.equal(await strict.outcome(), 'L7OK standby, caught up');
    await primary.kill();
    await until('the standby to notice', async () => /ago, not streaming/.test(await strict.outcome()));
    strict.held.renew(); // a second login takes over, and knows what the first one saw
    assert.match(await strict.outcome(), /^L7OK standby, caught up .* ago, not streaming$/);
    assert.match(await stranger.outcome(), /^L7STS standby, [\d.]+ s behind, not streaming: the limit is 3 s$/);
    await until('the limit to pass', async () =>
      /^L7STS .* ago, not streaming: the limit is 3 s$/.test(await strict.outcome()),
    );
    assert.ok(performance.now() - seenMs > LIMIT_MS, 'it left before its time');
  });

  await t.test('promoted, it is the primary on the next timeline, over the same session', async () => {
    await standby.promote();
    assert.match(await writer.outcome(), /^L7OK primary, timeline 2 at/);
    assert.match(await reader.outcome(), /^L7STS primary, timeline 2 at .*: not a replica$/);
    assert.equal(writer.broken(), 0);
  });
});

systemTest('a PostgreSQL session that is lost', NEEDS, async (t) => {
  const server = await startPostgres();
  t.after(() => server.close());
  await server.sql(USERS);

  await t.test('is not begun without TLS where it is required', async (t) => {
    const required = session(t, 'postgres', server, { tls: 'require' });
    assert.equal(await required.outcome(), 'L7STS the server offers no TLS, and the check requires it');
  });

  await t.test('restarted between two checks: the next connects again', async (t) => {
    const check = session(t, 'postgres', server);
    assert.match(await check.outcome(), PRIMARY);
    await server.stop();
    await until('the session to break', () => check.broken() === 1);
    assert.equal(await check.outcome(), 'L4CON connection refused');
    await server.start();
    assert.match(await check.outcome(), PRIMARY);
    assert.equal(check.broken(), 1);
  });

  await t.test('only the session was ended: the check does not fail', async (t) => {
    const check = session(t, 'postgres', server);
    assert.match(await check.outcome(), PRIMARY);
    const asked = check.ask();
    await server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fairlead'");
    assert.equal((await asked).status, 15);
    assert.match(await check.outcome(), PRIMARY);
  });

  await t.test('frozen: no answer in time; thawed: fit again', async (t) => {
    const check = session(t, 'postgres', server, { timeoutMs: 300 });
    await until('the session to be up', async () => PRIMARY.test(await check.outcome()));
    server.freeze();
    t.after(() => server.thaw());
    assert.equal(await check.outcome(), 'L7TOUT no answer within 300 ms');
    assert.match(await check.outcome(), /^L7TOUT connected, and no answer to the request for TLS within 300 ms$/);
    server.thaw();
    await until('the check to pass', async () => PRIMARY.test(await check.outcome()));
  });

  await t.test('full: refused, but not for good', async (t) => {
    await server.sql('ALTER ROLE checker CONNECTION LIMIT 0');
    const report = await session(t, 'postgres', server).ask();
    assert.deepEqual([report.status, report.isDefinite], [17, false]);
    assert.match(report.text, /too many connections/);
  });
});
