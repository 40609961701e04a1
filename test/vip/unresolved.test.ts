/** Neighbours that the kernel waits for when a link comes back: against the kernel, which does not ask again by itself here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWakeFd } from '../../src/linux/eventfd.js';
import { Reactor } from '../../src/linux/reactor.js';
import { Frames } from '../../src/vip/frames.js';
import { Host } from '../../src/vip/host.js';
import { Unresolved } from '../../src/vip/unresolved.js';
import { TestNamespace } from '../linux/support/namespaces.js';

const NEVER_MS = 600_000;

function world(family: 4 | 6) {
  const here = new TestNamespace();
  const there = new TestNamespace();
  here.cable('eth0', there, 'eth0');
  const [own, peer] = family === 4 ? ['10.0.0.1/24', '10.0.0.2/24'] : ['fd00::1/64', 'fd00::2/64'];
  const nodad = family === 6 ? ' nodad' : '';
  here.ip(`address add ${own} dev eth0${nodad}`);
  there.ip(`address add ${peer} dev eth0${nodad}`);
  here.command('sysctl', `-qw net.ipv${family}.neigh.eth0.retrans_time_ms=${NEVER_MS}`);
  const reactor = new Reactor(createWakeFd(), () => undefined);
  const silent = () => undefined;
  const listeners = {
    linkChanged: silent,
    addressRemoved: silent,
    routeRemoved: silent,
    ruleRemoved: silent,
    log: silent,
  };
  const host = here.run(() => new Host(reactor, listeners));
  host.load();
  const frames = new Frames(reactor, host, silent);
  return { here, there, reactor, host, frames, peer: peer.split('/')[0] };
}

/** Something is sent to the peer, so that the kernel asks for it; the answer is not waited for. */
function send(here: TestNamespace, peer: string): void {
  const done = here.run(() => spawnSync('bash', ['-c', `echo x > /dev/udp/${peer}/9`]));
  assert.equal(done.status, 0, String(done.stderr));
}

function stateOf(here: TestNamespace, peer: string): string {
  return here.json(`neighbour show ${peer} dev eth0`)[0]?.state?.[0] ?? '';
}

for (const family of [4, 6] as const)
  test(`IPv${family}: asked for at once, and the kernel learns from the answer`, async () => {
    const { here, there, reactor, host, frames, peer } = world(family);
    // The other side hears nothing for now, as if the link were away.
    there.ip('link set eth0 arp off');
    if (family === 6) there.command('sysctl', '-qw net.ipv6.conf.eth0.disable_ipv6=1');
    send(here, peer);
    assert.equal(stateOf(here, peer), 'INCOMPLETE');
    assert.deepEqual(
      host.unresolvedOn('eth0').map(({ ip }) => ip),
      [peer],
    );
    there.ip('link set eth0 arp on');
    if (family === 6) {
      there.command('sysctl', '-qw net.ipv6.conf.eth0.disable_ipv6=0');
      there.ip(`address replace ${peer}/64 dev eth0 nodad`);
    }
    await sleep(100);
    assert.equal(stateOf(here, peer), 'INCOMPLETE'); // the kernel alone
    const unresolved = new Unresolved(reactor, host, frames);
    here.run(() => unresolved.linkReturned('eth0'));
    for (let i = 0; i < 50 && stateOf(here, peer) === 'INCOMPLETE'; i++) {
      await sleep(20);
      reactor.timers.fire(performance.now(), 10);
    }
    assert.match(stateOf(here, peer), /REACHABLE|STALE|DELAY/);
    assert.deepEqual(host.unresolvedOn('eth0'), []);
    reactor.timers.cancel(unresolved);
    host.close(false);
  });

test('asks for a while, then leaves it to the kernel', () => {
  const { here, there, reactor, host, frames } = world(4);
  there.ip('link set eth0 down');
  const unresolved = new Unresolved(reactor, host, frames);
  here.run(() => unresolved.linkReturned('eth0'));
  assert.ok(unresolved.heapIndex >= 0);
  for (let ms = 0; ms <= 2000; ms += 50) reactor.timers.fire(reactor.nowMs + ms, 10);
  assert.ok(unresolved.heapIndex < 0);
  host.close(false);
});
