/** Things that will happen, in their order, on a clock that runs only from one to the next: a binary heap. */

interface Happening {
  readonly atMs: number;
  /** Of two at one time the one that was planned first comes first. */
  readonly order: number;
  readonly run: () => void;
}

export class Timeline {
  nowMs = 0;
  private readonly heap: Happening[] = [];
  private order = 0;

  /** @param ms from now */
  at(ms: number, run: () => void): void {
    const planned = { atMs: this.nowMs + ms, order: this.order++, run };
    let i = this.heap.push(planned) - 1;
    for (; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (isSooner(this.heap[parent], planned)) break;
      this.heap[i] = this.heap[parent];
      i = parent;
    }
    this.heap[i] = planned;
  }

  /** @param judge is asked after each thing that has happened, and at the end */
  runUntil(ms: number, judge: () => void): void {
    while (this.heap.length > 0 && this.heap[0].atMs <= ms) {
      const next = this.pop();
      this.nowMs = next.atMs;
      next.run();
      judge();
    }
    this.nowMs = ms;
    judge();
  }

  private pop(): Happening {
    const [first] = this.heap;
    const last = this.heap.pop()!;
    const { length } = this.heap;
    if (length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && isSooner(this.heap[child + 1], this.heap[child])) child++;
      if (isSooner(last, this.heap[child])) break;
      this.heap[i] = this.heap[child];
      i = child;
    }
    this.heap[i] = last;
    return first;
  }
}

function isSooner(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
