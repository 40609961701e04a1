/**
 * The orders in which weighted servers take their turns, laid out in advance so that a turn costs one atomic addition
 * whatever the number of servers, and so that all workers follow one order.
 * Both orders were determined from HAProxy 2.6.12 by observation (221 sets of weights, see test/core/balance).
 */

/** Longest order laid out; heavier sets are thinned, keeping the proportions. 65536 steps take about 15 ms. */
const TURNS_MAX = 65_536;

/** An endless order: `turns[0]` … and after its end again from `turns[repeatFrom]`. Values index the weights given. */
export interface Rotation {
  readonly turns: Uint16Array;
  readonly repeatFrom: number;
}

/** @returns whose turn it is at `position` (32 bits, taken as unsigned) */
export function turnAt(r: Rotation, position: number): number {
  const p = position >>> 0;
  const n = r.turns.length;
  return r.turns[p < n ? p : r.repeatFrom + ((p - r.repeatFrom) % (n - r.repeatFrom))];
}

/** Weights divided by their common divisor, thinned until an order of `sum` turns is not too long. */
function reduced(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0) || 1;
  const small = weights.map((w) => w / divisor);
  const excess = small.reduce((a, b) => a + b, 0) / (TURNS_MAX - small.length);
  return excess <= 1 ? small : small.map((w) => Math.max(1, Math.floor(w / excess)));
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/**
 * `roundrobin`: who has waited longest past their due turn. A server enters, heaviest first, when no turn is due;
 * afterwards it is due every `total / weight` turns. The whole part of the due turn decides; then what is missing from
 * the fraction to the next whole turn, counted in the server's own weight; then who was queued first.
 * The first `total` turns are the entry; from there the order repeats every `total` turns.
 */
export function smoothRotation(weights: readonly number[]): Rotation {
  const w = reduced(weights);
  const total = w.reduce((a, b) => a + b, 0);
  const turns = new Uint16Array(2 * total);
  const entering = w.map((_, i) => i).sort((a, b) => w[b] - w[a] || a - b);
  const queue = new DueQueue(w);
  let entered = 0;
  for (let t = 0; t < turns.length; t++) {
    const enters = entered < entering.length && !(queue.size > 0 && queue.dueFirst() <= t);
    const server = enters ? entering[entered++] : queue.pop();
    if (enters) queue.due[server] = t;
    queue.requeue(server, total, t);
    turns[t] = server;
  }
  return { turns, repeatFrom: total };
}

/** A binary heap of the servers by due turn; see smoothRotation for the order. */
class DueQueue {
  readonly due: Float64Array;
  private readonly rest: Int32Array;
  private readonly queuedAt: Int32Array;
  private readonly heap: Int32Array;
  size = 0;

  constructor(private readonly weights: readonly number[]) {
    this.due = new Float64Array(weights.length);
    this.rest = new Int32Array(weights.length);
    this.queuedAt = new Int32Array(weights.length);
    this.heap = new Int32Array(weights.length);
  }

  dueFirst(): number {
    return this.due[this.heap[0]];
  }

  /** Moves the server's due turn on by `total / weight` and queues it. */
  requeue(server: number, total: number, turn: number): void {
    const w = this.weights[server];
    const rest = this.rest[server] + (total % w);
    this.due[server] += Math.floor(total / w) + (rest >= w ? 1 : 0);
    this.rest[server] = rest >= w ? rest - w : rest;
    this.queuedAt[server] = turn;
    this.heap[this.size++] = server;
    this.up(this.size - 1);
  }

  pop(): number {
    const first = this.heap[0];
    this.heap[0] = this.heap[--this.size];
    this.down(0);
    return first;
  }

  private before(a: number, b: number): boolean {
    const d =
      this.due[a] - this.due[b] ||
      this.rest[a] - this.weights[a] - (this.rest[b] - this.weights[b]) ||
      this.queuedAt[a] - this.queuedAt[b];
    return d < 0;
  }

  private up(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(this.heap[at], this.heap[parent])) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private down(at: number): void {
    for (;;) {
      let least = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2; child++)
        if (child < this.size && this.before(this.heap[child], this.heap[least])) least = child;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    const held = this.heap[a];
    this.heap[a] = this.heap[b];
    this.heap[b] = held;
  }
}

/**
 * `static-rr` and map-based hashing: the map of `total` places. At each place every server earns its weight; the
 * first of those with the most whole totals earned takes the place and pays one total.
 */
export function staticRotation(weights: readonly number[]): Rotation {
  const w = reduced(weights);
  const total = w.reduce((a, b) => a + b, 0);
  const earned = w.map(() => 0);
  const turns = new Uint16Array(total);
  for (let t = 0; t < total; t++) {
    let winner = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < w.length; i++) {
      earned[i] += w[i];
      const whole = Math.floor(earned[i] / total);
      if (whole > most) {
        most = whole;
        winner = i;
      }
    }
    earned[winner] -= total;
    turns[t] = winner;
  }
  return { turns, repeatFrom: 0 };
}
