/** Chance from a seed: mulberry32, small, and the same everywhere. */
export class Random {
  constructor(private state: number) {
    for (let i = 0; i < 3; i++) this.unit();
  }

  /** 0 up to, and without, 1. */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** Whole, `high` not included. */
  below(high: number): number {
    return Math.floor(this.unit() * high);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<V>(from: readonly V[]): V {
    return from[this.below(from.length)];
  }
}
