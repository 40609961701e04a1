/** core/vrrp/arp, core/vrrp/ndp: frames captured from keepalived 2.2.7 and from Linux, and anything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arpRequest, gratuitousArp, parseArp } from '../../../src/core/vrrp/arp.js';
import { macBytes, macText } from '../../../src/core/vrrp/ethernet.js';
import { neighbourSolicitation, parseNeighbour, unsolicitedAdvertisement } from '../../../src/core/vrrp/ndp.js';

const MAC = macBytes('02:77:00:00:00:01')!;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

// keepalived 2.2.7
const GARP = 'ffffffffffff027700000001080600010800060400010277000000010a4d0085ffffffffffff0a4d0085';
const IPV6 = '33330000000102770000000186dd6000000000203aff';
const ALL_NODES = 'ff020000000000000000000000000001';
const VIP = 'fd770000000000000000000000000130';
const NA = `${IPV6}${VIP}${ALL_NODES}880056d820000000${VIP}0201027700000001`;

test('a gratuitous ARP is byte for byte that of keepalived', () =>
  assert.equal(hexOf(gratuitousArp(MAC, '10.77.0.133')), GARP));

test('an unsolicited neighbour advertisement is byte for byte that of keepalived', () =>
  assert.equal(hexOf(unsolicitedAdvertisement(MAC, 'fd77::130', false)), NA));

test('of a host that forwards, too: it says that it is a router', () =>
  assert.match(
    hexOf(unsolicitedAdvertisement(MAC, 'fd77::44', true)),
    /8800d8afa0000000fd770000000000000000000000000044/,
  ));

test('a question for an address is that of Linux', () => {
  const linux = 'ffffffffffff027700000001080600010800060400010277000000010a4d00010000000000000a4d0002';
  assert.equal(hexOf(arpRequest(MAC, '10.77.0.1', '10.77.0.2')), linux);
});

test('a neighbour solicitation is that of Linux', () => {
  const message = hexOf(neighbourSolicitation(MAC, 'fd77::1', 'fd77::2')).slice(108);
  assert.equal(message, '87007c3200000000fd7700000000000000000000000000020101027700000001');
  assert.match(hexOf(neighbourSolicitation(MAC, 'fd77::1', 'fd77::2')), /^3333ff000002/);
});

test('an answer is read', () => {
  const reply = '027700000001027700000002080600010800060400020277000000020a4d00020277000000010a4d0001';
  assert.deepEqual(parseArp(bytesOf(reply)), {
    operation: 'reply',
    senderMac: '02:77:00:00:00:02',
    senderIp: '10.77.0.2',
    targetIp: '10.77.0.1',
  });
});

test("another's announcement is read: sender and target are one", () => {
  const { senderIp, targetIp, senderMac } = parseArp(bytesOf(GARP))!;
  assert.deepEqual([senderIp, targetIp, senderMac], ['10.77.0.133', '10.77.0.133', '02:77:00:00:00:01']);
});

test('an advertisement of a neighbour is read', () =>
  assert.deepEqual(parseNeighbour(bytesOf(NA)), {
    type: 'advertisement',
    source: 'fd77::130',
    target: 'fd77::130',
    mac: '02:77:00:00:00:01',
    isSolicited: false,
    isOverride: true,
    isRouter: false,
  }));

test('without an option the MAC is that of the frame', () => {
  const linux =
    '02770000000202770000000186dd6000000000183aff' +
    'fd770000000000000000000000000001fe80000000000000007700fffe000002' +
    '88003ec140000000fd770000000000000000000000000001';
  const { mac, isSolicited, target } = parseNeighbour(bytesOf(linux))!;
  assert.deepEqual([mac, isSolicited, target], ['02:77:00:00:00:01', true, 'fd77::1']);
});

test('no frame throws, and none that is damaged is believed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(GARP, NA),
      fc.nat(),
      fc.boolean(),
      fc.uint8Array({ maxLength: 200 }),
      (hex, n, isCut, noise) => {
        assert.equal(parseArp(noise), null);
        assert.equal(parseNeighbour(noise), null);
        const bytes = bytesOf(hex);
        if (isCut) {
          assert.equal(parseArp(bytes.subarray(0, n % bytes.length)), null);
          assert.equal(parseNeighbour(bytes.subarray(0, n % bytes.length)), null);
        } else if (hex === NA) {
          bytes[22 + (n % (bytes.length - 22))] ^= 1 << (n % 8);
          assert.equal(parseNeighbour(bytes), null);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('other protocols in ARP, hop limits and checksums are not read', () => {
  for (const at of [15, 17, 18, 19, 20]) {
    const bytes = bytesOf(GARP);
    bytes[at] ^= 0x40;
    assert.equal(parseArp(bytes), null, `byte ${at}`);
  }
  const hops = bytesOf(NA);
  hops[21] = 64;
  assert.equal(parseNeighbour(hops), null);
});

test('MAC addresses as text', () => {
  assert.equal(macText(MAC), '02:77:00:00:00:01');
  for (const text of ['', '02:77:00:00:00', '02:77:00:00:00:0g', '2:77:0:0:0:1'])
    assert.equal(macBytes(text), undefined);
});
