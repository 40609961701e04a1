/**
 * Lets programs start one after the other: starting one stops this process for about a millisecond, and the watchdog
 * must not wait for hundreds of them.
 */

/** Between two starts, in ms: at most 500 a second, and half of the time is left for everything else. */
const SPACING_MS = 2;

export class Starts {
  /** What waits for an event goes before what is done over and over. */
  private readonly urgent: (() => void)[] = [];
  private readonly others: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** Never calls `start` at once. */
  add(start: () => void, isUrgent: boolean): void {
    (isUrgent ? this.urgent : this.others).push(start);
    this.timer ??= setTimeout(() => this.next(), SPACING_MS);
  }

  private next(): void {
    const start = this.urgent.shift() ?? this.others.shift();
    const isMore = this.urgent.length + this.others.length > 0;
    this.timer = isMore ? setTimeout(() => this.next(), SPACING_MS) : undefined;
    start?.();
  }
}
