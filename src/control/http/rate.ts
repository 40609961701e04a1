/** How much a client may ask: a bucket that fills with time, and counts of connections. */

/** Tokens that come back at a steady rate, up to a burst. */
export class RateLimit {
  private level: number;
  private atMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.level = burst;
  }

  /** @param nowMs monotonic @returns 0 when it may go on, else how many ms to wait */
  take(nowMs: number): number {
    const gained = this.atMs === Number.NEGATIVE_INFINITY ? 0 : ((nowMs - this.atMs) / 1000) * this.perSecond;
    this.level = Math.min(this.burst, this.level + gained);
    this.atMs = nowMs;
    if (this.level < 1) return ((1 - this.level) / this.perSecond) * 1000;
    this.level--;
    return 0;
  }
}

/** Counts what is open by key, and refuses beyond a limit. */
export class PerKey {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limit: number) {}

  enter(key: string): boolean {
    const count = this.counts.get(key) ?? 0;
    if (count >= this.limit) return false;
    this.counts.set(key, count + 1);
    return true;
  }

  leave(key: string): void {
    const count = (this.counts.get(key) ?? 1) - 1;
    if (count <= 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }
}
