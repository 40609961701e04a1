/** Changes of the network, told as they happen: against the kernel, in namespaces of our own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWakeFd } from '../../src/linux/eventfd.js';
import { LinkMonitor, type NetworkChange, routeFilter } from '../../src/linux/link-monitor.js';
import { Reactor } from '../../src/linux/reactor.js';
import type { LinkInfo } from '../../src/linux/route-info.js';
import { RouteNetlink } from '../../src/linux/route-netlink.js';
import { addAddressRequest, removeAddressRequest } from '../../src/linux/route-requests.js';
import { interpret } from './support/bpf.js';
import { TestNamespace } from './support/namespaces.js';

const host = new TestNamespace();
const other = new TestNamespace();
host.cable('eth0', other, 'eth0');
host.ip('address add 10.0.0.1/24 dev eth0');
const netlink = host.run(() => RouteNetlink.open()) as RouteNetlink;
const told: NetworkChange[] = [];
const monitor = host.run(() => LinkMonitor.open((change) => told.push(change), [18, 4])) as LinkMonitor;
assert.ok(monitor instanceof LinkMonitor);

/** What is told of one thing being done. */
function changesOf(action: () => void): NetworkChange[] {
  monitor.onEvents();
  told.length = 0;
  action();
  for (let i = 0; i < 4; i++) monitor.onEvents();
  return [...told];
}

function links(changes: readonly NetworkChange[]): { link: LinkInfo; previous: LinkInfo | null }[] {
  return changes.filter((change) => change.what === 'link');
}

monitor.know(netlink.links() as LinkInfo[]);

/** The kernel tells of carrier a little later than of the rest (its linkwatch runs at most once a second). */
async function untilTold(isIt: (change: NetworkChange) => boolean): Promise<NetworkChange> {
  for (let i = 0; i < 100; i++) {
    monitor.onEvents();
    const found = told.find(isIt);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return assert.fail(`not told; instead: ${JSON.stringify(told)}`);
}

test('carrier lost and found', async () => {
  changesOf(() => other.ip('link set eth0 down'));
  const down = await untilTold((change) => change.what === 'link' && !change.link.isRunning);
  assert.ok(down.what === 'link');
  assert.deepEqual([down.link.name, down.link.isUp, down.previous?.isRunning], ['eth0', true, true]);
  changesOf(() => other.ip('link set eth0 up'));
  await untilTold((change) => change.what === 'link' && change.link.isRunning);
});

test('set down by an administrator', () => {
  const down = links(changesOf(() => host.ip('link set eth0 down')));
  assert.deepEqual([down.at(-1)?.link.isUp, down.at(-1)?.link.isRunning], [false, false]);
  const up = links(changesOf(() => host.ip('link set eth0 up')));
  assert.equal(up.at(-1)?.link.isUp, true);
});

test('new, renamed, removed', () => {
  const made = links(changesOf(() => host.ip('link add ve0 type veth peer name ve1')));
  assert.deepEqual(made.map(({ link, previous }) => [link.name, previous]).sort(), [
    ['ve0', null],
    ['ve1', null],
  ]);
  const renamed = links(changesOf(() => host.ip('link set ve0 name new0')));
  assert.deepEqual([renamed[0].previous?.name, renamed[0].link.name], ['ve0', 'new0']);
  const gone = changesOf(() => host.ip('link del new0')).filter((change) => change.what === 'link-removed');
  assert.deepEqual(gone.map(({ link }) => link.name).sort(), ['new0', 've1']);
});

test('a port that leaves its bridge is no removed interface', () => {
  host.ip('link add br0 type bridge');
  host.ip('link add ve0 type veth peer name ve1');
  host.ip('link set ve0 master br0');
  const changes = changesOf(() => host.ip('link set ve0 nomaster'));
  assert.deepEqual(
    changes.filter(({ what }) => what === 'link-removed'),
    [],
  );
  assert.equal(links(changes).at(-1)?.link.masterIndex, 0);
  host.ip('link del ve0');
  host.ip('link del br0');
});

for (const [ip, prefixLength] of [
  ['10.0.0.99', 32],
  ['fd00::99', 64],
] as const)
  test(`address ${ip} added and removed`, () => {
    const added = changesOf(() => host.ip(`address add ${ip}/${prefixLength} dev eth0`));
    const address = added.find((change) => change.what === 'address-added')?.address;
    assert.deepEqual([address?.ip, address?.prefixLength], [ip, prefixLength]);
    const removed = changesOf(() => host.ip(`address del ${ip}/${prefixLength} dev eth0`));
    assert.equal(removed.find((change) => change.what === 'address-removed')?.address.ip, ip);
  });

test('an IPv6 address that another host has is found to be a duplicate', async () => {
  other.ip('address add fd00::d/64 dev eth0 nodad');
  changesOf(() => host.ip('address add fd00::d/64 dev eth0'));
  await untilTold(
    (change) => change.what === 'address-added' && change.address.ip === 'fd00::d' && change.address.isDuplicate,
  );
});

// what is done, and which routes are told of
const ROUTE_CHANGES = [
  ['route add 10.50.0.0/16 dev eth0 proto 18', []],
  ['route del 10.50.0.0/16', ['route-removed 10.50.0.0']],
  ['route add 10.51.0.0/16 dev eth0 proto 186', []],
  ['route del 10.51.0.0/16', []],
  ['route add 10.52.0.0/16 dev eth0 proto 4', []],
  ['route replace 10.52.0.0/16 via 10.0.0.9 proto 4', ['route-replaced 10.52.0.0']],
  ['route del 10.52.0.0/16', ['route-removed 10.52.0.0']],
  ['-6 route add fd00:50::/32 dev eth0 proto 18', []],
  ['-6 route del fd00:50::/32', ['route-removed fd00:50::']],
] as const;

for (const [command, expected] of ROUTE_CHANGES)
  test(`ip ${command}`, () => {
    const changes = changesOf(() => host.ip(command));
    assert.deepEqual(
      changes.flatMap((change) => ('route' in change ? [`${change.what} ${change.route.destination}`] : [])),
      expected,
    );
  });

for (const family of [4, 6])
  test(`a removed rule of IPv${family}`, () => {
    const from = family === 4 ? '10.1.0.0/16' : 'fd01::/16';
    const rule = `rule add from ${from} table 7 preference 55`;
    const removals = (changes: NetworkChange[]) => changes.filter((change) => change.what === 'rule-removed');
    assert.deepEqual(removals(changesOf(() => host.ip(`-${family} ${rule}`))), []);
    const [removed, ...rest] = removals(changesOf(() => host.ip(`-${family} rule del preference 55`)));
    assert.deepEqual([removed.rule.family, removed.rule.preference, removed.rule.from], [family, 55, from]);
    assert.equal(rest.length, 0);
  });

test('when the kernel had to drop changes, the owner is told to ask anew, once, and hears the next change again', () => {
  const interfaceIndex = (netlink.linkByName('eth0') as LinkInfo).index;
  const specs = Array.from({ length: 200 }, (_, i) => ({ interfaceIndex, ip: `10.7.0.${i + 1}`, prefixLength: 32 }));
  const round = [...specs.map(addAddressRequest), ...specs.map(removeAddressRequest)].map((request) => request!);
  const changes = changesOf(() => {
    for (let i = 0; i < 50; i++) netlink.changeAll(round);
  });
  assert.deepEqual(
    changes.map(({ what }) => what).filter((what) => what !== 'link'),
    ['resync'],
  );
  const next = changesOf(() => host.ip('address add 10.0.0.98/32 dev eth0'));
  assert.ok(next.some((change) => change.what === 'address-added' && change.address.ip === '10.0.0.98'));
});

test('in an event loop a change wakes, and a flood is taken in several turns', () => {
  const seen: string[] = [];
  const reactor = new Reactor(createWakeFd(), () => undefined);
  const its = host.run(() =>
    LinkMonitor.open((change) => {
      if (change.what === 'address-added') seen.push(change.address.ip);
      if (seen.length === 200) reactor.stop();
    }),
  ) as LinkMonitor;
  assert.equal(its.watch(reactor), 0);
  const interfaceIndex = (netlink.linkByName('eth0') as LinkInfo).index;
  const specs = Array.from({ length: 200 }, (_, i) => ({ interfaceIndex, ip: `10.8.0.${i + 1}`, prefixLength: 32 }));
  netlink.changeAll(specs.map((spec) => addAddressRequest(spec)!));
  const limit = { wakeAtMs: 0, heapIndex: -1, onTimer: () => reactor.stop() };
  reactor.timers.arm(limit, performance.now() + 5000);
  reactor.run();
  assert.equal(seen.length, 200);
  assert.ok(reactor.turns >= 3, `${reactor.turns} turns`);
  its.close(reactor);
});

// nlmsg_type, nlmsg_flags, rtm_protocol, passes
for (const [type, flags, protocol, passes] of [
  [24, 0x400, 18, false],
  [24, 0x100, 18, true],
  [24, 0x100, 186, false],
  [25, 0, 18, true],
  [25, 0, 4, true],
  [25, 0, 186, false],
  [16, 0, 186, true],
  [20, 0, 0, true],
  [33, 0, 0, true],
] as const)
  test(`the filter ${passes ? 'passes' : 'drops'} type ${type} flags ${flags} protocol ${protocol}`, () => {
    const bytes = Buffer.alloc(28);
    bytes.writeUInt16LE(type, 4);
    bytes.writeUInt16LE(flags, 6);
    bytes[21] = protocol;
    assert.equal(interpret(routeFilter([18, 4]), bytes) > 0, passes);
  });
