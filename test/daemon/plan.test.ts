/** Which row belongs to which entity, through reloads; how many connections fit; what a successor takes over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyModel, emptyProxy } from '../../src/config/defaults.js';
import type { Model, Server } from '../../src/config/model.js';
import * as T from '../../src/core/table.js';
import { fitLimits, overhead } from '../../src/daemon/limits.js';
import { layOut, rowOf, writeCells } from '../../src/daemon/plan.js';
import { stderrLine } from '../../src/daemon/process-log.js';
import { readAddress, writeAddress } from '../../src/daemon/server-address.js';
import { captureState, restoreCommands, restoredAddress, restoreFigures } from '../../src/daemon/state-transfer.js';

function server(name: string, more: Partial<Server> = {}): Server {
  return { name, id: 1, address: { kind: 'inet', family: 4, host: '10.0.0.1', port: 80 }, portMode: 'fixed', ...more };
}

function model(...servers: Server[]): Model {
  const proxy = emptyProxy('listen', 'a', 2);
  proxy.binds.push({ address: { kind: 'inet', family: 0, host: '', port: 80 } });
  proxy.servers.push(...servers);
  return { ...emptyModel(), proxies: [proxy] };
}

const s1 = T.rowKey.server('a', 's1');
const s2 = T.rowKey.server('a', 's2');

test('an entity that persists keeps its row; a new one gets a new segment; unused segments go', () => {
  const first = layOut(null, model(server('s1'), server('s2')), 2);
  assert.deepEqual(first.fresh.sort(), ['b:a', 'f:a', 'l:a/*:80', 'process', s1, s2].sort());
  rowOf(first.layout, s1)!.set(T.S_UWEIGHT, 42);
  const second = layOut(first.layout, model(server('s1'), server('s3')), 2);
  assert.deepEqual(second.fresh, [T.rowKey.server('a', 's3')]);
  assert.equal(rowOf(second.layout, s1)!.get(T.S_UWEIGHT), 42);
  assert.equal(rowOf(second.layout, s2), undefined);
  const third = layOut(second.layout, model(server('s1')), 2);
  assert.equal(third.layout.segments.length, 1);
  assert.equal(rowOf(third.layout, s1)!.get(T.S_UWEIGHT), 42);
});

test('limits of a persisting server follow the file, its state does not', () => {
  const before = model(server('s1', { maxconn: 5, weight: 10 }));
  const { layout, fresh } = layOut(null, before, 1);
  writeCells(layout, before, new Set(fresh), 1000);
  const row = rowOf(layout, s1)!;
  assert.equal(row.get(T.S_UWEIGHT), 10);
  row.set(T.S_UWEIGHT, 3);
  row.set(T.S_ADMIN, T.ADMIN_FDRAIN);
  writeCells(layout, model(server('s1', { maxconn: 7, weight: 10 })), new Set(), 2000);
  assert.deepEqual(
    [T.I_MAXCONN, T.S_UWEIGHT, T.S_ADMIN, T.S_LAST_CHANGE].map((c) => row.get(c)),
    [7, 3, 8, 1000],
  );
});

// maxconn written, soft, hard, may raise: maxconn to run with, complaint
const LIMITS: [number | undefined, number, number, boolean, number | 'all', boolean][] = [
  [undefined, 20_000, 20_000, false, 'all', false],
  [100, 20_000, 20_000, false, 100, false],
  [50_000, 20_000, 20_000, true, 50_000, false],
  [50_000, 20_000, 20_000, false, 'all', true],
  [5_000, 1_024, 20_000, true, 5_000, false],
];
for (const [maxconn, soft, hard, isRoot, expected, complains] of LIMITS)
  test(`maxconn ${maxconn}, limits ${soft}/${hard}, ${isRoot ? 'root' : 'no root'}`, () => {
    const m = model(server('s1', { check: true }));
    m.global.maxconn = maxconn;
    const raise = (n: number) => (isRoot || n <= hard ? 0 : -1);
    const result = fitLimits(m, 2, { soft, hard }, raise);
    const all = Math.floor((hard - overhead(m, 2)) / 2);
    assert.equal(result.maxconn, expected === 'all' ? all : expected);
    assert.equal(result.complaint !== undefined, complains);
  });

test('addresses through the table', () => {
  const { layout } = layOut(null, model(server('s1')), 1);
  const row = rowOf(layout, s1)!;
  for (const host of ['10.1.2.3', '2001:db8::1']) {
    writeAddress(row, server('s1'), host, 5432);
    assert.deepEqual(readAddress(row, server('s1')), { host, port: 5432 });
    assert.equal(row.get(T.S_ADDR_SEQ) % 2, 0);
  }
  writeAddress(row, server('s1'), null, 80);
  assert.deepEqual(readAddress(row, server('s1')), { host: '-', port: 80 });
});

test('a successor takes figures, weights, maintenance and addresses, unless the file changed them', () => {
  const old = model(server('s1', { weight: 10, check: true }), server('s2', { check: true }));
  const from = layOut(null, old, 2);
  writeCells(from.layout, old, new Set(from.fresh), 1000);
  const [one, two] = [rowOf(from.layout, s1)!, rowOf(from.layout, s2)!];
  one.f64[one.counters + T.C_SESSIONS] = 3;
  one.f64[one.counters + T.COUNTER_CELLS + T.C_SESSIONS] = 4;
  one.set(T.S_UWEIGHT, 20);
  one.set(T.S_STATE, T.STATE_RUNNING);
  one.set(T.S_ADMIN, T.ADMIN_FDRAIN);
  two.set(T.S_STATE, T.STATE_STOPPED);
  const moved = new Map([[s2, { host: '10.9.9.9', port: 99 }]]);
  const state = JSON.parse(JSON.stringify(captureState(from.layout, old, moved, () => undefined)));

  const to = layOut(null, old, 1);
  restoreFigures(to.layout, state);
  assert.equal(rowOf(to.layout, s1)!.sum(T.C_SESSIONS), 7);
  assert.deepEqual(restoreCommands(state, old), [
    { proxy: 'a', server: 's1', command: { do: 'state', state: 'drain' } },
    { proxy: 'a', server: 's1', command: { do: 'weight', weight: 20, relative: false } },
    { proxy: 'a', server: 's2', command: { do: 'health', health: 'down' } },
  ]);
  assert.deepEqual(restoredAddress(state, s2, old.proxies[0].servers[1]), { host: '10.9.9.9', port: 99 });

  const changed = model(server('s1', { weight: 11 }), server('s2'));
  changed.proxies[0].servers[1].address = { kind: 'inet', family: 4, host: '10.0.0.2', port: 80 };
  assert.equal(
    restoreCommands(state, changed).some((c) => c.command.do === 'weight'),
    false,
  );
  assert.equal(restoredAddress(state, s2, changed.proxies[0].servers[1]), undefined);
});

test('lines on standard error are padded as HAProxy pads them', () => {
  assert.equal(stderrLine('NOTICE', 'x', 12), '[NOTICE]   (12) : x');
  assert.equal(stderrLine('WARNING', 'x', 12), '[WARNING]  (12) : x');
  assert.equal(stderrLine('ALERT', 'x', 12), '[ALERT]    (12) : x');
});
