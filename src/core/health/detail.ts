/** An event's detail, and the state of a server for whoever asks: read from what health keeps. */

import { CheckStatus } from '../check-status.js';
import type { Condition, DampingSeen, EventCause, EventDetail, ServerNow } from '../events/event.js';
import { NAMES_MAX } from '../events/words.js';
import type { HealthEvent } from '../messages.js';
import * as T from '../table.js';
import { isDownByAgent } from './agent.js';
import type { BackendHealth, ServerHealth } from './entities.js';
import { conditionOf } from './past.js';
import { nextInterval } from './schedule.js';
import { chosenOf } from './single.js';
import type { Cause } from './texts.js';

/** What S_CHECKED_AT holds of a time. */
const LOW_31_BITS = 0x7fff_ffff;
const OFF: readonly Condition[] = ['down', 'maint', 'unresolved'];

/** @param offsetMs wall clock minus monotonic clock */
export function detailOf(s: ServerHealth, cause: EventCause, offsetMs: number): EventDetail {
  const { past } = s;
  const from = past.condition;
  past.condition = conditionOf(s);
  const isOwn = cause.by === 'check' || cause.by === 'traffic';
  return {
    cause,
    from,
    to: past.condition,
    check: isOwn || cause.by === 'damping' ? past.check : null,
    run: isOwn ? past.run : null,
    trigger: isOwn ? past.triggered : null,
    damping: dampingOf(s, offsetMs),
    sessions: s.row.get(T.I_CUR_SESS),
    sessionsShut: s.settings.shutdownOnDown && OFF.includes(past.condition) && !OFF.includes(from),
    ...remaining(s.backend),
  };
}

/** The backend went up or down because of one of its servers. */
export function backendDetail(b: BackendHealth, server: string): EventDetail {
  const [from, to] = b.isUp ? (['down', 'up'] as const) : (['up', 'down'] as const);
  const sessions = b.row.get(T.I_CUR_SESS);
  const none = { check: null, run: null, trigger: null, damping: null, sessionsShut: false };
  return { cause: { by: 'server', server }, from, to, ...none, sessions, ...remaining(b) };
}

/** Whose doing a change by a check, a tracked server, an operator or time was. */
export function eventCause(s: ServerHealth, cause: Cause): EventCause {
  if (cause.by === 'tracked') return trackedCause(s);
  if (cause.by === 'agent') return { by: 'agent', text: cause.report.text };
  if (cause.by !== 'check') return { by: cause.by };
  return { by: cause.report.status === CheckStatus.HANA ? 'traffic' : 'check' };
}

/** Whose doing a change of administrative flags was. */
export function adminCause(s: ServerHealth, changed: number): EventCause {
  if (changed & (T.ADMIN_FMAINT | T.ADMIN_FDRAIN)) return { by: 'operator' };
  return changed & T.ADMIN_RMAINT ? { by: 'resolution' } : trackedCause(s);
}

function trackedCause({ tracked }: ServerHealth): EventCause {
  return { by: 'tracked', server: tracked === null ? '' : `${tracked.backend.name}/${tracked.name}` };
}

function dampingOf(s: ServerHealth, offsetMs: number): DampingSeen | null {
  const { level, heldUntilMs } = s.damping;
  const { damping } = s.settings;
  if (level === 0 || damping === null) return null;
  const { flaps, windowMs } = damping;
  return { level, heldUntilMs: heldUntilMs === 0 ? 0 : Math.round(heldUntilMs + offsetMs), flaps, windowMs };
}

function remaining(b: BackendHealth): Pick<EventDetail, 'usable' | 'active' | 'backup'> {
  const names = takersOf(b).map(({ name }) => name);
  return { usable: names.slice(0, NAMES_MAX), active: b.active, backup: b.backup };
}

/** Who gets new sessions: the chosen one; active servers; else the first backup, or all of them with `allbackups`. */
function takersOf(b: BackendHealth): ServerHealth[] {
  const counted = b.active > 0 ? 'active' : 'backup';
  const usable = b.servers.filter((s) => s.isUsable && s.counted === counted);
  if (b.single === null) return b.active > 0 || b.allBackups ? usable : usable.slice(0, 1);
  const chosen = chosenOf(b);
  return chosen?.isUsable ? [chosen] : usable.slice(0, 1);
}

/** @param epochMs wall clock @param nowMs monotonic clock */
export function serverNow(s: ServerHealth, epochMs: number, nowMs: number): ServerNow {
  const { settings, past, tracked } = s;
  return {
    condition: conditionOf(s),
    health: s.health,
    rise: settings.rise,
    fall: settings.fall,
    isChecked: settings.isChecked,
    checksEnabled: s.checksEnabled,
    intervalMs: nextInterval(s, 0, 0),
    check: past.check,
    checkedAtMs: checkedAt(s, epochMs),
    tracks: tracked === null ? null : `${tracked.backend.name}/${tracked.name}`,
    isForced: (s.admin & (T.ADMIN_FMAINT | T.ADMIN_FDRAIN)) !== 0,
    ...(s.agent?.isEnabled ? { agent: { isDown: isDownByAgent(s), text: s.agent.text } } : {}),
    damping: dampingOf(s, epochMs - nowMs),
    weight: s.weight,
    isUsable: s.isUsable,
    isBackup: settings.isBackup,
    sessions: s.row.get(T.I_CUR_SESS),
    ...remaining(s.backend),
  };
}

export function event(
  b: BackendHealth,
  server: string | null,
  kind: HealthEvent['kind'],
  level: HealthEvent['level'],
  text: string,
  atMs: number,
  detail: EventDetail,
): HealthEvent {
  return { type: 'health-event', proxy: b.name, server, atMs, kind, level, text, detail };
}

/** The role thread does not tell each check that found nothing new, but leaves its time in the row. */
function checkedAt({ past, row }: ServerHealth, epochMs: number): number | null {
  const low = row.get(T.S_CHECKED_AT);
  if (low === 0 || past.checkedAtMs === 0) return past.checkedAtMs || null;
  return Math.max(past.checkedAtMs, epochMs - ((epochMs - low) & LOW_31_BITS));
}
