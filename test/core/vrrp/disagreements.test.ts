/** core/vrrp/disagreements, core/vrrp/replay: what is wrong between routers of one id, in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Disagreements, type Heard } from '../../../src/core/vrrp/disagreements.js';
import { ReplayGuard } from '../../../src/core/vrrp/replay.js';
import type { Advertisement } from '../../../src/core/vrrp/types.js';

const OWN = {
  name: 'VI_1',
  vrid: 51,
  version: 2,
  intervalMs: 1000,
  addresses: ['10.0.0.100', '10.0.0.101'],
  hasPassword: true,
} as const;

const AD: Advertisement = {
  version: 2,
  family: 4,
  vrid: 51,
  priority: 90,
  intervalMs: 1000,
  addresses: OWN.addresses,
  password: '',
  authType: 0,
};

function heard(fields: Partial<Heard>, ad: Partial<Advertisement> = {}): Heard {
  return {
    source: '10.0.0.2',
    ad: { ...AD, ...ad },
    refusal: null,
    detail: 'd',
    state: 'BACKUP',
    priority: 100,
    ...fields,
  };
}

const ROWS: readonly [what: string, heard: Heard, code: string, text: RegExp, remedy: RegExp][] = [
  [
    'another interval in version 2',
    heard({ refusal: 'interval' }, { intervalMs: 2000 }),
    'interval-differs',
    /^10\.0\.0\.2 advertises every 2 s, this router every 1 s: its advertisements are discarded, so that both will be master$/,
    /advert_int 1 on 10\.0\.0\.2, or advert_int 2 here/,
  ],
  [
    'another version',
    heard({ refusal: 'version' }, { version: 3 }),
    'version-differs',
    /^10\.0\.0\.2 speaks VRRP version 3, this router version 2/,
    /vrrp_version 2 in global_defs of 10\.0\.0\.2/,
  ],
  [
    'a version nobody knows',
    heard({ refusal: 'version', ad: null, detail: 'version 4' }),
    'version-differs',
    /VRRP version 4/,
    /version/,
  ],
  [
    'other addresses',
    heard({ refusal: 'addresses' }, { addresses: ['10.0.0.100', '10.0.0.7'] }),
    'addresses-differ',
    /it lacks 10\.0\.0\.101 and it also has 10\.0\.0\.7/,
    /virtual_ipaddress/,
  ],
  [
    'fewer addresses',
    heard({ refusal: 'address-count' }, { addresses: ['10.0.0.100'] }),
    'addresses-differ',
    /: it lacks 10\.0\.0\.101;/,
    /virtual_ipaddress/,
  ],
  [
    'one address twice',
    heard({ refusal: 'address-count' }, { addresses: [...OWN.addresses, '10.0.0.100'] }),
    'addresses-differ',
    /it names 3 where here are 2/,
    /virtual_ipaddress/,
  ],
  ['no password', heard({ refusal: 'auth-type' }), 'auth-differs', /do not agree on the password/, /auth_pass/],
  [
    'a wrong password',
    heard({ refusal: 'auth-pass' }),
    'auth-differs',
    /do not agree on the password/,
    /first 8 characters/,
  ],
  [
    'our own address',
    heard({ refusal: 'own-packet', source: '10.0.0.5' }),
    'duplicate-address',
    /from 10\.0\.0\.5, our own address, while this router is BACKUP/,
    /loop in the network/,
  ],
  [
    'a sender that is no peer',
    heard({ refusal: 'source' }),
    'stranger',
    /10\.0\.0\.2 advertises virtual router 51 and is not listened to: d/,
    /virtual_router_id/,
  ],
  [
    'one that came through a router',
    heard({ refusal: 'ttl', ad: null }),
    'stranger',
    /not listened to/,
    /correct that/,
  ],
  [
    'the same priority',
    heard({}, { priority: 100 }),
    'same-priority',
    /10\.0\.0\.2 has priority 100 as well/,
    /its own priority/,
  ],
];

for (const [what, input, code, text, remedy] of ROWS)
  test(`${what}: ${code}, told once and counted`, () => {
    const disagreements = new Disagreements(OWN);
    const told = disagreements.heard(input, 1000)!;
    assert.deepEqual([told.code, told.count, told.firstMs], [code, 1, 1000]);
    assert.match(told.text, text);
    assert.match(told.remedy, remedy);
    assert.equal(disagreements.heard(input, 2000), null);
    const [problem, ...others] = disagreements.problems(2000);
    assert.deepEqual([problem.count, problem.firstMs, problem.lastMs, others.length], [2, 1000, 2000, 0]);
  });

test('version 3 follows another interval, and says what that means', () => {
  const told = new Disagreements({ ...OWN, version: 3 }).heard(heard({}, { version: 3, intervalMs: 2000 }), 0);
  assert.match(told!.text, /a takeover takes as long as its interval asks for/);
});

test('without a password here the remedy is another', () =>
  assert.match(
    new Disagreements({ ...OWN, hasPassword: false }).heard(heard({ refusal: 'auth-type' }), 0)!.remedy,
    /here too, or remove it there/,
  ));

for (const [what, input] of [
  ['what fits', heard({})],
  ['a goodbye with our priority', heard({ priority: 0 }, { priority: 0 })],
  ['a broken packet', heard({ refusal: 'checksum' })],
  ['a better master', heard({ state: 'MASTER' }, { priority: 101 })],
] as const)
  test(`${what} is no problem`, () => assert.equal(new Disagreements(OWN).heard(input, 0), null));

test('two masters: told when the other goes on, not for one that is about to give way', () => {
  const disagreements = new Disagreements(OWN);
  const rival = heard({ state: 'MASTER' });
  assert.equal(disagreements.heard(rival, 0), null);
  assert.equal(disagreements.heard(rival, 1000), null);
  assert.deepEqual(disagreements.problems(1000), []);
  assert.match(
    disagreements.heard(rival, 2000)!.text,
    /10\.0\.0\.2 \(priority 90\) and this router \(priority 100\) are both master/,
  );
  assert.equal(disagreements.heard(rival, 60_000), null, 'a new episode starts from one');
  assert.deepEqual(disagreements.problems(60_000), []);
});

test('an address of ours that another host announces', () => {
  const disagreements = new Disagreements(OWN);
  const told = disagreements.claimed('10.0.0.100', '02:00:00:00:00:07', 0)!;
  assert.deepEqual(
    [told.code, told.text],
    ['duplicate-address', '02:00:00:00:00:07 announces 10.0.0.100, which is held here'],
  );
  assert.equal(disagreements.claimed('10.0.0.100', '02:00:00:00:00:07', 1), null);
});

test('what has not shown itself for five minutes is over', () => {
  const disagreements = new Disagreements(OWN);
  disagreements.heard(heard({ refusal: 'auth-pass' }), 0);
  assert.equal(disagreements.problems(300_000).length, 1);
  assert.equal(disagreements.problems(300_001).length, 0);
});

test('a reload starts anew', () => {
  const disagreements = new Disagreements(OWN);
  disagreements.heard(heard({ refusal: 'interval' }, { intervalMs: 2000 }), 0);
  disagreements.configure({ ...OWN, intervalMs: 2000 });
  assert.deepEqual(disagreements.problems(0), []);
});

test('a thousand strangers fill no memory; the last ones are kept', () => {
  const disagreements = new Disagreements(OWN);
  for (let i = 0; i < 1000; i++)
    disagreements.heard(heard({ refusal: 'source', source: `10.1.${i >> 8}.${i & 255}` }), i);
  const problems = disagreements.problems(1000);
  assert.equal(problems.length, 16);
  assert.match(problems.at(-1)!.text, /^10\.1\.3\.231 /);
});

// ── Replay ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('the same packet again within a tenth of its interval is replayed; later, another, or of another it is not', () => {
  const guard = new ReplayGuard();
  const bytes = Uint8Array.of(1, 2, 3);
  assert.equal(guard.isReplayed('a', bytes, 1000, 0), false);
  assert.equal(guard.isReplayed('a', bytes, 1000, 99), true);
  assert.equal(guard.isReplayed('b', bytes, 1000, 99), false);
  assert.equal(guard.isReplayed('a', Uint8Array.of(1, 2, 4), 1000, 99), false);
  assert.equal(guard.isReplayed('a', Uint8Array.of(1, 2, 4), 1000, 199), false);
});

test('packets are compared as they were, whatever becomes of the buffer', () => {
  const guard = new ReplayGuard();
  const bytes = Uint8Array.of(1, 2, 3);
  guard.isReplayed('a', bytes, 1000, 0);
  bytes[0] = 9;
  assert.equal(guard.isReplayed('a', bytes, 1000, 1), false);
});

test('of many sources the last 32 are remembered', () => {
  const guard = new ReplayGuard();
  const bytes = Uint8Array.of(1);
  for (let i = 0; i < 33; i++) guard.isReplayed(`s${i}`, bytes, 1000, 0);
  assert.equal(guard.isReplayed('s1', bytes, 1000, 1), true);
  assert.equal(guard.isReplayed('s0', bytes, 1000, 1), false);
});
