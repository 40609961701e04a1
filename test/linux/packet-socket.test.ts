/** Whole frames: what the filters let through, and sending and hearing on interfaces of all kinds. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EAGAIN, EINVAL, ENODEV } from '../../src/linux/constants.js';
import { arpFilter, type Hearing, neighbourFilter, PacketSocket } from '../../src/linux/packet-socket.js';
import { interpret } from './support/bpf.js';
import { TestNamespace } from './support/namespaces.js';

const EOPNOTSUPP = 95;
const REQUEST = 1;
const REPLY = 2;
const VIP = '10.0.0.100';
const MANY = Array.from({ length: 1001 }, (_, i) => `10.7.${i >> 8}.${i & 255}`);

function ip4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

interface Arp {
  readonly operation: number;
  readonly sender: string;
  readonly target: string;
}

function arp({ operation, sender, target }: Arp, mac = '020000000001'): Buffer {
  const head = `ffffffffffff${mac}08060001080006040000${mac}`;
  const frame = Buffer.concat([Buffer.from(head, 'hex'), ip4(sender), Buffer.alloc(6), ip4(target)]);
  frame.writeUInt16BE(operation, 20);
  return frame;
}

// what, list, whether it passes
for (const [what, frame, list, passes] of [
  ['a gratuitous request', { operation: REQUEST, sender: VIP, target: VIP }, [VIP], true],
  ['a gratuitous reply', { operation: REPLY, sender: VIP, target: VIP }, ['10.0.0.1', VIP], true],
  ['a reply to us', { operation: REPLY, sender: VIP, target: '10.0.0.1' }, [VIP, '10.0.0.1'], true],
  ['a probe', { operation: REQUEST, sender: '0.0.0.0', target: VIP }, ['10.0.0.1', VIP], true],
  ['a client that asks', { operation: REQUEST, sender: '10.0.0.9', target: VIP }, [VIP], false],
  ['talk of others', { operation: REPLY, sender: '10.0.0.9', target: '10.0.0.8' }, [VIP], false],
  ['a probe of others', { operation: REQUEST, sender: '0.0.0.0', target: '10.0.0.8' }, [VIP], false],
  ['anything, without addresses', { operation: REPLY, sender: VIP, target: VIP }, [], false],
  ['the last of a long list', { operation: REPLY, sender: MANY[999], target: VIP }, MANY.slice(0, 1000), true],
  ['a probe of the last', { operation: REQUEST, sender: '0.0.0.0', target: MANY[999] }, MANY.slice(0, 1000), true],
  ['what is not in a long list', { operation: REPLY, sender: MANY[1000], target: VIP }, MANY.slice(0, 1000), false],
  ['anything, with too long a list', { operation: REPLY, sender: VIP, target: VIP }, MANY, true],
] as const)
  test(`ARP: ${what} ${passes ? 'passes' : 'does not pass'}`, () => {
    const program = arpFilter(list);
    assert.ok(program.length <= 4096);
    assert.equal(interpret(program, arp(frame)) > 0, passes);
  });

// offset, value: what makes a frame another one
for (const [what, at, value] of [
  ['another EtherType', 12, 0x0800],
  ['other hardware', 14, 6],
  ['another protocol', 16, 0x86dd],
  ['other lengths', 18, 0x0810],
] as const)
  test(`ARP: ${what} does not pass`, () => {
    const frame = arp({ operation: REPLY, sender: VIP, target: VIP });
    assert.ok(interpret(arpFilter([VIP]), frame) > 0);
    frame.writeUInt16BE(value, at);
    assert.equal(interpret(arpFilter([VIP]), frame), 0);
  });

test('frames that end early do not pass', () => {
  const frame = arp({ operation: REPLY, sender: VIP, target: VIP });
  for (let length = 0; length < 32; length++) assert.equal(interpret(arpFilter([VIP]), frame.subarray(0, length)), 0);
});

function advertisement(target: string, { nextHeader = 58, hopLimit = 255, type = 136 } = {}): Buffer {
  const frame = Buffer.alloc(14 + 40 + 32);
  Buffer.from('33330000000102000000000186dd', 'hex').copy(frame);
  frame[14] = 0x60;
  frame.writeUInt16BE(32, 18);
  frame[20] = nextHeader;
  frame[21] = hopLimit;
  Buffer.from('fe800000000000000000000000000001ff020000000000000000000000000001', 'hex').copy(frame, 22);
  frame[54] = type;
  Buffer.from(target, 'hex').copy(frame, 62);
  return frame;
}
const TARGET = 'fd000000000000000000000000000100';
const OTHER = 'fd000000000000000000000000000101';

for (const [what, frame, passes] of [
  ['of the address', advertisement(TARGET), true],
  ['of another', advertisement(OTHER), false],
  ['from afar', advertisement(TARGET, { hopLimit: 254 }), false],
  ['that is a solicitation', advertisement(TARGET, { type: 135 }), false],
  ['that is no ICMPv6', advertisement(TARGET, { nextHeader: 17 }), false],
] as const)
  test(`a neighbour advertisement ${what} ${passes ? 'passes' : 'does not pass'}`, () => {
    assert.equal(interpret(neighbourFilter(['fd00::1', 'fd00::100']), frame) > 0, passes);
  });

test('neighbours: long lists, too long ones, none', () => {
  const list = Array.from({ length: 400 }, (_, i) => `fd00::${(0x100 + i).toString(16)}`);
  const program = neighbourFilter([...list].reverse());
  assert.ok(program.length <= 4096);
  assert.ok(interpret(program, advertisement(TARGET)) > 0);
  assert.equal(interpret(neighbourFilter([]), advertisement(TARGET)), 0);
  assert.ok(interpret(neighbourFilter([...list, 'fd01::1']), advertisement(TARGET)) > 0);
});

const a = new TestNamespace();
const b = new TestNamespace();
a.cable('eth0', b, 'eth0');
b.ip('address add 10.0.0.2/24 dev eth0');
b.ip('address add fd00::2/64 dev eth0 nodad');
a.ip('address add fd00::1/64 dev eth0 nodad');

function indexOf(host: TestNamespace, name: string): number {
  return host.json(`link show dev ${name}`)[0].ifindex;
}

const open: PacketSocket[] = [];
after(() => {
  for (const socket of open) socket.close();
});

function opened(host: TestNamespace, name: string, hearing: Hearing, addresses: readonly string[] = []): PacketSocket {
  const socket = host.run(() => PacketSocket.open(indexOf(host, name), hearing, addresses));
  assert.ok(socket instanceof PacketSocket, `errno ${socket}`);
  open.push(socket);
  return socket;
}

async function next(socket: PacketSocket): Promise<Buffer> {
  for (let i = 0; i < 200; i++) {
    const heard = socket.receive();
    if (typeof heard !== 'number') return Buffer.from(heard.frame);
    assert.equal(heard, -EAGAIN);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return assert.fail('nothing heard');
}

test('a gratuitous ARP is heard by who has the address in its list, and by nobody else', async () => {
  const from = opened(a, 'eth0', 'nothing');
  const to = opened(b, 'eth0', 'arp', [VIP]);
  const elsewhere = opened(b, 'eth0', 'arp', ['10.0.0.101']);
  const frame = arp({ operation: REQUEST, sender: VIP, target: VIP });
  assert.equal(from.send(frame), frame.length);
  assert.deepEqual((await next(to)).subarray(0, frame.length), frame);
  assert.equal(elsewhere.receive(), -EAGAIN);
  assert.equal(elsewhere.hearOnly([VIP]), 0);
  from.send(frame);
  await next(elsewhere);
  assert.equal(from.receive(), -EAGAIN);
});

test('who is asked answers, and the answer is heard', async () => {
  const socket = opened(a, 'eth0', 'arp', ['10.0.0.2']);
  const mac = a.json('link show dev eth0')[0].address.replaceAll(':', '');
  socket.send(arp({ operation: REQUEST, sender: '10.0.0.1', target: '10.0.0.2' }, mac));
  const reply = await next(socket);
  assert.deepEqual([reply.readUInt16BE(20), reply.subarray(28, 32)], [REPLY, ip4('10.0.0.2')]);
  assert.equal(reply.subarray(0, 6).toString('hex'), mac);
});

test('an unsolicited neighbour advertisement is heard', async () => {
  const to = opened(b, 'eth0', 'neighbours', ['fd00::100']);
  opened(a, 'eth0', 'nothing').send(advertisement(TARGET));
  assert.equal((await next(to)).subarray(62, 78).toString('hex'), TARGET);
});

for (const [kind, ...commands] of [
  ['bridge', 'link add br0 type bridge', 'link set br0 up'],
  ['macvlan', 'link add link eth0 name mv0 type macvlan mode private', 'link set mv0 up'],
] as const)
  test(`a ${kind} is sent through`, () => {
    for (const command of commands) a.ip(command);
    const frame = arp({ operation: REQUEST, sender: VIP, target: VIP });
    assert.equal(opened(a, kind === 'bridge' ? 'br0' : 'mv0', 'arp', [VIP]).send(frame), frame.length);
  });

test('an interface without Ethernet addresses is refused, and one that is not there', () => {
  assert.equal(
    a.run(() => PacketSocket.open(1, 'arp', [])),
    -EOPNOTSUPP,
  );
  assert.equal(
    a.run(() => PacketSocket.open(9999, 'arp', [])),
    -ENODEV,
  );
});

test('frames that are none are refused', () => {
  const socket = opened(a, 'eth0', 'nothing');
  assert.equal(socket.send(Buffer.alloc(13)), -EINVAL);
  assert.equal(socket.send(Buffer.alloc(2049)), -EINVAL);
});

test('an interface that goes down says so once, and is heard again when it is up', async () => {
  const socket = opened(a, 'eth0', 'arp', [VIP]);
  a.ip('link set eth0 down');
  assert.equal(socket.receive(), -100); // ENETDOWN
  assert.equal(socket.receive(), -EAGAIN);
  assert.ok(socket.send(arp({ operation: REQUEST, sender: VIP, target: VIP })) < 0);
  a.ip('link set eth0 up');
  opened(b, 'eth0', 'nothing').send(arp({ operation: REPLY, sender: VIP, target: VIP }));
  await next(socket);
});
