/** What leaves the health machine, beside the rows of the shared table. */
import type { HealthEvent } from '../messages.js';
import type { ServerHealth } from './entities.js';

/** What the machine asks of whoever runs it. */
export interface HealthActions {
  log(event: HealthEvent): void;
  /** Figures that balancing uses have changed: call `flush` at the end of the turn, then wake the data plane. */
  changed(): void;
  /** What the last check said (`last_chk`) is another text than before. */
  lastCheck(server: ServerHealth, text: string): void;
  /** What its agent said, or where that is asked, is another than before. */
  agentTold(server: ServerHealth): void;
  /** The server warms up: call `warm` when its `nextStepMs` has come. */
  warming(server: ServerHealth): void;
  /** Check again soon (`fastinter`), not later than this many ms from now. */
  checkWithin(server: ServerHealth, ms: number): void;
}
