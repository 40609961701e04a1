/** `fairlead vip sniff`: what it says of a packet, what it makes of many, and that it hears a real keepalived. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdvertSums, advertJson, advertLine, type Heard, readAdvert } from '../../src/cli/vip/advert-lines.js';
import { PLAIN } from '../../src/core/events/story.js';
import { encodeAdvertisement } from '../../src/core/vrrp/packet.js';
import type { Advertisement } from '../../src/core/vrrp/types.js';
import { packetOf } from '../../src/linux/sniff-socket.js';
import { BIN, file, start, workDirectory } from '../daemon/program.js';
import { systemTest } from '../support/peers.js';

const AT_MS = new Date(2026, 10, 21, 12, 1, 2, 345).getTime();

const AD: Advertisement = {
  version: 2,
  family: 4,
  vrid: 51,
  priority: 104,
  intervalMs: 1000,
  addresses: ['10.0.0.130'],
  password: '1111',
  authType: 1,
};

function heard(ad: Partial<Advertisement> = {}, more: Partial<Heard> = {}): Heard {
  const origin = { source: '10.0.0.101', destination: '224.0.0.18', ttl: 255, ...more };
  const payload = encodeAdvertisement({ ...AD, ...ad }, origin.source, origin.destination);
  return { atMs: AT_MS, interface: 'eth1', family: ad.family ?? 4, payload, ...origin, ...more };
}

function changed(payload: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = payload.slice();
  copy[at] = byte;
  return copy;
}

const V6 = { source: 'fe80::1', destination: 'ff02::12' };
// what, packet, line behind the time and the interface
for (const [what, packet, line] of [
  ['version 2', heard(), 'v2 vrid 51 prio 104 10.0.0.101 -> 224.0.0.18 every 1 s auth PASS [10.0.0.130]'],
  [
    'without a password',
    heard({ password: '' }),
    'v2 vrid 51 prio 104 10.0.0.101 -> 224.0.0.18 every 1 s [10.0.0.130]',
  ],
  [
    'a goodbye',
    heard({ priority: 0 }),
    'v2 vrid 51 prio 0 (goodbye) 10.0.0.101 -> 224.0.0.18 every 1 s auth PASS [10.0.0.130]',
  ],
  [
    'version 3 over IPv6',
    heard({ version: 3, family: 6, intervalMs: 20, addresses: ['fe80::53', '2001:db8::53'] }, V6),
    'v3 vrid 51 prio 104 fe80::1 -> ff02::12 every 20 ms [fe80::53 2001:db8::53]',
  ],
  [
    'a wrong TTL',
    heard({}, { ttl: 64 }),
    'v2 vrid 51 prio 104 10.0.0.101 -> 224.0.0.18 every 1 s auth PASS [10.0.0.130]  ttl: 64, not 255: it came through a router or is forged',
  ],
  [
    'to a peer, who may be behind a router',
    heard({}, { ttl: 64, destination: '10.0.0.102' }),
    'v2 vrid 51 prio 104 10.0.0.101 -> 10.0.0.102 every 1 s auth PASS [10.0.0.130]',
  ],
  [
    'a wrong checksum',
    heard({}, { payload: changed(heard().payload, 2, 105) }),
    /^v2 vrid 51 prio 105 .* {2}checksum: checksum 0x[0-9a-f]{4} is not that of these bytes$/,
  ],
  [
    'too long',
    heard({}, { payload: new Uint8Array([...heard().payload, 0, 0]) }),
    /\] {2}oversized: 22 bytes, with 1 addresses it must have 20$/,
  ],
  [
    'too short',
    heard({}, { payload: heard().payload.slice(0, 10) }),
    /^10\.0\.0\.101 -> 224\.0\.0\.18 {2}truncated: 10 bytes, /,
  ],
  ['nothing', heard({}, { payload: new Uint8Array(0) }), /^10\.0\.0\.101 -> 224\.0\.0\.18 {2}truncated: 0 bytes, /],
  ['another version', heard({}, { payload: changed(heard().payload, 0, 0x41) }), / {2}version: version 4, /],
] as const)
  test(`a line: ${what}`, () => {
    const text = advertLine(readAdvert(packet), PLAIN);
    const [prefix, rest] = [text.slice(0, 18), text.slice(18)];
    assert.equal(prefix, '12:01:02.345 eth1 ');
    if (typeof line === 'string') assert.equal(rest, line);
    else assert.match(rest, line);
  });

test('JSON has what was said, and not the password', () => {
  const { ad, faults, ttl } = JSON.parse(advertJson(readAdvert(heard())));
  assert.deepEqual(
    { ad, faults, ttl },
    {
      ad: { version: 2, family: 4, vrid: 51, priority: 104, intervalMs: 1000, addresses: ['10.0.0.130'], authType: 1 },
      faults: [],
      ttl: 255,
    },
  );
  assert.equal(advertJson(readAdvert(heard())).includes('1111'), false);
});

// ── Sums ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Each source sends from `from` to `to` seconds, every `everyMs`. */
function summed(
  ...talks: readonly { source?: string; ad?: Partial<Advertisement>; from: number; to: number; everyMs?: number }[]
) {
  const packets = talks.flatMap(({ source = '10.0.0.101', ad = {}, from, to, everyMs = 1000 }) => {
    const count = Math.floor(((to - from) * 1000) / everyMs);
    return Array.from({ length: count }, (_, i) => heard(ad, { source, atMs: AT_MS + from * 1000 + i * everyMs }));
  });
  const sums = new AdvertSums();
  for (const packet of packets.sort((a, b) => a.atMs - b.atMs)) sums.add(readAdvert(packet));
  return sums.text(PLAIN);
}

const OTHER = { source: '10.0.0.102', ad: { priority: 102 } };

test('sums: one router in good order', () => {
  assert.equal(
    summed({ from: 0, to: 10 }),
    '10 packets\n  vrid 51 from 10.0.0.101: 10 adverts, prio 104, every 1 s as it says\n',
  );
});

test('sums: one after the other is no dispute', () => {
  const goodbye = { from: 10, to: 11, ad: { priority: 0 } };
  assert.equal(
    summed({ from: 0, to: 10 }, goodbye, { ...OTHER, from: 20, to: 25 }),
    `16 packets
  vrid 51 from 10.0.0.101: 11 adverts, prio 104, every 1 s as it says, 1 goodbye
  vrid 51 from 10.0.0.102: 5 adverts, prio 102, every 1 s as it says
`,
  );
});

test('sums: two masters at a time', () => {
  assert.match(
    summed({ from: 0, to: 10 }, { ...OTHER, from: 3, to: 9 }),
    /\n {2}vrid 51: two masters at a time, 10\.0\.0\.101 and 10\.0\.0\.102: they do not hear each other/,
  );
});

test('sums: two programs that speak for one router', () => {
  const text = summed({ from: 0, to: 5 }, { from: 0.002, to: 5.002 });
  assert.match(
    text,
    /\n {2}vrid 51: 10\.0\.0\.101 sends more often than it says: two programs with one id and one address\?\n$/,
  );
});

test('sums: what differs between routers, and an interval that is not kept', () => {
  const text = summed(
    { from: 0, to: 10, everyMs: 2500 },
    { source: '10.0.0.102', from: 40, to: 50, ad: { intervalMs: 2000, addresses: ['10.0.0.131'], password: '' } },
    { source: '10.0.0.103', from: 60, to: 62, ad: { version: 3 } },
  );
  for (const line of [
    'vrid 51 from 10.0.0.101: 4 adverts, prio 104, every 2.5 s, says 1 s',
    'vrid 51: intervals differ, 1 s and 2 s: write the same advert_int on all',
    'vrid 51: versions differ, VRRPv2 and VRRPv3: write the same version on all',
    'vrid 51: addresses differ, [10.0.0.130] and [10.0.0.131]: write the same virtual_ipaddress on all',
    'vrid 51: authentication differ, PASS and none: write the same on all',
  ])
    assert.ok(text.includes(`  ${line}\n`), `${line}\n${text}`);
});

test('sums: packets with faults are counted, and ever new sources fill no memory', () => {
  const sums = new AdvertSums();
  sums.add(readAdvert(heard({}, { payload: new Uint8Array(3) })));
  for (let i = 0; i < 3000; i++) sums.add(readAdvert(heard({}, { source: `10.1.${i >> 8}.${i & 255}` })));
  const lines = sums.text(PLAIN).split('\n');
  assert.equal(lines[0], '3001 packets, 1 with faults');
  assert.equal(lines.filter((line) => line.includes(' from ')).length, 1000);
});

// ── From the wire ───────────────────────────────────────────────────────────────────────────────────────────────────

test('any bytes are read, and only VRRP is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      const found = packetOf(bytes, bytes.length);
      if (found !== null) advertLine(readAdvert({ ...found, atMs: 0, interface: 'x' }), PLAIN);
    }),
    { numRuns: 2000 },
  );
  const header = [0x45, 0, 0, 40, 0, 0, 0, 0, 255, 112, 0, 0, 10, 0, 0, 1, 224, 0, 0, 18];
  const packet = new Uint8Array([...header, ...heard().payload, 0, 0, 0, 0, 0, 0]); // padding of Ethernet
  assert.deepEqual(
    { ...packetOf(packet, packet.length), payload: null },
    {
      family: 4,
      source: '10.0.0.1',
      destination: '224.0.0.18',
      ttl: 255,
      payload: null,
    },
  );
  assert.equal(packetOf(packet, packet.length)!.payload.length, 20, 'without the padding');
  assert.equal(packetOf(changed(packet, 9, 17), packet.length), null, 'UDP');
  assert.equal(packetOf(changed(packet, 7, 1), packet.length), null, 'a later fragment');
});

systemTest(
  'a real keepalived is heard, both ways',
  { commands: ['keepalived', 'ip', 'unshare'], root: true },
  async (t) => {
    const directory = workDirectory(t);
    const config = file(
      directory,
      'k.conf',
      'vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 51\n priority 101\n advert_int 1\n authentication {\n auth_type PASS\n auth_pass 1111\n }\n virtual_ipaddress {\n 10.0.0.130\n }\n}\n',
    );
    const script = `ip link add eth1 type veth peer name eth2 && ip link set eth2 up && ip addr add 10.0.0.101/24 dev eth1 && ip link set eth1 up && mount -t tmpfs none /run
keepalived -n -G -f ${config} & sleep 4
for i in eth1 eth2; do ${process.execPath} ${BIN} vip sniff -i $i --count 2; done
${process.execPath} ${BIN} vip sniff -i lo --duration 200ms; echo "exit $?"
kill %1; wait`;
    const child = start(t, ['unshare', '--net', '--mount', 'bash', '-c', script]);
    await child.ended;
    const line = String.raw`[\d:.]{12} ETH v2 vrid 51 prio 101 10\.0\.0\.101 -> 224\.0\.0\.18 every 1 s auth PASS \[10\.0\.0\.130\]\n`;
    for (const name of ['eth1', 'eth2']) {
      const sum = String.raw`2 packets\n {2}vrid 51 from 10\.0\.0\.101: 2 adverts, prio 101, every 1 s as it says\n`;
      assert.match(child.output(), new RegExp(`(${line.replace('ETH', name)}){2}${sum}`));
    }
    assert.match(child.output(), /0 packets\nexit 3\n/);
  },
);

// arguments, what is said
for (const [args, said] of [
  [['-i', 'nonexistent0'], /there is no interface 'nonexistent0'; 'ip link' lists them\n$/],
  [['-i', 'lo', '--count', '0'], /argument '0' is invalid\. a number above 0\.\n$/],
  [[], /required option '-i, --interface <name>' not specified\n$/],
] as const)
  test(`vip sniff ${args.join(' ')} is refused`, async (t) => {
    const child = start(t, [process.execPath, BIN, 'vip', 'sniff', ...args]);
    assert.equal(await child.ended, 1);
    assert.match(child.output(), said);
  });
