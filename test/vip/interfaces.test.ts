/** Which neighbours are on the link itself: a row reads as a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressInfo, LinkInfo } from '../../src/linux/route-info.js';
import { Interfaces } from '../../src/vip/interfaces.js';

function host(): Interfaces {
  const interfaces = new Interfaces();
  interfaces.linkChanged({ index: 2, name: 'eth1', isUp: true, isRunning: true } as LinkInfo);
  const add = (ip: string, prefixLength: number) =>
    interfaces.addressAdded({
      interfaceIndex: 2,
      family: ip.includes(':') ? 6 : 4,
      ip,
      prefixLength,
      scope: 0,
    } as AddressInfo);
  add('10.0.3.101', 20);
  add('fd00::1', 64);
  return interfaces;
}

for (const [ip, isOnLink] of [
  ['10.0.3.102', true],
  ['10.0.15.254', true],
  ['10.0.16.1', false],
  ['10.1.3.101', false],
  ['fd00::ffff', true],
  ['fd00:0:0:1::1', false],
  ['192.168.1.1', false],
] as const)
  test(`${ip} is ${isOnLink ? 'on the link' : 'beyond a gateway'}`, () =>
    assert.equal(host().isOnLink('eth1', ip), isOnLink));

for (const [ip, source] of [
  ['10.0.3.102', '10.0.3.101'],
  ['172.16.0.9', '172.16.0.1'],
  ['192.168.1.1', '10.0.3.101'],
] as const)
  test(`a neighbour at ${ip} is spoken to from ${source}`, () => {
    const interfaces = host();
    const more = { interfaceIndex: 2, family: 4, prefixLength: 24, scope: 0 } as AddressInfo;
    interfaces.addressAdded({ ...more, ip: '172.16.0.100' });
    interfaces.addressAdded({ ...more, ip: '172.16.0.1' });
    assert.equal(
      interfaces.sourceTowards('eth1', ip, (one) => one === '172.16.0.100'),
      source,
    );
  });

test('nothing is on a link that is not there', () => assert.equal(host().isOnLink('eth2', '10.0.3.102'), false));

test('an interface that goes takes its addresses along', () => {
  const interfaces = host();
  interfaces.linkGone(2);
  assert.equal(interfaces.faultOf('eth1'), 'interface eth1 does not exist');
  assert.equal(interfaces.holderOf('10.0.3.101'), undefined);
});
