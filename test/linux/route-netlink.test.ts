/** NETLINK_ROUTE against the kernel: what is put in place is what iproute2 shows, and what it does not show is gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EADDRNOTAVAIL, EEXIST, EINVAL, ENODEV, ENOENT, ESRCH } from '../../src/linux/constants.js';
import { isRoute, isRule } from '../../src/linux/route-match.js';
import { RouteNetlink } from '../../src/linux/route-netlink.js';
import {
  type AddressSpec,
  addAddressRequest,
  type RouteSpec,
  type RuleSpec,
  removeAddressRequest,
} from '../../src/linux/route-requests.js';
import { TestNamespace } from './support/namespaces.js';

const host = new TestNamespace();
const other = new TestNamespace();
host.cable('eth0', other, 'eth0');
host.cable('eth1', other, 'eth1');
host.ip('address add 10.0.0.1/24 dev eth0');
host.ip('address add fd00::1/64 dev eth0 nodad');
host.ip('address add 10.9.0.1/24 dev eth1');
const netlink = host.run(() => RouteNetlink.open()) as RouteNetlink;
assert.ok(netlink instanceof RouteNetlink);

function indexOf(name: string): number {
  const link = netlink.linkByName(name);
  assert.ok(typeof link === 'object', `${name}: ${link}`);
  return link.index;
}
const eth0 = indexOf('eth0');
const eth1 = indexOf('eth1');

function list<T>(found: T[] | number): T[] {
  assert.ok(typeof found === 'object', `errno ${found}`);
  return found;
}

test('links are those that ip shows', () => {
  host.ip('link add br0 type bridge');
  host.ip('link add ve0 mtu 1400 type veth peer name ve1');
  host.ip('link set ve0 master br0');
  host.ip('link add link eth0 name mv7 type macvlan mode bridge');
  const shown = host.json('-d link');
  const links = list(netlink.links());
  assert.equal(links.length, shown.length);
  for (const link of links) {
    const its = shown.find((one) => one.ifindex === link.index);
    assert.equal(link.name, its.ifname);
    assert.equal(link.kind, its.linkinfo?.info_kind ?? '');
    assert.equal(link.isUp, its.flags.includes('UP'));
    assert.equal(link.isRunning, its.flags.includes('LOWER_UP') && its.operstate !== 'DOWN');
    assert.equal(link.operState, its.operstate.toLowerCase());
    assert.equal(link.isLoopback, its.link_type === 'loopback');
    assert.equal(link.isEthernet, its.link_type === 'ether');
    assert.equal(link.mac, its.address);
    assert.equal(link.mtu, its.mtu);
    assert.equal(link.masterIndex, its.master === undefined ? 0 : indexOf(its.master));
  }
  assert.equal(links.find(({ name }) => name === 'mv7')?.parentIndex, eth0);
  assert.equal(links.find(({ name }) => name === 'eth0')?.parentIndex, 0);
  assert.equal(netlink.linkByName('missing'), -ENODEV);
});

test('a cable without its other end is up and not running', () => {
  other.ip('link set eth1 down');
  const link = netlink.linkByName('eth1');
  assert.ok(typeof link === 'object');
  assert.deepEqual([link.isUp, link.isRunning], [true, false]);
  other.ip('link set eth1 up');
});

test('a thousand addresses arrive in one dump', () => {
  host.ip('link add many type bridge');
  const interfaceIndex = indexOf('many');
  const requests = Array.from({ length: 1000 }, (_, i) => {
    const ip = `172.16.${i >> 8}.${i & 255}`;
    return addAddressRequest({ interfaceIndex, ip, prefixLength: 32 })!;
  });
  assert.deepEqual(new Set(netlink.changeAll(requests)), new Set([0]));
  const found = list(netlink.addresses()).filter((address) => address.interfaceIndex === interfaceIndex);
  assert.equal(found.length, 1000);
  assert.equal(netlink.removeLink(interfaceIndex), 0);
  assert.equal(netlink.removeLink(interfaceIndex), -ENODEV);
});

interface Shown {
  readonly [field: string]: unknown;
}

// what is added, and what `ip -j address` then shows of it
const ADDRESSES: readonly (readonly [string, Omit<AddressSpec, 'interfaceIndex'>, Shown])[] = [
  ['a bare address', { ip: '10.1.1.1', prefixLength: 32 }, { local: '10.1.1.1', prefixlen: 32, scope: 'global' }],
  ['a label', { ip: '10.1.1.2', prefixLength: 24, label: 'eth0:vip' }, { label: 'eth0:vip', prefixlen: 24 }],
  ['a broadcast address', { ip: '10.1.1.3', prefixLength: 24, broadcast: '10.1.1.200' }, { broadcast: '10.1.1.200' }],
  ['broadcast +', { ip: '10.1.1.4', prefixLength: 20, broadcast: '+' }, { broadcast: '10.1.15.255' }],
  ['broadcast -', { ip: '10.1.1.5', prefixLength: 20, broadcast: '-' }, { broadcast: '10.1.0.0' }],
  ['a scope', { ip: '10.1.1.6', prefixLength: 32, scope: 253 }, { scope: 'link' }],
  ['a peer', { ip: '10.1.1.7', peer: '10.2.0.7', prefixLength: 24 }, { address: '10.2.0.7', prefixlen: 24 }],
  ['no prefix route', { ip: '10.1.1.8', prefixLength: 24, noPrefixRoute: true }, { noprefixroute: true }],
  ['IPv6', { ip: 'fd00::10', prefixLength: 64, noDad: true }, { local: 'fd00::10', prefixlen: 64, nodad: true }],
  ['IPv6 with home', { ip: 'fd00::11', prefixLength: 128, home: true }, { home: true }],
  ['IPv6 deprecated', { ip: 'fd00::12', prefixLength: 128, preferredLifetimeS: 0 }, { deprecated: true }],
  [
    'IPv6 with a lifetime',
    { ip: 'fd00::13', prefixLength: 64, noDad: true, preferredLifetimeS: 3600 },
    { preferred_life_time: 3600 },
  ],
  [
    'IPv6 with temporary addresses',
    { ip: 'fd00::14', prefixLength: 64, manageTempAddress: true, noDad: true },
    { mngtmpaddr: true },
  ],
  ['IPv6 that joins a group', { ip: 'ff1e::15', prefixLength: 128, autojoin: true }, { autojoin: true }],
  ['IPv4 that joins a group', { ip: '239.1.1.15', prefixLength: 32, autojoin: true }, { autojoin: true }],
  ['IPv6 with a peer', { ip: 'fd00::16', peer: 'fd00:1::1', prefixLength: 128 }, { address: 'fd00:1::1' }],
  ['IPv6 for ever', { ip: 'fd00::17', prefixLength: 64, preferredLifetimeS: Infinity }, { local: 'fd00::17' }],
];

function addressShown(ip: string): Shown | undefined {
  return host.json('address show dev eth0')[0].addr_info.find((one: Shown) => one.local === ip);
}

for (const [what, spec, expected] of ADDRESSES)
  test(`address: ${what}`, () => {
    const whole = { ...spec, interfaceIndex: eth0 };
    assert.equal(netlink.addAddress(whole), 0, netlink.why);
    const shown = addressShown(spec.ip);
    assert.ok(shown, 'not shown');
    assert.deepEqual({ ...shown, ...expected }, shown);
    assert.equal(netlink.addAddress(whole), -EEXIST);
    const said = list(netlink.addresses()).find(({ ip }) => ip === spec.ip);
    assert.ok(said);
    assert.deepEqual(
      [said.interfaceIndex, said.prefixLength, said.peer, said.scope, said.family],
      [eth0, spec.prefixLength, spec.peer ?? '', spec.scope ?? 0, spec.ip.includes(':') ? 6 : 4],
    );
    if (spec.ip.includes('.'))
      assert.deepEqual([said.label, said.broadcast], [spec.label ?? 'eth0', shown.broadcast ?? '']);
    assert.equal(netlink.removeAddress(whole), 0, netlink.why);
    assert.equal(addressShown(spec.ip), undefined);
    assert.equal(netlink.removeAddress(whole), -EADDRNOTAVAIL);
  });

test('who added an address is told', () => {
  const spec = { ip: '10.1.1.9', prefixLength: 32, interfaceIndex: eth0, protocol: 18 };
  assert.equal(netlink.addAddress(spec), 0);
  assert.equal(list(netlink.addresses()).find(({ ip }) => ip === spec.ip)?.protocol, 18);
  netlink.removeAddress(spec);
});

test('an address that is there can be given another lifetime', () => {
  const spec = { ip: 'fd00::20', prefixLength: 64, interfaceIndex: eth0, noDad: true };
  assert.equal(netlink.addAddress(spec), 0);
  assert.equal(netlink.changeAddress({ ...spec, preferredLifetimeS: 0 }), 0, netlink.why);
  assert.equal(addressShown(spec.ip)?.deprecated, true);
  netlink.removeAddress(spec);
});

test('an address on an interface that is not there says so', () => {
  assert.equal(netlink.addAddress({ ip: '10.1.1.1', prefixLength: 32, interfaceIndex: 9999 }), -ENODEV);
});

test('an address that is none is refused, not sent', () => {
  assert.equal(netlink.addAddress({ ip: '10.1.1', prefixLength: 32, interfaceIndex: eth0 }), -EINVAL);
  assert.equal(netlink.addAddress({ ip: '10.1.1.1', peer: 'x', prefixLength: 32, interfaceIndex: eth0 }), -EINVAL);
  assert.equal(netlink.addAddress({ ip: '10.1.1.1', broadcast: 'x', prefixLength: 32, interfaceIndex: eth0 }), -EINVAL);
});

test('the kernel says in words what it refuses', () => {
  assert.ok(netlink.addAddress({ ip: '10.1.1.1', prefixLength: 33, interfaceIndex: eth0 }) < 0);
  assert.match(netlink.why, /prefix/i);
});

test('what undoes an address can be made beforehand and sent by another', () => {
  const spec = { ip: '10.1.1.30', prefixLength: 24, interfaceIndex: eth0 };
  const undo = Buffer.from(removeAddressRequest(spec)!).toString('base64');
  assert.equal(netlink.addAddress(spec), 0);
  const helper = host.run(() => RouteNetlink.open()) as RouteNetlink;
  assert.equal(helper.change(Buffer.from(undo, 'base64')), 0);
  assert.equal(addressShown(spec.ip), undefined);
  assert.deepEqual(helper.changeAll([Buffer.from(undo, 'base64'), Buffer.from(undo, 'base64')]), [
    -EADDRNOTAVAIL,
    -EADDRNOTAVAIL,
  ]);
  helper.close();
});

const unicast = (spec: Partial<RouteSpec> & { destination: string; prefixLength: number }): RouteSpec => ({
  family: spec.destination.includes(':') ? 6 : 4,
  type: 'unicast',
  ...spec,
});

const ROUTES: readonly (readonly [string, RouteSpec, Shown])[] = [
  [
    'through an interface',
    unicast({ destination: '10.50.0.0', prefixLength: 16, interfaceIndex: eth0 }),
    { dst: '10.50.0.0/16', dev: 'eth0', scope: 'link', protocol: 'keepalived' },
  ],
  [
    'through a gateway',
    unicast({ destination: '10.51.0.0', prefixLength: 16, via: '10.0.0.254' }),
    { dst: '10.51.0.0/16', gateway: '10.0.0.254', dev: 'eth0' },
  ],
  [
    'default, in another table',
    unicast({ destination: '0.0.0.0', prefixLength: 0, via: '10.0.0.254', table: 1000 }),
    { dst: 'default', gateway: '10.0.0.254' },
  ],
  [
    'with source, metric, MTU and protocol',
    unicast({
      destination: '10.52.0.0',
      prefixLength: 16,
      via: '10.0.0.254',
      source: '10.0.0.1',
      metric: 77,
      mtu: 1300,
      advmss: 1200,
      protocol: 4,
    }),
    { prefsrc: '10.0.0.1', metric: 77, protocol: 'static', metrics: [{ mtu: 1300, advmss: 1200 }] },
  ],
  [
    'onlink',
    unicast({ destination: '10.53.0.0', prefixLength: 16, via: '192.0.2.1', interfaceIndex: eth0, onlink: true }),
    { gateway: '192.0.2.1', flags: ['onlink'] },
  ],
  [
    'with TOS and scope',
    unicast({ destination: '10.54.0.0', prefixLength: 16, interfaceIndex: eth0, tos: 0x10, scope: 200 }),
    { dst: '10.54.0.0/16', scope: 'site' },
  ],
  [
    'by two next hops',
    unicast({
      destination: '10.55.0.0',
      prefixLength: 16,
      nexthops: [
        { via: '10.0.0.253', weight: 3 },
        { via: '10.9.0.254', interfaceIndex: eth1 },
      ],
    }),
    { dst: '10.55.0.0/16' },
  ],
  [
    'through an IPv6 gateway',
    unicast({ destination: '10.56.0.0', prefixLength: 16, via: 'fd00::fe', interfaceIndex: eth0 }),
    { dst: '10.56.0.0/16' },
  ],
  ...(['blackhole', 'unreachable', 'prohibit', 'throw'] as const).flatMap((type, i) => [
    [type, { family: 4, type, destination: `10.6${i}.0.0`, prefixLength: 16 }, { type }] as const,
    [`${type}, IPv6`, { family: 6, type, destination: `fd00:6${i}::`, prefixLength: 32 }, { type }] as const,
  ]),
  [
    'local',
    { family: 4, type: 'local', destination: '10.70.0.0', prefixLength: 16, interfaceIndex: eth0, table: 255 },
    { type: 'local', scope: 'host' },
  ],
  [
    'IPv6',
    unicast({ destination: 'FD00:50:0::', prefixLength: 32, via: 'fd00::fe', metric: 9 }),
    { dst: 'fd00:50::/32', gateway: 'fd00::fe', metric: 9 },
  ],
  [
    'IPv6, two next hops',
    unicast({
      destination: 'fd00:51::',
      prefixLength: 32,
      nexthops: [
        { via: 'fd00::fe', interfaceIndex: eth0 },
        { via: 'fd00::fd', interfaceIndex: eth0 },
      ],
    }),
    { dst: 'fd00:51::/32' },
  ],
];

function routesShown(spec: RouteSpec): Shown[] {
  const where = spec.type === 'local' ? 'local' : (spec.table ?? 'main');
  const prefix = spec.prefixLength === 0 ? 'default' : `${spec.destination}/${spec.prefixLength}`;
  return host.json(`-${spec.family} route show ${prefix} table ${where}`);
}

for (const [what, spec, expected] of ROUTES)
  test(`route: ${what}`, () => {
    assert.equal(netlink.addRoute(spec), 0, netlink.why);
    const shown = routesShown(spec);
    assert.ok(shown.length > 0, 'not shown');
    assert.deepEqual({ ...shown[0], ...expected }, shown[0]);
    assert.equal(netlink.addRoute(spec), -EEXIST);
    const said = list(netlink.routes(spec.protocol ?? 18));
    const its = said.filter((r) => isRoute(r, spec));
    assert.ok(its.length >= 1);
    assert.equal(its[0].table, spec.table ?? 254);
    assert.equal(its[0].tos, spec.tos ?? 0);
    assert.equal(its[0].metric, spec.metric ?? (spec.family === 6 ? 1024 : 0));
    if (spec.via !== undefined) assert.equal(its[0].via, spec.via);
    if (spec.source !== undefined) assert.equal(its[0].source, spec.source);
    const hops = its.flatMap((r) => (r.nexthops.length > 0 ? r.nexthops.map(({ via }) => via) : [r.via]));
    if (spec.nexthops !== undefined) assert.deepEqual(hops.sort(), spec.nexthops.map(({ via }) => via).sort());
    for (const [, one] of ROUTES) assert.equal(isRoute(its[0], one), one === spec);
    assert.equal(netlink.removeRoute(spec), 0, netlink.why);
    assert.deepEqual(routesShown(spec), []);
    assert.equal(netlink.removeRoute(spec), -ESRCH);
  });

const RULES: readonly (readonly [string, RuleSpec, Shown])[] = [
  ['from', { family: 4, action: 'table', from: '10.0.0.0/8', table: 7 }, { src: '10.0.0.0', srclen: 8, table: '7' }],
  [
    'to, table above 255',
    { family: 4, action: 'table', to: '10.0.0.1', table: 4000 },
    { dst: '10.0.0.1', table: '4000' },
  ],
  ['preference', { family: 4, action: 'table', preference: 111, from: 'all', table: 7 }, { priority: 111, src: 'all' }],
  ['interfaces', { family: 4, action: 'table', iif: 'eth0', oif: 'eth1', table: 7 }, { iif: 'eth0', oif: 'eth1' }],
  ['mark', { family: 4, action: 'table', fwmark: 0x10, fwmask: 0xf0, table: 7 }, { fwmark: '0x10', fwmask: '0xf0' }],
  ['TOS', { family: 4, action: 'table', tos: 0x10, table: 7 }, { tos: '0x10' }],
  ['not', { family: 4, not: true, action: 'table', from: '10.1.0.0/16', table: 7 }, { not: null }],
  ['blackhole', { family: 4, action: 'blackhole', from: '10.2.0.0/16' }, { action: 'blackhole' }],
  ['unreachable', { family: 4, action: 'unreachable', from: '10.2.0.0/16' }, { action: 'unreachable' }],
  ['prohibit', { family: 4, action: 'prohibit', from: '10.2.0.0/16' }, { action: 'prohibit' }],
  ['goto', { family: 4, action: 'goto', goto: 32766, preference: 90, from: '10.2.0.0/16' }, { goto: 32766 }],
  ['IPv6', { family: 6, action: 'table', from: 'FD00:0::/16', table: 7 }, { src: 'fd00::', srclen: 16, table: '7' }],
  ['IPv6 without table', { family: 6, action: 'table', to: 'fd00::1' }, { dst: 'fd00::1', table: 'main' }],
];

for (const [what, spec, expected] of RULES)
  test(`rule: ${what}`, () => {
    const usual = new Set(host.json(`-${spec.family} rule`).map((rule) => JSON.stringify(rule)));
    const added = () => host.json(`-${spec.family} rule`).filter((rule) => !usual.has(JSON.stringify(rule)));
    assert.equal(netlink.addRule(spec), 0, netlink.why);
    const [shown, ...rest] = added();
    assert.deepEqual(rest, []);
    assert.deepEqual({ ...shown, ...expected }, shown);
    if (spec.preference !== undefined) assert.equal(netlink.addRule(spec), -EEXIST);
    const said = list(netlink.rules()).find((rule) => rule.protocol === 18);
    assert.ok(said);
    assert.equal(said.family, spec.family);
    assert.equal(said.isInverted, spec.not === true);
    assert.deepEqual(
      [said.iif, said.oif, said.fwmark, said.tos, said.goto],
      [spec.iif ?? '', spec.oif ?? '', spec.fwmark ?? 0, spec.tos ?? 0, spec.goto ?? 0],
    );
    if (spec.preference !== undefined) assert.equal(said.preference, spec.preference);
    for (const [, one] of RULES) assert.equal(isRule(said, one), one === spec);
    assert.equal(netlink.removeRule(spec), 0, netlink.why);
    assert.deepEqual(added(), []);
    assert.equal(netlink.removeRule(spec), -ENOENT);
  });

test('a rule with a prefix that is none is refused', () => {
  for (const from of ['10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', 'fd00::1'])
    assert.equal(netlink.addRule({ family: 4, action: 'table', from }), -EINVAL);
});

test('a macvlan with its own MAC, without a link-local address', () => {
  const mac = '00:00:5e:00:01:33';
  const index = netlink.addMacvlan({ name: 'vrrp.51', parentIndex: eth0, mac, mode: 'private' });
  assert.ok(index > 0, netlink.why);
  assert.equal(netlink.setAddressGeneration(index, 'none'), 0, netlink.why);
  assert.equal(netlink.setUp(index), 0);
  const [shown] = host.json('-d link show dev vrrp.51');
  assert.equal(shown.ifindex, index);
  assert.equal(shown.address, mac);
  assert.equal(shown.link, 'eth0');
  assert.equal(shown.linkinfo.info_data.mode, 'private');
  assert.ok(shown.flags.includes('UP'));
  assert.deepEqual(host.json('address show dev vrrp.51')[0].addr_info, []);
  const link = netlink.linkByName('vrrp.51');
  assert.ok(typeof link === 'object');
  assert.deepEqual([link.kind, link.parentIndex, link.isUp], ['macvlan', eth0, true]);
  assert.equal(netlink.addMacvlan({ name: 'vrrp.51', parentIndex: eth0, mac, mode: 'bridge' }), -EEXIST);
  assert.equal(netlink.addMacvlan({ name: 'vrrp.52', parentIndex: eth0, mac: '00:00', mode: 'bridge' }), -EINVAL);
  assert.equal(netlink.setUp(index, false), 0);
  assert.equal((netlink.linkByName('vrrp.51') as { isUp: boolean }).isUp, false);
  assert.equal(netlink.removeLink(index), 0);
  assert.equal(netlink.linkByName('vrrp.51'), -ENODEV);
});
