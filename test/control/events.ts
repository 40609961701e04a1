/** Events and states as the health thread would tell them. */
import type { ServerNow } from '../../src/core/events/event.js';
import type { HealthEvent } from '../../src/core/messages.js';

export function downEvent(proxy: string, server: string | null, atMs = 1_700_000_000_000): HealthEvent {
  return {
    type: 'health-event',
    proxy,
    server,
    atMs,
    kind: server === null ? 'backend-down' : 'server-down',
    level: 'alert',
    text: server === null ? `backend ${proxy} has no server available!` : `Server ${proxy}/${server} is DOWN.`,
  };
}

export const UP_NOW: ServerNow = {
  condition: 'up',
  health: 4,
  rise: 2,
  fall: 3,
  isChecked: true,
  checksEnabled: true,
  intervalMs: 200,
  check: { status: 'L7OK', description: 'Layer7 check passed', code: 200, durationMs: 1, text: '', role: null },
  checkedAtMs: 1_700_000_000_000,
  tracks: null,
  isForced: false,
  damping: null,
  weight: 1,
  isUsable: true,
  isBackup: false,
  sessions: 0,
  usable: ['s1'],
  active: 1,
  backup: 0,
};
