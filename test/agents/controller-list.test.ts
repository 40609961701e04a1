/** The table of `s9s controller --list --long`, whole and damaged: only a clear table makes a leader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseControllers, roleAmong } from '../../src/agents/controller-list.js';

const TABLE = `S VERSION    OWNER  GROUP  NAME       IP         PORT COMMENT
l 1.7.4.3565 system admins 10.0.0.101 10.0.0.101 9501 Acting as leader.
f 1.7.4.3565 system admins 10.0.0.102 10.0.0.102 9501 Accepting heartbeats.
f 1.7.4.3565 system admins 10.0.0.103 10.0.0.103 9501 Accepting heartbeats.
Total: 3 controller(s)
`;

function roleOf(text: string, ...own: string[]): string {
  const controllers = parseControllers(text);
  if (typeof controllers === 'string') return controllers;
  const { role, reason } = roleAmong(controllers, own);
  return `${role}: ${reason}`;
}

const edited = (from: string | RegExp, to: string) => TABLE.replace(from, to);
/** As the second copy of the document has it: without version, names and addresses. */
const DAMAGED = 'l system admins 9501 Acting as leader.\n\nf system admins 9501 Accepting heartbeats.\n';

// what, text, own address, what we are
for (const [what, text, own, expected] of [
  ['the leader', TABLE, '10.0.0.101', 'leader: this controller leads'],
  ['a follower', TABLE, '10.0.0.102', 'follower: another controller leads'],
  ['another host', TABLE, '10.0.0.1', 'unknown: this host (10.0.0.1) is not among the controllers'],
  [
    'an address that only begins alike',
    TABLE,
    '10.0.0.10',
    'unknown: this host (10.0.0.10) is not among the controllers',
  ],
  ['by its name', edited('admins 10.0.0.102 ', 'admins cc2 '), 'cc2', 'follower: another controller leads'],
  ['in colour', edited('l 1.7', '\u001b[1;32ml\u001b[0m 1.7'), '10.0.0.101', 'leader: this controller leads'],
  ['with CRLF', TABLE.replaceAll('\n', '\r\n'), '10.0.0.101', 'leader: this controller leads'],
  ['without a header', edited(/^S.*\n/, ''), '10.0.0.101', 'leader: this controller leads'],
  [
    'two leaders',
    edited('f 1.7.4.3565 system admins 10.0.0.102', 'l 1.7.4.3565 system admins 10.0.0.102'),
    '10.0.0.101',
    'unknown: 2 controllers say they lead',
  ],
  ['no leader', edited('l 1.7', 'f 1.7'), '10.0.0.102', 'follower: no controller leads'],
  ['another state', edited('l 1.7', '- 1.7'), '10.0.0.101', "unknown: the controller is in state '-'"],
  ['cut off', edited(/^f .*103.*\n/m, ''), '10.0.0.101', 'the list has 2 rows and says it has 3'],
  [
    'address in a comment',
    edited('Acting as leader.', 'Acting for 10.9.9.9'),
    '10.9.9.9',
    'unknown: this host (10.9.9.9) is not among the controllers',
  ],
  ['damaged', DAMAGED, '10.0.0.101', 'unknown: this host (10.0.0.101) is not among the controllers'],
  ['nothing', '', '10.0.0.101', 'the list names no controller'],
  ['an error', 'Authentication failed.\n', '10.0.0.101', 'the list names no controller'],
] as const)
  test(what, () => assert.equal(roleOf(text, own), expected));

test('no text makes a leader of a host that it does not name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (noise) => {
      assert.doesNotMatch(roleOf(noise, '10.0.0.101'), /^leader/);
    }),
  );
});
