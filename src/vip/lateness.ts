/** How late advertisements left: the worst since the start, and the worst of the last minute. */

const SLOT_MS = 10_000;
const SLOTS = 7;

export class Lateness {
  worstMs = 0;
  private readonly slots = new Float64Array(SLOTS);
  private slot = 0;

  /** @param delayMs behind its time; less than 0 (it was sent early) counts as 0 */
  add(delayMs: number, nowMs: number): void {
    this.turnTo(nowMs);
    const delay = Math.max(0, delayMs);
    this.worstMs = Math.max(this.worstMs, delay);
    const at = this.slot % SLOTS;
    this.slots[at] = Math.max(this.slots[at], delay);
  }

  /** Of the last minute, at least. */
  recentMs(nowMs: number): number {
    this.turnTo(nowMs);
    return Math.max(...this.slots);
  }

  private turnTo(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let next = Math.max(this.slot + 1, slot - SLOTS + 1); next <= slot; next++) this.slots[next % SLOTS] = 0;
    this.slot = Math.max(this.slot, slot);
  }
}
