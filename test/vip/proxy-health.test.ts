/** The proxy's own health as the VIP thread reads it from the shared table: a row reads as a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as T from '../../src/core/table.js';
import type { VipPlan } from '../../src/core/vrrp/messages.js';
import { createWakeFd } from '../../src/linux/eventfd.js';
import { close } from '../../src/linux/syscalls.js';
import { ProxyHealth } from '../../src/vip/proxy-health.js';

interface World {
  readonly health: ProxyHealth;
  readonly row: (key: string) => T.Row;
  readonly turn: (worker: number) => void;
}

function world(): World {
  const keys = [T.rowKey.process(), T.rowKey.frontend('web'), T.rowKey.backend('app'), T.rowKey.backend('spare')];
  const segment = T.createSegment(0, keys.length, 2);
  const rows = Object.fromEntries(keys.map((key, index) => [key, { segment: 0, index }]));
  const row = (key: string) => new T.Row(segment, rows[key].index);
  const fds = [createWakeFd(), createWakeFd()];
  const health = new ProxyHealth();
  const backends = { web: [T.rowKey.backend('app'), T.rowKey.backend('spare')] };
  health.apply({ segments: [segment], rows, backends, workers: fds } as unknown as VipPlan, 0);
  process.once('exit', () => fds.forEach(close));
  row(T.rowKey.frontend('web')).set(T.I_STATE, 1);
  row(T.rowKey.backend('app')).set(T.B_ACTIVE, 1);
  const turn = (worker: number) => {
    const process = row(T.rowKey.process());
    process.f64[process.counters + worker * T.COUNTER_CELLS + T.C_LOOPS]++;
  };
  return { health, row, turn };
}

const CASES: readonly [what: string, change: (w: World) => void, fault: string | null][] = [
  ['a frontend with a usable server', () => undefined, null],
  ['a frontend that is full', ({ row }) => row('f:web').set(T.I_STATE, 2), null],
  ['a frontend disabled by an operator', ({ row }) => row('f:web').set(T.I_STATE, 3), 'no frontend listens'],
  ['no usable server', ({ row }) => row('b:app').set(T.B_ACTIVE, 0), 'no server behind frontend web is usable'],
  [
    'only backup servers, behind another backend',
    ({ row }) => {
      row('b:app').set(T.B_ACTIVE, 0);
      row('b:spare').set(T.B_BACKUP, 1);
    },
    null,
  ],
  ['a process that stops', ({ row }) => row('process').set(T.P_STOPPING, 1), 'the proxy is stopping'],
];

for (const [what, change, fault] of CASES)
  test(`${what}: ${fault ?? 'well'}`, () => {
    const w = world();
    change(w);
    assert.equal(w.health.frontendFault('web', 0), fault);
  });

test('a frontend that is not there', () =>
  assert.equal(world().health.frontendFault('nope', 0), 'frontend nope does not run'));

test('a worker that does not turn when it is woken hangs after a while, and is well again when it turns', () => {
  const { health, turn } = world();
  for (let nowMs = 0; nowMs <= 2000; nowMs += 250) {
    turn(0);
    health.look(nowMs);
  }
  assert.equal(health.proxyFault(2000), 'worker 2 of the proxy hangs');
  turn(1);
  health.look(2250);
  assert.equal(health.proxyFault(2250), null);
});
