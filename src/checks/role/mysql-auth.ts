/**
 * The authentication plugins of MySQL and MariaDB, client side: mysql_native_password, caching_sha2_password ("Caching
 * SHA-2 Pluggable Authentication": fast proof, else the password itself over a private channel or under the server's
 * RSA key), mysql_clear_password (private channels only) and MariaDB's client_ed25519.
 */
import { constants, createHash, createPublicKey, publicEncrypt } from 'node:crypto';
import { ed25519Sign } from './ed25519.js';

export const NATIVE = 'mysql_native_password';
const SHA2 = 'caching_sha2_password';
const CLEAR = 'mysql_clear_password';
const ED25519 = 'client_ed25519';

export type Proof =
  | { readonly ok: true; readonly bytes: Buffer }
  /** A person's sentence. */
  | { readonly ok: false; readonly why: string };

/**
 * The first answer of a plugin.
 * @param scramble what the server sent for it: 20 bytes, 32 for client_ed25519
 * @param isPrivate nobody can listen
 */
export function prove(plugin: string, password: string, scramble: Buffer, isPrivate: boolean): Proof {
  switch (plugin) {
    case NATIVE:
      return proof(password === '' ? Buffer.alloc(0) : nativeProof(password, scramble.subarray(0, 20)));
    case SHA2:
      return proof(password === '' ? Buffer.alloc(0) : sha2Proof(password, scramble.subarray(0, 20)));
    case ED25519:
      return proof(ed25519Sign(Buffer.from(password, 'utf8'), scramble.subarray(0, 32)));
    case CLEAR:
      if (isPrivate) return proof(clear(password));
      return {
        ok: false,
        why: 'the server asks for the password in clear text (mysql_clear_password): set tls to require',
      };
    default:
      return {
        ok: false,
        why: `the user's authentication plugin ${plugin} is not supported: use mysql_native_password, caching_sha2_password or ed25519`,
      };
  }
}

function proof(bytes: Buffer): Proof {
  return { ok: true, bytes };
}

function hash(algorithm: 'sha1' | 'sha256', ...parts: readonly Buffer[]): Buffer {
  const sum = createHash(algorithm);
  for (const part of parts) sum.update(part);
  return sum.digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i % b.length]));
}

/** SHA1(password) XOR SHA1(scramble, SHA1(SHA1(password))). */
function nativeProof(password: string, scramble: Buffer): Buffer {
  const once = hash('sha1', Buffer.from(password, 'utf8'));
  return xor(once, hash('sha1', scramble, hash('sha1', once)));
}

/** SHA256(password) XOR SHA256(SHA256(SHA256(password)), scramble). */
function sha2Proof(password: string, scramble: Buffer): Buffer {
  const once = hash('sha256', Buffer.from(password, 'utf8'));
  return xor(once, hash('sha256', hash('sha256', once), scramble));
}

function clear(password: string): Buffer {
  return Buffer.from(`${password}\0`, 'utf8');
}

/** What caching_sha2_password says after the proof. */
export const Sha2 = { FAST_OK: 0x03, FULL_NEEDED: 0x04 } as const;

/** Asks for the server's public key. */
export const SHA2_KEY_REQUEST = Buffer.from([0x02]);

export function isSha2(plugin: string): boolean {
  return plugin === SHA2;
}

/** The password itself; for private channels. */
export function sha2Full(password: string): Buffer {
  return clear(password);
}

/** @param pem public key of the server. @returns the password, mixed with the scramble, for that key's owner alone */
export function sha2Encrypted(password: string, scramble: Buffer, pem: string): Proof {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'rsa') return { ok: false, why: 'the key that the server sent is no RSA key' };
    const mixed = xor(clear(password), scramble.subarray(0, 20));
    return proof(publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, mixed));
  } catch {
    return { ok: false, why: 'the key that the server sent cannot be used' };
  }
}
