/** Says what is going on: one line that rewrites itself on a terminal, plain lines elsewhere; on standard error. */
export class Progress {
  readonly #startedAtMs = Date.now();
  #lineOpen = false;

  constructor(readonly quiet: boolean) {}

  step(text: string): void {
    if (this.quiet) return;
    const seconds = ((Date.now() - this.#startedAtMs) / 1000).toFixed(1).padStart(6);
    if (process.stderr.isTTY !== true) process.stderr.write(`${seconds} s  ${text}\n`);
    else {
      process.stderr.write(`\r\x1b[2K${seconds} s  ${text}`.slice(0, 120));
      this.#lineOpen = true;
    }
  }

  /** Leaves the last line standing. */
  done(): void {
    if (this.#lineOpen) process.stderr.write('\r\x1b[2K');
    this.#lineOpen = false;
  }
}
