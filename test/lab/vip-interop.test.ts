/**
 * Fairlead and the real keepalived are each other's peer, either with the higher priority, in every way that they can
 * speak: election, preemption, a goodbye, a death, a return; and tshark reads what they said without complaint.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { sleep } from '../../lab/support/wait.js';
import type { Program } from '../../lab/vip/programs.js';
import { systemTest } from '../support/peers.js';
import { type Router, Routers, VIP, VIP_NEEDS } from './vip-routers.js';

const NEEDS = { ...VIP_NEEDS, commands: [...VIP_NEEDS.commands, 'dumpcap', 'tshark'], timeoutMs: 120_000 };

type Way = Omit<Router, 'priority'>;
const SECONDS = { version: 2, family: 4, intervalS: 1 } as const;
const TENTHS = { version: 3, intervalS: 0.1 } as const;
const WAYS: { readonly [name: string]: Way } = {
  'version 2, multicast, PASS': { ...SECONDS, transport: 'multicast', password: 'secret12' },
  'version 2, unicast, PASS': { ...SECONDS, transport: 'unicast', password: 'abc' },
  'version 3, multicast': { ...TENTHS, family: 4, transport: 'multicast' },
  'version 3, unicast': { ...TENTHS, family: 4, transport: 'unicast' },
  'version 3, IPv6 multicast': { ...TENTHS, family: 6, transport: 'multicast', addresses: ['fe80::130', VIP[6]] },
  'version 3, IPv6 unicast': { ...TENTHS, family: 6, transport: 'unicast', addresses: ['fe80::130', VIP[6]] },
};

/** With little skew, so that a takeover by silence takes three intervals. */
const HIGH = 250;
const LOW = 240;
/** A start of Node, of keepalived, and a busy machine. */
const PATIENCE_MS = 20_000;

for (const [name, way] of Object.entries(WAYS))
  systemTest(`${name}: Fairlead and keepalived, either way round`, NEEDS, async (t) => {
    // Both at once: they wait for most of their time.
    await Promise.all([meet(t, way, 'fairlead', 'keepalived'), meet(t, way, 'keepalived', 'fairlead')]);
  });

/** @param high what host `a` runs, which has the higher priority */
async function meet(t: TestContext, way: Way, high: Program, low: Program): Promise<void> {
  const address = VIP[way.family];
  const silenceMs = 4 * way.intervalS * 1000 + PATIENCE_MS;
  const routers = await Routers.open(t, ['a', 'b']);
  const startHigh = () => routers.start('a', high, routers.fileFor('a', { ...way, priority: HIGH }, ['b']));
  const capture = await routers.capture('a');

  routers.start('b', low, routers.fileFor('b', { ...way, priority: LOW }, ['a']));
  await routers.untilHeldBy(['b'], silenceMs, address);
  startHigh();
  await routers.untilHeldBy(['a'], silenceMs, address);
  await staysWith(routers, 'a', address, way);

  routers.signal('a', high, 'SIGTERM');
  const goodbyeMs = await routers.untilHeldBy(['b'], silenceMs, address);
  await routers.ended('a', high);
  startHigh();
  await routers.untilHeldBy(['a'], silenceMs, address);
  await sleep(2 * way.intervalS * 1000);

  routers.signal('a', high === 'fairlead' ? 'fairlead alone' : high, 'SIGKILL');
  if (high === 'keepalived') routers.host('a').run('ip', ['address', 'flush', 'to', address]);
  await routers.untilHeldBy(['b'], silenceMs, address);
  await capture.end();

  t.diagnostic(`${high} over ${low}: taken over ${goodbyeMs} ms after the goodbye`);
  const goodbyes = capture.fields('vrrp.prio == 0', ['frame.time_epoch']);
  assert.ok(goodbyes.length > 0, `${high} said no goodbye`);
  assert.deepEqual(capture.complaints(), [], `${high} over ${low}: tshark complains`);
  if (low === 'fairlead') assertNothingRefused(routers, 'b');
}

/** Nobody changes his mind: the other is told who has the address, and believes it. */
async function staysWith(routers: Routers, place: 'a', address: string, way: Way): Promise<void> {
  await sleep(4 * way.intervalS * 1000);
  assert.deepEqual(routers.holders(address), [place]);
}

/** keepalived sends the same words twice at once when it takes over from somebody who still speaks. */
const HARMLESS = ['own-packet', 'replayed'];

function assertNothingRefused(routers: Routers, place: 'b'): void {
  const { counters } = routers.instance(place);
  const refused = Object.entries(counters.refused).filter(([reason, count]) => !HARMLESS.includes(reason) && count > 0);
  assert.deepEqual(refused, []);
  assert.ok(counters.priorityZeroReceived > 0, 'a goodbye was heard');
}
