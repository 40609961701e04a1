/**
 * Lets programs start one after the other: starting one stops this process for about a millisecond, and the watchdog
 * must not wait for hundreds of them.
 */

/** Between two starts, in ms: at most 500 a second, and half of the time is left for everything else. */
const SPACING_MS = 2;

export class Starts {
  private readonly waiting: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** Never calls `start` at once. */
  add(start: () => void): void {
    this.waiting.push(start);
    this.timer ??= setTimeout(() => this.next(), SPACING_MS);
  }

  private next(): void {
    const start = this.waiting.shift();
    this.timer = this.waiting.length > 0 ? setTimeout(() => this.next(), SPACING_MS) : undefined;
    start?.();
  }
}
