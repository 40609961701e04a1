/**
 * pgsqlchk's endpoints in front of a real PostgreSQL primary and its standby: the printed config.json on each, a real
 * HAProxy with the document's own file, through a promotion.
 */
import assert from 'node:assert/strict';
import { after, before, type TestContext } from 'node:test';
import { freePort } from '../../lab/support/ports.js';
import { type Postgres, rejoinPostgres, startPostgres, startPostgresStandby } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { startProxy } from '../support/proxy.js';
import { eventually, statRow } from '../support/side-by-side.js';
import { answers, ask, directory, get, haproxySeed, poll, printed, startAgents, until } from './support.js';

const NEEDS = { commands: ['haproxy', 'postgres'], timeoutMs: 90_000 };
let primary: Postgres;
let standby: Postgres;
let isReady = false;

before(async () => {
  if (process.getuid?.() !== 0) return;
  primary = await startPostgres();
  await primary.sql("CREATE USER health_check_user LOGIN PASSWORD 'health_check_user'");
  standby = await startPostgresStandby(primary);
  isReady = true;
});
after(async () => {
  if (!isReady) return;
  await standby.close();
  await primary.close();
});

/** The printed file, with ports of ours; each node of the document is an address here. */
function config(server: Postgres, port: number, host = '127.0.0.1'): string {
  return printed('config.json')
    .replace('5432', String(server.port))
    .replace('25432', String(port))
    .replace('"webserver_host": "localhost"', `"webserver_host": "${host}"`);
}

const HOSTS = ['127.0.0.1', '127.0.0.2'] as const;

/** One Fairlead for each node, on one port as in the document. */
async function serve(t: TestContext): Promise<number> {
  const port = await freePort();
  await startAgents(t, { 'config.json': config(primary, port, HOSTS[0]) });
  await startAgents(t, { 'config.json': config(standby, port, HOSTS[1]) });
  return port;
}

systemTest('paths of a primary and of its standby', NEEDS, async (t) => {
  const port = await serve(t);
  await answers(port, 200, HOSTS[0]);
  await answers(port, 200, HOSTS[1], '/replica');
  const statuses = async (path: string) => Promise.all(HOSTS.map(async (host) => (await get(port, path, host)).status));
  assert.deepEqual(await statuses('/'), [200, 503]);
  assert.deepEqual(await statuses('/primary'), [200, 503]);
  assert.deepEqual(await statuses('/replica'), [503, 200]);
  assert.deepEqual(await statuses('/replica?lag=100MB'), [503, 200]);
  assert.deepEqual(await statuses('/replica?lag=nonsense'), [503, 503]);
  assert.deepEqual(await statuses('/health'), [200, 200]);
  assert.deepEqual(await statuses('/elsewhere'), [404, 404]);
  const said = await ask(port, '/', HOSTS[1]);
  assert.deepEqual([said.status, said.role, said.type], [503, 'replica', 'pgsqlchk']);
  assert.match(String(said.reason), /standby/);
  const head = await poll(port, 'HEAD / HTTP/1.0\r\n\r\n', { host: HOSTS[0] });
  assert.match(head.bytes, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(head.body, '');
});

systemTest('a primary that refuses writes is none', NEEDS, async (t) => {
  const port = await serve(t);
  await answers(port, 200, HOSTS[0]);
  await primary.sql('ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()');
  await answers(port, 503, HOSTS[0]);
  await primary.sql('SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only');
  await primary.sql('SELECT pg_reload_conf()');
  await answers(port, 200, HOSTS[0]);
});

systemTest('a wrong password is said, and never shown', NEEDS, async (t) => {
  const port = await freePort();
  const dir = directory(t);
  const secret = 'S3cret-of-nobody';
  const wrong = config(primary, port).replace('"health_check_user"', `"${secret}"`);
  const agents = await startAgents(t, { 'config.json': wrong }, {}, dir);
  await until('a complaint', () => /agent pgsqlchk-\d+: 503/.test(agents.output()));
  const said = await ask(port);
  assert.equal(said.status, 503);
  assert.match(String(said.reason), /password|authentication/i);
  assert.doesNotMatch(`${agents.output()}${JSON.stringify(said)}`, new RegExp(secret));
  // Set right in the file: no reload is needed.
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${dir}/config.json`, config(primary, port));
  await answers(port, 200);
});

systemTest("HAProxy with the document's file follows a promotion", NEEDS, async (t) => {
  const port = await serve(t);
  const listen = await freePort();
  const file = haproxySeed('postgres')
    .replace('bind *:15432', `bind 127.0.0.1:${listen}`)
    .replace('bind *:7000', `bind 127.0.0.1:${await freePort()}`)
    .replace('inter 3s', 'inter 100ms')
    .replace('sms-01:5432', `${HOSTS[0]}:${primary.port}`)
    .replace('sms-02:5432', `${HOSTS[1]}:${standby.port}`)
    .replaceAll('check port 25432', `check port ${port}`)
    .replace('global\n', 'global\n stats socket {SOCK} level admin\n');
  const haproxy = await startProxy('haproxy', file, [listen]);
  t.after(() => haproxy.stop());
  const stands = (wanted: string) =>
    eventually(async () => {
      const rows = await Promise.all(['sms-01', 'sms-02'].map((name) => statRow(haproxy, 'Postgres-ACD', name)));
      return rows.map(({ status }) => status.split(' ')[0]).join(' ') === wanted;
    }, 20_000);
  await stands('UP DOWN');
  await primary.stop();
  await stands('DOWN DOWN');
  await standby.promote();
  await stands('DOWN UP');
  await rejoinPostgres(primary, standby);
  await answers(port, 200, HOSTS[0], '/replica');
  await stands('DOWN UP');
});
