/**
 * HAProxy's own checks on real MariaDB, PostgreSQL, Redis and a TLS server, and each on a server that speaks something
 * else: the real HAProxy and Fairlead come to the same, also when the database refuses or dies.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Mariadb,
  type Postgres,
  type Redis,
  startMariadb,
  startPostgres,
  startRedis,
} from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { freePort, type Program, type RunningProxy, startProxy } from '../support/proxy.js';

const NEEDS = { commands: ['haproxy', 'mariadbd', 'postgres', 'redis-server'], timeoutMs: 60_000 };
/** MariaDB allows no fewer; one more is root's. */
const CONNECTIONS_MAX = 10;

let maria: Mariadb;
let postgres: Postgres;
let redis: Redis;
let locked: Redis;
const proxies: { [program in Program]?: RunningProxy } = {};

function config(port: number): string {
  const backend = (name: string, option: string, to: { port: number }) =>
    `backend ${name}\n  ${option}\n  server s 127.0.0.1:${to.port} check`;
  return `global
  stats socket {SOCK} level admin
  max-spread-checks 300
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout check 800ms
  default-server inter 400ms rise 1 fall 1
frontend f
  bind 127.0.0.1:${port}
${[
  backend('my_greeting', 'option mysql-check', maria),
  backend('my_user', 'option mysql-check user haproxy', maria),
  backend('my_pre41', 'option mysql-check user haproxy pre-41', maria),
  backend('my_password', 'option mysql-check user locked', maria),
  backend('my_nobody', 'option mysql-check user nobody', maria),
  backend('pg_user', 'option pgsql-check user haproxy', postgres),
  backend('pg_nobody', 'option pgsql-check user nobody', postgres),
  backend('pg_refused', 'option pgsql-check user refused', postgres),
  backend('redis', 'option redis-check', redis),
  backend('redis_locked', 'option redis-check', locked),
  backend('my_on_pg', 'option mysql-check user haproxy', postgres),
  backend('my_on_redis', 'option mysql-check user haproxy', redis),
  backend('pg_on_my', 'option pgsql-check user haproxy', maria),
  backend('pg_on_redis', 'option pgsql-check user haproxy', redis),
  backend('redis_on_my', 'option redis-check', maria),
  backend('redis_on_pg', 'option redis-check', postgres),
  backend('smtp_on_my', 'option smtpchk', maria),
  backend('smtp_on_redis', 'option smtpchk', redis),
  backend('ldap_on_my', 'option ldap-check', maria),
  backend('ldap_on_redis', 'option ldap-check', redis),
  backend('ssl_on_my', 'option ssl-hello-chk', maria),
  backend('ssl_on_redis', 'option ssl-hello-chk', redis),
].join('\n')}`;
}

async function startAll(): Promise<void> {
  [maria, postgres, redis, locked] = await Promise.all([
    startMariadb([`--max-connections=${CONNECTIONS_MAX}`, '--max-connect-errors=1000000']),
    startPostgres({ hba: ['host all refused 127.0.0.1/32 reject'] }),
    startRedis(),
    startRedis({ password: 'secret' }),
  ]);
  await maria.sql(`CREATE USER 'haproxy'@'127.0.0.1'`);
  await maria.sql(`CREATE USER 'locked'@'127.0.0.1' IDENTIFIED BY 'secret'`);
  await postgres.sql('CREATE ROLE haproxy LOGIN');
  for (const program of ['haproxy', 'fairlead'] as const) {
    const port = await freePort();
    proxies[program] = await startProxy(program, config(port), [port]);
  }
}

async function stopAll(): Promise<void> {
  await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
  await Promise.all([maria, postgres, redis, locked].map((server) => server?.close()));
}

type Verdicts = { [backend: string]: string };

async function verdicts(program: Program): Promise<Verdicts> {
  const found: Verdicts = {};
  for (const line of (await proxies[program]!.ask('show stat')).split('\n')) {
    const fields = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map((match) => match[1]);
    if (fields[1] === 's') found[fields[0]] = [17, 36, 37, 56].map((i) => fields[i].replace('* ', '')).join('|');
  }
  return found;
}

/** Waits until both agree on every backend that is not to be left out, and the test's own condition holds. */
async function agreed(isDone: (ours: Verdicts) => boolean): Promise<Verdicts> {
  let difference: unknown[] = [];
  for (let i = 0; i < 150; i++) {
    const [real, ours] = [await verdicts('haproxy'), await verdicts('fairlead')];
    difference = Object.keys(real).flatMap((name) => {
      const known = KEPT[name] === undefined ? ours[name] : ours[name].replace(KEPT[name], '');
      return known === real[name] ? [] : [[name, real[name], ours[name]]];
    });
    const isBegun = !Object.values(real).some((text) => text.includes('|INI|'));
    if (isBegun && difference.length === 0 && isDone(ours)) return ours;
    await sleep(100);
  }
  assert.deepEqual(difference, [], 'HAProxy and Fairlead come to the same');
  return assert.fail(`not what was expected: ${JSON.stringify(await verdicts('fairlead'))}`);
}

/** What HAProxy forgets of a success (see docs/differences.md). */
const VERSION = /(?<=\|L7OK\|0\|).+/;
const KEPT: { readonly [backend: string]: RegExp } = { my_greeting: VERSION, my_user: VERSION, my_pre41: VERSION };

systemTest("HAProxy's own checks on real databases", NEEDS, async (t) => {
  try {
    await startAll();
    await t.test('well, refusing, and something else', wellAndRefusing);
    await t.test('too many connections', tooManyConnections);
    await t.test('killed, and back', killedAndBack);
    await t.test('each check says goodbye: nobody is left connected', async () => {
      const rows = await maria.sql(`SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = 'haproxy'`);
      assert.ok(Number(rows[0].n) <= 4, `${rows[0].n} sessions`);
    });
  } finally {
    await stopAll();
  }
});

async function wellAndRefusing(): Promise<void> {
  const ours = await agreed(({ my_user, pg_user }) => my_user.startsWith('UP') && pg_user.startsWith('UP'));
  assert.match(ours.my_user, /^UP\|L7OK\|0\|.*MariaDB/);
  assert.match(ours.my_nobody, /^DOWN\|L7STS\|1045\|#28000Access denied for user 'nobody'/);
  assert.equal(ours.pg_user, 'UP|L7OK|0|PostgreSQL server is ok');
  assert.equal(ours.pg_refused, 'DOWN|L7RSP||FATAL');
  assert.equal(ours.redis, 'UP|L7OK|0|Redis server is ok');
  assert.match(ours.redis_locked, /^DOWN\|L7TOUT/);
}

async function tooManyConnections(): Promise<void> {
  const held: Socket[] = [];
  try {
    for (let i = 0; i < CONNECTIONS_MAX + 4; i++)
      held.push(connect(maria.port, '127.0.0.1').on('error', () => undefined));
    const ours = await agreed(({ my_user }) => my_user.startsWith('DOWN'));
    assert.match(ours.my_user, /^DOWN\|L7STS\|1040\|(#08004)?Too many connections/);
  } finally {
    for (const socket of held) socket.destroy();
  }
  await agreed(({ my_user }) => my_user.startsWith('UP'));
}

async function killedAndBack(): Promise<void> {
  await Promise.all([maria.kill(), postgres.kill(), redis.kill()]);
  const ours = await agreed(({ my_user }) => my_user.startsWith('DOWN'));
  assert.match(ours.my_user, /^DOWN\|L4CON\|\|Connection refused/);
  assert.match(ours.pg_user, /^DOWN\|L4CON\|\|Connection refused/);
  await Promise.all([maria.start(), postgres.start(), redis.start()]);
  await agreed(({ my_user, pg_user, redis: r }) => [my_user, pg_user, r].every((text) => text.startsWith('UP')));
}
