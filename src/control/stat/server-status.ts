/** The `status` column of a server, as HAProxy 2.6 words it (observed), and what else follows from its health cells. */
import {
  ADMIN_DRAIN,
  ADMIN_IMAINT,
  ADMIN_MAINT,
  ADMIN_RMAINT,
  type Row,
  S_ADMIN,
  S_AGENT_HEALTH,
  S_AGENT_STATE,
  S_CHECK_STATE,
  S_EWEIGHT,
  S_FALL,
  S_HEALTH,
  S_HELD_UNTIL,
  S_RISE,
  S_STATE,
  S_UWEIGHT,
  STATE_STARTING,
  STATE_STOPPED,
  STATE_STOPPING,
} from '../../core/table.js';

const CHECK_ENABLED = 4;
const CHECK_PAUSED = 8;

/** Whether a health check is configured and enabled (it may be paused by maintenance). */
export function isChecked(row: Row): boolean {
  return (row.get(S_CHECK_STATE) & CHECK_ENABLED) !== 0;
}

/** Whether an agent is configured and enabled. */
export function isAgentAsked(row: Row): boolean {
  return (row.get(S_AGENT_STATE) & CHECK_ENABLED) !== 0;
}

/** Whether checks run now. */
export function isBeingChecked(row: Row): boolean {
  return (row.get(S_CHECK_STATE) & (CHECK_ENABLED | CHECK_PAUSED)) === CHECK_ENABLED;
}

/**
 * @param row the server's own row: administration and operational state
 * @param tracked the row of the server at the end of the `track` chain (the server itself without): health and checks
 * @param via name of the server it tracks itself, `backend/server`
 * @param nowMs wall clock
 */
export function serverStatus(row: Row, tracked: Row, via: string, nowMs: number): string {
  const admin = row.get(S_ADMIN);
  if (admin & ADMIN_MAINT) return maintenance(admin, via);
  const health = tracked.get(S_HEALTH);
  const rise = tracked.get(S_RISE);
  const isAsked = isAgentAsked(tracked);
  if (row.get(S_STATE) === STATE_STOPPED && isAsked && tracked.get(S_AGENT_HEALTH) === 0) return 'DOWN (agent)';
  if (row.get(S_STATE) === STATE_STOPPED)
    return downWord(row, nowMs, health > 0 && health < rise ? ` ${health}/${rise}` : '');
  const word = runningWord(row, admin);
  if (word === 'DRAIN' && isAsked) return 'DRAIN (agent)';
  if (word === 'UP' && !isChecked(tracked)) return 'no check';
  const fall = tracked.get(S_FALL);
  const isFull = !isChecked(tracked) || health >= rise + fall - 1;
  return isFull ? word : `${word} ${health - rise + 1}/${fall}`;
}

/** HAProxy damps nothing: there the word is `DOWN` alone. */
function downWord(row: Row, nowMs: number, progress: string): string {
  const leftMs = row.get(S_HELD_UNTIL) * 1000 - nowMs;
  return leftMs > 0 ? `DOWN (damped ${Math.max(1, Math.floor(leftMs / 1000))}s)` : `DOWN${progress}`;
}

function maintenance(admin: number, via: string): string {
  if (admin & ADMIN_RMAINT) return 'MAINT (resolution)';
  return admin & ADMIN_IMAINT ? `MAINT (via ${via})` : 'MAINT';
}

function runningWord(row: Row, admin: number): string {
  if (row.get(S_STATE) === STATE_STOPPING) return 'NOLB';
  return admin & ADMIN_DRAIN ? 'DRAIN' : 'UP';
}

/** Effective weight as shown: the user's weight, or what slowstart has reached of it. */
export function shownWeight(row: Row): number {
  const throttled = row.get(S_STATE) === STATE_STARTING && row.get(S_EWEIGHT) > 0;
  return throttled ? Math.ceil(row.get(S_EWEIGHT) / 16) : row.get(S_UWEIGHT);
}

/** Percent of the weight that slowstart has reached; undefined outside slowstart. */
export function throttlePercent(row: Row): number | undefined {
  if (row.get(S_STATE) !== STATE_STARTING) return undefined;
  const weight = row.get(S_UWEIGHT) * 16;
  return weight === 0 ? undefined : Math.max(1, Math.floor((row.get(S_EWEIGHT) * 100) / weight));
}

/** Whether the balance algorithm may choose the server now. */
export function isUsable(row: Row): boolean {
  return row.get(S_EWEIGHT) > 0;
}
