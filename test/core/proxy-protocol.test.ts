/** core/proxy-protocol: proxy-protocol.txt clause by clause, every truncation, random bytes, and the real HAProxy. */
import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipv6Text, parseIpv6 } from '../../src/core/ip.js';
import { encodeV1, encodeV2, type ProxyAddresses, parseProxyHeader } from '../../src/core/proxy-protocol.js';

const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const V2 = '0d0a0d0a000d0a515549540a';
const IP4 = '7f000001 0a000002 1234 0050';
const ffff = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

/** `ok 1.2.3.4:5 6.7.8.9:10`, `local`, `need-more`, `bad`, and the bytes taken. */
function verdict(bytes: Uint8Array): string {
  const r = parseProxyHeader(bytes, bytes.length);
  if (r.status !== 'ok') return r.status;
  if (r.local) return `local ${r.bytes}`;
  const ip = (b: Uint8Array) => (r.family === 4 ? b.subarray(0, 4).join('.') : ipv6Text(b));
  return `${ip(r.source)} ${r.sourcePort} ${ip(r.destination)} ${r.destinationPort} ${r.bytes}`;
}

// Section 2.1: the line, what is understood.
for (const [line, expected] of [
  ['PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n', '192.168.0.1 56324 192.168.0.11 443 47'],
  ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', '255.255.255.255 65535 255.255.255.255 65535 56'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\nGET /', '1.2.3.4 0 5.6.7.8 0 32'],
  [`PROXY TCP6 ${ffff} ${ffff} 65535 65535\r\n`, `${ffff} 65535 ${ffff} 65535 104`],
  ['PROXY TCP6 ::1 2001:DB8::a 1 2\r\n', '::1 1 2001:db8::a 2 32'],
  ['PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n', '::ffff:1.2.3.4 1 ::1 2 35'],
  ['PROXY UNKNOWN\r\n', 'local 15'],
  [`PROXY UNKNOWN ${ffff} ${ffff} 65535 65535\r\n`, 'local 107'],
  ['PROXY UNKNOWN what ever\r\nrest', 'local 25'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r', 'need-more'],
  ['PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n', 'bad'],
  ['PROXY TCP4 ::1 ::1 1 2\r\n', 'bad'],
  ['PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n', 'bad'],
  ['PROXY TCP6 1::2::3 ::1 1 2\r\n', 'bad'],
  ['PROXY TCP6 12345::1 ::1 1 2\r\n', 'bad'],
  ['PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n', 'bad'],
  ['PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n', 'bad'],
  ['PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n', 'bad'],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n', 'bad'],
  ['PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n', 'bad'],
  ['PROXY UNKNOWNX\r\n', 'bad'],
  ['PROXY \r\n', 'bad'],
  ['proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n', 'bad'],
  ['GET / HTTP/1.0\r\n', 'bad'],
  ['PROXY', 'need-more'],
  ['', 'need-more'],
  [`PROXY UNKNOWN ${'x'.repeat(92)}`, 'need-more'],
  [`PROXY UNKNOWN ${'x'.repeat(93)}`, 'bad'],
] as const)
  test(`v1 ${JSON.stringify(line)} is ${expected}`, () => assert.equal(verdict(ascii(line)), expected));

// Section 2.2: what follows the signature.
for (const [rest, expected] of [
  [`21 11 000c ${IP4}`, '127.0.0.1 4660 10.0.0.2 80 28'],
  [`21 21 0024 ${'00'.repeat(15)}01 ${'00'.repeat(15)}02 0001 0002`, '::1 1 ::2 2 52'],
  ['20 00 0000', 'local 16'],
  ['20 11 0003 aabbcc', 'local 19'],
  ['21 00 0004 00000000', 'local 20'],
  [`21 31 00d8 ${'61'.repeat(216)}`, 'local 232'],
  [`21 31 00d7 ${'61'.repeat(215)}`, 'bad'],
  [`11 11 000c ${IP4}`, 'bad'],
  [`22 11 000c ${IP4}`, 'bad'],
  [`21 41 000c ${IP4}`, 'bad'],
  [`21 13 000c ${IP4}`, 'bad'],
  [`21 11 000b ${IP4.slice(0, -2)}`, 'bad'],
  [`21 11 000f ${IP4} 04 0000`, '127.0.0.1 4660 10.0.0.2 80 31'],
  [`21 11 0012 ${IP4} 02 0003 616263`, '127.0.0.1 4660 10.0.0.2 80 34'],
  [`21 11 0012 ${IP4} 02 0004 616263`, 'bad'],
  [`21 11 000e ${IP4} 02 00`, 'bad'],
  [`21 11 0013 ${IP4} 03 0004 00000000`, 'bad'],
  [`21 11 0013 ${IP4} 03 0004 ${crc32c(`${V2}21110013${IP4}03000400000000`)}`, '127.0.0.1 4660 10.0.0.2 80 35'],
] as const)
  test(`v2 ${rest.length > 90 ? `${rest.slice(0, 60)}…` : rest} is ${expected}`, () => {
    const bytes = hex(V2 + rest);
    assert.equal(verdict(bytes), expected);
    for (let n = 0; n < 16; n++) assert.match(verdict(bytes.subarray(0, n)), /need-more/);
  });

/** RFC 4960 appendix B, bit by bit; the known answer of `123456789` is checked below. */
function crc32c(text: string): string {
  let crc = 0xffffffff;
  for (const byte of hex(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}

test('the checksum of these tests is CRC32c', () =>
  assert.equal(crc32c(Buffer.from('123456789').toString('hex')), 'e3069283'));

const port = fc.integer({ min: 0, max: 65_535 });
const octets = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const addresses: fc.Arbitrary<ProxyAddresses> = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), octets(16), port, octets(16), port)
  .map(([family, source, sourcePort, destination, destinationPort]) => {
    if (family === 4) for (const b of [source, destination]) b.fill(0, 4);
    return { family, source, sourcePort, destination, destinationPort };
  });

for (const [name, encode] of [
  ['v1', encodeV1],
  ['v2', encodeV2],
] as const)
  test(`${name}: what is encoded is parsed back, whatever follows, and every truncation needs more`, () => {
    fc.assert(
      fc.property(addresses, fc.uint8Array({ maxLength: 20 }), (a, rest) => {
        const into = new Uint8Array(256);
        const length = encode(into, a);
        into.set(rest, length);
        const parsed = parseProxyHeader(into, length + rest.length);
        assert.deepEqual(parsed, { status: 'ok', bytes: length, local: false, ...a });
        for (let n = 0; n < length; n++) assert.equal(parseProxyHeader(into, n).status, 'need-more');
      }),
    );
  });

test('unknown addresses are UNKNOWN and LOCAL', () => {
  const none = { family: 0, source: octets0, sourcePort: 1, destination: octets0, destinationPort: 2 } as const;
  const into = new Uint8Array(256);
  assert.equal(Buffer.from(into.subarray(0, encodeV1(into, none))).toString(), 'PROXY UNKNOWN\r\n');
  assert.equal(Buffer.from(into.subarray(0, encodeV2(into, none))).toString('hex'), `${V2}20000000`);
});

const octets0 = new Uint8Array(16);

test('random bytes never crash, and what is taken was there', () => {
  const start = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    'PROXY TCP6 ::',
    Buffer.from(V2, 'hex').toString('latin1'),
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 400 }), (prefix, rest) => {
      const bytes = Uint8Array.from([...ascii(prefix), ...rest]);
      const r = parseProxyHeader(bytes, bytes.length);
      if (r.status === 'ok') assert.ok(r.bytes <= bytes.length);
      if (r.status === 'need-more') assert.ok(bytes.length < 16 + 65_535);
    }),
    { numRuns: 2000 },
  );
});

test('one flipped bit in a checksummed header is noticed', () => {
  const sum = crc32c(`${V2}21110013${IP4}03000400000000`);
  const good = hex(`${V2}21110013${IP4}030004${sum}`);
  for (let bit = 16 * 8; bit < good.length * 8; bit++) {
    const bytes = good.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    // In the type of the TLV itself the flip hides the checksum; its length then still has to fit.
    if (bit >> 3 === 28) continue;
    assert.notEqual(verdict(bytes), verdict(good), `bit ${bit}`);
  }
});

test('IPv6 text is what Node reads, and comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 0xabc, 0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Uint8Array.from(groups.flatMap((g) => [g >> 8, g & 255]));
      assert.ok(isIPv6(ipv6Text(bytes)), ipv6Text(bytes));
      assert.deepEqual(parseIpv6(ipv6Text(bytes)), bytes);
    }),
  );
});
