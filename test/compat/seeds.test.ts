/** The files of four installations, run as they are printed: what they balance (see test/support/seed-lab.ts). */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { systemTest } from '../support/peers.js';
import { Lab, NEEDS } from '../support/seed-lab.js';

systemTest('Galera: three nodes, checked on 9200; the one that fails is left, and comes back', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.0.100', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
  for (const n of [1, 2, 3]) {
    assert.equal(await lab.tell(`serve 10.0.0.${n} 3306 node${n}`), 'listening');
    await lab.tell(`check 10.0.0.${n} 9200 200 OK`);
  }
  await lab.run('galera');
  await lab.until('galera_cluster', /^UP, UP, UP$/);
  assert.deepEqual(await lab.whos('10.0.0.100', 3306, 6), ['node1', 'node2', 'node3']);
  await lab.tell('check 10.0.0.2 9200 503 Service Unavailable');
  await lab.until('galera_cluster', /^UP, DOWN, UP$/);
  assert.deepEqual(await lab.whos('10.0.0.100', 3306, 6), ['node1', 'node3']);
  await lab.tell('check 10.0.0.2 9200 200 OK');
  await lab.until('galera_cluster', /^UP, UP, UP$/);
  assert.deepEqual(await lab.whos('10.0.0.100', 3306, 6), ['node1', 'node2', 'node3']);
});

systemTest('PostgreSQL: names that do not resolve yet; the primary moves', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.1.1', '10.0.1.2']);
  for (const n of [1, 2]) await lab.tell(`serve 10.0.1.${n} 5432 pg${n}`);
  await lab.tell('check 10.0.1.1 25432 200 OK');
  await lab.tell('check 10.0.1.2 25432 503 standby');
  await lab.run('postgres');
  assert.equal(await lab.statuses('Postgres-ACD'), 'MAINT (resolution), MAINT (resolution)');
  assert.deepEqual(await lab.whos('127.0.0.1', 15432, 1), ['closed']);
  writeFileSync(lab.hosts, '127.0.0.1 localhost\n10.0.1.1 sms-01\n10.0.1.2 sms-02\n');
  await lab.until('Postgres-ACD', /^UP, DOWN/);
  assert.deepEqual(await lab.whos('127.0.0.1', 15432, 4), ['pg1']);
  await lab.tell('check 10.0.1.1 25432 503 standby');
  await lab.tell('check 10.0.1.2 25432 200 OK');
  await lab.until('Postgres-ACD', /^DOWN, UP$/);
  assert.deepEqual(await lab.whos('127.0.0.1', 15432, 4), ['pg2']);
});

systemTest('ClusterControl: the leader alone answers on port 81', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.0.101', '10.0.0.102', '10.0.0.103']);
  for (const n of [1, 2, 3]) {
    await lab.tell(`serve 10.0.0.10${n} 443 cmon${n}`);
    await lab.tell(`check 10.0.0.10${n} 9201 ${n === 2 ? '200 leader' : '503 follower'}`);
  }
  await lab.run('clustercontrol-ui');
  await lab.until('haproxy_10.0.0.101_81', /^DOWN, UP[^,]*, DOWN$/);
  assert.deepEqual(await lab.whos('127.0.0.1', 81, 4), ['cmon2']);
  assert.ok(existsSync('/var/run/haproxy.socket'));
});

systemTest('front-end nodes: everything goes to Apache, whatever becomes of the Jarvis servers', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.2.1']);
  await lab.tell('serve 127.0.0.1 81 apache');
  await lab.run('frontend-nodes');
  assert.equal(await lab.statuses('jarvis'), 'MAINT (resolution), MAINT (resolution)');
  assert.deepEqual(await lab.whos('127.0.0.1', 80, 3), ['apache']);
  assert.deepEqual(await lab.whos('10.0.2.1', 80, 1), ['apache']);
});
