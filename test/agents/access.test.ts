/** Who may ask: the rules of xinetd.conf(5) for `only_from` and `no_access`, from the text to the decision. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessList } from '../../src/agents/access.js';
import { xinetdNetworks } from '../../src/config/agents/networks.js';

function networks(text: string | undefined): string[] | undefined {
  return text
    ?.split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const parsed = xinetdNetworks(word);
      assert.ok(parsed.ok, word);
      return parsed.value;
    });
}

// only_from, no_access, address, may it ask
for (const [only, not, ip, expected] of [
  [undefined, undefined, '8.8.8.8', true],
  ['', undefined, '127.0.0.1', false],
  ['0.0.0.0/0', undefined, '8.8.8.8', true],
  ['0.0.0.0/0', undefined, '2001:db8::1', false],
  ['0.0.0.0', undefined, '8.8.8.8', true],
  ['10.0.0.0', undefined, '10.9.9.9', true],
  ['10.0.0.0', undefined, '11.0.0.1', false],
  ['128.138.12.0', undefined, '128.138.12.7', true],
  ['128.138.12.0', undefined, '128.138.13.7', false],
  ['10.1.2.{3,4}', undefined, '10.1.2.4', true],
  ['10.1.2.{3,4}', undefined, '10.1.2.5', false],
  ['10.1.{3,4}', undefined, '10.1.4.200', true],
  ['10.0.0.5', undefined, '::ffff:10.0.0.5', true],
  ['2001:db8::/32', undefined, '2001:db8::7', true],
  ['localhost', undefined, '127.0.0.1', true],
  ['localhost', undefined, '::1', true],
  [undefined, '10.0.0.9', '10.0.0.9', false],
  [undefined, '10.0.0.9', '10.0.0.8', true],
  ['128.138.209.0', '128.138.209.10', '128.138.209.10', false],
  ['128.138.209.0', '128.138.209.10', '128.138.209.11', true],
  ['10.0.0.9', '10.0.0.0', '10.0.0.9', false],
  ['10.0.0.9', '10.0.0.9', '10.0.0.9', false],
  ['10.0.0.0/8', undefined, '', false],
] as const)
  test(`only_from '${only ?? '-'}', no_access '${not ?? '-'}': ${ip || 'no address'} ${expected ? 'may' : 'may not'} ask`, () => {
    const list = new AccessList({ onlyFrom: networks(only), noAccess: networks(not) });
    assert.equal(list.allows(ip), expected);
  });

for (const text of ['db1.example', '.example.com', '10.0.0.0/33', '300.1.1.1', '10.1.2.{3,400}'])
  test(`'${text}' is refused`, () => assert.equal(xinetdNetworks(text).ok, false));
