/**
 * `hash-type consistent`: servers as points on a ring; a key belongs to the next point, so a server that leaves moves
 * only its own keys.
 */
import { avalanche } from './hash.js';

/** Points of an average server: the share of a server then varies by about 8 % around its weight. */
const POINTS_PER_SERVER = 160;

export interface HashRing {
  /** Ascending. */
  readonly points: Uint32Array;
  /** The member at each point. */
  readonly owners: Uint16Array;
}

export interface RingMember {
  /** The server's `id`: its points stay where they are when others come and go, or change places in the file. */
  readonly id: number;
  /** Effective weight × 16. */
  readonly weight16: number;
}

/**
 * Points for each sixteenth of weight. It follows from the configured weights alone, so that the points of a server do
 * not move when others do.
 */
export function pointsPerSixteenth(initialWeights: readonly number[]): number {
  const total = initialWeights.reduce((a, b) => a + b, 0);
  return (POINTS_PER_SERVER * initialWeights.length) / Math.max(1, total) / 16;
}

export function buildRing(members: readonly RingMember[], perSixteenth: number): HashRing {
  // Sorted as numbers: point first, then owner.
  const sorted = Float64Array.from(
    members.flatMap(({ id, weight16 }, owner) => {
      const count = Math.max(1, Math.round(weight16 * perSixteenth));
      return Array.from({ length: count }, (_, k) => pointOf(id, k) * 65_536 + owner);
    }),
  ).sort();
  return {
    points: Uint32Array.from(sorted, (v) => Math.floor(v / 65_536)),
    owners: Uint16Array.from(sorted, (v) => v % 65_536),
  };
}

function pointOf(id: number, k: number): number {
  return avalanche(avalanche(id) ^ Math.imul(k + 1, 0x9e3779b1));
}

/** @returns the position of the first point at or after the key, after the last one 0; O(log n) */
export function ringPosition(ring: HashRing, key: number): number {
  let low = 0;
  let high = ring.points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ring.points[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low === ring.points.length ? 0 : low;
}
