/** Addresses between text, network-order words and sockaddr structures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AF_INET, AF_INET6 } from '../../src/linux/constants.js';
import { InetAddress } from '../../src/linux/inet-address.js';
import { ipText, ipToWords, SockAddr } from '../../src/linux/sockaddr.js';

// text in, text out (RFC 5952)
for (const [text, canonical] of [
  ['127.0.0.1', '127.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
] as const)
  test(`${text} is ${canonical}`, () => assert.equal(throughSockAddr(text, 80).host, canonical));

function throughSockAddr(text: string, port: number): { host: string; port: number; family: number } {
  const { family, words } = ipToWords(text);
  const sockaddr = new SockAddr();
  sockaddr.setInet(family, words, 0, port);
  const kept = new InetAddress();
  kept.take(sockaddr);
  const again = new SockAddr();
  kept.put(again);
  assert.deepEqual(again.buffer.bytes.slice(0, again.length), sockaddr.buffer.bytes.slice(0, sockaddr.length));
  const ip = new Uint8Array(16);
  return { host: ipText(kept.copyIp(ip), ip), port: again.port, family: again.family };
}

test('every IPv4 address and port survives the way through sockaddr and back', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(65_535), (ip, port) => {
      assert.deepEqual(throughSockAddr(ip, port), { host: ip, port, family: AF_INET });
    }),
  );
});

test('every IPv6 address means the same after the way through sockaddr and back', () => {
  fc.assert(
    fc.property(fc.ipV6(), (ip) => {
      const once = throughSockAddr(ip, 1);
      if (once.host.includes('.')) return; // IPv4-mapped: shown as IPv4
      assert.equal(once.family, AF_INET6);
      assert.deepEqual(ipToWords(once.host).words, ipToWords(ip).words);
    }),
  );
});

test('a unix path is cut at what sockaddr_un holds, never written past it', () => {
  const address = new SockAddr();
  address.setUnix('x'.repeat(500));
  assert.ok(address.length <= 110);
});
