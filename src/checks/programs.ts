/**
 * Programs of external checks, as the health thread sees them. Its own event loop never turns, so the main thread starts
 * them and tells when one has ended; nothing here waits for that.
 */
import type { ExternalProgram, FromHealth } from '../core/messages.js';

export class Programs {
  private readonly waiting = new Map<number, (status: number) => void>();
  private last = 0;

  constructor(private readonly post: (message: FromHealth) => void) {}

  /** @param ended is called with the exit status, unless it was killed before. @returns what to kill it by */
  run(program: ExternalProgram, ended: (status: number) => void): number {
    const id = ++this.last;
    this.waiting.set(id, ended);
    this.post({ type: 'run-program', id, program });
    return id;
  }

  /** Its end is of no interest any more. */
  kill(id: number): void {
    if (this.waiting.delete(id)) this.post({ type: 'kill-program', id });
  }

  ended(id: number, status: number): void {
    const done = this.waiting.get(id);
    this.waiting.delete(id);
    done?.(status);
  }
}
