/** One event as one aligned line, for `fairlead events`. */
import { causeText } from './cause.js';
import type { StoredEvent } from './event.js';
import { isTransition, isVipTransition } from './history.js';
import type { Clock, Paint } from './story.js';
import { stateTone } from './vip-words.js';
import { conditionWord, counted, span } from './words.js';

/** Of `UP -> UNRESOLVED`; what is wider pushes its line. */
const CHANGE_WIDTH = 16;

/** @param subjectWidth widest name so far, for the alignment */
export function eventText(event: StoredEvent, subjectWidth: number, clock: Clock, paint: Paint): string {
  const [what, length] = changeText(event, paint);
  const padding = ' '.repeat(Math.max(0, CHANGE_WIDTH - length));
  const time = paint('quiet', clock(event.atMs));
  return `${time}  ${subjectOf(event).padEnd(subjectWidth)}  ${what}${padding}  ${whyText(event)}`;
}

/** `pg/db1`, `pg` for the backend itself, or the name of a virtual router. */
export function subjectOf({ proxy, server }: StoredEvent): string {
  return server === null ? proxy : `${proxy}/${server}`;
}

/** @returns the text, and how wide it is on the screen */
function changeText(event: StoredEvent, paint: Paint): [text: string, width: number] {
  const { detail, kind, vip } = event;
  if (vip !== undefined && isVipTransition(event))
    return [`${vip.from} -> ${paint(stateTone(vip.to), vip.to)}`, `${vip.from} -> ${vip.to}`.length];
  if (kind === 'damping') return [paint('calm', 'held down'), 'held down'.length];
  if (detail === undefined || !isTransition(event)) return [paint('quiet', '-'), 1];
  const [from, to] = [conditionWord(detail.from), conditionWord(detail.to)];
  const as = detail.to === 'up' ? 'good' : detail.to === 'down' || detail.to === 'unresolved' ? 'bad' : 'calm';
  return [`${from} -> ${paint(as, to)}`, `${from} -> ${to}`.length];
}

function whyText(event: StoredEvent): string {
  const { detail, kind, vip, who } = event;
  if (vip !== undefined) return who === null ? vip.why : `${vip.why}, by an operator: ${who}`;
  if (detail === undefined || (kind !== 'damping' && !isTransition(event))) return event.text;
  const parts = [causeText(event)];
  if (detail.run !== null && detail.to === 'down')
    parts.push(`noticed in ${span(Math.max(0, event.atMs - detail.run.sinceMs))}`);
  if (detail.sessionsShut && detail.sessions > 0) parts.push(`${counted(detail.sessions, 'session')} shut down`);
  if (event.server !== null && detail.to !== 'up' && detail.active + detail.backup === 0) parts.push('no server left');
  return parts.join(', ');
}
