/**
 * Where a hash key goes. Map-based: the key modulo the total weight, so a change of the set moves many clients.
 * Consistent: points on a ring, so that only the clients of a server that leaves move (manual, `hash-type`).
 */
import { avalanche } from './hash.js';

const POINTS_PER_WEIGHT = 16;

export interface HashRing {
  readonly points: Uint32Array;
  readonly owners: Int32Array;
}

/** @param weights whole weights, 0 = not on the ring @param ids stable server ids: a server keeps its points */
export function buildRing(weights: readonly number[], ids: readonly number[]): HashRing {
  const pairs: [number, number][] = [];
  weights.forEach((weight, index) => {
    for (let n = 0; n < weight * POINTS_PER_WEIGHT; n++)
      pairs.push([avalanche(ids[index] * 0x9e3779b1 + n * 0x85ebca77), index]);
  });
  pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return { points: Uint32Array.from(pairs, (p) => p[0]), owners: Int32Array.from(pairs, (p) => p[1]) };
}

/** @returns the position of the first point at or after the key; O(log n) */
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
