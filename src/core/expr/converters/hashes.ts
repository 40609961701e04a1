/** Converters that make a number or a digest of bytes. */
import { type Convert, type Converter, type Converters, plain } from '../converter.js';
import { crc32, crc32c, djb2, sdbm } from '../hashes.js';
import { sha1, sha2 } from '../sha.js';
import { xxh32, xxh64 } from '../xxhash.js';

export const HASHES: Converters = {
  crc32: hash(crc32),
  crc32c: hash(crc32c),
  djb2: hash(djb2),
  sdbm: hash(sdbm),
  xxh32: { takes: 'binary', gives: 'integer', make: (args) => makeSeeded(args, xxh32) },
  xxh64: { takes: 'binary', gives: 'integer', make: (args) => makeSeeded(args, xxh64) },
  sha1: plain('binary', 'binary', (value) => sha1(value as string)),
  sha2: { takes: 'binary', gives: 'binary', make: makeSha2 },
  digest: { takes: 'binary', gives: 'binary', make: makeDigest },
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

function makeSha2([bits = '256', ...more]: readonly string[]): Convert | string {
  if (!['224', '256', '384', '512'].includes(bits) || more.length > 0) return 'takes 224, 256, 384 or 512';
  return (value) => sha2(value as string, Number(bits));
}

function makeDigest([name = '', ...more]: readonly string[]): Convert | string {
  const [, bits] = /^sha-?(1|224|256|384|512)$/i.exec(name) ?? [];
  if (bits === undefined || more.length > 0) return `knows sha1, sha224, sha256, sha384 and sha512, not '${name}'`;
  return (value) => (bits === '1' ? sha1(value as string) : sha2(value as string, Number(bits)));
}
