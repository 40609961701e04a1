/** What the VIP thread reports, as history keeps it beside what happens to servers. */
import type { HealthEvent } from '../messages.js';
import type { VipEvent } from '../vrrp/messages.js';

/** @returns the event under the name of its instance or sync group; its text is the log line */
export function toHistoryEvent({ name, atMs, from, to, level, text }: VipEvent): HealthEvent {
  const line = from === to ? `vip ${name}: ${text}` : `vip ${name}: ${from} -> ${to}: ${text}`;
  return {
    type: 'health-event',
    kind: 'vip',
    proxy: name,
    server: null,
    atMs,
    level,
    text: line,
    vip: { from, to, why: text },
  };
}
