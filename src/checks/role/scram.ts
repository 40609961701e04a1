/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, the client's side, as PostgreSQL uses it: the user's name
 * stays empty, the startup message has it. The server has to prove in turn that it knows the password.
 */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

export const SCRAM = 'SCRAM-SHA-256';

/** PostgreSQL's default is 4096, which takes 2 ms; a server that asks for more than this wants to keep us busy. */
const ITERATIONS_MAX = 200_000;
const KEYS_MAX = 200;

interface Keys {
  readonly client: Buffer;
  readonly stored: Buffer;
  readonly server: Buffer;
}

/** A salt belongs to a user and lives as long as the password: a primary and its standbys have the same. */
const known = new Map<string, Keys>();

export type ScramReply = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

export class ScramClient {
  private readonly firstBare: string;
  private expected: Buffer | null = null;
  private isChallenged = false;

  /** @param nonce unguessable, printable, without commas */
  constructor(
    private readonly password: string,
    private readonly nonce: string,
  ) {
    this.firstBare = `n=,r=${nonce}`;
  }

  get first(): string {
    return `n,,${this.firstBare}`;
  }

  /** @param serverFirst `r=…,s=…,i=…` */
  answer(serverFirst: string): ScramReply {
    // Each challenge may cost us some ten milliseconds: a login has one.
    if (this.isChallenged) return { ok: false, why: 'the server sent a second SCRAM challenge' };
    this.isChallenged = true;
    const [, nonce, salt, count] =
      /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})$/.exec(serverFirst) ?? [];
    if (nonce === undefined) return { ok: false, why: 'the server sent a SCRAM challenge that makes no sense' };
    if (!nonce.startsWith(this.nonce) || nonce.length === this.nonce.length)
      return { ok: false, why: 'the server answered a SCRAM login that is not ours' };
    const iterations = Number(count);
    if (iterations < 1 || iterations > ITERATIONS_MAX)
      return { ok: false, why: `the server asks for ${iterations} rounds of SCRAM, more than ${ITERATIONS_MAX}` };
    const keys = keysOf(this.password, salt, iterations);
    const withoutProof = `c=biws,r=${nonce}`;
    const message = `${this.firstBare},${serverFirst},${withoutProof}`;
    this.expected = hmac(keys.server, message);
    const signature = hmac(keys.stored, message);
    const proof = Buffer.from(keys.client.map((byte, i) => byte ^ signature[i]));
    return { ok: true, text: `${withoutProof},p=${proof.toString('base64')}` };
  }

  /** @param serverFinal `v=…`. @returns whether the server knows the password as well */
  verify(serverFinal: string): boolean {
    const signature = Buffer.from(/^v=([A-Za-z0-9+/=]+)/.exec(serverFinal)?.[1] ?? '', 'base64');
    const { expected } = this;
    return expected !== null && signature.length === expected.length && timingSafeEqual(signature, expected);
  }
}

function keysOf(password: string, salt: string, iterations: number): Keys {
  const name = `${iterations}:${salt}:${password}`;
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size >= KEYS_MAX) known.clear();
  const salted = pbkdf2Sync(password.normalize('NFKC'), Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
  const client = hmac(salted, 'Client Key');
  const stored = createHash('sha256').update(client).digest();
  const keys = { client, stored, server: hmac(salted, 'Server Key') };
  known.set(name, keys);
  return keys;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
