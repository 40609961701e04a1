/** `no_accept` in two namespaces: packets to the address are dropped, who asks for its MAC gets an answer. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { ruleset } from '../../../src/vip/helper/firewall.js';
import { eventually, TestHelper } from './support.js';

const here = `vhelperf-${process.pid}`;
const peer = `${here}p`;
const run = (namespace: string, ...command: string[]) =>
  execFileSync('ip', ['netns', 'exec', namespace, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const tables = () => run(here, 'nft', 'list', 'tables').trim();
const isReached = (address: string) =>
  spawnSync('ip', ['netns', 'exec', peer, 'ping', '-c', '1', '-W', '1', address]).status === 0;
/** Whether the peer has come to know the MAC, after asking anew. */
function isResolved(address: string): boolean {
  run(peer, 'ip', 'neigh', 'flush', 'dev', 'eth0');
  isReached(address);
  return run(peer, 'ip', 'neigh', 'show', address).includes('lladdr');
}

test('a table is replaced as a whole, and what means something to nft does not get in', () => {
  assert.equal(ruleset([]), 'table inet fairlead_vip {}\ndelete table inet fairlead_vip\n');
  assert.equal(
    ruleset([
      { address: '10.0.0.9', interface: 'eth0' },
      { address: '10.0.0.9', interface: 'eth1' },
      { address: '2001:db8::9', interface: 'eth0' },
      { address: 'fe80::9', interface: 'eth0' },
    ]),
    `table inet fairlead_vip {}
delete table inet fairlead_vip
table inet fairlead_vip {
  chain input {
    type filter hook input priority -10; policy accept;
    ip daddr { 10.0.0.9 } drop
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 daddr { 2001:db8::9 } drop
    iifname . ip6 daddr { "eth0" . fe80::9 } drop
  }
}
`,
  );
});

describe('a helper', () => {
  let helper: TestHelper;

  before(() => {
    for (const name of [here, peer]) execFileSync('ip', ['netns', 'add', name]);
    run(here, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer);
    for (const [name, host] of [
      [here, 1],
      [peer, 2],
    ] as const) {
      run(name, 'ip', 'link', 'set', 'lo', 'up');
      run(name, 'ip', 'addr', 'add', `10.97.0.${host}/24`, 'dev', 'eth0');
      run(name, 'ip', 'addr', 'add', `2001:db8::${host}/64`, 'dev', 'eth0', 'nodad');
      run(name, 'ip', 'link', 'set', 'eth0', 'up');
    }
    run(here, 'ip', 'addr', 'add', '10.97.0.9/32', 'dev', 'eth0');
    run(here, 'ip', 'addr', 'add', '2001:db8::9/128', 'dev', 'eth0', 'nodad');
  });

  after(() => {
    for (const name of [here, peer]) execFileSync('ip', ['netns', 'del', name]);
  });

  beforeEach(() => {
    helper = new TestHelper(here);
  });

  afterEach(async () => {
    if (helper.process.exitCode === null) await helper.abandon();
  });

  const VIPS = [
    { address: '10.97.0.9', interface: 'eth0' },
    { address: '2001:db8::9', interface: 'eth0' },
  ];

  test('drops, still resolves, and clears up when the daemon is gone', async () => {
    assert.deepEqual([isReached('10.97.0.9'), isReached('2001:db8::9')], [true, true]);
    helper.say({ type: 'firewall', dropped: VIPS });
    await eventually(() => tables() === 'table inet fairlead_vip', 'the table');
    assert.deepEqual([isReached('10.97.0.9'), isReached('2001:db8::9')], [false, false]);
    assert.deepEqual([isReached('10.97.0.1'), isReached('2001:db8::1')], [true, true]);
    assert.deepEqual([isResolved('10.97.0.9'), isResolved('2001:db8::9')], [true, true]);
    await helper.abandon();
    assert.equal(tables(), '');
    assert.deepEqual([isReached('10.97.0.9'), isReached('2001:db8::9')], [true, true]);
  });

  test('many changes in a row: the last one counts', async () => {
    for (let i = 0; i < 50; i++) helper.say({ type: 'firewall', dropped: i % 2 === 0 ? VIPS : [] });
    helper.say({ type: 'firewall', dropped: [VIPS[0]] });
    await eventually(() => tables() !== '' && !isReached('10.97.0.9') && isReached('2001:db8::9'), 'the last one');
    const ended = once(helper.process, 'exit');
    helper.say({ type: 'end' });
    await ended;
    assert.equal(tables(), '');
  });

  test('a table that a helper before it has left goes with the first message', async () => {
    helper.say({ type: 'firewall', dropped: VIPS });
    await eventually(() => tables() !== '', 'the table');
    const ended = once(helper.process, 'exit');
    helper.process.kill('SIGKILL');
    await ended;
    assert.notEqual(tables(), '');
    helper = new TestHelper(here);
    helper.say({ type: 'firewall', dropped: [] });
    await eventually(() => tables() === '', 'an empty ruleset');
  });

  test('what is no address or no interface is said, and the others are dropped', async () => {
    const nonsense = { address: '10.97.0.9 } accept; }', interface: 'eth0' };
    const nowhere = { address: 'fe80::9', interface: '' };
    helper.say({ type: 'firewall', dropped: [nonsense, nowhere, { ...VIPS[0], interface: '' }] });
    await eventually(() => tables() !== '' && !isReached('10.97.0.9'), 'the good one');
    assert.equal(helper.logs().length, 2);
  });
});
