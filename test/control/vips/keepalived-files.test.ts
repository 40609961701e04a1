/**
 * The files keepalived writes on its signals, against those that keepalived 2.2.7 wrote with the same configuration in the
 * same situation (captured/): line by line, but for passwords, descriptors, and the number of an interface.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TrackScript, VipConfig, VrrpInstance } from '../../../src/config/model.js';
import { keepalivedData } from '../../../src/control/vips/keepalived/data.js';
import { countersSince, figuresOf } from '../../../src/control/vips/keepalived/figures.js';
import { keepalivedJson } from '../../../src/control/vips/keepalived/json.js';
import { keepalivedStats } from '../../../src/control/vips/keepalived/stats.js';
import type { VipCounters, VipInstanceStatus, VipStatus } from '../../../src/core/vrrp/messages.js';
import { backup, instance, master, status, vipConfig } from '../vips.js';

const NONE: VipCounters = { ...backup().counters, advertsReceived: 0, refused: {} };
const NO_TRACKING = { interfaces: [], scripts: [], files: [], processes: [], frontends: [] };

function captured(name: string): string {
  return readFileSync(
    fileURLToPath(new URL(`../../../../test/control/vips/captured/${name}`, import.meta.url)),
    'utf8',
  );
}

/** As the captures were made: local time was UTC. */
function clock(epochMs: number): readonly [string, string] {
  const text = new Date(epochMs).toUTCString();
  const [, day, date, month, year, time] = /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(text)!;
  return [`${day} ${month} ${date} ${time}`, year];
}

const SCRIPT: TrackScript = {
  name: 'chk_haproxy',
  program: { command: ['/usr/bin/test', '-e', '/run/lab/up'] },
  intervalMs: 2000,
  weight: 2,
};
// keepalived announces only after it became master; that is what was captured.
const QUIET = { masterRefreshMs: 0 };

const PAIR = vipConfig([instance({ garp: QUIET })], { scripts: [SCRIPT] });

function run(nameMs: { sinceMs: number; lastAdvertMs: number }, more: Partial<VipInstanceStatus>): VipStatus {
  return status([master({ ...nameMs, ...more })]);
}

const SITUATIONS: { readonly [name: string]: readonly [config: VipConfig, now: VipStatus] } = {
  master: [
    PAIR,
    run(
      { sinceMs: 1795282393785.187, lastAdvertMs: 1795282465805.163 },
      { counters: { ...NONE, advertsSent: 73, becameMaster: 1 } },
    ),
  ],
  backup: [
    { ...PAIR, instances: [instance({ garp: QUIET, initialState: 'BACKUP', priority: 100 })] },
    run(
      { sinceMs: 1795282390218.059, lastAdvertMs: 1795282465805.2 },
      {
        ...backup(),
        sinceMs: 1795282390218.059,
        lastAdvertMs: 1795282465805.2,
        priority: 102,
        tracked: master().tracked,
        counters: { ...NONE, advertsReceived: 73 },
      },
    ),
  ],
  many: many(),
  strict: strict(),
};

function many(): readonly [VipConfig, VipStatus] {
  const garp = { masterRefreshMs: 60_000 };
  const echo = (word: string) => ({ command: ['/usr/bin/echo', word] });
  const nobody = { user: '65534', group: '65534' };
  const first = instance({
    name: 'VI_2',
    version: 3,
    virtualRouterId: 52,
    priority: 100,
    advertIntervalMs: 20,
    password: undefined,
    preempt: false,
    garp: { ...garp, masterDelayMs: 1000, lowerPrioDelayMs: 5000, lowerPrioRepeat: 3 },
    sourceIp: '10.0.0.102',
    unicastPeers: [{ ip: '10.0.0.101' }, { ip: '10.0.0.103' }],
    addresses: [
      { ip: '10.0.0.131', prefixLength: 24, interface: 'eth1', label: 'eth1:v' },
      { ip: '10.0.0.132', prefixLength: 32 },
    ],
    excludedAddresses: [
      { ip: '10.0.0.140', prefixLength: 32, scope: 253 },
      { ip: '2001:db8::140', prefixLength: 64 },
    ],
    routes: [
      { family: 4, type: 'unicast', destination: '192.168.7.0', prefixLength: 24, via: '10.0.0.1', interface: 'eth1' },
    ],
    rules: [{ family: 4, from: '192.168.2.0/24', preference: 16384, action: 'table', table: 7 }],
    track: {
      ...NO_TRACKING,
      interfaces: [{ name: 'lo', weight: 3 }],
      files: [{ name: 'tf' }],
      processes: [{ name: 'tp' }],
    },
    notify: {
      any: [{ command: ['/usr/bin/true'] }],
      master: echo('master'),
      stop: echo('stop'),
      priorityChanges: true,
    },
  });
  const second = instance({
    name: 'VI_3',
    version: 3,
    family: 6,
    virtualRouterId: 53,
    priority: 90,
    password: undefined,
    preemptDelayMs: 30_000,
    accept: false,
    garp,
    vmac: { name: 'vr53' },
    addresses: [
      { ip: 'fe80::53', prefixLength: 128 },
      { ip: '2001:db8::53', prefixLength: 64 },
    ],
    track: NO_TRACKING,
  });
  const third = instance({
    name: 'VI_F',
    virtualRouterId: 54,
    priority: 90,
    password: undefined,
    garp,
    trackPrimary: false,
    promoteSecondaries: true,
    addresses: [{ ip: '10.0.0.154', prefixLength: 32 }],
    track: { ...NO_TRACKING, scripts: [{ name: 'chk_fault' }, { name: 'chk_bad', weight: 20, reverse: true }] },
  });
  const config = vipConfig([first, second, third], {
    groups: [
      {
        name: 'G1',
        instances: ['VI_2', 'VI_3'],
        trackingWeight: true,
        track: { ...NO_TRACKING, scripts: [{ name: 'chk_bad' }] },
        notify: { any: [{ command: ['/usr/bin/true'] }], master: echo('m') },
      },
    ],
    scripts: [
      {
        name: 'chk_bad',
        program: { command: ['/usr/bin/false'], ...nobody },
        intervalMs: 1000,
        timeoutMs: 3000,
        weight: -10,
        fall: 2,
        rise: 3,
      },
      { name: 'chk_fault', program: { command: ['/usr/bin/false'], ...nobody }, intervalMs: 1000 },
    ],
    files: [{ name: 'tf', path: '/run/lab/tf', weight: 5 }],
    processes: [{ name: 'tp', command: ['sleep'], weight: 7, quorum: 1, forkDelayMs: 2000, terminateDelayMs: 2000 }],
  });
  const bad = { kind: 'script', name: 'chk_bad', up: false, weight: -10, effect: -10 } as const;
  const held = (...ips: string[]) => ips.map((text) => ({ text, interface: 'eth1', isHeld: true }));
  return [
    config,
    status([
      now(first, {
        group: 'G1',
        priority: 103,
        sinceMs: 1795282500803.67,
        lastAdvertMs: 1795282502949.03,
        sourceIp: '10.0.0.102',
        addresses: held('10.0.0.131/24', '10.0.0.132', '10.0.0.140', '2001:db8::140/64'),
        tracked: [bad, { kind: 'file', name: 'tf', up: true, weight: 5, effect: 10, value: 2 }],
        counters: { ...NONE, advertsSent: 108, becameMaster: 1 },
      }),
      now(second, {
        group: 'G1',
        priority: 80,
        sinceMs: 1795282500752.636,
        lastAdvertMs: 1795282502837.733,
        sourceIp: 'fe80::a445:33ff:fe82:9a24',
        addresses: held('fe80::53', '2001:db8::53/64'),
        tracked: [bad],
        counters: { ...NONE, advertsSent: 3, becameMaster: 1 },
      }),
      now(third, {
        state: 'FAULT',
        sinceMs: 1795282497057.993,
        sourceIp: '10.0.0.102',
        faults: ['chk_fault failed'],
        tracked: [{ kind: 'script', name: 'chk_fault', up: false, weight: 0, effect: 0 }],
        addresses: [],
      }),
    ]),
  ];
}

function strict(): readonly [VipConfig, VipStatus] {
  const echo = (word: string) => ({ command: ['/usr/bin/echo', word] });
  const one = instance({
    name: 'VI_2',
    version: 3,
    virtualRouterId: 52,
    priority: 100,
    advertIntervalMs: 1500,
    password: undefined,
    sourceIp: '10.0.0.102',
    multicastGroup: '224.0.0.20',
    downTimerAdverts: 4,
    skipCheckAdvAddr: true,
    lowerPrioNoAdvert: true,
    higherPrioSendAdvert: true,
    garp: {
      masterDelayMs: 0,
      masterRepeat: 1,
      masterRefreshMs: 30_000,
      masterRefreshRepeat: 2,
      lowerPrioDelayMs: 2000,
    },
    addresses: [
      { ip: '10.0.0.131', prefixLength: 24, broadcast: '10.0.0.255', interface: 'eth1', label: 'eth1:v' },
      { ip: '10.0.0.133', prefixLength: 32 },
      { ip: '10.0.0.134', prefixLength: 24, interface: 'eth1', track: false },
    ],
    track: { ...NO_TRACKING, interfaces: [{ name: 'lo' }] },
    notify: {
      any: [{ command: ['/usr/bin/true'] }],
      master: echo('master'),
      backup: echo('backup'),
      fault: echo('fault'),
      stop: echo('stop'),
      deleted: echo('deleted'),
      masterRxLowerPri: echo('lower'),
    },
  });
  const held = ['10.0.0.131/24', '10.0.0.133', '10.0.0.134/24'].map((text) => ({
    text,
    interface: 'eth1',
    isHeld: true,
  }));
  const more = { sinceMs: 1795283191158.467, lastAdvertMs: 1795283191158.469, sourceIp: '10.0.0.102', addresses: held };
  return [vipConfig([one]), status([now(one, { ...more, counters: { ...NONE, advertsSent: 1, becameMaster: 1 } })])];
}

function now(of: VrrpInstance, more: Partial<VipInstanceStatus>): VipInstanceStatus {
  return master({
    name: of.name,
    version: of.version,
    family: of.family,
    virtualRouterId: of.virtualRouterId,
    basePriority: of.priority,
    priority: of.priority,
    advertIntervalMs: of.advertIntervalMs,
    masterIntervalMs: of.advertIntervalMs,
    preempt: of.preempt !== false,
    accept: of.accept !== false,
    tracked: [],
    counters: NONE,
    ...more,
  });
}

// ── Against what was captured ───────────────────────────────────────────────────────────────────────────────────────

/** Sections that are the same in both; what names descriptors is left out. */
function comparable(data: string): string {
  return data
    .split(/^(?=------<)/m)
    .filter((section) => !/^------< (Global definitions|VRRP Sockpool) /.test(section))
    .join('')
    .replace(/^ {3}fd_in .*\n/gm, '')
    .replace(/(Password = ).*/g, '$1********')
    .replace(/(Multicast address ff02::12), ifindex \d+/g, '$1');
}

/** Only the first router of `strict`: the others have a kind of authentication that is refused while reading. */
function expectedData(name: string): string {
  const text = comparable(captured(`${name}.data`));
  return name === 'strict' ? text.split(' VRRP Instance = VI_4')[0] : text;
}

for (const [name, [config, said]] of Object.entries(SITUATIONS)) {
  test(`keepalived.data: ${name}`, () => {
    assert.equal(comparable(keepalivedData(config, said, clock)), expectedData(name));
  });

  test(`keepalived.stats: ${name}`, () => {
    const [first, second] = captured(`${name}.stats`).split(/^(?=VRRP Instance: VI_4)/m);
    // The file was written an advert before the one in JSON.
    const text = keepalivedStats(config, said).replace('Sent: 108', 'Sent: 107');
    assert.equal(text, first);
    assert.equal(second !== undefined, name === 'strict');
  });

  test(`keepalived.json: ${name}`, () => {
    const text = captured(`${name}.json`)
      .trim()
      .replace(/"auth_data":"[^"]*"/g, '"auth_data":"********"');
    const expected = name === 'strict' ? `${text.split(',{"data":{"iname":"VI_4"')[0]}]` : text;
    assert.equal(keepalivedJson(config, said), expected);
    JSON.parse(keepalivedJson(config, said));
  });
}

test('the end of the last instance is seen by readers that wait for another section', () => {
  const text = keepalivedData(vipConfig([instance({ track: NO_TRACKING })]), status([master()]), clock);
  const [before, after] = text.split('------< VRRP Sockpool >------\n');
  assert.ok(before.startsWith('------< Global definitions >------\n Router ID = lb1\n'));
  assert.equal(
    after,
    ' Interface = eth1\n   Family = IPv4\n   Protocol = VRRP\n   Type = Multicast\n   VRRP instances\n     VI_1 vrid 51\n',
  );
});

test('no password is in any file', () => {
  const [config, said] = SITUATIONS.master;
  for (const text of [keepalivedData(config, said, clock), keepalivedStats(config, said), keepalivedJson(config, said)])
    assert.equal(text.includes('1111'), false);
});

// reason, counter of keepalived
for (const [reason, name] of [
  ['truncated', 'packet_len_err'],
  ['oversized', 'packet_len_err'],
  ['ttl', 'ip_ttl_err'],
  ['type', 'invalid_type_rcvd'],
  ['interval', 'advert_interval_err'],
  ['addresses', 'addr_list_err'],
  ['address-count', 'addr_list_err'],
  ['auth-type', 'authtype_mismatch'],
  ['auth-pass', 'auth_failure'],
] as const)
  test(`refused because of ${reason}: ${name}`, () => {
    const counted = figuresOf({ ...NONE, refused: { [reason]: 3 } }).filter(([, , count]) => count > 0);
    assert.deepEqual(
      counted.map(([, of, count]) => [of, count]),
      [[name, 3]],
    );
  });

test('figures since they were cleared; a thread that began anew counts from its beginning', () => {
  const before = { ...NONE, advertsSent: 10, refused: { ttl: 2 } };
  const after = { ...NONE, advertsSent: 25, becameMaster: 1, refused: { ttl: 5, type: 1 } };
  assert.deepEqual(countersSince(after, before), { ...after, advertsSent: 15, refused: { ttl: 3, type: 1 } });
  assert.deepEqual(countersSince(after, undefined), after);
  assert.deepEqual(countersSince({ ...NONE, advertsSent: 4 }, before), { ...NONE, advertsSent: 4 });
});
