/** Addresses when something under them goes: the daemon, its helper, the link, the interface. */
import assert from 'node:assert/strict';
import { run } from '../../lab/support/sandbox.js';
import { sleep } from '../../lab/support/wait.js';
import { INTERFACE } from '../../lab/vip/network.js';
import { systemTest } from '../support/peers.js';
import { type Router, Routers, VIP, VIP_NEEDS } from './vip-routers.js';

const NEEDS = { ...VIP_NEEDS, timeoutMs: 90_000 };
/** Start of a Node on a busy machine. */
const WITHIN_MS = 20_000;
const TENTHS: Router = { version: 3, family: 4, transport: 'multicast', intervalS: 0.1, priority: 100 };

systemTest('the daemon is killed: its helper gives the address up', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a']);
  routers.start('a', 'fairlead', routers.fileFor('a', TENTHS, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  routers.signal('a', 'fairlead alone', 'SIGKILL');
  const releasedMs = await routers.untilHeldBy([], 2000);
  t.diagnostic(`released after ${releasedMs} ms`);
  await routers.ended('a', 'fairlead');
});

systemTest(
  'the daemon hangs: its helper gives the address up, and it takes it again when it goes on',
  NEEDS,
  async (t) => {
    const routers = await Routers.open(t, ['a']);
    routers.start('a', 'fairlead', routers.fileFor('a', TENTHS, []));
    await routers.untilHeldBy(['a'], WITHIN_MS);
    routers.signal('a', 'fairlead alone', 'SIGSTOP');
    const releasedMs = await routers.untilHeldBy([], 3000);
    t.diagnostic(`released after ${releasedMs} ms`);
    routers.signal('a', 'fairlead alone', 'SIGCONT');
    await routers.untilHeldBy(['a'], WITHIN_MS);
    await sleep(500);
    assert.equal(routers.instance('a').state, 'MASTER');
  },
);

systemTest('everything is killed: the next start settles what was left behind', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b']);
  const file = routers.fileFor('a', TENTHS, []);
  routers.start('a', 'fairlead', file);
  await routers.untilHeldBy(['a'], WITHIN_MS);
  routers.signal('a', 'fairlead', 'SIGKILL');
  await routers.ended('a', 'fairlead');
  await sleep(200);
  assert.deepEqual(routers.holders(), ['a'], 'nobody was left to remove it');
  routers.start('b', 'keepalived', routers.fileFor('b', { ...TENTHS, priority: 200 }, []));
  await routers.untilHeldBy(['a', 'b'], WITHIN_MS);
  routers.start('a', 'fairlead', file);
  await routers.untilHeldBy(['b'], WITHIN_MS);
});

systemTest('stopped in good order: the address is gone before the process is', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a']);
  routers.start('a', 'fairlead', routers.fileFor('a', TENTHS, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  routers.signal('a', 'fairlead alone', 'SIGTERM');
  await routers.ended('a', 'fairlead alone');
  assert.deepEqual(routers.holders(), []);
  await routers.ended('a', 'fairlead');
});

systemTest(
  'the link goes down: fault, the address is dropped; it comes back, and so does the address',
  NEEDS,
  async (t) => {
    const routers = await Routers.open(t, ['a', 'b']);
    routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, priority: 200 }, []));
    await routers.untilHeldBy(['a'], WITHIN_MS);
    routers.start('b', 'keepalived', routers.fileFor('b', TENTHS, []));
    await sleep(1000);
    routers.network.switch.link('a', 'down');
    await routers.untilHeldBy(['b'], WITHIN_MS);
    const { state, faults } = routers.instance('a');
    assert.equal(state, 'FAULT');
    assert.match(faults.join(), new RegExp(INTERFACE));
    routers.network.switch.link('a', 'up');
    await routers.untilHeldBy(['a'], WITHIN_MS);
  },
);

systemTest('an interface that is missing, comes, goes and comes again', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a']);
  const ip = (...words: string[]) => run('ip', ['-n', routers.host('a').namespace, ...words]);
  const add = () => {
    routers.addInterface('a', 'late0');
    ip('address', 'add', '10.9.0.1/24', 'dev', 'late0');
  };
  routers.start('a', 'fairlead', routers.fileFor('a', TENTHS, []).replace(INTERFACE, 'late0'));
  const missing = await routers.untilStatus('a', 'is in fault', WITHIN_MS, ({ state }) => state === 'FAULT');
  assert.match(missing.faults.join(), /late0/);
  add();
  await routers.untilHeldBy(['a'], WITHIN_MS);
  ip('link', 'del', 'late0');
  await routers.untilStatus('a', 'is in fault again', WITHIN_MS, ({ state }) => state === 'FAULT');
  add();
  await routers.untilHeldBy(['a'], WITHIN_MS);
});

systemTest('somebody removes the address: it is put back', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a']);
  routers.start('a', 'fairlead', routers.fileFor('a', TENTHS, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  run('ip', ['-n', routers.host('a').namespace, 'address', 'del', `${VIP[4]}/32`, 'dev', INTERFACE]);
  await routers.untilHeldBy(['a'], WITHIN_MS);
});
