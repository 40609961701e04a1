/**
 * Time limits of all checks of a thread on one timer. A check that is answered in time only leaves the heap: in the
 * steady state the timer fires about once per time limit, however many checks there are.
 */
import { type Timed, TimerHeap } from '../../core/timer-heap.js';

/** Fired in one turn; more wait for the next, after the sockets were looked at again. */
const TURN_LIMIT = 1000;

/** For checks that say nothing; whoever runs them says their interval. */
export const DEFAULT_TIMEOUT_MS = 1000;

class Deadlines {
  private readonly heap = new TimerHeap();
  private armedForMs = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  /** @param wakeAtMs by performance.now() */
  arm(timed: Timed, wakeAtMs: number): void {
    this.heap.arm(timed, wakeAtMs);
    if (wakeAtMs < this.armedForMs) this.set(wakeAtMs);
  }

  cancel(timed: Timed): void {
    this.heap.cancel(timed);
  }

  private set(atMs: number): void {
    clearTimeout(this.timer);
    this.armedForMs = atMs;
    // What a check waits for, a socket or a child, keeps the process; a limit alone does not.
    this.timer = setTimeout(this.onTimeout, Math.max(1, Math.ceil(atMs - performance.now()))).unref();
  }

  /** Answers may lie in the sockets while this thread was busy or had no processor: they are read first. */
  private readonly onTimeout = (): void => {
    setImmediate(this.fire, performance.now());
  };

  private readonly fire = (nowMs: number): void => {
    this.heap.fire(nowMs, TURN_LIMIT);
    this.armedForMs = Number.POSITIVE_INFINITY;
    if (this.heap.size > 0) this.set(this.heap.nextMs);
  };
}

/** Of this thread. */
export const deadlines = new Deadlines();
