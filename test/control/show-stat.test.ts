/** The figures: which words and values stand in which column (management guide §9.1; words observed on HAProxy 2.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsPerSecond } from '../../src/control/stat/rates.js';
import { csv, json, typed } from '../../src/control/stat/stat-format.js';
import { EVERYTHING, statRows } from '../../src/control/stat/stat-rows.js';
import { parseStat } from '../../src/control/stats-client.js';
import { CheckStatus } from '../../src/core/check-status.js';
import * as T from '../../src/core/table.js';
import { bind, FakeEngine, model, proxy, server } from './fake-engine.js';

type Cells = { readonly [cell: number]: number };

function engineWith(cells: Cells, more = {}): FakeEngine {
  const servers = [server('s1', 1, 17951, { check: true, weight: 100, ...more }), server('s2', 2, 17952)];
  const engine = new FakeEngine(model([proxy('backend', 'be', 3, { servers })]));
  const row = engine.row('s:be/s1')!;
  for (const [cell, value] of Object.entries(cells)) row.set(Number(cell), value);
  return engine;
}

function statOf(engine: FakeEngine, svname: string, nowMs = Date.now()) {
  const records = parseStat([...csv(statRows(engine, EVERYTHING, nowMs))].join(''));
  return records.find((record) => record.svname === svname)!;
}

const { S_STATE, S_ADMIN, S_HEALTH, S_CHECK_STATE } = T;
const RUNNING = { [S_STATE]: T.STATE_RUNNING };
const STOPPED = { [S_STATE]: T.STATE_STOPPED };

// rise 2, fall 3: health 0..4. cells, status
const STATUSES: readonly (readonly [Cells, string])[] = [
  [{ ...RUNNING, [S_HEALTH]: 4 }, 'UP'],
  [{ ...RUNNING, [S_HEALTH]: 3 }, 'UP 2/3'],
  [{ ...RUNNING, [S_HEALTH]: 2 }, 'UP 1/3'],
  [{ ...STOPPED, [S_HEALTH]: 0 }, 'DOWN'],
  [{ ...STOPPED, [S_HEALTH]: 1 }, 'DOWN 1/2'],
  [{ [S_STATE]: T.STATE_STOPPING, [S_HEALTH]: 4 }, 'NOLB'],
  [{ [S_STATE]: T.STATE_STOPPING, [S_HEALTH]: 3 }, 'NOLB 2/3'],
  [{ ...RUNNING, [S_ADMIN]: T.ADMIN_FDRAIN, [S_HEALTH]: 4 }, 'DRAIN'],
  [{ ...RUNNING, [S_ADMIN]: T.ADMIN_FDRAIN, [S_HEALTH]: 2 }, 'DRAIN 1/3'],
  [{ ...STOPPED, [S_ADMIN]: T.ADMIN_FDRAIN, [S_HEALTH]: 0 }, 'DOWN'],
  [{ ...STOPPED, [S_ADMIN]: T.ADMIN_FMAINT }, 'MAINT'],
  [{ ...STOPPED, [S_ADMIN]: T.ADMIN_FMAINT | T.ADMIN_CMAINT }, 'MAINT'],
  [{ ...STOPPED, [S_ADMIN]: T.ADMIN_RMAINT }, 'MAINT (resolution)'],
  [{ ...RUNNING, [S_CHECK_STATE]: 0 }, 'no check'],
  [{ ...RUNNING, [S_CHECK_STATE]: 0, [S_ADMIN]: T.ADMIN_FDRAIN }, 'DRAIN'],
  [{ ...STOPPED, [S_CHECK_STATE]: 2, [S_HEALTH]: 0 }, 'DOWN'],
];

for (const [cells, status] of STATUSES)
  test(`${JSON.stringify(cells)} reads ${status}`, () => {
    assert.equal(statOf(engineWith(cells), 's1').status, status);
  });

test('a tracking server reads as the one at the end of the chain', () => {
  const servers = [
    server('a', 1, 1, { check: true }),
    server('b', 2, 2, { track: 'a' }),
    server('c', 3, 3, { track: 'be/b' }),
  ];
  const engine = new FakeEngine(model([proxy('backend', 'be', 3, { servers })]));
  assert.equal(statOf(engine, 'c').status, 'UP 1/3');
  assert.equal(statOf(engine, 'c').tracked, 'be/a');
  engine.row('s:be/c')!.set(S_ADMIN, T.ADMIN_IMAINT);
  assert.equal(statOf(engine, 'c').status, 'MAINT (via be/b)');
});

test('slowstart shows the weight reached and its percentage', () => {
  const row = statOf(engineWith({ [S_STATE]: T.STATE_STARTING, [T.S_EWEIGHT]: 7 * 16 - 8, [S_HEALTH]: 4 }), 's1');
  assert.deepEqual([row.weight, row.uweight, row.throttle, row.status], ['7', '100', '6', 'UP']);
});

test('check columns: what ran, what it said, how long it took; an asterisk while the next runs', () => {
  const cells = {
    [T.S_CHECK_STATUS]: CheckStatus.L7STS,
    [T.S_CHECK_CODE]: 503,
    [T.S_CHECK_DURATION]: 12,
    [T.S_CHECK_FAILS]: 4,
    [S_CHECK_STATE]: 7,
  };
  const engine = engineWith(cells);
  Object.assign(engine, { lastCheck: () => 'HTTP status check returned code <503>, bad "luck"' });
  const row = statOf(engine, 's1');
  assert.deepEqual(
    [row.check_status, row.check_code, row.check_duration, row.check_desc, row.chkfail, row.check_rise],
    ['* L7STS', '503', '12', 'Layer7 wrong status', '4', '2'],
  );
  assert.equal(row.last_chk, 'HTTP status check returned code <503>, bad "luck"');
});

test('a server in maintenance shows no check, but its counts', () => {
  const row = statOf(engineWith({ ...STOPPED, [S_ADMIN]: T.ADMIN_FMAINT, [S_CHECK_STATE]: 14 }), 's1');
  assert.deepEqual([row.check_status, row.chkfail, row.downtime], ['', '0', '0']);
});

test('downtime and last change count on while a server is down', () => {
  const nowMs = 1_000_000_000_000;
  const cells = { ...STOPPED, [T.S_LAST_CHANGE]: nowMs / 1000 - 30, [T.S_DOWNTIME]: 12 };
  const row = statOf(engineWith(cells), 's1', nowMs);
  assert.deepEqual([row.downtime, row.lastchg], ['42', '30']);
});

test('columns without a value are empty', () => {
  const row = statOf(engineWith({}), 's2');
  for (const name of ['slim', 'qlimit', 'throttle', 'tracked', 'check_status', 'chkfail', 'agent_status', 'cookie'])
    assert.equal(row[name], '', name);
  assert.deepEqual([row.lastsess, row.type, row.act, row.bck], ['-1', '2', '1', '0']);
});

test('figures are summed over the workers, averages weighted by their sessions', () => {
  const servers = [server('s1', 1, 1)];
  const engine = new FakeEngine(model([proxy('backend', 'be', 3, { servers })]), 2);
  const row = engine.row('s:be/s1')!;
  const [first, second] = [row.counters, row.counters + T.COUNTER_CELLS];
  Object.assign(row.f64, { [first + T.C_SESSIONS]: 3, [second + T.C_SESSIONS]: 1 });
  Object.assign(row.f64, { [first + T.C_CTIME]: 30, [second + T.C_CTIME]: 50 });
  Object.assign(row.f64, { [first + T.C_CTIME_MAX]: 21, [second + T.C_CTIME_MAX]: 50 });
  const stat = statOf(engine, 's1');
  assert.deepEqual([stat.stot, stat.ctime, stat.ctime_max], ['4', '20', '50']);
});

// now ms, second counted, events in it, events before it: events per second
const RATES: readonly (readonly [number, number, number, number, number])[] = [
  [10_500, 10, 4, 10, 9],
  [10_000, 10, 0, 10, 10],
  [11_500, 10, 4, 10, 2],
  [12_000, 10, 4, 10, 0],
];
for (const [nowMs, second, now, beforeIt, rate] of RATES)
  test(`at ${nowMs} ms, ${now} in second ${second} and ${beforeIt} before it are ${rate}/s`, () => {
    const row = new T.Row(T.createSegment(0, 1, 1), 0);
    row.fill(T.C_RATE_SECOND, second);
    row.fill(T.C_RATE_NOW, now);
    row.fill(T.C_RATE_BEFORE, beforeIt);
    assert.equal(eventsPerSecond(row, T.C_RATE_SECOND, nowMs), rate);
  });

// full, paused, stopped
test('a frontend is OPEN, FULL, PAUSED or STOP', () => {
  const engine = new FakeEngine(model([proxy('frontend', 'fe', 2, { binds: [bind(1)], maxconn: 5 })]));
  const row = engine.row('f:fe')!;
  const seen = [];
  seen.push(statOf(engine, 'FRONTEND').status);
  row.set(T.I_CUR_SESS, 5);
  seen.push(statOf(engine, 'FRONTEND').status);
  row.set(T.I_STATE, 3);
  seen.push(statOf(engine, 'FRONTEND').status);
  row.set(T.I_STATE, 0);
  seen.push(statOf(engine, 'FRONTEND').status);
  assert.deepEqual(seen, ['OPEN', 'FULL', 'PAUSED', 'STOP']);
});

test('fullconn is a tenth of the frontends that lead to a backend, at least 1', () => {
  const engine = new FakeEngine(
    model(
      [
        proxy('frontend', 'f1', 2, { maxconn: 15, useBackends: [{ backend: 'b1' }], defaultBackend: 'b2' }),
        proxy('frontend', 'f2', 3, { defaultBackend: 'b2' }),
        proxy('backend', 'b1', 4),
        proxy('backend', 'b2', 5),
        proxy('backend', 'b3', 6),
      ],
      { maxconn: 100 },
    ),
  );
  const records = parseStat([...csv(statRows(engine, EVERYTHING, 0))].join(''));
  const slim = records.filter((r) => r.svname === 'BACKEND').map((r) => `${r.pxname} ${r.slim}`);
  assert.deepEqual(slim, ['b1 2', 'b2 12', 'b3 1']);
});

test('typed and JSON forms carry the same values as the CSV', () => {
  const engine = engineWith({ [T.I_CUR_SESS]: 7 });
  const rows = () => statRows(engine, EVERYTHING, Date.now());
  const lines = [...typed(rows(), false)].join('').split('\n');
  assert.ok(lines.includes('S.3.1.4.scur.1:MGP:u32:7'));
  assert.ok(lines.includes('B.3.0.19.act.1:MGP:u32:2'));
  assert.match([...typed(rows(), true)].join(''), /\nS\.3\.1\.4\.scur\.1:MGP:u32:7:"[^"]+"\n/);
  const parsed = JSON.parse([...json(rows())].join('')) as { field: { name: string }; value: { value: unknown } }[][];
  assert.equal(parsed[0].find((item) => item.field.name === 'scur')?.value.value, 7);
});

test('the CSV of 1,000 servers takes less than 50 ms', () => {
  const servers = Array.from({ length: 1000 }, (_, i) => server(`s${i}`, i + 1, i + 1, { check: true }));
  const engine = new FakeEngine(model([proxy('backend', 'be', 2, { servers })]), 2);
  const build = () => {
    const began = process.cpuUsage();
    const text = [...csv(statRows(engine, EVERYTHING, Date.now()))].join('');
    const { user, system } = process.cpuUsage(began);
    return { ms: (user + system) / 1000, lines: text.split('\n').length };
  };
  const runs = Array.from({ length: 5 }, build);
  assert.equal(runs[0].lines, 1003);
  assert.ok(Math.min(...runs.map((run) => run.ms)) < 50, `took ${runs.map((run) => run.ms)} ms`);
});
