/**
 * Flap damping: a server that keeps going down is held down for a while before it may come back, longer each time.
 *
 *   calm ──(more than `flaps` times down within `window`)──► held, level 1 ──(down again soon)──► level 2, 3, …
 *     ▲                                                                                             │
 *     └──────────────────────── it stayed up for a whole `window` ◄───────────────────────────────┘
 *
 * The time held is `hold` at level 1 and doubles with each level up to `max-hold`; it runs from the moment of going
 * down. A restart takes a server down once or twice, so it never reaches the default of three.
 * Whoever asks keeps the last usable server of a backend out of this: that one is never held.
 */
import type { FlapDamping } from '../../config/model.js';

export const DEFAULT_FLAP_DAMPING: FlapDamping = { flaps: 3, windowMs: 60_000, holdMs: 5000, maxHoldMs: 60_000 };

/** Monotonic milliseconds throughout. */
export interface DampingState {
  /** Times of going down that still count, the oldest first; at most `flaps` + 1. */
  readonly downsMs: readonly number[];
  /** 0 = calm. */
  readonly level: number;
  /** 0 = not held. */
  readonly heldUntilMs: number;
  /** When it came up last; null while it is down or has never been. */
  readonly upSinceMs: number | null;
}

export const CALM: DampingState = { downsMs: [], level: 0, heldUntilMs: 0, upSinceMs: null };

/** What a successor is told: times of the wall clock, epoch milliseconds. */
export interface DampingNote {
  readonly downsAtMs: readonly number[];
  readonly level: number;
  /** 0 = not held. */
  readonly heldUntilMs: number;
}

/** @param offsetMs wall clock minus monotonic clock @returns null where there is nothing to tell */
export function noteOf({ downsMs, level, heldUntilMs }: DampingState, offsetMs: number): DampingNote | null {
  if (downsMs.length === 0 && level === 0) return null;
  return {
    downsAtMs: downsMs.map((atMs) => Math.round(atMs + offsetMs)),
    level,
    heldUntilMs: heldUntilMs === 0 ? 0 : Math.round(heldUntilMs + offsetMs),
  };
}

/** Until it comes up here it counts as down. */
export function stateOf({ downsAtMs, level, heldUntilMs }: DampingNote, offsetMs: number): DampingState {
  return {
    downsMs: downsAtMs.map((atMs) => atMs - offsetMs),
    level,
    heldUntilMs: heldUntilMs === 0 ? 0 : heldUntilMs - offsetMs,
    upSinceMs: null,
  };
}

/** Doubling more often than this passes any limit. */
const DOUBLINGS_MAX = 30;

/** It went down by itself (an operator's or a tracked server's doing is no flap). */
export function wentDown(state: DampingState, settings: FlapDamping, nowMs: number): DampingState {
  const { flaps, windowMs } = settings;
  const isCalm = state.upSinceMs !== null && nowMs - state.upSinceMs >= windowMs;
  const level = isCalm ? 0 : state.level;
  const recent = state.downsMs.filter((atMs) => nowMs - atMs < windowMs);
  const downsMs = [...recent, nowMs].slice(-(flaps + 1));
  const next = level > 0 || downsMs.length > flaps ? level + 1 : 0;
  return { downsMs, level: next, heldUntilMs: next === 0 ? 0 : nowMs + holdMs(settings, next), upSinceMs: null };
}

export function cameUp(state: DampingState, nowMs: number): DampingState {
  return { ...state, heldUntilMs: 0, upSinceMs: nowMs };
}

export function isHeld(state: DampingState, nowMs: number): boolean {
  return nowMs < state.heldUntilMs;
}

/** @param level 1 or more @returns milliseconds */
export function holdMs({ holdMs, maxHoldMs }: FlapDamping, level: number): number {
  return Math.min(maxHoldMs, holdMs * 2 ** Math.min(level - 1, DOUBLINGS_MAX));
}
