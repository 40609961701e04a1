/** What the health thread reports: kept for whoever asks, logged as HAProxy logs it. */
import type { HealthEvent } from '../core/messages.js';
import type { ProcessLog } from './process-log.js';

const KEPT = 1000;

export class HealthEvents {
  readonly list: HealthEvent[] = [];
  private readonly listeners = new Set<(event: HealthEvent) => void>();
  private readonly last = new Map<string, string>();

  constructor(private readonly log: ProcessLog) {}

  add(event: HealthEvent): void {
    this.list.push(event);
    if (this.list.length > KEPT) this.list.shift();
    if (event.kind === 'backend-down') this.log.say('ALERT', quoted(event));
    else this.log.say('WARNING', event.text);
    this.log.send(event.level, event.proxy, event.text, event.atMs);
    for (const listener of this.listeners) listener(event);
  }

  subscribe(listener: (event: HealthEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The last check of a server says something else than the one before. */
  checked(proxy: string, server: string, text: string): void {
    this.last.set(`${proxy}/${server}`, text);
  }

  /** What the last check of a server said; '' if none ran. */
  lastCheck(proxy: string, server: string): string {
    return this.last.get(`${proxy}/${server}`) ?? '';
  }
}

/** On the terminal HAProxy puts the name between quotes, in its log it does not. */
function quoted({ text, proxy }: HealthEvent): string {
  return text.replace(` ${proxy} `, ` '${proxy}' `);
}
