/** Why something happened, as a sentence. */
import type { EventDetail, StoredEvent } from './event.js';
import { checkWords, counted, span } from './words.js';

/** Begins the origin of what a process took over from the one before it. */
export const TAKEN_OVER = 'as the process before left it, pid';

/** @returns the sentence without a full stop; the event's own line where no detail came with it */
export function causeText(event: StoredEvent): string {
  const { detail } = event;
  if (detail === undefined) return event.text;
  const { cause, check, to } = detail;
  switch (cause.by) {
    case 'check':
      return check === null ? event.text : `${roleChange(detail) ?? checkVerb(to)}: ${checkWords(check)}`;
    case 'traffic':
      return `live traffic failed: ${check?.text ?? event.text}`;
    case 'tracked':
      return `it follows ${cause.server}`;
    case 'operator':
      return operatorText(event.who);
    case 'agent':
      return `its agent said so: ${cause.text}`;
    case 'resolution':
      return to === 'unresolved' ? 'its name does not resolve' : 'its name resolves again';
    case 'damping':
      return dampingText(event);
    case 'time':
      return 'slowstart is over';
    case 'balance':
      return `${chosenText(cause.from)}${event.who === null ? '' : `, by an operator: ${event.who}`}`;
    case 'server':
      return `${cause.server} was the ${to === 'down' ? 'last one' : 'first one back'}`;
  }
}

function operatorText(who: string | null): string {
  if (who?.startsWith(TAKEN_OVER)) return who;
  return who === null ? 'an operator' : `an operator: ${who}`;
}

function chosenText(from: string | null): string {
  return from === null ? 'it is chosen to take all traffic' : `it takes all traffic over from ${from}`;
}

/** What a check says of a server that is neither primary nor replica. */
export const NO_ROLES = ['unknown', 'unfit'];

/** A database that answered before and answers now, as something else. */
function roleChange({ check, run }: EventDetail): string | undefined {
  const [before, now] = [run?.otherRole ?? null, check?.role ?? null];
  const isKnown = [before, now].every((role) => role !== null && !NO_ROLES.includes(role));
  return isKnown && before !== now ? `its role changed from ${before} to ${now}` : undefined;
}

function checkVerb(to: string): string {
  if (to === 'down') return 'the check failed';
  return to === 'stopping' ? 'the check wants no new sessions' : 'the check passed';
}

function dampingText({ detail, who, atMs, text }: StoredEvent): string {
  const { damping, to } = detail!;
  if (to !== 'down') return who === null ? 'it is well, and no other server was left' : `an operator: ${who}`;
  if (damping === null) return text;
  const held = span(damping.heldUntilMs - atMs);
  return `it keeps going up and down (more than ${counted(damping.flaps, 'time')} in ${span(damping.windowMs)}): held down for ${held}`;
}
