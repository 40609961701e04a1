/** Any built-in check on any port: real Redis and MariaDB with their replicas, Patroni's answers, programs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../lab/support/ports.js';
import { startMariadb, startMariadbReplica, startRedis, startRedisReplica } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { answers, ask, directory, get, startAgents } from './support.js';

const yaml = (...agents: string[]) => `agents:\n${agents.map((text, i) => `  a${i}: { ${text} }\n`).join('')}`;

systemTest('redis: role and link, for those who may log in', { commands: ['redis-server'] }, async (t) => {
  const primary = await startRedis({ password: 'Redis-pass' });
  t.after(() => primary.close());
  const replica = await startRedisReplica(primary, { password: 'Redis-pass' });
  t.after(() => replica.close());
  const [write, read, none] = [await freePort(), await freePort(), await freePort()];
  const login = 'share: 20ms, password: { env: REDIS_PASSWORD }';
  const config = yaml(
    `bind: "127.0.0.1:${write}", type: redis, target: "127.0.0.1:${primary.port}", ${login}`,
    `bind: "127.0.0.1:${read}", type: redis, role: replica, target: "127.0.0.1:${replica.port}", ${login}`,
    `bind: "127.0.0.1:${none}", type: redis, target: "127.0.0.1:${primary.port}"`,
  );
  const agents = await startAgents(t, { 'a.yaml': config }, { REDIS_PASSWORD: 'Redis-pass' });
  await answers(write, 200);
  await answers(read, 200);
  assert.equal((await get(read, '/primary')).status, 503);
  assert.equal((await get(none)).status, 503);
  assert.match(String((await ask(none)).reason), /password|auth/i);
  await replica.command('REPLICAOF', 'NO', 'ONE');
  await answers(read, 503);
  assert.equal((await get(read, '/primary')).status, 200);
  await primary.kill();
  await answers(write, 503);
  assert.doesNotMatch(agents.output(), /Redis-pass/);
});

systemTest(
  'mysql: a writable primary and a replica within its lag',
  { commands: ['mariadbd', 'mariadb-install-db'] },
  async (t) => {
    const primary = await startMariadb(['--log-bin', '--server-id=1']);
    t.after(() => primary.close());
    const replica = await startMariadbReplica(primary);
    t.after(() => replica.close());
    for (const server of [primary, replica]) {
      await server.sql('SET SESSION sql_log_bin = 0');
      await server.sql("GRANT REPLICA MONITOR ON *.* TO checker@'127.0.0.1' IDENTIFIED BY 'pass'");
    }
    const [write, read] = [await freePort(), await freePort()];
    const login = 'share: 20ms, user: checker, password: { env: DB_PASSWORD }';
    const config = yaml(
      `bind: "127.0.0.1:${write}", type: mysql, target: "127.0.0.1:${primary.port}", ${login}`,
      `bind: "127.0.0.1:${read}", type: mysql, role: replica, max-lag: 10s, target: "127.0.0.1:${replica.port}", ${login}`,
    );
    await startAgents(t, { 'a.yaml': config }, { DB_PASSWORD: 'pass' });
    await answers(write, 200);
    await answers(read, 200);
    assert.equal((await get(read, '/replica?lag=5s')).status, 200);
    assert.equal((await get(write, '/replica')).status, 503);
    await replica.sql('STOP SLAVE SQL_THREAD');
    await answers(read, 503);
    await replica.sql('START SLAVE SQL_THREAD');
    await answers(read, 200);
    await primary.sql('SET GLOBAL read_only = ON');
    await answers(write, 503);
  },
);

test("patroni: its REST port is asked, the target's or rest-port", async (t) => {
  const asked: string[] = [];
  const rest = createServer((request, response) => {
    asked.push(request.url ?? '');
    const state = { state: 'running', role: 'master', server_version: 150000, timeline: 1, patroni: { scope: 's' } };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ ...state, database_system_identifier: '7', xlog: { location: 1 } }));
  }).listen(0, '127.0.0.1');
  await once(rest, 'listening');
  t.after(() => rest.close());
  t.after(() => rest.closeAllConnections());
  const at = (rest.address() as AddressInfo).port;
  const [one, two] = [await freePort(), await freePort()];
  const config = yaml(
    `bind: "127.0.0.1:${one}", type: patroni, target: "127.0.0.1:${at}"`,
    `bind: "127.0.0.1:${two}", type: patroni, target: 127.0.0.1, rest-port: ${at}`,
  );
  await startAgents(t, { 'a.yaml': config });
  await answers(one, 200);
  await answers(two, 200);
  assert.ok(asked.length >= 2);
});

test('exec: the exit status decides, and the program is told whom it checks', async (t) => {
  const dir = directory(t);
  const program = join(dir, 'fit');
  writeFileSync(program, `#!/bin/sh\necho "$HAPROXY_SERVER_NAME $1" > ${dir}/told\ntest -e ${dir}/ok\n`);
  chmodSync(program, 0o755);
  const port = await freePort();
  const config = yaml(`bind: "127.0.0.1:${port}", type: exec, share: 10ms, command: [ "${program}" ]`);
  await startAgents(t, { 'a.yaml': config });
  await answers(port, 503);
  writeFileSync(join(dir, 'ok'), '');
  await answers(port, 200);
  assert.match(readFileSync(join(dir, 'told'), 'utf8'), /^a0 /);
});
