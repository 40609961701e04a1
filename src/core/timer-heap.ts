/**
 * Timers of one thread: an intrusive binary heap ordered by wake-up time. Arming and cancelling cost O(log n) and
 * allocate nothing. A busy session does not touch its timer: when it fires early it is simply armed again for the time
 * that then holds (`Timed.onTimer` decides).
 */
export interface Timed {
  /** Monotonic ms; meaningful only while armed. */
  wakeAtMs: number;
  /** Position in the heap, -1 while not armed. Owned by the heap. */
  heapIndex: number;
  /** @param nowMs the time of the turn; the timer is no longer armed when called */
  onTimer(nowMs: number): void;
}

export class TimerHeap {
  private readonly items: Timed[] = [];
  /** The one that was called last. */
  latest: Timed | null = null;

  get size(): number {
    return this.items.length;
  }

  /** Wake-up time of the earliest, Infinity when none is armed. */
  get nextMs(): number {
    return this.items.length === 0 ? Number.POSITIVE_INFINITY : this.items[0].wakeAtMs;
  }

  /** Arms, or moves if already armed. */
  arm(timer: Timed, wakeAtMs: number): void {
    timer.wakeAtMs = wakeAtMs;
    if (timer.heapIndex < 0) {
      timer.heapIndex = this.items.length;
      this.items.push(timer);
      this.up(timer.heapIndex);
      return;
    }
    this.up(timer.heapIndex);
    this.down(timer.heapIndex);
  }

  cancel(timer: Timed): void {
    const at = timer.heapIndex;
    if (at < 0) return;
    timer.heapIndex = -1;
    const last = this.items.pop()!;
    if (last === timer) return;
    this.items[at] = last;
    last.heapIndex = at;
    this.up(at);
    this.down(last.heapIndex);
  }

  /** Fires what is due, at most `limit` timers so that a turn stays bounded. @returns how many fired */
  fire(nowMs: number, limit: number): number {
    let fired = 0;
    while (fired < limit && this.items.length > 0 && this.items[0].wakeAtMs <= nowMs) {
      const timer = this.items[0];
      this.cancel(timer);
      this.latest = timer;
      timer.onTimer(nowMs);
      fired++;
    }
    return fired;
  }

  private up(from: number): void {
    const items = this.items;
    const item = items[from];
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent].wakeAtMs <= item.wakeAtMs) break;
      items[at] = items[parent];
      items[at].heapIndex = at;
      at = parent;
    }
    items[at] = item;
    item.heapIndex = at;
  }

  private down(from: number): void {
    const items = this.items;
    const item = items[from];
    const half = items.length >> 1;
    let at = from;
    while (at < half) {
      let child = 2 * at + 1;
      if (child + 1 < items.length && items[child + 1].wakeAtMs < items[child].wakeAtMs) child++;
      if (items[child].wakeAtMs >= item.wakeAtMs) break;
      items[at] = items[child];
      items[at].heapIndex = at;
      at = child;
    }
    items[at] = item;
    item.heapIndex = at;
  }
}
