/** How many may ask at a time, and how fast they may come: per address, in all, and per second (xinetd's `cps`). */
import { DEFAULT_AGENT_MAXCONN } from '../config/agents/defaults.js';
import type { AgentEndpoint } from '../config/model.js';
import { AccessList } from './access.js';

export type Refusal = 'access' | 'per-source' | 'maxconn' | 'rate';

export class Admission {
  private readonly access: AccessList;
  private readonly maxconn: number;
  private readonly bySource = new Map<string, number>();
  private second = 0;
  private inSecond = 0;
  private pausedUntilMs = 0;
  open = 0;

  constructor(private readonly settings: AgentEndpoint) {
    this.access = new AccessList(settings);
    this.maxconn = settings.maxconn ?? DEFAULT_AGENT_MAXCONN;
  }

  /** Counts a connection in, or says why not. `leave` must follow where the answer is null. */
  enter(ip: string, nowMs: number): Refusal | null {
    if (!this.access.allows(ip)) return 'access';
    if (this.isTooFast(nowMs)) return 'rate';
    if (this.open >= this.maxconn) return 'maxconn';
    const { perSource } = this.settings;
    const mine = this.bySource.get(ip) ?? 0;
    if (perSource !== undefined && mine >= perSource) return 'per-source';
    if (perSource !== undefined) this.bySource.set(ip, mine + 1);
    this.open++;
    return null;
  }

  leave(ip: string): void {
    this.open--;
    const mine = this.bySource.get(ip);
    if (mine === undefined) return;
    if (mine > 1) this.bySource.set(ip, mine - 1);
    else this.bySource.delete(ip);
  }

  private isTooFast(nowMs: number): boolean {
    const rate = this.settings.connectionRate;
    if (rate === undefined) return false;
    if (nowMs < this.pausedUntilMs) return true;
    const second = Math.floor(nowMs / 1000);
    this.inSecond = second === this.second ? this.inSecond + 1 : 1;
    this.second = second;
    if (this.inSecond <= rate.perSecond) return false;
    this.pausedUntilMs = nowMs + rate.pauseMs;
    return true;
  }
}
