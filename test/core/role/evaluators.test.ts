/** What each kind of role check makes of a server's answer: one row per situation, with the sentence a person reads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RoleCheck } from '../../../src/config/model.js';
import { CheckStatus } from '../../../src/core/check-status.js';
import { evaluateExec } from '../../../src/core/role/exec.js';
import { evaluateGalera } from '../../../src/core/role/galera.js';
import { evaluateMysql, replicaStatement } from '../../../src/core/role/mysql.js';
import { evaluatePatroni, patroniPath } from '../../../src/core/role/patroni.js';
import { caughtUpAfter, evaluatePostgres } from '../../../src/core/role/postgres.js';
import { evaluateRedis } from '../../../src/core/role/redis.js';
import { type Finding, failure, lagSize, lagTime } from '../../../src/core/role/verdict.js';

type Settings = Partial<RoleCheck>;

function ask(kind: RoleCheck['kind'], settings: Settings): RoleCheck {
  return { kind, ...settings } as RoleCheck;
}

/** `fit primary: text`, `unfit replica: text`. */
function words({ status, role, text }: Finding): string {
  const verdict = status === CheckStatus.L7OK ? 'fit' : status === CheckStatus.L7STS ? 'unfit' : `status ${status}`;
  return `${verdict} ${role}: ${text}`;
}

describe('galera', () => {
  const STATUS = {
    wsrep_local_state: '4',
    wsrep_local_state_comment: 'Synced',
    wsrep_cluster_status: 'Primary',
    wsrep_ready: 'ON',
    wsrep_connected: 'ON',
    wsrep_cluster_state_uuid: 'c1',
    wsrep_cluster_conf_id: '7',
    wsrep_cluster_size: '3',
    wsrep_last_committed: '42',
  };
  const VARIABLES = { read_only: '0', wsrep_on: '1', wsrep_provider: '/x.so', wsrep_desync: '0' };
  const DONOR = { wsrep_local_state: '2', wsrep_local_state_comment: 'Donor/Desynced' };
  // status differences, variable differences, settings, outcome
  for (const [status, variables, settings, expected] of [
    [{}, {}, {}, 'fit primary: synced, 3 in the group'],
    [{}, {}, { want: 'primary' }, 'fit primary: synced, 3 in the group'],
    [DONOR, {}, {}, 'unfit unfit: not synced: Donor/Desynced'],
    [DONOR, {}, { acceptDonor: true }, 'fit primary: donor, 3 in the group'],
    [
      DONOR,
      { wsrep_sst_donor_rejects_queries: '1' },
      { acceptDonor: true },
      'unfit unfit: donor that rejects queries (wsrep_sst_donor_rejects_queries is ON)',
    ],
    [{}, { wsrep_desync: '1' }, {}, 'unfit unfit: desynced by an operator (wsrep_desync is ON)'],
    [{}, { wsrep_desync: '1' }, { acceptDonor: true }, 'fit primary: synced, 3 in the group'],
    [{ wsrep_local_state: '3', wsrep_local_state_comment: 'Joined' }, {}, {}, 'unfit unfit: not synced: Joined'],
    [
      { wsrep_local_state: '1', wsrep_local_state_comment: 'Joining' },
      {},
      { acceptDonor: true },
      'unfit unfit: not synced: Joining',
    ],
    [
      { wsrep_cluster_status: 'non-Primary', wsrep_ready: 'OFF' },
      {},
      {},
      'unfit unfit: cut off from the majority (wsrep_cluster_status is non-Primary)',
    ],
    [{ wsrep_connected: 'OFF' }, {}, {}, 'unfit unfit: not connected to its group (wsrep_connected is OFF)'],
    [{ wsrep_ready: 'OFF' }, {}, {}, 'unfit unfit: does not take statements yet (wsrep_ready is OFF)'],
    [{}, { read_only: '1' }, {}, 'unfit unfit: read-only (read_only is ON)'],
    [{}, { read_only: '1' }, { acceptReadOnly: true }, 'fit replica: synced, read-only, 3 in the group'],
    [
      {},
      { read_only: 'ON' },
      { acceptReadOnly: true, want: 'primary' },
      'unfit replica: synced, read-only, 3 in the group: not the primary',
    ],
    [{}, { pxc_maint_mode: 'DISABLED' }, {}, 'fit primary: synced, 3 in the group'],
    [{}, { pxc_maint_mode: 'SHUTDOWN' }, {}, 'unfit unfit: in maintenance (pxc_maint_mode is SHUTDOWN)'],
    [{}, { wsrep_on: '0' }, {}, 'unfit unfit: not a Galera node: wsrep_on is OFF'],
    [{}, { wsrep_provider: 'none' }, {}, 'unfit unfit: not a Galera node: no wsrep_provider is loaded'],
  ] as const)
    test(`${JSON.stringify({ ...status, ...variables })} with ${JSON.stringify(settings)}`, () => {
      const finding = evaluateGalera({ ...VARIABLES, ...variables }, { ...STATUS, ...status }, ask('galera', settings));
      assert.equal(words(finding), expected);
      assert.equal(finding.isDefinite, finding.status === CheckStatus.L7STS);
    });

  test('a server without Galera says so', () =>
    assert.equal(
      words(evaluateGalera({ read_only: '0' }, {}, ask('galera', {}))),
      'unfit unfit: not a Galera node: the server has no wsrep variables',
    ));

  test('the claim tells the group, its view and what was committed', () =>
    assert.deepEqual(evaluateGalera(VARIABLES, STATUS, ask('galera', {})).claim, {
      kind: 'galera',
      clusterUuid: 'c1',
      confId: '7',
      isPrimaryComponent: true,
      size: 3,
      lastCommitted: '42',
    }));
});

describe('mysql', () => {
  const old = (io: string, sql: string, behind: string | null, error = '') => ({
    Slave_IO_Running: io,
    Slave_SQL_Running: sql,
    Seconds_Behind_Master: behind,
    Last_SQL_Error: error,
    Last_IO_Error: '',
  });
  const renamed = (io: string, sql: string, behind: string | null) => ({
    Replica_IO_Running: io,
    Replica_SQL_Running: sql,
    Seconds_Behind_Source: behind,
  });
  // read_only, rows, settings, outcome
  for (const [readOnly, rows, settings, expected] of [
    ['0', [], {}, 'fit primary: primary'],
    ['0', [], { want: 'replica' }, 'unfit primary: primary: not a replica'],
    ['0', [], { want: 'any' }, 'fit primary: primary'],
    ['1', [], {}, 'unfit unfit: read-only, and replicates from nobody'],
    ['1', [], { want: 'replica' }, 'unfit unfit: read-only, and replicates from nobody'],
    ['1', [old('Yes', 'Yes', '0')], {}, 'unfit replica: replica, caught up: not the primary'],
    ['1', [old('Yes', 'Yes', '0')], { want: 'replica' }, 'fit replica: replica, caught up'],
    ['1', [renamed('Yes', 'Yes', '0')], { want: 'replica' }, 'fit replica: replica, caught up'],
    ['1', [renamed('Yes', 'Yes', '3')], { want: 'replica', maxLagMs: 3000 }, 'fit replica: replica, 3 s behind'],
    [
      '1',
      [old('Yes', 'Yes', '3')],
      { want: 'replica', maxLagMs: 1000 },
      'unfit replica: replica, 3 s behind: the limit is 1 s',
    ],
    ['1', [old('Yes', 'Yes', '3'), old('Yes', 'Yes', '9')], { want: 'replica' }, 'fit replica: replica, 9 s behind'],
    [
      '1',
      [old('Yes', 'Yes', null)],
      { want: 'replica', maxLagMs: 1000 },
      'unfit replica: replica, how far behind it does not say: how far it is behind is not known, the limit is 1 s',
    ],
    [
      '1',
      [old('Yes', 'No', null, 'Duplicate entry')],
      { want: 'replica' },
      'unfit unfit: replica whose replication does not run (IO Yes, SQL No): Duplicate entry',
    ],
    [
      '1',
      [renamed('Connecting', 'Yes', null)],
      { want: 'replica' },
      'unfit unfit: replica whose replication does not run (IO Connecting, SQL Yes)',
    ],
    ['0', [old('Yes', 'Yes', '0')], {}, 'unfit replica: replica that is writable, caught up: not the primary'],
    ['0', [old('No', 'No', null)], {}, 'fit primary: primary, its own replication stopped'],
    [
      '0',
      [old('Connecting', 'No', null, 'Duplicate entry')],
      {},
      'unfit unfit: replica whose replication does not run (IO Connecting, SQL No): Duplicate entry',
    ],
    [
      '1',
      [old('No', 'No', null)],
      { want: 'any' },
      'unfit unfit: replica whose replication does not run (IO No, SQL No)',
    ],
  ] as const)
    test(`read_only ${readOnly}, ${rows.length} sources, ${JSON.stringify(settings)}: ${expected}`, () => {
      const variables = { read_only: readOnly, server_id: '3', gtid_current_pos: '0-3-17' };
      assert.equal(words(evaluateMysql('mariadb', variables, rows, ask('mysql', settings))), expected);
    });

  test('super_read_only alone is read-only', () => {
    const variables = { read_only: '0', super_read_only: '1', server_uuid: 'u', gtid_executed: 'u:1-5' };
    assert.match(words(evaluateMysql('mysql', variables, [], ask('mysql', {}))), /read-only/);
  });

  test('claims: MySQL by server_uuid and gtid_executed, MariaDB by server_id and gtid_current_pos', () => {
    const mysql = evaluateMysql(
      'mysql',
      { server_uuid: 'u', server_id: '1', gtid_executed: 'u:1-5,\nv:1' },
      [],
      ask('mysql', {}),
    );
    assert.deepEqual(mysql.claim, { kind: 'mysql', serverUuid: 'u', gtid: 'u:1-5,v:1', flavor: 'mysql' });
    const mariadb = evaluateMysql('mariadb', { server_id: '3', gtid_current_pos: '0-3-17' }, [], ask('mysql', {}));
    assert.deepEqual(mariadb.claim, { kind: 'mysql', serverUuid: '3', gtid: '0-3-17', flavor: 'mariadb' });
  });

  for (const [flavor, version, statement] of [
    ['mysql', '8.4.0', 'SHOW REPLICA STATUS'],
    ['mysql', '8.0.22', 'SHOW REPLICA STATUS'],
    ['mysql', '8.0.21-commercial', 'SHOW SLAVE STATUS'],
    ['mysql', '5.7.44-log', 'SHOW SLAVE STATUS'],
    ['mysql', '9.0.1', 'SHOW REPLICA STATUS'],
    ['mariadb', '10.11.6-MariaDB', 'SHOW ALL SLAVES STATUS'],
  ] as const)
    test(`${flavor} ${version} is asked ${statement}`, () =>
      assert.equal(replicaStatement(flavor, version), statement));
});

describe('postgres', () => {
  const PRIMARY = ['f', 'off', '0/3000060', 'x00000002', null, null, null, null, null];
  /** lsn replayed, received, ms since the last transaction, receivers, last sent, paused */
  const standby = (
    replayed: string,
    received: string | null,
    sinceMs: string | null,
    receivers = '1',
    paused = 'f',
  ) => ['t', 'on', replayed, '2', received, sinceMs, receivers, null, paused];
  const FRESH = { systemId: '77', caughtUp: null, nowMs: 0 };
  /** What it had when it was seen caught up. */
  const SEEN = { kind: 'postgres', systemId: '77', timeline: 2, lsn: '0/10' } as const;
  for (const [name, row, settings, caughtUpAgoMs, expected] of [
    ['primary', PRIMARY, {}, null, 'fit primary: primary, timeline 2 at 0/3000060'],
    [
      'primary for readers',
      PRIMARY,
      { want: 'replica' },
      null,
      'unfit primary: primary, timeline 2 at 0/3000060: not a replica',
    ],
    [
      'primary that refuses writes',
      ['f', 'on', ...PRIMARY.slice(2)],
      {},
      null,
      'unfit unfit: primary that refuses writes, timeline 2 at 0/3000060: default_transaction_read_only is on, for all or for this user',
    ],
    [
      'standby for writers',
      standby('0/10', '0/10', '5000'),
      {},
      null,
      'unfit replica: standby, caught up: not the primary',
    ],
    [
      'caught up, however old its last transaction',
      standby('0/10', '0/10', '3600000'),
      { want: 'replica', maxLagMs: 100 },
      null,
      'fit replica: standby, caught up',
    ],
    [
      'behind',
      standby('0/10', '0/410', '1200'),
      { want: 'replica' },
      null,
      'fit replica: standby, 1.2 s behind (1 KiB)',
    ],
    [
      'too far behind',
      standby('0/10', '0/410', '1200'),
      { want: 'replica', maxLagMs: 1000 },
      null,
      'unfit replica: standby, 1.2 s behind (1 KiB): the limit is 1 s',
    ],
    [
      'too many bytes behind',
      standby('0/10', '1/10', '1200'),
      { want: 'replica', maxLagBytes: 1048576 },
      null,
      'unfit replica: standby, 1.2 s behind (4096 MiB): the limit is 1 MiB',
    ],
    [
      'a transaction after an idle hour',
      standby('0/10', '0/410', '3600000'),
      { want: 'replica', maxLagMs: 1000 },
      200,
      'fit replica: standby, 200 ms behind (1 KiB)',
    ],
    [
      'link down',
      standby('0/10', '0/10', '12000', '0'),
      { want: 'replica' },
      null,
      'fit replica: standby, 12 s behind, not streaming',
    ],
    [
      'link down, with a limit, never seen caught up',
      standby('0/10', '0/10', '12000', '0'),
      { want: 'replica', maxLagMs: 5000 },
      null,
      'unfit replica: standby, 12 s behind, not streaming: the limit is 5 s',
    ],
    [
      'the primary of an idle database died a moment ago',
      standby('0/10', '0/10', '254000', '0'),
      { want: 'replica', maxLagMs: 10000 },
      200,
      'fit replica: standby, caught up 200 ms ago, not streaming',
    ],
    [
      'and has been away for longer than the limit',
      standby('0/10', '0/10', '264000', '0'),
      { want: 'replica', maxLagMs: 10000 },
      10001,
      'unfit replica: standby, caught up 10 s ago, not streaming: the limit is 10 s',
    ],
    [
      'what came before the link broke is replayed later',
      standby('0/20', '0/410', '254000', '0'),
      { want: 'replica', maxLagMs: 10000 },
      400,
      'fit replica: standby, caught up 400 ms ago (1008 bytes), not streaming',
    ],
    [
      'a transaction younger than the sight of it',
      standby('0/20', '0/20', '100', '0'),
      { want: 'replica', maxLagMs: 10000 },
      400,
      'fit replica: standby, 100 ms behind, not streaming',
    ],
    [
      'nothing ever replayed, and seen caught up',
      standby('0/10', '0/10', null, '0'),
      { want: 'replica', maxLagMs: 10000 },
      400,
      'fit replica: standby, caught up 400 ms ago, not streaming',
    ],
    [
      'less replayed than was seen: another copy of the data',
      standby('0/F', '0/F', '254000', '0'),
      { want: 'replica', maxLagMs: 10000 },
      200,
      'unfit replica: standby, 254 s behind, not streaming: the limit is 10 s',
    ],
    [
      'nothing replayed yet',
      standby('0/10', null, null, '0'),
      { want: 'replica', maxLagMs: 5000 },
      null,
      'unfit replica: standby, how far behind it does not say, not streaming: how far it is behind is not known, the limit is 5 s',
    ],
    [
      'replay paused',
      standby('0/10', '0/410', '800', '1', 't'),
      { want: 'replica' },
      null,
      'fit replica: standby, 800 ms behind (1 KiB), replay paused',
    ],
  ] as const)
    test(name, () => {
      const caughtUp = caughtUpAgoMs === null ? null : { atMs: 5000, claim: { ...SEEN } };
      const memory = { systemId: '77', caughtUp, nowMs: 5000 + (caughtUpAgoMs ?? 0) };
      assert.equal(words(evaluatePostgres(row, memory, ask('postgres', settings))), expected);
    });

  for (const [name, changed] of [
    ['another cluster', { systemId: '78' }],
    ['another timeline, as after pg_rewind', { timeline: 1 }],
    ['a position that nobody can read', { lsn: '' }],
  ] as const)
    test(`what was seen of ${name} says nothing of this one`, () => {
      const memory = { ...FRESH, caughtUp: { atMs: 0, claim: { ...SEEN, ...changed } } };
      const finding = evaluatePostgres(standby('0/10', '0/10', '254000', '0'), memory, ask('postgres', {}));
      assert.equal(finding.lagMs, 254_000);
    });

  // before, row, after: when it was last seen caught up
  for (const [name, before, row, after] of [
    ['caught up', 100, standby('0/20', '0/20', '9000'), 700],
    ['on its way', 100, standby('0/20', '0/30', '9000'), 100],
    ['not streaming', 100, standby('0/20', '0/20', '0', '0'), 100],
    ['not streaming, its clock behind', null, standby('0/20', '0/20', '-50', '0'), null],
    ['the primary by now', 100, PRIMARY, null],
  ] as const)
    test(`remembered of a standby that is ${name}`, () => {
      const caughtUp = before === null ? null : { atMs: before, claim: SEEN };
      assert.equal(caughtUpAfter(row, { systemId: '77', caughtUp, nowMs: 700 })?.atMs ?? null, after);
    });

  test('the claim: system identifier, timeline, position', () =>
    assert.deepEqual(evaluatePostgres(PRIMARY, FRESH, ask('postgres', {})).claim, {
      kind: 'postgres',
      systemId: '77',
      timeline: 2,
      lsn: '0/3000060',
    }));

  test('what the primary has sent counts, where the user may see it', () => {
    const row = ['t', 'on', '0/10', '1', '0/10', '900', '1', '0/4010', 'f'];
    assert.equal(evaluatePostgres(row, FRESH, ask('postgres', {})).lagBytes, 0x4000);
  });
});

describe('redis', () => {
  const REPLICA =
    'role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:2\r\nmaster_sync_in_progress:0\r\n';
  for (const [info, ping, settings, expected] of [
    ['# Replication\r\nrole:master\r\nconnected_slaves:2\r\n', 'PONG', {}, 'fit primary: primary with 2 replicas'],
    ['role:master\r\n', 'PONG', { want: 'replica' }, 'unfit primary: primary: not a replica'],
    ['role:master\r\n', 'LOADING Redis is loading', {}, 'unfit unfit: loading its data set'],
    ['role:master\r\n', "NOPERM no permissions to run the 'ping' command", {}, 'fit primary: primary'],
    ['role:master\r\n', 'MISCONF disk', {}, 'unfit unfit: PING was answered with: MISCONF disk'],
    [REPLICA, 'PONG', {}, 'unfit replica: replica, heard its primary 2 s ago: not the primary'],
    [REPLICA, 'PONG', { want: 'replica' }, 'fit replica: replica, heard its primary 2 s ago'],
    [
      REPLICA,
      'PONG',
      { want: 'replica', maxLagMs: 1000 },
      'unfit replica: replica, heard its primary 2 s ago: the limit is 1 s',
    ],
    [
      'role:slave\r\nmaster_link_status:down\r\nmaster_link_down_since_seconds:9\r\n',
      'MASTERDOWN Link with MASTER is down',
      { want: 'replica' },
      'unfit unfit: replica whose link to its primary is down for 9 s',
    ],
    [
      'role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n',
      'PONG',
      { want: 'any' },
      'unfit unfit: replica that is copying the whole data set from its primary',
    ],
    ['role:sentinel\r\n', 'PONG', {}, 'status 13 unknown: INFO names no role that this check knows: sentinel'],
    ['', 'PONG', {}, 'status 13 unknown: INFO names no role that this check knows:'],
  ] as const)
    test(`${JSON.stringify(info)} ${JSON.stringify(settings)}`, () =>
      assert.equal(words(evaluateRedis(info, ping, ask('redis', settings))), expected));

  test('a primary that tells no replication id claims all the same', () =>
    assert.deepEqual(evaluateRedis('role:master\r\n', 'PONG', ask('redis', {})).claim, {
      kind: 'redis',
      replicationId: '',
      secondReplicationId: '',
      offset: '',
    }));

  test('a claim holds identifiers, whatever the server tells', () => {
    const info = `role:master\r\nmaster_replid:${'\u001b[31m;x\t'.repeat(5000)}\r\nmaster_repl_offset:${'9'.repeat(99)}\r\n`;
    const { claim } = evaluateRedis(info, 'PONG', ask('redis', {}));
    assert.ok(claim?.kind === 'redis' && /^\w{64}$/.test(claim.replicationId) && claim.offset.length === 20);
  });

  test('bytes read and not applied are the lag', () => {
    const info = `${REPLICA}slave_read_repl_offset:5000\r\nslave_repl_offset:952\r\nmaster_replid:a\r\nmaster_replid2:b\r\nmaster_repl_offset:952\r\n`;
    const finding = evaluateRedis(info, 'PONG', ask('redis', { want: 'replica', maxLagBytes: 4000 }));
    assert.equal(
      words(finding),
      'unfit replica: replica, heard its primary 2 s ago (4 KiB behind): the limit is 3.9 KiB',
    );
    assert.deepEqual(finding.claim, { kind: 'redis', replicationId: 'a', secondReplicationId: 'b', offset: '952' });
  });
});

describe('patroni', () => {
  const body = (role: string, more = {}) =>
    JSON.stringify({
      state: 'running',
      role,
      timeline: 4,
      database_system_identifier: '77',
      patroni: { version: '3.0.2', scope: 'main', name: 'pg1' },
      ...more,
    });
  const replica = body('replica', { xlog: { received_location: 5000, replayed_location: 3976 } });
  for (const [status, text, settings, expected] of [
    [200, body('master'), {}, 'fit primary: master, PostgreSQL running'],
    [
      200,
      body('primary', { pause: true }),
      {},
      'fit primary: primary, PostgreSQL running, automatic failover is paused',
    ],
    [503, body('primary'), {}, 'unfit unfit: primary, PostgreSQL running: does not hold the leader lock'],
    [503, replica, {}, 'unfit replica: replica, PostgreSQL running, 1 KiB to replay: not the primary'],
    [200, replica, { want: 'replica', maxLagBytes: 10 }, 'fit replica: replica, PostgreSQL running, 1 KiB to replay'],
    [
      503,
      replica,
      { want: 'replica' },
      'unfit unfit: replica, PostgreSQL running, 1 KiB to replay: refused as a replica (HTTP 503: lag, or a tag)',
    ],
    [503, body('primary'), { want: 'replica' }, 'unfit primary: primary, PostgreSQL running: not a replica'],
    [200, replica, { want: 'any' }, 'fit replica: replica, PostgreSQL running, 1 KiB to replay'],
    [
      503,
      body('uninitialized', { state: 'starting' }),
      {},
      'unfit unfit: uninitialized, PostgreSQL starting: HTTP 503',
    ],
    [200, '<html>', {}, 'status 13 unknown: HTTP 200 without the JSON that Patroni answers with'],
    [200, '[1]', {}, 'status 13 unknown: HTTP 200 without the JSON that Patroni answers with'],
    [200, 'null', {}, 'status 13 unknown: HTTP 200 without the JSON that Patroni answers with'],
  ] as const)
    test(`HTTP ${status}, ${JSON.stringify(settings)}: ${expected}`, () =>
      assert.equal(words(evaluatePatroni(status, text, ask('patroni', settings))), expected));

  test('an answer of Patroni 3.0.2, as it came', () => {
    const answer =
      '{"state": "running", "postmaster_start_time": "2026-11-21 09:06:42.703574+00:00", "role": "replica", "server_version": 150018, "xlog": {"received_location": 50331744, "replayed_location": 50330000, "replayed_timestamp": "2026-11-21 09:06:45.100000+00:00", "paused": false}, "timeline": 1, "dcs_last_seen": 1795252011, "database_system_identifier": "7710548604312884425", "patroni": {"version": "3.0.2", "scope": "main"}}';
    const finding = evaluatePatroni(200, answer, ask('patroni', { want: 'replica', maxLagMs: 5000 }));
    assert.equal(
      words(finding),
      'unfit replica: replica, PostgreSQL running, 1.7 KiB to replay, 5.9 s behind: the limit is 5 s',
    );
    assert.deepEqual(finding.claim, { kind: 'patroni', systemId: '7710548604312884425', timeline: 1, leaderKey: null });
  });

  test('only the holder of the lock claims the leader key', () => {
    const claim = { kind: 'patroni', systemId: '77', timeline: 4 };
    assert.deepEqual(evaluatePatroni(200, body('primary'), ask('patroni', {})).claim, {
      ...claim,
      leaderKey: 'main/pg1',
    });
    assert.deepEqual(evaluatePatroni(503, body('primary'), ask('patroni', {})).claim, { ...claim, leaderKey: null });
  });

  for (const [settings, path] of [
    [{}, '/primary'],
    [{ want: 'replica' }, '/replica'],
    [{ want: 'replica', maxLagBytes: 1048576 }, '/replica?lag=1048576'],
    [{ want: 'any' }, '/health'],
  ] as const)
    test(`${JSON.stringify(settings)} asks ${path}`, () => assert.equal(patroniPath(ask('patroni', settings)), path));
});

describe('exec', () => {
  const end = { code: 0, signal: null, output: '', isTimeout: false };
  for (const [how, settings, expected] of [
    [{}, {}, 'fit unknown: exit status 0'],
    [{ output: 'all well\nmore' }, {}, 'fit unknown: all well'],
    [{ output: 'all well' }, { want: 'primary' }, 'fit unknown: all well'],
    [{ output: 'primary at 5' }, { want: 'primary' }, 'fit primary: primary at 5'],
    [{ output: 'replica' }, { want: 'primary' }, 'unfit replica: replica: not the primary'],
    [{ output: 'replica' }, { want: 'replica', maxLagMs: 1 }, 'fit replica: replica'],
    [{ code: 3, output: 'disk full' }, {}, 'unfit unfit: exit status 3: disk full'],
    [{ code: 1 }, {}, 'unfit unfit: exit status 1'],
    [{ code: null, signal: 'SIGSEGV' }, {}, 'status 18 unknown: the program was ended by SIGSEGV'],
    [{ code: null, isTimeout: true }, {}, 'status 19 unknown: the program did not end in time'],
  ] as const)
    test(`${JSON.stringify(how)} with ${JSON.stringify(settings)}`, () =>
      assert.equal(words(evaluateExec({ ...end, ...how }, ask('exec', settings))), expected));
});

describe('texts', () => {
  for (const [ms, text] of [
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [1234, '1.2 s'],
    [75_000, '75 s'],
  ] as const)
    test(`${ms} ms are ${text}`, () => assert.equal(lagTime(ms), text));
  for (const [bytes, text] of [
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1536, '1.5 KiB'],
    [16_777_216, '16 MiB'],
  ] as const)
    test(`${bytes} bytes are ${text}`, () => assert.equal(lagSize(bytes), text));
  test('are one printable line of at most 200 characters', () => {
    const { text } = failure(CheckStatus.L7RSP, `a\r\nb\x00é${'c'.repeat(500)}`);
    assert.match(text, /^a b c+\.\.\.$/);
    assert.equal(text.length, 200);
  });
});
