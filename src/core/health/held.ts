/** Flap damping of servers: when one is held, and when that is not allowed. The arithmetic is in damping.ts. */
import * as T from '../table.js';
import { agreeUp } from './agent.js';
import { CALM, cameUp, type DampingNote, type DampingState, isHeld, stateOf, wentDown } from './damping.js';
import type { ServerHealth } from './entities.js';

/** Its own check took it down. @param nowMs monotonic @param offsetMs wall clock minus monotonic clock */
export function countFlap(s: ServerHealth, nowMs: number, offsetMs: number): void {
  const { damping } = s.settings;
  if (damping !== null) set(s, wentDown(s.damping, damping, nowMs), offsetMs);
}

export function countReturn(s: ServerHealth, nowMs: number): void {
  set(s, cameUp(s.damping, nowMs), 0);
}

export function forgetFlaps(s: ServerHealth): void {
  set(s, CALM, 0);
}

/** What the program before this one knew. */
export function takeOverFlaps(s: ServerHealth, note: DampingNote, offsetMs: number): void {
  if (s.settings.damping !== null) set(s, stateOf(note, offsetMs), offsetMs);
}

/** Held down for flapping; never the last hope of a backend. */
export function isHeldBack(s: ServerHealth, nowMs: number): boolean {
  return isHeld(s.damping, nowMs) && s.backend.active + s.backend.backup > 0;
}

/** Nothing but the damping keeps it down. */
export function isHeldAndWell(s: ServerHealth, nowMs: number): boolean {
  return isHeld(s.damping, nowMs) && agreeUp(s) && !s.isInMaintenance;
}

function set(s: ServerHealth, state: DampingState, offsetMs: number): void {
  s.damping = state;
  s.row.set(T.S_HELD_UNTIL, state.heldUntilMs === 0 ? 0 : Math.ceil((state.heldUntilMs + offsetMs) / 1000));
}
