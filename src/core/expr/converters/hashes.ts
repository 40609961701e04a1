/** Converters that make a number or a digest of bytes. */
import { decodeBase64 } from '../base64.js';
import { type Convert, type Converter, type Converters, plain } from '../converter.js';
import { crc32, crc32c, djb2, sdbm } from '../hashes.js';
import { md5 } from '../md5.js';
import { sha1, sha2 } from '../sha.js';
import { textOf } from '../values.js';
import { isVariableName } from '../variables.js';
import { xxh32, xxh64 } from '../xxhash.js';

export const HASHES: Converters = {
  crc32: hash(crc32),
  crc32c: hash(crc32c),
  djb2: hash(djb2),
  sdbm: hash(sdbm),
  xxh32: { takes: 'binary', gives: 'integer', make: (args) => makeSeeded(args, xxh32) },
  xxh64: { takes: 'binary', gives: 'integer', make: (args) => makeSeeded(args, xxh64Signed) },
  sha1: plain('binary', 'binary', (value) => sha1(value as string)),
  sha2: { takes: 'binary', gives: 'binary', make: makeSha2 },
  digest: { takes: 'binary', gives: 'binary', make: makeDigest },
  hmac: { takes: 'binary', gives: 'binary', make: makeHmac },
};

function hash(of: (text: string, avalanches: boolean) => number): Converter {
  return {
    takes: 'binary',
    gives: 'integer',
    make: ([avalanche = '0', ...more]) => {
      if (!/^\d+$/.test(avalanche) || more.length > 0) return 'takes 1 to spread the result';
      return (value) => of(value as string, avalanche === '1');
    },
  };
}

function makeSeeded([seed = '0', ...more]: readonly string[], of: (text: string, seed: bigint) => number) {
  if (!/^\d+$/.test(seed) || more.length > 0) return 'takes a number to begin with';
  const start = BigInt(seed);
  const convert: Convert = (value) => of(value as string, start);
  return convert;
}

/** An integer of HAProxy's is signed; beyond 2^53 it is as near as a number can be. */
const xxh64Signed = (text: string, seed: bigint) => Number(BigInt.asIntN(64, xxh64(text, seed)));

function makeSha2([bits = '256', ...more]: readonly string[]): Convert | string {
  if (!['224', '256', '384', '512'].includes(bits) || more.length > 0) return 'takes 224, 256, 384 or 512';
  return (value) => sha2(value as string, Number(bits));
}

/** A digest by its name in OpenSSL, and the size of its blocks in bytes. */
interface Digest {
  readonly of: (bytes: string) => string;
  readonly block: number;
}

function digestNamed(name: string): Digest | undefined {
  const [, which] = /^(md5|sha-?(?:1|224|256|384|512))$/i.exec(name) ?? [];
  if (which === undefined) return undefined;
  if (/^md5$/i.test(which)) return { of: md5, block: 64 };
  const bits = Number(which.replace(/^sha-?/i, ''));
  return bits === 1 ? { of: sha1, block: 64 } : { of: (bytes) => sha2(bytes, bits), block: bits > 256 ? 128 : 64 };
}

const KNOWN = 'knows md5, sha1, sha224, sha256, sha384 and sha512';

function makeDigest([name = '', ...more]: readonly string[]): Convert | string {
  const digest = digestNamed(name);
  if (digest === undefined || more.length > 0) return `${KNOWN}, not '${name}'`;
  return (value) => digest.of(value as string);
}

/** RFC 2104. The key is base64, here or in a variable. */
function makeHmac([name = '', key = '', ...more]: readonly string[]): Convert | string {
  const digest = digestNamed(name);
  if (digest === undefined || more.length > 0) return `${KNOWN}, not '${name}'`;
  if (isVariableName(key))
    return (value, context) => {
      const found = context.variable(key);
      const bytes = found === undefined ? undefined : decodeBase64(textOf(found));
      return bytes === undefined ? undefined : hmac(digest, bytes, value as string);
    };
  const bytes = decodeBase64(key);
  if (bytes === undefined) return 'needs a key in base64, or a variable that holds one';
  return (value) => hmac(digest, bytes, value as string);
}

function hmac({ of, block }: Digest, key: string, text: string): string {
  const short = key.length > block ? of(key) : key;
  return of(masked(short, block, 0x5c) + of(masked(short, block, 0x36) + text));
}

function masked(key: string, block: number, mask: number): string {
  let out = '';
  for (let i = 0; i < block; i++) out += String.fromCharCode((i < key.length ? key.charCodeAt(i) : 0) ^ mask);
  return out;
}
