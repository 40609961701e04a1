/** Netlink messages as bytes, and the client's conduct when the kernel's answers are late, doubled, cut or missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EADDRNOTAVAIL, EAGAIN, ENOBUFS, EPERM, ETIMEDOUT } from '../../src/linux/constants.js';
import {
  attribute,
  attributesOf,
  HEADER_BYTES,
  NLMSG_DONE,
  NLMSG_ERROR,
  netlinkMessage,
  numberMessage,
  splitMessages,
  textAttribute,
  textOf,
  u32,
  u32Of,
  verdictOf,
} from '../../src/linux/netlink-message.js';
import type { NetlinkChannel } from '../../src/linux/netlink-socket.js';
import { addressOf, linkOf, routeOf, ruleOf } from '../../src/linux/route-info.js';
import { RouteNetlink } from '../../src/linux/route-netlink.js';
import {
  addAddressRequest,
  addMacvlanRequest,
  addRouteRequest,
  addRuleRequest,
  linkHeader,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from '../../src/linux/route-requests.js';

test('messages of odd lengths stand one after the other, each on four bytes', () => {
  const bytes = Buffer.concat([
    netlinkMessage(20, 0, textAttribute(3, 'a')),
    netlinkMessage(21, 0, textAttribute(3, 'abcd')),
  ]);
  const { messages, isWhole } = splitMessages(bytes);
  assert.ok(isWhole);
  assert.deepEqual(
    messages.map(({ type, body }) => [type, textOf(attributesOf(body, 0), 3)]),
    [
      [20, 'a'],
      [21, 'abcd'],
    ],
  );
});

test('a last message whose padding is missing is whole', () => {
  const bytes = netlinkMessage(20, 0, attribute(3, Uint8Array.of(1))).slice(0, HEADER_BYTES + 5);
  new DataView(bytes.buffer).setUint32(0, bytes.length, true);
  const { messages, isWhole } = splitMessages(bytes);
  assert.ok(isWhole);
  assert.deepEqual([...attributesOf(messages[0].body, 0).get(3)!], [1]);
});

// length in the header, length of the datagram
for (const [said, real] of [
  [0, 16],
  [15, 16],
  [17, 16],
  [0xffffffff, 16],
  [20, 19],
] as const)
  test(`a message that says ${said} and has ${real} bytes is not read`, () => {
    const bytes = new Uint8Array(real);
    new DataView(bytes.buffer).setUint32(0, said, true);
    assert.deepEqual(splitMessages(bytes), { messages: [], isWhole: false });
  });

for (const length of [0, 3, 9, 0xffff])
  test(`an attribute that says ${length} bytes, of 8, ends the list`, () => {
    const bytes = Buffer.concat([u32(8 | (1 << 16), 7), Uint8Array.of(length & 255, length >> 8, 2, 0, 0, 0, 0, 0)]);
    const found = attributesOf(bytes, 0);
    assert.deepEqual([...found.keys()], [1]);
    assert.equal(u32Of(found, 1), 7);
  });

const PARSERS = [linkOf, addressOf, routeOf, ruleOf];
const REAL = [
  addAddressRequest({ interfaceIndex: 1, ip: 'fd00::1', prefixLength: 64, autojoin: true, preferredLifetimeS: 9 })!,
  addAddressRequest({ interfaceIndex: 1, ip: '10.0.0.1', prefixLength: 8, label: 'eth0:1', broadcast: '+' })!,
  addRouteRequest({
    family: 4,
    type: 'unicast',
    destination: '10.0.0.0',
    prefixLength: 8,
    mtu: 1300,
    nexthops: [{ via: '10.0.0.1' }, { via: 'fd00::1', interfaceIndex: 2 }],
  })!,
  addRuleRequest({ family: 6, action: 'table', from: 'fd00::/8', oif: 'eth0', table: 3000, fwmark: 1 })!,
  addMacvlanRequest({ name: 'vrrp.1', parentIndex: 2, mac: '00:00:5e:00:01:01', mode: 'private' })!,
];

function parseAll(bytes: Uint8Array): void {
  for (const message of splitMessages(bytes).messages) {
    verdictOf(message);
    for (const parse of PARSERS) parse(message.body);
  }
  for (const parse of PARSERS) parse(bytes);
}

test('no bytes end the parsers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => parseAll(bytes)),
    { numRuns: 3000 },
  );
});

test('no real message, cut or with bytes changed, ends the parsers', () => {
  const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...REAL), fc.nat(400), changes, (whole, cut, changed) => {
      const bytes = whole.slice(0, Math.max(1, whole.length - (cut % whole.length)));
      for (const [at, value] of changed) bytes[at % bytes.length] = value;
      parseAll(bytes);
    }),
    { numRuns: 5000 },
  );
});

/** The kernel as a list of answers: each is given the sequence number of the request it answers. */
class Scripted implements NetlinkChannel {
  sent = 0;
  sequence = 0;
  drained = 0;
  constructor(private readonly answers: ((sequence: number) => Uint8Array | number)[]) {}
  send(bytes: Uint8Array): number {
    this.sent++;
    this.sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
    return bytes.length;
  }
  receive(): Uint8Array | number {
    return this.answers.shift()?.(this.sequence) ?? -ETIMEDOUT;
  }
  receiveNow(): number {
    return -EAGAIN;
  }
  drain(): void {
    this.drained++;
  }
  close(): void {}
}

function answer(type: number, flags: number, sequence: number, ...parts: Uint8Array[]): Uint8Array {
  const bytes = netlinkMessage(type, flags, ...parts);
  numberMessage(bytes, sequence);
  return bytes;
}
const MULTI = 2;
const INTERRUPTED = 0x10;
const verdict = (errno: number) => (sequence: number) => answer(NLMSG_ERROR, 0, sequence, u32(errno >>> 0));
const done = (flags: number) => (sequence: number) => answer(NLMSG_DONE, MULTI | flags, sequence, u32(0));
const link =
  (name: string, flags: number, off = 0) =>
  (sequence: number) =>
    answer(RTM_NEWLINK, MULTI | flags, sequence + off, linkHeader(7, 0, 0), textAttribute(3, name));
const names = (found: unknown) => (found as { name: string }[]).map(({ name }) => name);
const ADDRESS = { interfaceIndex: 1, ip: '10.0.0.1', prefixLength: 32 };
const undo = () => addAddressRequest(ADDRESS)!;

test('answers to earlier requests, and messages of other types, are passed over', () => {
  const channel = new Scripted([link('old', 0, -5), link('eth0', 0), (n) => answer(RTM_NEWADDR, MULTI, n), done(0)]);
  assert.deepEqual(names(new RouteNetlink(channel).links()), ['eth0']);
});

test('a dump that a change interrupted is asked for again', () => {
  for (const [first, end] of [
    [INTERRUPTED, 0],
    [0, INTERRUPTED],
  ]) {
    const channel = new Scripted([link('half', first), done(end), link('eth0', 0), link('eth1', 0), done(0)]);
    assert.deepEqual(names(new RouteNetlink(channel).links()), ['eth0', 'eth1']);
    assert.equal(channel.sent, 2);
  }
});

test('a dump that is always interrupted ends with an error', () => {
  const channel = new Scripted(Array.from({ length: 50 }, () => done(INTERRUPTED)));
  assert.equal(new RouteNetlink(channel).links(), -4);
});

test('a dump of which something was lost is asked for again', () => {
  const channel = new Scripted([link('eth0', 0), () => -ENOBUFS, link('eth0', 0), done(0)]);
  assert.deepEqual(names(new RouteNetlink(channel).links()), ['eth0']);
  assert.equal(channel.drained, 1);
});

test('a refused dump gives its errno', () => {
  assert.equal(new RouteNetlink(new Scripted([verdict(-EPERM)])).links(), -EPERM);
});

test('an answer that ends in the middle of a message gives what is whole, and then waits for the rest', () => {
  const cut = (n: number) => Buffer.concat([link('eth0', 0)(n), link('eth1', 0)(n).subarray(0, 20)]);
  assert.deepEqual(names(new RouteNetlink(new Scripted([cut, done(0)])).links()), ['eth0']);
  assert.equal(new RouteNetlink(new Scripted([cut])).links(), -ETIMEDOUT);
});

// what is answered: first time, second time; the result; how often it was sent
for (const [first, second, result, sent] of [
  [-EPERM, 0, -EPERM, 1],
  [0, 0, 0, 1],
] as const)
  test(`a change answered ${first} is ${result}`, () => {
    const channel = new Scripted([verdict(first), verdict(second)]);
    assert.deepEqual([new RouteNetlink(channel).addAddress(ADDRESS), channel.sent], [result, sent]);
  });

for (const [second, result] of [
  [0, 0],
  [-17, 0],
  [-EADDRNOTAVAIL, 0],
  [-EPERM, -EPERM],
] as const)
  test(`a change whose answer was lost is sent again; '${second}' then means ${result}`, () => {
    for (const lost of [-ENOBUFS, -ETIMEDOUT]) {
      const channel = new Scripted([() => lost, verdict(second)]);
      assert.deepEqual([new RouteNetlink(channel).change(undo()), channel.sent], [result, 2]);
    }
  });

test('of many changes in one send each gets its own verdict, in whatever order they come', () => {
  const at = (i: number, errno: number) => (first: number) => verdict(errno)(first + i);
  const channel = new Scripted([at(2, -EPERM), at(9, -1), at(0, 0), at(0, -EPERM), at(1, -17)]);
  const netlink = new RouteNetlink(channel);
  assert.deepEqual(netlink.changeAll([undo(), undo(), undo()]), [0, -17, -EPERM]);
});
