/**
 * Ed25519 signatures (RFC 8032 §5.1.6) with a secret of any length, as MariaDB's ed25519 plugin derives its key from a
 * password; the seeds of Node's own are 32 bytes. Plain arithmetic, 5 ms each, for logins only.
 */
import { createHash } from 'node:crypto';

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const D2 = mod(2n * D);

/** Extended coordinates (§5.1.4): x = X/Z, y = Y/Z, xy = T/Z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n;
const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: mod(BASE_X * BASE_Y) };
const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

/** @param secret any bytes. @returns 64 bytes */
export function ed25519Sign(secret: Buffer, message: Buffer): Buffer {
  const digest = sha512(secret);
  const low = Buffer.from(digest.subarray(0, 32));
  low[0] &= 248;
  low[31] = (low[31] & 127) | 64;
  const scalar = number(low);
  const nonce = number(sha512(digest.subarray(32), message)) % ORDER;
  const point = encode(multiply(BASE, nonce));
  const publicKey = encode(multiply(BASE, scalar));
  const challenge = number(sha512(point, publicKey, message)) % ORDER;
  return Buffer.concat([point, bytes((nonce + challenge * scalar) % ORDER)]);
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const sum = createHash('sha512');
  for (const part of parts) sum.update(part);
  return sum.digest();
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), left = exponent; left > 0n; left >>= 1n, square = mod(square * square))
    if ((left & 1n) === 1n) result = mod(result * square);
  return result;
}

/** §5.1.4, complete: also doubles. */
function add(p: Point, q: Point): Point {
  const a = mod((p.y - p.x) * (q.y - q.x));
  const b = mod((p.y + p.x) * (q.y + q.x));
  const c = mod(p.t * D2 * q.t);
  const d = mod(2n * p.z * q.z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

function multiply(point: Point, scalar: bigint): Point {
  let result = ZERO;
  for (let doubled = point, left = scalar; left > 0n; left >>= 1n, doubled = add(doubled, doubled))
    if ((left & 1n) === 1n) result = add(result, doubled);
  return result;
}

/** y, with the sign of x in the highest bit (§5.1.2). */
function encode(point: Point): Buffer {
  const inverse = power(point.z, P - 2n);
  const encoded = bytes(mod(point.y * inverse));
  if ((mod(point.x * inverse) & 1n) === 1n) encoded[31] |= 128;
  return encoded;
}

/** Little-endian. */
function number(from: Buffer): bigint {
  return BigInt(`0x${Buffer.from(from).reverse().toString('hex')}`);
}

function bytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
