/** An orderly end of being master: priority 0 goes out, the addresses stay until a successor is heard, or for a bounded time. */
import { enterBackup, follow } from './backup.js';
import { send } from './master.js';
import type { Turn, VirtualRouter } from './router.js';
import { durationText, longestSkewMs } from './timers.js';
import type { Advertisement } from './types.js';

const HANDOVER_MS_MAX = 2000;
const NEVER = Number.POSITIVE_INFINITY;

/** An operator asked: by the time given here any peer has taken over, whatever its priority. */
export function handOver(r: VirtualRouter, holdMs: number, why: string, turn: Turn): void {
  const { version, advertIntervalMs } = r.settings;
  const limitMs = Math.min(HANDOVER_MS_MAX, advertIntervalMs + longestSkewMs(version, advertIntervalMs));
  begin(r, 'BACKUP', limitMs, holdMs, why, turn);
}

/** The router ends for good. One that is no master has nothing to hand over. */
export function stop(r: VirtualRouter, graceMs: number, why: string, turn: Turn): void {
  if (r.state === 'STOP') return;
  if (r.isMaster && graceMs > 0) begin(r, 'STOP', graceMs, 0, why, turn);
  else retire(r, why, turn);
}

/** At once: goodbye, and the addresses are gone. */
export function retire(r: VirtualRouter, why: string, turn: Turn): void {
  if (r.isMaster) leaveMaster(r, turn);
  halt(r);
  r.moveTo('STOP', why, turn);
}

/** Goodbye and release, whatever comes next. */
export function leaveMaster(r: VirtualRouter, turn: Turn): void {
  send(r, 0, turn);
  turn.push({ do: 'release', router: r.name });
}

/** No timer runs any more. */
export function halt(r: VirtualRouter): void {
  r.handover = null;
  r.advertAtMs = NEVER;
  r.downAtMs = NEVER;
  r.askAtMs = NEVER;
}

function begin(
  r: VirtualRouter,
  then: 'BACKUP' | 'STOP',
  limitMs: number,
  holdMs: number,
  why: string,
  turn: Turn,
): void {
  if (r.handover === null) send(r, 0, turn);
  const { nowMs } = turn;
  r.advertAtMs = NEVER;
  r.handover = { startedMs: nowMs, untilMs: nowMs + limitMs, then, holdMs, why };
}

/** @param successor the first advertisement of another; null when the time is over */
export function finishHandover(
  r: VirtualRouter,
  successor: { readonly ad: Advertisement; readonly source: string } | null,
  turn: Turn,
): void {
  const handover = r.handover!;
  const waited = durationText(turn.nowMs - handover.startedMs);
  const result = successor
    ? `handed over to ${successor.source} within ${waited}`
    : `addresses given up, no successor heard within ${waited}`;
  turn.push({ do: 'release', router: r.name });
  halt(r);
  if (handover.then === 'STOP') {
    r.moveTo('STOP', `${handover.why}; ${result}`, turn);
    return;
  }
  enterBackup(r, `${handover.why}; ${result}`, turn);
  r.holdUntilMs = handover.startedMs + handover.holdMs;
  if (successor) follow(r, successor.ad, successor.source, turn.nowMs);
}
