/**
 * Figures that are differences: idle percentage and bytes per second. They are taken when somebody asks, over the time
 * since the last asking (at least a second, so that two clients do not disturb each other).
 */
import { C_IDLE_US, rowKey } from '../core/table.js';
import type { Figures } from './command.js';
import type { Engine } from './engine.js';
import { totalBytesOut } from './info-values.js';

const SHORTEST_MS = 1000;

interface Sample {
  readonly atMs: number;
  readonly idleUs: number;
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
    this.before = { atMs: engine.startedAtMs, idleUs: 0, bytesOut: 0 };
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
    const idleUs = (sample.idleUs - this.before.idleUs) / this.engine.workers;
    this.idle = Math.min(100, Math.max(0, Math.round(idleUs / (elapsedMs * 10))));
    this.rate = Math.max(0, Math.round(((sample.bytesOut - this.before.bytesOut) * 1000) / elapsedMs));
    this.before = sample;
  }

  private take(): Sample {
    const idleUs = this.engine.row(rowKey.process())?.sum(C_IDLE_US) ?? 0;
    return { atMs: this.now(), idleUs, bytesOut: totalBytesOut(this.engine) };
  }
}
