/** What one thread keeps when the process gives root away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW, hasCapability } from '../../src/linux/capabilities.js';
import { TestNamespace } from './support/namespaces.js';
import { runScript } from './support/script.js';

const NOBODY = 65_534;

const WORKER = `
  import { parentPort } from 'node:worker_threads';
  import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW, hasCapability, keepNow, prepareToKeep } from
    'LINUX/capabilities.js';
  import { RouteNetlink } from 'LINUX/route-netlink.js';
  import { applySettings } from 'LINUX/vmac.js';
  import { openVrrpSocket } from 'LINUX/vrrp-socket.js';
  const kept = [CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE];
  const netlink = RouteNetlink.open();
  const index = netlink.linkByName('lo').index;
  const eth0 = netlink.linkByName('eth0').index;
  const add = (ip) => netlink.addAddress({ interfaceIndex: index, ip, prefixLength: 32 });
  parentPort.postMessage({ prepared: prepareToKeep(kept), asRoot: add('10.9.9.1') });
  parentPort.once('message', () => {
    const between = add('10.9.9.2');
    const result = keepNow(kept);
    const socket = openVrrpSocket({ family: 4, device: { name: 'lo', index }, groups: ['224.0.0.18'], ttl: 255 });
    parentPort.postMessage({
      between,
      result,
      uid: process.getuid(),
      after: add('10.9.9.3'),
      isOpen: typeof socket === 'object',
      macvlan: netlink.addMacvlan({ name: 'v1', parentIndex: eth0, mac: '00:00:5e:00:01:01', mode: 'private' }) > 0,
      settings: applySettings([{ path: '/proc/sys/net/ipv4/conf/lo/arp_ignore', value: '1' }]).complaints,
      held: Array.from({ length: 41 }, (_, i) => i).filter((i) => hasCapability(i, 'permitted')),
      again: prepareToKeep([...kept, 21]),
    });
    parentPort.unref();
  });
`;

test('a worker adds addresses and opens raw sockets after the process has given root away, and main may not', () => {
  const host = new TestNamespace();
  host.ip('link add eth0 type veth peer name eth1');
  const found = host.run(() =>
    runScript(`
      import { Worker } from 'node:worker_threads';
      import { RouteNetlink } from 'LINUX/route-netlink.js';
      const worker = new Worker(${JSON.stringify(WORKER)}, { eval: true });
      const next = () => new Promise((done) => worker.once('message', done));
      const before = await next();
      process.setgroups([${NOBODY}]);
      process.setgid(${NOBODY});
      process.setuid(${NOBODY});
      worker.postMessage('dropped');
      const after = await next();
      const netlink = RouteNetlink.open();
      const main = netlink.addAddress({ interfaceIndex: 1, ip: '10.9.9.4', prefixLength: 32 });
      console.log(JSON.stringify({ before, after, main }));
    `),
  );
  assert.deepEqual(found, {
    before: { prepared: 0, asRoot: 0 },
    after: {
      between: -1,
      result: 0,
      uid: NOBODY,
      after: 0,
      isOpen: true,
      macvlan: true,
      settings: [],
      held: [10, 12, 13],
      again: -1,
    },
    main: -1,
  });
  const shown = host.json('address show dev lo')[0].addr_info.map(({ local }: { local: string }) => local);
  assert.deepEqual(shown.filter((ip: string) => ip.startsWith('10.9.9.')).sort(), ['10.9.9.1', '10.9.9.3']);
});

test('who has all of them has each of them, and none that there is not', () => {
  for (const capability of [CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW])
    for (const set of ['effective', 'permitted'] as const) assert.ok(hasCapability(capability, set));
  assert.equal(hasCapability(63), false);
});

test('without having prepared, nothing is left to keep', () => {
  const found = runScript(`
    import { CAP_NET_ADMIN, hasCapability, keepNow } from 'LINUX/capabilities.js';
    const before = hasCapability(CAP_NET_ADMIN);
    process.setuid(${NOBODY});
    console.log(JSON.stringify({ before, after: hasCapability(CAP_NET_ADMIN), result: keepNow([CAP_NET_ADMIN]) }));
  `);
  assert.deepEqual(found, { before: true, after: false, result: -1 });
});
