/**
 * Is the proxy of this process worth an address? Read straight from the shared table, so that a busy main thread delays
 * nothing: workers that turn, frontends that listen, backends with a usable server.
 */
import * as T from '../core/table.js';
import type { VipPlan } from '../core/vrrp/messages.js';
import { wake } from '../linux/eventfd.js';

/** A worker that was woken and has not turned for this long hangs: no session of its own could move either. */
const HUNG_MS = 1500;

export class ProxyHealth {
  private rows = new Map<string, T.Row>();
  private backends: VipPlan['backends'] = {};
  private workers: readonly number[] = [];
  private loops: number[] = [];
  /** When each worker was seen to turn last. */
  private turnedAtMs: number[] = [];

  apply(plan: VipPlan, nowMs: number): void {
    const segments = new Map(plan.segments.map((segment) => [segment.id, segment]));
    this.rows = new Map();
    for (const [key, ref] of Object.entries(plan.rows))
      if (key === T.rowKey.process() || key.startsWith('f:') || key.startsWith('b:'))
        this.rows.set(key, new T.Row(segments.get(ref.segment)!, ref.index));
    this.backends = plan.backends;
    if (plan.workers.length !== this.workers.length) {
      this.loops = plan.workers.map(() => -1);
      this.turnedAtMs = plan.workers.map(() => nowMs);
    }
    this.workers = plan.workers;
  }

  /** Looks whether the workers turned since the last time, and has them turn again. */
  look(nowMs: number): void {
    const row = this.rows.get(T.rowKey.process());
    if (row === undefined) return;
    this.workers.forEach((fd, i) => {
      const loops = row.f64[row.counters + i * T.COUNTER_CELLS + T.C_LOOPS];
      if (loops !== this.loops[i]) this.turnedAtMs[i] = nowMs;
      this.loops[i] = loops;
      wake(fd);
    });
  }

  /** @returns why the proxy is not well; null when it is */
  proxyFault(nowMs: number): string | null {
    const row = this.rows.get(T.rowKey.process());
    if (row === undefined) return null;
    if (row.get(T.P_STOPPING) === 1) return 'the proxy is stopping';
    const hung = this.turnedAtMs.findIndex((atMs) => nowMs - atMs > HUNG_MS);
    if (hung >= 0) return `worker ${hung + 1} of the proxy hangs`;
    const frontends = Object.keys(this.backends);
    const isListening = frontends.length === 0 || frontends.some((name) => this.isListening(name));
    return isListening ? null : 'no frontend listens';
  }

  /** @returns why a frontend cannot serve; null when it can */
  frontendFault(name: string, nowMs: number): string | null {
    if (!Object.hasOwn(this.backends, name)) return `frontend ${name} does not run`;
    const fault = this.proxyFault(nowMs);
    if (fault !== null) return fault;
    if (!this.isListening(name)) return `frontend ${name} does not listen`;
    const backends = this.backends[name].map((key) => this.rows.get(key)).filter((row) => row !== undefined);
    const isUsable = backends.length === 0 || backends.some((row) => row.get(T.B_ACTIVE) + row.get(T.B_BACKUP) > 0);
    return isUsable ? null : `no server behind frontend ${name} is usable`;
  }

  private isListening(name: string): boolean {
    const state = this.rows.get(T.rowKey.frontend(name))?.get(T.I_STATE);
    return state === 1 || state === 2; // running, or full
  }
}
