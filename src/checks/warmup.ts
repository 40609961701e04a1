/** The seconds of one slowstart. */
import type { ServerHealth } from '../core/health/entities.js';
import type { HealthMachine } from '../core/health/machine.js';
import type { Timed, TimerHeap } from '../core/timer-heap.js';

export class Warmup implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;

  /** @param server the server as the configuration in force has it; undefined once it is gone */
  constructor(
    private readonly timers: TimerHeap,
    private readonly machine: HealthMachine,
    private readonly server: () => ServerHealth | undefined,
  ) {}

  arm(atMs: number): void {
    this.timers.arm(this, atMs);
  }

  onTimer(): void {
    const server = this.server();
    if (server === undefined) return;
    this.machine.at(performance.now(), Date.now());
    this.machine.warm(server);
    if (server.nextStepMs !== Number.POSITIVE_INFINITY) this.arm(server.nextStepMs);
  }
}
