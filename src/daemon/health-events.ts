/** What the health thread reports: kept for whoever asks, logged as HAProxy logs it. */

import type { AgentSaid } from '../control/engine.js';
import type { StoredEvent } from '../core/events/event.js';
import { History } from '../core/events/history.js';
import type { DampingNote } from '../core/health/damping.js';
import type { HealthEvent } from '../core/messages.js';
import type { ProcessLog } from './process-log.js';

/** Causes behind which an operator's order may be. */
const ORDERED: readonly string[] = ['operator', 'damping', 'balance', 'agent'];

export class HealthEvents {
  readonly history = new History();
  private readonly listeners = new Set<(event: StoredEvent) => void>();
  private readonly last = new Map<string, string>();
  private readonly flaps = new Map<string, DampingNote>();
  private readonly agents = new Map<string, AgentSaid>();
  /** Who asked for what is being done to a server at this moment. */
  private readonly orders = new Map<string, string>();

  constructor(private readonly log: ProcessLog) {}

  add(event: HealthEvent): void {
    const stored = this.history.add(event, this.whoDid(event));
    if (!event.isQuiet) {
      if (event.kind === 'backend-down') this.log.say('ALERT', quoted(event));
      else this.log.say(tagOf(event), event.text);
      this.log.send(event.level, event.kind === 'vip' ? null : event.proxy, event.text, event.atMs);
    }
    for (const listener of this.listeners) listener(stored);
  }

  private whoDid({ proxy, server, detail }: HealthEvent): string | null {
    return ORDERED.includes(detail?.cause.by ?? '') ? (this.orders.get(`${proxy}/${server}`) ?? null) : null;
  }

  /**
   * Carries out an order about a server under the name of whoever gave it. The health thread reports what an order
   * changed before it says that it is done.
   */
  async under<V>(who: string, proxy: string, server: string, carryOut: () => Promise<V>): Promise<V> {
    const key = `${proxy}/${server}`;
    this.orders.set(key, who);
    try {
      return await carryOut();
    } finally {
      if (this.orders.get(key) === who) this.orders.delete(key);
    }
  }

  subscribe(listener: (event: StoredEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** How a server flapped. */
  damped(proxy: string, server: string, note: DampingNote | null): void {
    if (note === null) this.flaps.delete(`${proxy}/${server}`);
    else this.flaps.set(`${proxy}/${server}`, note);
  }

  damping(proxy: string, server: string): DampingNote | undefined {
    return this.flaps.get(`${proxy}/${server}`);
  }

  /** The last check of a server says something else than the one before. */
  checked(proxy: string, server: string, text: string): void {
    this.last.set(`${proxy}/${server}`, text);
  }

  /** The agent of a server says something else, or is asked elsewhere. */
  agent(proxy: string, server: string, said: AgentSaid): void {
    this.agents.set(`${proxy}/${server}`, said);
  }

  lastAgent(proxy: string, server: string): AgentSaid {
    return this.agents.get(`${proxy}/${server}`) ?? { text: '', addr: null };
  }

  /** What the last check of a server said; '' if none ran. */
  lastCheck(proxy: string, server: string): string {
    return this.last.get(`${proxy}/${server}`) ?? '';
  }
}

function tagOf({ kind, level }: HealthEvent): 'NOTICE' | 'WARNING' | 'ALERT' {
  if (kind === 'vip' && level === 'notice') return 'NOTICE';
  return (kind === 'claim' || kind === 'vip') && level === 'alert' ? 'ALERT' : 'WARNING';
}

/** On the terminal HAProxy puts the name between quotes, in its log it does not. */
function quoted({ text, proxy }: HealthEvent): string {
  return text.replace(` ${proxy} `, ` '${proxy}' `);
}
