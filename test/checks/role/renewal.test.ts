/** A session that goes on while new clients are refused is found out when live traffic was, and not only then. */
import assert from 'node:assert/strict';
import { until } from '../../support/database-process.js';
import { startPostgres } from '../../support/databases.js';
import { systemTest } from '../../support/peers.js';
import { PASSWORD, session } from './sessions.js';

systemTest('a renewed session', { commands: ['postgres'] }, async (t) => {
  const server = await startPostgres();
  t.after(() => server.close());
  await server.sql(`CREATE ROLE checker LOGIN PASSWORD '${PASSWORD}'`);
  const sessions = async () =>
    Number(await server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fairlead'"));

  await t.test('is taken over by the new login, and the old one ends', async (t) => {
    const check = session(t, 'postgres', server);
    assert.match(await check.outcome(), /^L7OK/);
    const pid = await server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'fairlead'");
    check.held.renew();
    await until('the second login', async () => (await sessions()) === 2);
    await until('the first to be over', async () => {
      assert.match(await check.outcome(), /^L7OK/);
      return (await sessions()) === 1;
    });
    assert.notEqual(await server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'fairlead'"), pid);
    assert.equal(check.broken(), 0);
  });

  await t.test('does not hide that the server lets nobody in any more', async (t) => {
    const check = session(t, 'postgres', server);
    assert.match(await check.outcome(), /^L7OK/);
    await server.sql('ALTER ROLE checker NOLOGIN');
    assert.match(await check.outcome(), /^L7OK/, 'nothing is noticed yet');
    check.held.renew();
    await until('a check at once', () => check.broken() === 1);
    assert.match(await check.outcome(), /^L7STS access denied .*not permitted to log in/);
    await server.sql('ALTER ROLE checker LOGIN');
    assert.match(await check.outcome(), /^L7OK/);
  });

  await t.test('closed meanwhile, nothing is left', async (t) => {
    const check = session(t, 'postgres', server);
    assert.match(await check.outcome(), /^L7OK/);
    check.held.renew();
    check.held.close();
    await until('all sessions to end', async () => (await sessions()) === 0);
  });
});
