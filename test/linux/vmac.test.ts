/** Virtual MACs: who answers for which address, seen from a neighbour. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketSocket } from '../../src/linux/packet-socket.js';
import { RouteNetlink } from '../../src/linux/route-netlink.js';
import { applySettings, type PreparedVmac, prepareVmac, vmacSettings } from '../../src/linux/vmac.js';
import { type HeardPacket, openVrrpSocket, VrrpSocket } from '../../src/linux/vrrp-socket.js';
import { Capture } from './support/capture.js';
import { TestNamespace } from './support/namespaces.js';

const MAC = '00:00:5e:00:01:33';
const VIP = '10.0.0.100';
const ARP = 0x0806;

interface Pair {
  readonly host: TestNamespace;
  readonly neighbour: TestNamespace;
  readonly netlink: RouteNetlink;
  readonly parent: { readonly name: string; readonly index: number };
}

function pair(): Pair {
  const [host, neighbour] = [new TestNamespace(), new TestNamespace()];
  host.cable('eth0', neighbour, 'eth0');
  host.ip('address add 10.0.0.1/24 dev eth0');
  neighbour.ip('address add 10.0.0.2/24 dev eth0');
  const netlink = host.run(() => RouteNetlink.open()) as RouteNetlink;
  const index = host.json('link show dev eth0')[0].ifindex;
  return { host, neighbour, netlink, parent: { name: 'eth0', index } };
}

function prepared({ host, netlink, parent }: Pair, ipv6 = false): PreparedVmac {
  const mac = ipv6 ? MAC.replace(':01:', ':02:') : MAC;
  const result = host.run(() => prepareVmac(netlink, { name: 'vrrp.51', parent, mac, ipv6 }));
  assert.ok(typeof result === 'object', `errno ${result} ${netlink.why}`);
  assert.deepEqual(result.complaints, []);
  return result;
}

function macOf(host: TestNamespace, name: string): string {
  return host.json(`link show dev ${name}`)[0].address;
}

/** The neighbour asks who has an address. @returns MACs that answer */
async function answersFor({ neighbour }: Pair, ip: string): Promise<string[]> {
  const { ifindex, address } = neighbour.json('link show dev eth0')[0];
  const mac = address.replaceAll(':', '');
  const request = Buffer.from(`ffffffffffff${mac}08060001080006040001${mac}0a000002000000000000`, 'hex');
  const socket = neighbour.run(() => PacketSocket.open(ifindex, 'arp', [ip])) as PacketSocket;
  socket.send(Buffer.concat([request, Buffer.from(ip.split('.').map(Number))]));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const found: string[] = [];
  for (let heard = socket.receive(); typeof heard === 'object'; heard = socket.receive())
    found.push(
      Buffer.from(heard.frame.subarray(22, 28))
        .toString('hex')
        .replace(/..(?=.)/g, '$&:'),
    );
  socket.close();
  return found;
}

/** Broadcasts reach a macvlan a little later (the kernel queues them). */
async function until<T>(look: () => T, isIt: (found: T) => boolean): Promise<T> {
  for (let i = 0; i < 100; i++) {
    const found = look();
    if (isIt(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail('it did not come');
}

for (const prefixLength of [32, 24])
  test(`only the macvlan answers for an address /${prefixLength} on it, only the parent for the parent's`, async () => {
    const all = pair();
    const { index } = prepared(all);
    assert.equal(all.netlink.addAddress({ interfaceIndex: index, ip: VIP, prefixLength }), 0);
    assert.deepEqual(await answersFor(all, VIP), [MAC]);
    assert.deepEqual(await answersFor(all, '10.0.0.1'), [macOf(all.host, 'eth0')]);
  });

test('without the settings both would answer', async () => {
  const all = pair();
  const index = all.netlink.addMacvlan({ name: 'plain', parentIndex: all.parent.index, mac: MAC, mode: 'private' });
  all.netlink.setUp(index);
  all.netlink.addAddress({ interfaceIndex: index, ip: VIP, prefixLength: 32 });
  assert.equal((await answersFor(all, VIP)).length, 2);
});

test('a packet from the virtual address does not tell neighbours the MAC of the parent', () => {
  const all = pair();
  const { index } = prepared(all);
  all.netlink.addAddress({ interfaceIndex: index, ip: VIP, prefixLength: 24 });
  const capture = all.neighbour.run(() => new Capture(all.neighbour.json('link show dev eth0')[0].ifindex));
  const socket = all.host.run(() => openVrrpSocket({ family: 4, groups: [], ttl: 255 }));
  assert.ok(socket instanceof VrrpSocket);
  socket.send(Buffer.alloc(20), VIP, '10.0.0.2');
  const requests = capture.frames(ARP).filter((frame) => frame.readUInt16BE(20) === 1);
  assert.ok(requests.length > 0);
  for (const frame of requests)
    if (frame.subarray(28, 32).join('.') === VIP) assert.equal(frame.subarray(22, 28).toString('hex'), '00005e000133');
  socket.close();
  capture.close();
});

for (const strict of ['0', '1'])
  test(`the address can be reached where rp_filter of all is ${strict}`, async () => {
    const all = pair();
    all.host.command('sysctl', `-qw net.ipv4.conf.all.rp_filter=${strict}`);
    const { index } = prepared(all);
    all.netlink.addAddress({ interfaceIndex: index, ip: VIP, prefixLength: 32 });
    const socket = all.neighbour.run(() => openVrrpSocket({ family: 4, groups: [], ttl: 255 }));
    const target = all.host.run(() =>
      openVrrpSocket({ family: 4, device: { name: 'vrrp.51', index }, groups: [], ttl: 255 }),
    );
    assert.ok(socket instanceof VrrpSocket && target instanceof VrrpSocket);
    socket.send(Buffer.alloc(20), '10.0.0.2', VIP);
    const heard = await until(
      () => target.receive(),
      (result) => typeof result === 'object',
    );
    assert.ok(typeof heard === 'object');
    assert.equal(heard.interfaceIndex, index);
    socket.close();
    target.close();
  });

test('for IPv6: no address of its own making, and the one it is given is answered for with its MAC', async () => {
  const all = pair();
  const { index } = prepared(all, true);
  assert.deepEqual(all.host.json('address show dev vrrp.51')[0].addr_info, []);
  all.netlink.addAddress({ interfaceIndex: index, ip: 'fd00::100', prefixLength: 64, noDad: true });
  all.neighbour.ip('address add fd00::2/64 dev eth0 nodad');
  all.neighbour.run(() => {
    const socket = openVrrpSocket({ family: 6, groups: [], ttl: 255 });
    assert.ok(socket instanceof VrrpSocket);
    socket.send(Buffer.alloc(20), 'fd00::2', 'fd00::100');
    socket.close();
  });
  const [entry] = await until(
    () => all.neighbour.json('-6 neighbour show to fd00::100'),
    ([one]) => one?.lladdr !== undefined,
  );
  assert.equal(entry.lladdr, MAC.replace(':01:', ':02:'));
});

// family, path below net, value
for (const [ipv6, key, value] of [
  [false, 'ipv4.conf.vrrp/51.accept_local', '1'],
  [false, 'ipv4.conf.vrrp/51.promote_secondaries', '1'],
  [false, 'ipv6.conf.vrrp/51.disable_ipv6', '1'],
  [true, 'ipv6.conf.vrrp/51.disable_ipv6', '0'],
  [true, 'ipv6.conf.vrrp/51.accept_ra', '0'],
  [true, 'ipv6.conf.vrrp/51.autoconf', '0'],
] as const)
  test(`${ipv6 ? 'IPv6' : 'IPv4'}: ${key} is ${value}`, () => {
    const all = pair();
    prepared(all, ipv6);
    assert.equal(all.host.command('sysctl', `-n net.${key}`).trim(), value);
  });

for (const ipv6 of [false, true])
  test(`a macvlan of ${ipv6 ? 'IPv6' : 'IPv4'} that is only ready says nothing: switches go on sending to the master`, async () => {
    const all = pair();
    const eth0 = all.neighbour.json('link show dev eth0')[0].ifindex;
    const capture = all.neighbour.run(() => new Capture(eth0));
    const { index } = prepared(all, ipv6);
    const [family, group] = ipv6 ? ([6, 'ff02::12'] as const) : ([4, '224.0.0.18'] as const);
    const device = { name: 'vrrp.51', index };
    const options = { family, device, hears: all.parent, groups: [group], ttl: 255 };
    const socket = all.host.run(() => openVrrpSocket(options));
    const other = all.neighbour.run(() =>
      openVrrpSocket({ family, groups: [], device: { name: 'eth0', index: eth0 }, ttl: 255 }),
    );
    assert.ok(socket instanceof VrrpSocket && other instanceof VrrpSocket);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const etherType = ipv6 ? 0x86dd : 0x0800;
    const spoken = () =>
      capture.frames(etherType).filter((frame) => frame.subarray(6, 10).toString('hex') === '00005e00');
    assert.deepEqual(spoken(), []);
    assert.equal(socket.send(Buffer.alloc(20), ipv6 ? 'fe80::1' : '10.0.0.1', group), 20);
    assert.equal(spoken().length, 1);
    assert.equal(other.send(Buffer.alloc(20), ipv6 ? 'fe80::2' : '10.0.0.2', group), 20);
    const heard = await until(
      () => socket.receive(),
      (result) => typeof result === 'object',
    );
    assert.equal((heard as HeardPacket).interfaceIndex, all.parent.index);
    socket.close();
    other.close();
    capture.close();
  });

test('a macvlan that a crash left is replaced; another kind of interface of that name is not', () => {
  const all = pair();
  const first = prepared(all);
  all.netlink.addAddress({ interfaceIndex: first.index, ip: VIP, prefixLength: 32 });
  const second = prepared(all);
  assert.notEqual(second.index, first.index);
  assert.deepEqual(all.host.json('address show dev vrrp.51')[0].addr_info, []);
  all.netlink.removeLink(second.index);
  all.host.ip('link add vrrp.51 type bridge');
  const spec = { name: 'vrrp.51', parent: all.parent, mac: MAC, ipv6: false };
  assert.equal(
    all.host.run(() => prepareVmac(all.netlink, spec)),
    -17,
  );
});

test('the parent gets back what it had', () => {
  const all = pair();
  all.host.command('sysctl', '-qw net.ipv4.conf.eth0.arp_announce=1');
  const { before } = prepared(all);
  const ofParent = before.filter(({ path }) => path.includes('/eth0/'));
  assert.deepEqual(ofParent, [
    { path: '/proc/sys/net/ipv4/conf/eth0/arp_ignore', value: '0' },
    { path: '/proc/sys/net/ipv4/conf/eth0/arp_announce', value: '1' },
  ]);
  const undone = all.host.run(() => applySettings(ofParent));
  assert.equal(undone.before.length, 2);
  const value = (key: string) => all.host.command('sysctl', `-n net.ipv4.conf.eth0.${key}`).trim();
  assert.deepEqual([value('arp_ignore'), value('arp_announce')], ['0', '1']);
});

test('a setting that cannot be made is a complaint, IPv6 that is not there is none', () => {
  const { complaints } = applySettings([
    { path: '/proc/sys/net/ipv4/conf/missing/arp_ignore', value: '1' },
    { path: '/proc/sys/net/ipv6/conf/missing/disable_ipv6', value: '1' },
  ]);
  assert.equal(complaints.length, 1);
  assert.match(complaints[0], /missing\/arp_ignore/);
});

test('rp_filter is loose where strict holds for all', () => {
  const spec = { name: 'vrrp.51', parent: { name: 'eth0', index: 1 }, mac: MAC, ipv6: false };
  const value = (all: string) => vmacSettings(spec, all).find(({ path }) => path.endsWith('rp_filter'))?.value;
  assert.deepEqual([value('0'), value('1'), value('2')], ['0', '2', '2']);
});
