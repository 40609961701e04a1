/**
 * Decides when the daemon counts as hung: no beat for `limitMs`. Acts once per silence; the next `beat` arms it again.
 *
 * A timer that fires late says that this process did not run either (the machine was paused, or too busy), so that the
 * beats may be waiting in the socket: it looks again after the socket was read, and after a long pause leaves the daemon
 * half a limit more to wake up.
 */

/** A timer may be this late without meaning anything. */
const LATE_MS = 5;

export class Watchdog {
  private limitMs: number | null = null;
  private heardMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private wakeAtMs = 0;
  /** The half limit more was given in this silence. */
  private hasWaited = false;

  /** @param now monotonic ms @param expired called with the ms since the last beat */
  constructor(
    private readonly now: () => number,
    private readonly expired: (silentMs: number) => void,
  ) {}

  /** @param limitMs null: not watched until the next beat with a limit */
  beat(limitMs: number | null): void {
    this.limitMs = limitMs;
    this.heardMs = this.now();
    this.hasWaited = false;
    if (limitMs === null) this.stop();
    // A timer that is armed stays: it finds out by itself that there was a beat since. Shorter limits cannot wait.
    else if (this.timer === undefined || this.wakeAtMs > this.heardMs + limitMs) this.arm(limitMs);
  }

  stop(): void {
    this.limitMs = null;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(waitMs: number): void {
    clearTimeout(this.timer);
    this.wakeAtMs = this.now() + waitMs;
    this.timer = setTimeout(() => this.look(), Math.ceil(waitMs));
  }

  private look(): void {
    const lateMs = this.now() - this.wakeAtMs;
    // Immediates run after the sockets were read (phases of Node's event loop).
    setImmediate(() => {
      if (this.limitMs === null) return;
      const leftMs = this.heardMs + this.limitMs - this.now();
      if (leftMs > 0) this.arm(leftMs);
      else if (lateMs > Math.max(LATE_MS, this.limitMs / 2) && !this.hasWaited) this.wait();
      else this.expire();
    });
  }

  private wait(): void {
    this.hasWaited = true;
    this.arm((this.limitMs ?? 0) / 2);
  }

  private expire(): void {
    const silentMs = this.now() - this.heardMs;
    this.stop();
    this.expired(silentMs);
  }
}
