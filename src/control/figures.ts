/**
 * Figures that are differences: idle percentage and bytes per second. They are taken when somebody asks, over the time
 * since the last asking (at least a second, so that two clients do not disturb each other).
 */
import { C_IDLE_US, C_TURNED_US, rowKey } from '../core/table.js';
import type { Figures } from './command.js';
import type { Engine } from './engine.js';
import { totalBytesOut } from './info-values.js';

const SHORTEST_MS = 1000;

interface Sample {
  readonly atMs: number;
  /** What the workers worked since their start, µs, up to the last turn of their loops. */
  readonly busyUs: number;
  readonly bytesOut: number;
}

export class SampledFigures implements Figures {
  private before: Sample;
  private idle = 100;
  private rate = 0;

  constructor(
    private readonly engine: Engine,
    private readonly now: () => number,
  ) {
    this.before = { atMs: engine.startedAtMs, busyUs: 0, bytesOut: 0 };
  }

  idlePercent(): number {
    this.refresh();
    return this.idle;
  }

  bytesOutRate(): number {
    this.refresh();
    return this.rate;
  }

  private refresh(): void {
    const sample = this.take();
    const elapsedMs = sample.atMs - this.before.atMs;
    if (elapsedMs < SHORTEST_MS) return;
    const busyUs = (sample.busyUs - this.before.busyUs) / this.engine.workers;
    this.idle = Math.min(100, Math.max(0, Math.round(100 - busyUs / (elapsedMs * 10))));
    this.rate = Math.max(0, Math.round(((sample.bytesOut - this.before.bytesOut) * 1000) / elapsedMs));
    this.before = sample;
  }

  private take(): Sample {
    const row = this.engine.row(rowKey.process());
    // A worker that sleeps now has not said so: only what it did counts, and the rest of the time was none of it.
    const busyUs = row === undefined ? 0 : row.sum(C_TURNED_US) - row.sum(C_IDLE_US);
    return { atMs: this.now(), busyUs, bytesOut: totalBytesOut(this.engine) };
  }
}
