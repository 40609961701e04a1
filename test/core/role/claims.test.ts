/** Which of two claims is better. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareClaims, type Order } from '../../../src/core/role/claims.js';
import { compareGtids, type SetOrder } from '../../../src/core/role/gtid.js';
import type { Claim } from '../../../src/core/role/report.js';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = 'b0c0ffee-71ca-11e1-9e33-c80aa9429562';

// MySQL manual, "GTID Sets"; MariaDB knowledge base, "Global Transaction ID": gtid of a, gtid of b, how a stands to b
const gtids: readonly (readonly ['mysql' | 'mariadb', string, string, SetOrder])[] = [
  ['mysql', `${A}:1-5`, `${A}:1-5`, 'equal'],
  ['mysql', `${A}:1-5`, `${A}:1-3:4-5`, 'equal'],
  ['mysql', `${A}:1-6`, `${A}:1-5`, 'superset'],
  ['mysql', `${A}:1-5,${B}:1`, `${A}:1-5`, 'superset'],
  ['mysql', `${A}:1-5`, `${A}:1-5,${B}:1`, 'subset'],
  ['mysql', `${A}:1-5:7`, `${A}:1-7`, 'subset'],
  ['mysql', `${A}:1-7`, `${A}:1-5,${B}:1`, 'unordered'],
  ['mysql', `${A}:1-5:tag:1-2`, `${A}:1-5`, 'superset'],
  ['mysql', `${A}:1-18446744073709551614`, `${A}:1-18446744073709551613`, 'superset'],
  ['mysql', '', `${A}:1`, 'subset'],
  ['mysql', '', '', 'unordered'],
  ['mysql', 'garbage', `${A}:1`, 'unordered'],
  ['mariadb', '0-1-100', '0-1-100', 'equal'],
  ['mariadb', '0-1-105', '0-1-100', 'superset'],
  ['mariadb', '0-1-100,1-2-5', '0-1-100', 'superset'],
  ['mariadb', '0-2-150', '0-1-100', 'unordered'],
  ['mariadb', '0-1-105,1-1-1', '0-1-100,1-1-2', 'unordered'],
  ['mariadb', 'x', '0-1-1', 'unordered'],
];
for (const [flavor, a, b, order] of gtids)
  test(`${flavor} '${a}' is ${order} to '${b}'`, () => assert.equal(compareGtids(a, b, flavor), order));

const pg = (timeline: number, systemId = '7'): Claim => ({ kind: 'postgres', systemId, timeline, lsn: '0/0' });
const patroni = (timeline: number, leaderKey: string | null, systemId = '7'): Claim => ({
  kind: 'patroni',
  systemId,
  timeline,
  leaderKey,
});
const mysql = (serverUuid: string, gtid: string): Claim => ({ kind: 'mysql', serverUuid, gtid, flavor: 'mysql' });
const redis = (replicationId: string, secondReplicationId = '0'.repeat(40), offset = '10'): Claim => ({
  kind: 'redis',
  replicationId,
  secondReplicationId,
  offset,
});

const claims: readonly (readonly [string, Claim, Claim, Order])[] = [
  ['a higher timeline is better', pg(2), pg(1), 'better'],
  ['a lower timeline is worse', pg(1), pg(2), 'worse'],
  ['equal timelines are not ordered', pg(2), pg(2), 'unordered'],
  ['an unknown timeline proves nothing', pg(0), pg(2), 'unordered'],
  ['another system identifier is foreign', pg(9, '8'), pg(1), 'foreign'],
  ['a system identifier that is not told is no objection', pg(2, ''), pg(1), 'better'],
  ['the leader key decides', patroni(1, 'c/n1'), patroni(2, null), 'better'],
  ['with two leader keys the timeline does', patroni(1, 'c/n1'), patroni(2, 'c/n2'), 'worse'],
  ['Patroni of another cluster is foreign', patroni(1, 'c/n1'), patroni(2, 'd/n2', '8'), 'foreign'],
  ['whoever holds all transactions and more is better', mysql(A, `${A}:1-9`), mysql(B, `${A}:1-8`), 'better'],
  ['diverged servers are not ordered', mysql(A, `${A}:1-9`), mysql(B, `${A}:1-8,${B}:1`), 'unordered'],
  ['one server_uuid twice is not ordered', mysql(A, `${A}:1-9`), mysql(A, `${A}:1-8`), 'unordered'],
  ['who went on from the data of the other is better', redis('b', 'a'), redis('a'), 'better'],
  ['and the other is worse', redis('a'), redis('b', 'a'), 'worse'],
  ['strangers are not ordered', redis('a'), redis('b'), 'unordered'],
  ['in one history the higher offset is better', redis('a', '0', '11'), redis('a', '0', '10'), 'better'],
  ['kinds do not compare', pg(1), redis('a'), 'unordered'],
];
for (const [name, a, b, order] of claims) test(name, () => assert.equal(compareClaims(a, b), order));
