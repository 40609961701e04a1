/** core/vrrp/packet, core/vrrp/acceptance: bytes that keepalived 2.2.7 sent, and every reason to refuse others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeAdvertisement, type Expected } from '../../../src/core/vrrp/acceptance.js';
import { encodeAdvertisement, parseAdvertisement, vridOf } from '../../../src/core/vrrp/packet.js';
import type { Advertisement, PacketOrigin, Refusal } from '../../../src/core/vrrp/types.js';

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const GROUP: PacketOrigin = { source: '10.77.0.1', destination: '224.0.0.18', ttl: 255 };
const UNICAST: PacketOrigin = { source: '10.77.0.1', destination: '10.77.0.2', ttl: 255 };
const GROUP6: PacketOrigin = { source: 'fe80::77:ff:fe00:1', destination: 'ff02::12', ttl: 255 };
const UNICAST6: PacketOrigin = { source: 'fd77::1', destination: 'fd77::2', ttl: 64 };

function ad(fields: Partial<Advertisement>): Advertisement {
  const addresses = ['10.77.0.130'];
  const plain = {
    version: 2,
    family: 4,
    vrid: 51,
    priority: 102,
    intervalMs: 1000,
    password: '',
    authType: 0,
  } as const;
  return { ...plain, addresses, ...fields };
}

// Captured on a veth pair from keepalived 2.2.7, without the IP header.
const CAPTURED: readonly [what: string, hex: string, origin: PacketOrigin, says: Advertisement][] = [
  ['version 2 with PASS', '213366010101fe9e0a4d008268756e7465723200', GROUP, ad({ password: 'hunter2', authType: 1 })],
  [
    'its goodbye',
    '213300010101649f0a4d008268756e7465723200',
    GROUP,
    ad({ priority: 0, password: 'hunter2', authType: 1 }),
  ],
  [
    'version 2 without authentication, two addresses, 2 s',
    '21345a0200026f260a4d00830a4d00840000000000000000',
    GROUP,
    ad({ vrid: 52, priority: 90, intervalMs: 2000, addresses: ['10.77.0.131', '10.77.0.132'] }),
  ],
  [
    'version 2, unicast, a password of 8 bytes of 11',
    '213870010101f5720a4d00877365637265743132',
    UNICAST,
    ad({ vrid: 56, priority: 112, addresses: ['10.77.0.135'], password: 'secret12', authType: 1 }),
  ],
  [
    'version 3, 250 ms',
    '31356e0100196b010a4d0085',
    GROUP,
    ad({ version: 3, vrid: 53, priority: 110, intervalMs: 250, addresses: ['10.77.0.133'] }),
  ],
  [
    'version 3, unicast',
    '3137700100643e770a4d0086',
    UNICAST,
    ad({ version: 3, vrid: 55, priority: 112, addresses: ['10.77.0.134'] }),
  ],
  [
    'version 3 over IPv6',
    '31366f020032644efe800000000000000000000000770001fd770000000000000000000000000130',
    GROUP6,
    ad({
      version: 3,
      family: 6,
      vrid: 54,
      priority: 111,
      intervalMs: 500,
      addresses: ['fe80::77:1', 'fd77::130'],
    }),
  ],
  [
    'version 3 over IPv6, unicast',
    '31396f010064652efd770000000000000000000000000140',
    UNICAST6,
    ad({ version: 3, family: 6, vrid: 57, priority: 111, addresses: ['fd77::140'] }),
  ],
];

for (const [what, hex, origin, says] of CAPTURED) {
  test(`keepalived's ${what} is read`, () =>
    assert.deepEqual(parseAdvertisement(bytesOf(hex), says.family, origin), { ok: true, ad: says }));
  test(`keepalived's ${what} is written byte for byte`, () =>
    assert.equal(hexOf(encodeAdvertisement(says, origin.source, origin.destination)), hex));
}

const EXPECTED: Expected = {
  version: 2,
  family: 4,
  vrid: 51,
  intervalMs: 1000,
  addresses: ['10.77.0.130'],
  password: '',
  ownSources: ['10.77.0.2'],
  multicastGroup: '224.0.0.18',
  peers: [],
  checksSource: false,
  checkedSource: '',
};
const V3: Partial<Expected> = { version: 3 };
const PEERS: Partial<Expected> = {
  multicastGroup: '',
  peers: [{ ip: '10.77.0.9' }, { ip: '10.77.0.1', minTtl: 64, maxTtl: 128 }],
};

function verdict(bytes: Uint8Array, origin: PacketOrigin, expected: Partial<Expected>): string {
  const decoded = decodeAdvertisement(bytes, origin, { ...EXPECTED, ...expected });
  return decoded.ok ? 'accepted' : decoded.refusal;
}

type Row = [
  what: string,
  says: Partial<Advertisement>,
  verdict: Refusal | 'accepted',
  Partial<Expected>?,
  Partial<PacketOrigin>?,
];

// RFC 3768 §7.1, RFC 9568 §7.1. Marked (k): what keepalived 2.2.7 was seen to do with this packet.
const ROWS: readonly Row[] = [
  ['one that fits (k)', {}, 'accepted'],
  ['a TTL of 254 (k)', {}, 'ttl', {}, { ttl: 254 }],
  ['version 3 for a router of version 2 (k)', { version: 3 }, 'version'],
  ['version 2 for a router of version 3', {}, 'version', V3],
  ['our own source address', {}, 'own-packet', {}, { source: '10.77.0.2' }],
  ['another id', { vrid: 52 }, 'vrid-unknown'],
  ['unicast to a router that listens to the group (k)', {}, 'source', {}, { destination: '10.77.0.2' }],
  ['another interval in version 2 (k)', { intervalMs: 2000 }, 'interval'],
  ['another interval in version 3 (k)', { version: 3, intervalMs: 2000 }, 'accepted', V3],
  ['an interval of 0 in version 3', { version: 3, intervalMs: 0 }, 'interval', V3],
  ['another address (k)', { addresses: ['10.77.2.1'] }, 'addresses'],
  ['another address in version 3 (k)', { version: 3, addresses: ['10.77.2.1'] }, 'addresses', V3],
  ['another address, from the owner (k)', { priority: 255, addresses: ['10.77.2.1'] }, 'addresses'],
  [
    'another address of a master that was checked before (k)',
    { addresses: ['10.77.2.1'] },
    'accepted',
    { checkedSource: '10.77.0.1' },
  ],
  [
    'more addresses of a master that was checked before (k)',
    { addresses: ['10.77.2.1', '10.77.2.2'] },
    'accepted',
    { checkedSource: '10.77.0.1' },
  ],
  [
    'another address of a master that was not (k)',
    { addresses: ['10.77.2.1'] },
    'addresses',
    { checkedSource: '10.77.0.7' },
  ],
  ['one address too many (k)', { addresses: ['10.77.0.130', '10.77.2.1'] }, 'address-count'],
  ['no address (k)', { addresses: [] }, 'address-count'],
  [
    'two addresses in another order (k)',
    { addresses: ['10.0.0.2', '10.0.0.1'] },
    'accepted',
    { addresses: ['10.0.0.1', '10.0.0.2'] },
  ],
  ['a password where there is none (k)', { password: 'pass' }, 'auth-type'],
  ['no password where there is one (k)', {}, 'auth-type', { password: 'right' }],
  ['a wrong password (k)', { password: 'wrong' }, 'auth-pass', { password: 'right' }],
  ['a password that differs behind its 8th byte', { password: 'abcdefghX' }, 'accepted', { password: 'abcdefghY' }],
  ['unicast of a peer', {}, 'accepted', PEERS],
  ['unicast of a stranger, sources not checked (k)', {}, 'accepted', { ...PEERS, peers: [{ ip: '10.77.0.9' }] }],
  [
    'unicast of a stranger, sources checked (k)',
    {},
    'source',
    { ...PEERS, peers: [{ ip: '10.77.0.9' }], checksSource: true },
  ],
  ['unicast with a TTL of 64 (k)', {}, 'accepted', { ...PEERS, peers: [{ ip: '10.77.0.1' }] }, { ttl: 64 }],
  ['a TTL below min_ttl of the peer', {}, 'ttl', PEERS, { ttl: 63 }],
  ['a TTL above max_ttl of the peer', {}, 'ttl', PEERS, { ttl: 129 }],
  ['an owner although we are one', { priority: 255 }, 'accepted'],
];

for (const [what, says, expected, settings = {}, from = {}] of ROWS)
  test(`${what}: ${expected}`, () => {
    const origin = {
      ...GROUP,
      ...(settings.multicastGroup === '' ? UNICAST : {}),
      ...(settings === PEERS ? { ttl: 64 } : {}),
      ...from,
    };
    const bytes = encodeAdvertisement(ad(says), origin.source, origin.destination);
    assert.equal(verdict(bytes, origin, settings), expected);
  });

function damaged(change: (bytes: number[]) => void, says: Partial<Advertisement> = {}): Uint8Array {
  const bytes = [...encodeAdvertisement(ad(says), GROUP.source, GROUP.destination)];
  change(bytes);
  return Uint8Array.from(bytes);
}

// Each of these is (k) as well.
const DAMAGE: readonly [
  what: string,
  bytes: Uint8Array,
  verdict: Refusal | 'accepted',
  expected?: Partial<Expected>,
][] = [
  ['nothing at all', new Uint8Array(0), 'truncated'],
  ['seven bytes', damaged((b) => b.splice(7)), 'truncated'],
  ['four bytes missing', damaged((b) => b.splice(16)), 'truncated'],
  ['four bytes too many', damaged((b) => b.push(0, 0, 0, 0)), 'oversized'],
  ['a count that is too high', damaged((b) => (b[3] = 2)), 'truncated'],
  ['a wrong checksum', damaged((b) => (b[6] ^= 0x55)), 'checksum'],
  ['a wrong checksum in version 3', damaged((b) => (b[6] ^= 0x55), { version: 3 }), 'checksum', V3],
  ['version 3 with a checksum without pseudo-header', bytesOf('31336601006410180a4d0082'), 'checksum', V3],
  ['type 2', damaged((b) => (b[0] = 0x22)), 'type'],
  ['version 4', damaged((b) => (b[0] = 0x41)), 'version'],
];

for (const [what, bytes, expected, settings = {}] of DAMAGE)
  test(`${what}: ${expected}`, () => assert.equal(verdict(bytes, GROUP, settings), expected));

test('reserved bits of version 3 are ignored', () => {
  const bytes = encodeAdvertisement(ad({ version: 3 }), GROUP.source, GROUP.destination);
  bytes[4] |= 0x50;
  bytes[6] -= 0x50;
  assert.equal(verdict(bytes, GROUP, V3), 'accepted');
});

test('version 2 does not exist over IPv6', () => {
  const bytes = encodeAdvertisement(ad({}), GROUP.source, GROUP.destination);
  assert.equal(verdict(bytes, GROUP6, { family: 6, multicastGroup: 'ff02::12', version: 3 }), 'version');
});

test('the id is read before anything else is known', () => {
  assert.equal(vridOf(bytesOf('2133')), 51);
  assert.equal(vridOf(bytesOf('21')), undefined);
});

// ── Anything may come out of a socket ───────────────────────────────────────────────────────────────────────────────

const family = fc.constantFrom<4 | 6>(4, 6);

test('random bytes are refused, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), family, fc.boolean(), (bytes, of, isUnicast) => {
      const origin = of === 4 ? GROUP : GROUP6;
      const group = isUnicast ? '' : origin.destination;
      const decoded = decodeAdvertisement(bytes, origin, { ...EXPECTED, family: of, multicastGroup: group });
      assert.equal(decoded.ok, false);
    }),
    { numRuns: 2000 },
  );
});

const anyAd = fc.record({
  version: fc.constantFrom<2 | 3>(2, 3),
  vrid: fc.integer({ min: 1, max: 255 }),
  priority: fc.integer({ min: 0, max: 255 }),
  seconds: fc.integer({ min: 1, max: 40 }),
  count: fc.integer({ min: 0, max: 255 }),
  password: fc.stringMatching(/^[!-~]{0,8}$/),
});

test('what is written is read again', () => {
  fc.assert(
    fc.property(anyAd, ({ version, seconds, count, password, ...rest }) => {
      const auth = version === 2 ? { password, authType: password === '' ? 0 : 1 } : {};
      const addresses = Array.from({ length: count }, (_, i) => `10.1.${i}.7`);
      const says = ad({ ...rest, ...auth, version, intervalMs: seconds * 1000, addresses });
      const bytes = encodeAdvertisement(says, GROUP.source, GROUP.destination);
      assert.deepEqual(parseAdvertisement(bytes, 4, GROUP), { ok: true, ad: says });
    }),
  );
});

test('an advertisement with one bit flipped, cut short or made longer is refused', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CAPTURED),
      fc.nat(),
      fc.constantFrom('flip', 'cut', 'grow'),
      ([, hex, origin, says], n, how) => {
        const bytes = [...bytesOf(hex)];
        if (how === 'flip') bytes[n % bytes.length] ^= 1 << (n % 8);
        else if (how === 'cut') bytes.splice(n % bytes.length);
        else bytes.push(...new Array<number>(1 + (n % 40)).fill(n & 255));
        assert.equal(parseAdvertisement(Uint8Array.from(bytes), says.family, origin).ok, false);
      },
    ),
    { numRuns: 1000 },
  );
});
