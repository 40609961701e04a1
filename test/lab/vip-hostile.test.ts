/** Packets that no honest router sends: Fairlead counts them by what is wrong, and does nothing that they ask for. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { sleep } from '../../lab/support/wait.js';
import { addressOf, INTERFACE, macOf } from '../../lab/vip/network.js';
import type { VipStatus } from '../../src/core/vrrp/messages.js';
import type { Refusal } from '../../src/core/vrrp/types.js';
import { systemTest } from '../support/peers.js';
import { type Handmade, send, type Version2, version2 } from './vip-packets.js';
import { Routers, VIP, VIP_NEEDS } from './vip-routers.js';

const NEEDS = { ...VIP_NEEDS, commands: [...VIP_NEEDS.commands, 'python3', 'dumpcap', 'tshark'], timeoutMs: 90_000 };

const GROUP = '224.0.0.18';
const PASSWORD = 'secret12';
/** Would take the address from anybody who acts on it. */
const GREEDY: Version2 = { vrid: 51, priority: 255, intervalS: 1, addresses: [VIP[4]], password: PASSWORD };
const CLIENT = addressOf('client');
const TIMES = 3;
const RANDOM = 500;

/** A router that listens to one peer alone, and has another id. */
const CHOOSY = `vrrp_instance VI_2 {
  interface ${INTERFACE}
  virtual_router_id 52
  priority 200
  unicast_src_ip ${addressOf('a')}
  check_unicast_src
  unicast_peer {
    ${addressOf('b')}
  }
  virtual_ipaddress {
    10.0.0.131
  }
}
`;

const toGroup = (payload: Buffer, ttl = 255): Handmade => ({ source: CLIENT, destination: GROUP, ttl, payload });
const good = version2(GREEDY);
const WRONG: readonly (readonly [Refusal, Handmade])[] = [
  ['truncated', toGroup(good.subarray(0, 7))],
  ['truncated', toGroup(good.subarray(0, 15))],
  ['oversized', toGroup(Buffer.concat([good, Buffer.alloc(900)]))],
  ['checksum', toGroup(Buffer.concat([good.subarray(0, 6), Buffer.from([0xba, 0xad]), good.subarray(8)]))],
  ['version', toGroup(Buffer.concat([Buffer.from([0x41]), good.subarray(1)]))],
  ['type', toGroup(Buffer.concat([Buffer.from([0x22]), good.subarray(1)]))],
  ['ttl', toGroup(good, 254)],
  ['ttl', toGroup(good, 1)],
  ['auth-pass', toGroup(version2({ ...GREEDY, password: 'secret13' }))],
  ['auth-type', toGroup(version2({ ...GREEDY, password: '' }))],
  ['address-count', toGroup(version2({ ...GREEDY, addresses: [VIP[4], '10.0.0.66'] }))],
  ['addresses', toGroup(version2({ ...GREEDY, addresses: ['10.0.0.66'] }))],
  ['interval', toGroup(version2({ ...GREEDY, intervalS: 7 }))],
  ['vrid-unknown', toGroup(version2({ ...GREEDY, vrid: 99 }))],
];

systemTest('bad packets are counted, and never acted on', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b', 'client']);
  const router = {
    version: 2,
    family: 4,
    transport: 'multicast',
    priority: 200,
    intervalS: 1,
    password: PASSWORD,
  } as const;
  routers.start('a', 'fairlead', routers.fileFor('a', router, []) + CHOOSY);
  await routers.untilHeldBy(['a'], 25_000);
  await routers.untilHeldBy(['a'], 25_000, '10.0.0.131');
  const before = routers.status('a');
  const capture = await routers.capture('client');

  for (let n = 0; n < TIMES; n++)
    send(
      routers.host('client'),
      WRONG.map(([, packet]) => packet),
    );
  const stranger = { ...GREEDY, vrid: 52, password: '', addresses: ['10.0.0.131'] };
  const spoofed = { source: CLIENT, destination: addressOf('a'), ttl: 255, payload: version2(stranger) };
  for (let n = 0; n < TIMES; n++) send(routers.host('client'), [spoofed], macOf('a'));
  send(routers.host('client'), Array.from({ length: RANDOM }, randomPacket));
  await sleep(2500); // an interval and more: whoever had believed any of it would be silent now
  await capture.end();

  assert.deepEqual(routers.holders(), ['a']);
  assert.deepEqual(routers.holders('10.0.0.131'), ['a']);
  const after = routers.status('a');
  for (const { name, state, transitions } of after.instances) {
    assert.equal(state, 'MASTER', name);
    assert.deepEqual(transitions, before.instances.find((one) => one.name === name)?.transitions, name);
  }
  const expected = new Map<string, number>([['source', TIMES]]);
  for (const [reason] of WRONG) expected.set(reason, (expected.get(reason) ?? 0) + TIMES);
  const counted = refusals(after);
  for (const [reason, count] of expected)
    assert.ok((counted[reason] ?? 0) >= count, `${reason}: ${counted[reason] ?? 0} counted, ${count} were sent`);
  const sent = [...expected.values()].reduce((sum, count) => sum + count, RANDOM);
  const all = Object.values(counted).reduce((sum, count) => sum + count, 0);
  assert.ok(all >= sent, `${all} refused of ${sent}`);
  // The same eyes that find nothing to complain of in our own adverts.
  assert.ok(capture.complaints().length > 0, 'tshark complains of bad packets');
});

/** Mostly nonsense, partly with a right beginning, so that more of the decoder is met. */
function randomPacket(): Handmade {
  const payload = randomBytes(Math.floor(Math.random() * 60));
  if (payload.length > 2 && payload[0] % 2 === 0) payload.set([payload[0] % 4 === 0 ? 0x21 : 0x31, 51]);
  return toGroup(payload);
}

/** Of all instances, and of none. */
function refusals(status: VipStatus): { [reason: string]: number } {
  const sums: { [reason: string]: number } = {};
  for (const refused of [status.refused, ...status.instances.map(({ counters }) => counters.refused)])
    for (const [reason, count] of Object.entries(refused)) sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}
