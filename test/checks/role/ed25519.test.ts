/** Signatures equal those of Node's own Ed25519, whose secrets are 32 bytes; MariaDB takes the longer ones. */
import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ed25519Sign } from '../../../src/checks/role/ed25519.js';

/** PKCS #8 of an Ed25519 secret (RFC 8410 §7). */
const HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

// RFC 8032 §7.1, tests 1 and 2
for (const [secret, message, signature] of [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
] as const)
  test(`RFC 8032: message '${message}'`, () =>
    assert.equal(ed25519Sign(Buffer.from(secret, 'hex'), Buffer.from(message, 'hex')).toString('hex'), signature));

test('any secret, any message', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array(), (secret, message) => {
      const key = createPrivateKey({ key: Buffer.concat([HEAD, secret]), format: 'der', type: 'pkcs8' });
      assert.deepEqual(ed25519Sign(Buffer.from(secret), Buffer.from(message)), sign(null, message, key));
    }),
    { numRuns: 30 },
  ));
