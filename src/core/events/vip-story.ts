/**
 * The story of a virtual router: who has the address, what would change that, and how it came about. No line is empty, so
 * that the text may travel over a stats socket.
 */
import type { VipInstanceStatus } from '../vrrp/messages.js';
import type { StoredEvent } from './event.js';
import { isVipTransition } from './history.js';
import { type Clock, type Paint, PLAIN } from './story.js';
import * as words from './vip-words.js';
import { span } from './words.js';

/** What is known of one virtual router. */
export interface VipExplanation {
  readonly vip: VipInstanceStatus;
  /** When this was said, epoch ms. */
  readonly atMs: number;
  /** Its own events and those of its sync group, the oldest first. */
  readonly events: readonly StoredEvent[];
}

const EVENTS_SHOWN = 20;
const LABEL_WIDTH = 11;

type Labelled = readonly [label: string, text: string];

/** @returns lines, each ended */
export function vipStory(x: VipExplanation, clock: Clock, paint: Paint = PLAIN): string {
  const past = pastOf(x);
  const shown = past.slice(-EVENTS_SHOWN);
  const lines = [headline(x, clock, paint), ...present(x).map(([label, text]) => line('  ', label, text))];
  lines.push(...x.vip.problems.flatMap((problem) => troubles(problem, x, paint)));
  if (shown.length === 0) lines.push('nothing has happened to it since this history began');
  else lines.push(`what happened${past.length > shown.length ? ` (last ${shown.length})` : ''}, the oldest first:`);
  return [...lines, ...shown.flatMap((one) => chapter(one, clock, paint))].map((text) => `${text}\n`).join('');
}

function line(indent: string, label: string, text: string): string {
  return `${indent}${label.padEnd(LABEL_WIDTH)} ${text}`;
}

function headline({ vip, atMs }: VipExplanation, clock: Clock, paint: Paint): string {
  const since = `since ${clock(vip.sinceMs)} (${span(Math.max(0, atMs - vip.sinceMs))})`;
  const state = paint(words.stateTone(vip.state), vip.state);
  return `${paint('title', vip.name)} (${words.routerText(vip)}) is ${state} ${since}`;
}

function present(x: VipExplanation): Labelled[] {
  const { vip, atMs } = x;
  return [
    ['owner', words.ownerText(vip)],
    ['last advert', words.lastAdvertText(vip, atMs)],
    ['addresses', addresses(vip)],
    ['priority', words.priorityText(vip)],
    ...vip.faults.map((fault): Labelled => ['fault', fault]),
    ...vip.tracked.map((one): Labelled => ['tracks', words.trackedText(one)]),
    outlook(vip),
  ];
}

function addresses({ addresses: all }: VipInstanceStatus): string {
  if (all.length === 0) return 'none';
  const held = all.filter(({ isHeld }) => isHeld);
  const names = all.map(({ text }) => words.addressText(text)).join(', ');
  if (held.length === 0) return `${names}: not held here`;
  return held.length === all.length
    ? `${names}: held here`
    : `${names}: only ${held.map(({ text }) => words.addressText(text)).join(', ')} held here`;
}

/** What would change its state. */
function outlook(vip: VipInstanceStatus): Labelled {
  switch (vip.state) {
    case 'MASTER':
      return [
        'gives up',
        'when it hears a higher priority, is in fault, is stopped, or is told to (fairlead vip failover)',
      ];
    case 'BACKUP':
      return ['takes over', takeover(vip)];
    case 'FAULT':
      return ['comes back', 'as BACKUP, once the fault is gone'];
    case 'INIT':
      return ['begins', 'once its interface and what it tracks are known'];
    case 'STOP':
      return ['comes back', 'with the next start'];
  }
}

function takeover({ owner, ownerPriority, preempt, priority }: VipInstanceStatus): string {
  const silence = owner === null ? 'when no router is heard' : `when ${owner} is silent or says goodbye`;
  if (ownerPriority === null || ownerPriority < priority)
    return preempt ? `${silence}, or by its own priority` : `${silence} (nopreempt)`;
  const above = ownerPriority === priority ? `has the same priority` : `has ${ownerPriority - priority} more priority`;
  return `${silence}; ${owner} ${above}`;
}

function troubles(problem: VipInstanceStatus['problems'][number], x: VipExplanation, paint: Paint): string[] {
  const isNow = words.isCurrent(problem, x.vip, x.atMs);
  const title = `${problem.text} (${words.problemAge(problem, x.atMs)})`;
  return [
    line('  ', isNow ? 'problem' : 'was', isNow ? paint('bad', title) : title),
    line('  ', 'to correct', problem.remedy),
  ];
}

// ── Then ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Something that happened, from the journal or, after a restart, from the thread's own memory. */
interface Past {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly why: string;
  readonly heldMs: number | null;
  readonly who: string | null;
}

function pastOf({ events, vip }: VipExplanation): Past[] {
  const told = events.flatMap(({ atMs, vip: change, heldMs, who }) =>
    change === undefined ? [] : [{ ...change, atMs, heldMs, who }],
  );
  if (events.some(isVipTransition)) return told;
  return [...vip.transitions.map((one) => ({ ...one, heldMs: null, who: null })), ...told].sort(
    (a, b) => a.atMs - b.atMs,
  );
}

function chapter({ atMs, from, to, why, heldMs, who }: Past, clock: Clock, paint: Paint): string[] {
  if (from === to) return [`  ${clock(atMs)}  ${why}`];
  const after = heldMs === null ? '' : `, after ${span(heldMs)}`;
  const tone = to === 'MASTER' ? 'good' : to === 'FAULT' ? 'bad' : 'calm';
  const lines = [`  ${clock(atMs)}  ${from} -> ${paint(tone, to)}${after}`, line('    ', 'why', why)];
  return who === null ? lines : [...lines, line('    ', 'by', who)];
}
