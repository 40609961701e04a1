/** VRRP packets over raw sockets, between two hosts of our own, and what they look like on the wire. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AF_INET, AF_INET6, EAGAIN, EINVAL, ENODEV } from '../../src/linux/constants.js';
import { NativeBuffer } from '../../src/linux/memory.js';
import { RouteNetlink } from '../../src/linux/route-netlink.js';
import { ipToWords, SockAddr } from '../../src/linux/sockaddr.js';
import { close, sendto, socket } from '../../src/linux/syscalls.js';
import { type HeardPacket, openVrrpSocket, VrrpSocket, type VrrpSocketOptions } from '../../src/linux/vrrp-socket.js';
import { Capture } from './support/capture.js';
import { TestNamespace } from './support/namespaces.js';

const GROUP = { 4: '224.0.0.18', 6: 'ff02::12' } as const;
const EMSGSIZE = 90;
const a = new TestNamespace();
const b = new TestNamespace();
a.cable('eth0', b, 'eth0');
a.cable('eth1', b, 'eth1');
for (const [host, n] of [
  [a, 1],
  [b, 2],
] as const) {
  host.ip(`address add 10.0.0.${n}/24 dev eth0`);
  host.ip(`address add fd00::${n}/64 dev eth0 nodad`);
  host.ip(`address add fe80::${n}/64 dev eth0 nodad`);
}

function deviceOf(host: TestNamespace, name: string): { name: string; index: number } {
  return { name, index: host.json(`link show dev ${name}`)[0].ifindex };
}

const open: VrrpSocket[] = [];
after(() => {
  for (const socket of open) socket.close();
});

function opened(
  host: TestNamespace,
  options: Partial<VrrpSocketOptions> & { family: 4 | 6 },
  name = 'eth0',
): VrrpSocket {
  const whole = { device: deviceOf(host, name), groups: [GROUP[options.family]], ttl: 255, ...options };
  const socket = host.run(() => openVrrpSocket(whole));
  assert.ok(socket instanceof VrrpSocket, `errno ${socket}`);
  open.push(socket);
  return socket;
}

const PACKET = Buffer.from('2133640100016660a0000640000000000000000', 'hex');

async function next(socket: VrrpSocket): Promise<HeardPacket> {
  for (let i = 0; i < 200; i++) {
    const heard = socket.receive();
    if (typeof heard !== 'number') return heard;
    assert.equal(heard, -EAGAIN);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return assert.fail('nothing heard');
}

async function silence(socket: VrrpSocket): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(socket.receive(), -EAGAIN);
}

// family, source, destination: what arrives is what was sent
for (const [family, source, destination, what] of [
  [4, '10.0.0.1', GROUP[4], 'to the group'],
  [4, '10.0.0.1', '10.0.0.2', 'to a peer'],
  [4, '192.0.2.77', GROUP[4], 'from an address that the host does not have'],
  [6, 'fe80::1', GROUP[6], 'to the group'],
  [6, 'fd00::1', 'fd00::2', 'to a peer'],
  [6, 'fe80::1', 'fe80::2', 'to a link-local peer'],
  [6, 'fe80::77', GROUP[6], 'from an address that the host does not have'],
] as const)
  test(`IPv${family} ${what}: ${source} to ${destination}`, async () => {
    const [from, to] = [opened(a, { family }), opened(b, { family })];
    assert.equal(from.send(PACKET, source, destination), PACKET.length);
    const heard = await next(to);
    assert.deepEqual(Buffer.from(heard.payload), PACKET);
    assert.deepEqual(
      [heard.source, heard.destination, heard.ttl, heard.interfaceIndex, heard.isTruncated],
      [source, destination, 255, deviceOf(b, 'eth0').index, false],
    );
    await silence(from); // what a router says itself it does not hear
  });

for (const family of [4, 6] as const)
  test(`IPv${family} on the wire: traffic class, TTL, protocol, sender, untouched payload`, () => {
    const capture = b.run(() => new Capture(deviceOf(b, 'eth0').index));
    const from = opened(a, { family, ttl: 7 });
    const source = family === 4 ? '10.0.0.1' : 'fe80::1';
    for (const destination of [GROUP[family], family === 4 ? '10.0.0.2' : 'fe80::2']) {
      assert.equal(from.send(PACKET, source, destination), PACKET.length);
      const frames = capture.frames(family === 4 ? 0x0800 : 0x86dd);
      const isOurs = (frame: Buffer) => frame[family === 4 ? 23 : 20] === 112;
      const [frame, ...rest] = frames.filter(isOurs);
      assert.equal(rest.length, 0);
      if (family === 4) {
        assert.deepEqual([frame[14], frame[15], frame[22]], [0x45, 0xc0, 7]);
        assert.equal(frame.readUInt16BE(16), 20 + PACKET.length);
        assert.equal(checksum(frame.subarray(14, 34)), 0xffff, 'header checksum');
        assert.deepEqual(frame.subarray(34, 34 + PACKET.length), PACKET);
      } else {
        assert.equal((frame.readUInt16BE(14) >> 4) & 0xff, 0xc0);
        assert.equal(frame[21], 7);
        assert.deepEqual(frame.subarray(54, 54 + PACKET.length), PACKET);
      }
      if (destination === GROUP[family])
        assert.equal(frame.subarray(0, 6).toString('hex'), family === 4 ? '01005e000012' : '333300000012');
    }
    capture.close();
  });

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

for (const family of [4, 6] as const)
  test(`IPv${family}: heard on one interface and sent through another, and nothing of a third`, async () => {
    const [eth0, eth1] = [deviceOf(b, 'eth0'), deviceOf(b, 'eth1')];
    const name = `third${family}`;
    a.cable(name, b, name);
    const [source, peer] = family === 4 ? ['10.3.0.1', '10.3.0.2'] : ['fd03::1', 'fd03::2'];
    for (const [host, ip] of [
      [a, source],
      [b, peer],
    ] as const)
      host.ip(`address add ${ip}/${family === 4 ? 24 : 64} dev ${name}${family === 4 ? '' : ' nodad'}`);
    const both = opened(b, { family, device: eth1, hears: eth0 });
    const third = opened(b, { family }, name);
    opened(a, { family }, name).send(PACKET, source, peer);
    opened(a, { family }, name).send(PACKET, source, GROUP[family]);
    for (let i = 0; i < 2; i++) await next(third);
    await silence(both);
    const [theirs, own] = family === 4 ? ['10.0.0.1', '10.0.0.2'] : ['fe80::1', 'fe80::2'];
    opened(a, { family }, 'eth0').send(PACKET, theirs, GROUP[family]);
    assert.equal((await next(both)).interfaceIndex, eth0.index);
    const other = opened(a, { family }, 'eth1');
    assert.equal(both.send(PACKET, own, GROUP[family]), PACKET.length);
    assert.equal((await next(other)).interfaceIndex, deviceOf(a, 'eth1').index);
  });

test('a macvlan without addresses speaks with the address of its parent and its own MAC', async () => {
  const mac = '00:00:5e:00:01:33';
  a.ip(`link add link eth0 name vrrp.51 address ${mac} type macvlan mode private`);
  a.run(() => {
    const netlink = RouteNetlink.open() as RouteNetlink;
    const { index } = deviceOf(a, 'vrrp.51');
    assert.equal(netlink.setAddressGeneration(index, 'none'), 0);
    assert.equal(netlink.setUp(index), 0);
    netlink.close();
  });
  const capture = b.run(() => new Capture(deviceOf(b, 'eth0').index));
  for (const [family, source] of [
    [4, '10.0.0.1'],
    [6, 'fe80::1'],
  ] as const) {
    const [from, to] = [opened(a, { family }, 'vrrp.51'), opened(b, { family })];
    assert.equal(from.send(PACKET, source, GROUP[family]), PACKET.length);
    assert.equal((await next(to)).source, source);
    const [frame] = capture.frames(family === 4 ? 0x0800 : 0x86dd).filter((f) => f[family === 4 ? 23 : 20] === 112);
    assert.equal(frame.subarray(6, 12).toString('hex'), mac.replaceAll(':', ''));
    assert.equal(to.send(PACKET, family === 4 ? '10.0.0.2' : 'fe80::2', GROUP[family]), PACKET.length);
    assert.equal((await next(from)).source, family === 4 ? '10.0.0.2' : 'fe80::2');
  }
  capture.close();
  a.ip('link del vrrp.51');
});

for (const family of [4, 6] as const) {
  test(`IPv${family}: another interface hears nothing, and without the group only what is addressed to it`, async () => {
    const from = opened(a, { family });
    const elsewhere = opened(b, { family }, 'eth1');
    const groupless = opened(b, { family, groups: [] });
    const member = opened(b, { family });
    const source = family === 4 ? '10.0.0.1' : 'fe80::1';
    from.send(PACKET, source, GROUP[family]);
    await next(member);
    await silence(elsewhere);
    await silence(groupless);
    from.send(PACKET, source, family === 4 ? '10.0.0.2' : 'fe80::2');
    await next(groupless);
  });

  test(`IPv${family}: peers without an interface named`, async () => {
    const wide = { family, device: undefined, groups: [] };
    const [from, to] = [opened(a, wide), opened(b, wide)];
    const [source, peer] = family === 4 ? ['10.0.0.1', '10.0.0.2'] : ['fd00::1', 'fd00::2'];
    assert.equal(from.send(PACKET, source, peer), PACKET.length);
    const heard = await next(to);
    assert.deepEqual([heard.source, heard.ttl, heard.interfaceIndex], [source, 255, deviceOf(b, 'eth0').index]);
    const member = opened(a, { family });
    member.send(PACKET, source, GROUP[family]);
    await silence(to);
  });

  test(`IPv${family}: a packet longer than any right one is cut, and says so`, async () => {
    for (const host of [a, b]) host.ip('link set eth0 mtu 9000');
    const [from, to] = [opened(a, { family }), opened(b, { family })];
    const source = family === 4 ? '10.0.0.1' : 'fe80::1';
    const most = Buffer.alloc(4140, 7);
    assert.equal(from.send(most, source, GROUP[family]), most.length);
    const whole = await next(to);
    assert.deepEqual([whole.payload.length, whole.isTruncated], [4140, false]);
    sendLong(b, family);
    const cut = await next(from);
    assert.deepEqual([cut.payload.length < 6000, cut.isTruncated], [true, true]);
    assert.equal(from.send(Buffer.alloc(5000), source, GROUP[family]), -EINVAL);
    for (const host of [a, b]) host.ip('link set eth0 mtu 1500');
  });
}

/** 6,000 bytes of protocol 112, by another program's hand. */
function sendLong(from: TestNamespace, family: 4 | 6): void {
  const { words } = ipToWords(family === 4 ? '10.0.0.1' : 'fd00::1');
  const address = new SockAddr();
  address.setInet(family === 4 ? AF_INET : AF_INET6, words, 0, 0);
  const bytes = new NativeBuffer(6000);
  const fd = from.run(() => socket(family === 4 ? AF_INET : AF_INET6, 3, 112)); // SOCK_RAW
  assert.equal(sendto(fd, bytes.ptr, 6000, 0, address.ptr, address.length), 6000);
  close(fd);
}

test('IPv4 packets that do not fit the MTU are refused by the kernel, not cut', () => {
  assert.equal(opened(a, { family: 4 }).send(Buffer.alloc(2000), '10.0.0.1', GROUP[4]), -EMSGSIZE);
});

for (const [what, options, errno] of [
  ['an interface that is not there', { family: 4, device: { name: 'missing', index: 99 }, groups: [] }, -ENODEV],
  ['a group that is none', { family: 4, groups: ['224.0.0'] }, -EINVAL],
  ['an IPv6 group that is none', { family: 6, groups: ['10.0.0.1'] }, -EINVAL],
] as const)
  test(`${what} is refused`, () => {
    const result = a.run(() => openVrrpSocket({ device: deviceOf(a, 'eth0'), ttl: 255, ...options }));
    assert.equal(result, errno);
  });

test('addresses that are none are refused', () => {
  const socket = opened(a, { family: 4 });
  for (const [source, destination] of [
    ['', GROUP[4]],
    ['10.0.0.1', 'fe80::1'],
    ['fe80::1', GROUP[4]],
  ])
    assert.equal(socket.send(PACKET, source, destination), -EINVAL);
});

test('an interface that is down cannot be sent through, and can again when it is up', () => {
  const socket = opened(a, { family: 4 });
  a.ip('link set eth0 down');
  assert.ok(socket.send(PACKET, '10.0.0.1', GROUP[4]) < 0);
  a.ip('link set eth0 up');
  assert.equal(socket.send(PACKET, '10.0.0.1', GROUP[4]), PACKET.length);
});
