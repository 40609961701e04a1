/**
 * The story of a server for a person at three in the morning: what it is like, what would change that, and how it came
 * about. No line is empty, so that the text may travel over a stats socket.
 */
import { causeText, NO_ROLES } from './cause.js';
import type { Explanation, Run, ServerNow, StoredEvent, Trigger } from './event.js';
import { isTransition } from './history.js';
import { checkWords, conditionWord, counted, span, takers } from './words.js';

/** How a terminal shows a piece; identity where there is none. */
export type Paint = (as: 'title' | 'good' | 'bad' | 'calm' | 'quiet', text: string) => string;

export const PLAIN: Paint = (_as, text) => text;

/** Epoch ms as local wall-clock text, `2026-11-21 03:12:04.120`. */
export type Clock = (epochMs: number) => string;

const EVENTS_SHOWN = 20;
const LABEL_WIDTH = 10;
/** Of `2026-11-21 `. */
const DATE_WIDTH = 11;

/** @returns lines, each ended */
export function story(x: Explanation, clock: Clock, paint: Paint = PLAIN): string {
  const transitions = x.events.filter((event) => isTransition(event) || ['damping', 'claim'].includes(event.kind));
  const shown = transitions.slice(-EVENTS_SHOWN);
  const lines = [headline(x, transitions, clock, paint), ...present(x).map(([label, text]) => line('  ', label, text))];
  if (shown.length === 0) lines.push('nothing has happened to it since this history began');
  else
    lines.push(`what happened${transitions.length > shown.length ? ` (last ${shown.length})` : ''}, the oldest first:`);
  return [...lines, ...shown.flatMap((event) => chapter(event, clock, paint))].map((text) => `${text}\n`).join('');
}

function line(indent: string, label: string, text: string): string {
  return `${indent}${label.padEnd(LABEL_WIDTH)} ${text}`;
}

function headline(x: Explanation, transitions: readonly StoredEvent[], clock: Clock, paint: Paint): string {
  const own = transitions.filter((event) => event.server !== null && isTransition(event)).at(-1);
  const since = own === undefined ? '' : ` since ${clock(own.atMs)} (${span(x.atMs - own.atMs)})`;
  return `${paint('title', `${x.proxy}/${x.server}`)} (${x.address}) is ${paintCondition(x.now, x.status === 'no check' ? 'UP (no check)' : x.status, paint)}${since}`;
}

function paintCondition({ condition, isUsable }: ServerNow, text: string, paint: Paint): string {
  if (condition === 'down' || condition === 'unresolved') return paint('bad', text);
  return isUsable ? paint('good', text) : paint('calm', text);
}

// ── Now ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Labelled = [label: string, text: string];

function present(x: Explanation): Labelled[] {
  const { now } = x;
  const others = takers(now.usable, now.active, now.backup);
  return [...lastCheck(x), ...agent(x), outlook(x), ['backend', others], ['sessions', `${now.sessions} now`]];
}

function lastCheck({ now, atMs }: Explanation): Labelled[] {
  if (now.tracks !== null) return [['checks', `none of its own: it follows ${now.tracks}`]];
  if (!now.isChecked) return [['checks', 'none configured: it counts as up until an operator says otherwise']];
  if (now.check === null || now.checkedAtMs === null) return [['last check', 'none has ended yet']];
  const { role: told } = now.check;
  const role = told === null || NO_ROLES.includes(told) ? '' : `; role: ${told}`;
  return [['last check', `${span(Math.max(0, atMs - now.checkedAtMs))} ago said: ${checkWords(now.check)}${role}`]];
}

function agent({ now }: Explanation): Labelled[] {
  if (now.agent === undefined) return [];
  return [['agent', now.agent.text === '' ? 'has said nothing of its state' : `said: ${now.agent.text}`]];
}

/** What would change its condition. */
function outlook(x: Explanation): Labelled {
  const { now } = x;
  const name = `${x.proxy}/${x.server}`;
  switch (now.condition) {
    case 'unresolved':
      return ['comes back', 'once its name resolves'];
    case 'maint':
    case 'drain':
      return ['comes back', now.isForced ? `by 'set server ${name} state ready'` : followed(now)];
    case 'down':
      return ['comes back', fromDown(x, name)];
    case 'stopping':
      return ['comes back', 'with the next check that passes in full'];
    case 'starting':
      return ['comes back', 'with more weight each second (slowstart)'];
    case 'up':
      return ['goes down', toDown(now)];
  }
}

function followed({ tracks }: ServerNow): string {
  return tracks === null ? "once 'disabled' is taken out of its line" : `with ${tracks}, which it follows`;
}

function fromDown(x: Explanation, name: string): string {
  const { now, atMs } = x;
  if (now.tracks !== null) return followed(now);
  if (now.agent?.isDown) return `once its agent says 'up' ('set server ${name} agent up' says it in its place)`;
  if (!now.isChecked) return `by 'set server ${name} health up'`;
  if (!now.checksEnabled) return `not by itself, its checks are stopped: 'enable health ${name}'`;
  const objection = objectionTo(x);
  if (objection !== null) return fromKeptOut(x, objection);
  const missing = Math.max(0, now.rise - now.health);
  const isHeld = now.damping !== null && now.damping.heldUntilMs > atMs;
  const held = isHeld ? heldText(now, atMs, name) : '';
  if (missing === 0) return isHeld ? held : 'with the next check that passes';
  const soFar = now.health > 0 ? ` (${now.health} of ${now.rise} so far)` : '';
  const checks = `after ${counted(missing, 'successful check')} in a row${soFar}, one every ${span(now.intervalMs)}`;
  return isHeld ? `${checks}; ${held}` : checks;
}

/** Its claim to be the primary was found the worse one, and that still stands: why. Null where nothing is said against it. */
function objectionTo({ events, server }: Explanation): string | null {
  const last = events.filter((event) => event.kind === 'claim' && event.server === server).at(-1);
  return last?.level === 'alert' ? last.text : null;
}

/** A better claim of a server that answers wins whatever an operator settles: then the way in is another one. */
function fromKeptOut({ proxy, server }: Explanation, objection: string): string {
  const better = /stale primary: .*, (\S+) has /.exec(objection)?.[1];
  if (better === undefined)
    return `once it steps down, or by 'settle backend ${proxy} server ${server}', which declares it right`;
  return `once it follows the new primary (${better}); as a primary only while ${better} is down, or in maintenance in every backend, by 'settle backend ${proxy} server ${server}'`;
}

function heldText({ damping }: ServerNow, atMs: number, name: string): string {
  const left = span(damping!.heldUntilMs - atMs);
  return `not before ${left} have passed, held down for flapping (level ${damping!.level}); at once by 'clear damping ${name}', or when no other server is left`;
}

function toDown(now: ServerNow): string {
  if (now.tracks !== null) return followed(now);
  if (!now.isChecked || !now.checksEnabled) return 'only by an operator: it is not checked';
  const failures = now.health - now.rise + 1;
  const missing = now.rise + now.fall - 1 - now.health;
  const soFar = missing > 0 && now.check !== null ? ` (${missing} failed already)` : '';
  return `after ${counted(failures, missing > 0 ? 'more failed check' : 'failed check')} in a row${soFar}, one every ${span(now.intervalMs)}`;
}

// ── Then ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function chapter(event: StoredEvent, clock: Clock, paint: Paint): string[] {
  const { detail } = event;
  const title = `  ${clock(event.atMs)}  ${titleOf(event, paint)}`;
  if (detail === undefined) return [title];
  const parts: Labelled[] = [['why', causeText(event)]];
  if (detail.trigger !== null) parts.push(['first sign', triggerText(detail.trigger, event.atMs)]);
  if (detail.run !== null) parts.push(['noticed', noticed(detail.run, event, clock)]);
  if (detail.to !== 'down' && (detail.damping?.heldUntilMs ?? 0) > 0)
    parts.push([
      'held',
      `down for flapping until ${clock(detail.damping!.heldUntilMs)} (level ${detail.damping!.level})`,
    ]);
  if (event.kind !== 'damping') parts.push(['then', aftermath(event)]);
  return [title, ...parts.map(([label, text]) => line('    ', label, text))];
}

function titleOf({ detail, server, proxy, heldMs, kind, text }: StoredEvent, paint: Paint): string {
  if (detail === undefined) return text;
  if (kind === 'damping') return paint('calm', 'held down');
  const isBad = detail.to === 'down' || detail.to === 'unresolved';
  const to = paint(isBad ? 'bad' : detail.to === 'up' ? 'good' : 'calm', conditionWord(detail.to));
  const after = heldMs === null ? '' : `, after ${span(heldMs)}`;
  return `${server === null ? `backend ${proxy} ` : ''}${conditionWord(detail.from)} -> ${to}${after}`;
}

/** What their texts do not say themselves. */
const SIGNS: Partial<Record<Trigger['kind'], string>> = {
  session: 'the held check session broke',
  traffic: 'live traffic',
};

function triggerText({ kind, text, atMs }: Trigger, eventMs: number): string {
  const words = SIGNS[kind] ?? '';
  const what = words === '' ? text : text === '' ? words : `${words}: ${text}`;
  return `${what}, ${span(Math.max(0, eventMs - atMs))} before`;
}

function noticed({ count, passed, sinceMs, lastOtherMs }: Run, { atMs }: StoredEvent, clock: Clock): string {
  const checks = counted(count, passed ? 'successful check' : 'failed check');
  const today = clock(atMs).slice(0, DATE_WIDTH);
  const near = (ms: number) => withoutDate(clock(ms), today);
  const inRow = count === 1 ? checks : `${checks} in a row`;
  const before = lastOtherMs === null ? '' : `; the last ${passed ? 'bad' : 'good'} one ended ${near(lastOtherMs)}`;
  return `in ${span(Math.max(0, atMs - sinceMs))}: ${inRow}, the first began ${near(sinceMs)}${before}`;
}

/** The date is said once. */
function withoutDate(time: string, date: string): string {
  return time.startsWith(date) ? time.slice(date.length) : time;
}

function aftermath({ detail, server }: StoredEvent): string {
  const { sessions, sessionsShut, usable, active, backup, to } = detail!;
  if (server === null) return to === 'down' ? 'new connections wait or fail' : takers(usable, active, backup);
  const left = takers(usable, active, backup);
  if (sessions === 0) return left;
  if (sessionsShut) return `${counted(sessions, 'session')} shut down; ${left}`;
  return to === 'up' ? left : `${counted(sessions, 'session')} went on; ${left}`;
}
