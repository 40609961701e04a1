/** State Backup (RFC 9568 §6.4.2, RFC 3768 §6.4.2): hears the master, waits, takes over. */
import { enterMaster } from './master.js';
import type { Turn, VirtualRouter } from './router.js';
import { durationText } from './timers.js';
import type { Advertisement } from './types.js';

const NEVER = Number.POSITIVE_INFINITY;

/** @param downMs how long to wait for a master; not given: the full time */
export function enterBackup(r: VirtualRouter, why: string, turn: Turn, downMs?: number): void {
  forgetMaster(r);
  r.advertAtMs = NEVER;
  r.handover = null;
  r.rival = null;
  r.downFromMs = turn.nowMs;
  r.downAtMs = turn.nowMs + (downMs ?? r.downMs);
  r.moveTo('BACKUP', why, turn);
}

/** Our own interval counts again. */
export function forgetMaster(r: VirtualRouter): void {
  r.followed = '';
  r.seen = '';
  r.seenPriority = 0;
  r.masterIntervalMs = r.settings.advertIntervalMs;
  r.goodbyeFrom = '';
  r.preemptAtMs = null;
  r.isReady = false;
  stopAsking(r);
}

function stopAsking(r: VirtualRouter): void {
  r.askAtMs = NEVER;
  r.isPeerAnswering = false;
  r.isWaitingForPeer = false;
}

/** Clauses in the order of RFC 9568 §6.4.2. */
export function hearInBackup(r: VirtualRouter, ad: Advertisement, source: string, turn: Turn): void {
  r.lastAdvertMs = turn.nowMs;
  if (ad.priority === 0) hearGoodbye(r, source, turn);
  else if (mustFollow(r, ad, turn)) follow(r, ad, source, turn.nowMs);
  else discard(r, ad, source, turn.nowMs);
}

/**
 * Priority 0: wait only the skew, so that the best backup moves first. The RFC takes anybody's; a goodbye of another than
 * the master we hear is of no concern, and shortening the timer for it would make a second master.
 */
function hearGoodbye(r: VirtualRouter, source: string, turn: Turn): void {
  if (followsAnother(r, source, turn.nowMs)) return;
  stopAsking(r);
  r.goodbyeFrom = source;
  if (!r.isReady) r.downAtMs = Math.min(r.downAtMs, turn.nowMs + r.skewMs);
}

/** There is a master, it is not this one, and it has not fallen silent. */
function followsAnother(r: VirtualRouter, source: string, nowMs: number): boolean {
  return r.followed !== '' && r.followed !== source && nowMs - r.downFromMs <= 1.5 * r.masterIntervalMs;
}

function mustFollow(r: VirtualRouter, ad: Advertisement, turn: Turn): boolean {
  if (ad.priority >= r.priority) {
    r.preemptAtMs = null;
    return true;
  }
  if (turn.nowMs < r.holdUntilMs) return true;
  return r.mayWait && (!r.settings.preempt || isPreemptionDelayed(r, turn.nowMs));
}

/** `preempt_delay` counts from the first lower priority heard; then the timer runs out as it would have without. */
function isPreemptionDelayed(r: VirtualRouter, nowMs: number): boolean {
  if (r.settings.preemptDelayMs === 0) return false;
  r.preemptAtMs ??= nowMs + r.settings.preemptDelayMs;
  return nowMs < r.preemptAtMs;
}

/** The master's interval is learned in version 3 (RFC 9568 §6.4.2); version 2 has refused any other. */
export function follow(r: VirtualRouter, ad: Advertisement, source: string, nowMs: number): void {
  see(r, ad, source);
  stopAsking(r);
  r.followed = source;
  r.goodbyeFrom = '';
  r.isReady = false;
  r.masterIntervalMs = ad.intervalMs;
  r.downFromMs = nowMs;
  rearm(r);
}

function see(r: VirtualRouter, ad: Advertisement, source: string): void {
  r.seen = source;
  r.seenPriority = ad.priority;
}

/** A weaker master: our own timer runs on, and we preempt it; whether the one before it answers matters no more. */
function discard(r: VirtualRouter, ad: Advertisement, source: string, nowMs: number): void {
  if (followsAnother(r, source, nowMs)) return;
  r.followed = '';
  stopAsking(r);
  see(r, ad, source);
}

/** Another interval, or others to wait for: what has passed so far means nothing. */
export function restartTimer(r: VirtualRouter, nowMs: number): void {
  r.isReady = false;
  r.downFromMs = nowMs;
  rearm(r);
}

/** After a change of priority or of settings. */
export function rearm(r: VirtualRouter): void {
  if (r.goodbyeFrom !== '' || r.isWaitingForPeer || r.isReady) return;
  r.downAtMs = r.downFromMs + r.downMs;
  r.askAtMs = r.settings.arbiter === 'off' || r.followed === '' ? NEVER : r.downAtMs - r.masterIntervalMs;
}

export function timeInBackup(r: VirtualRouter, turn: Turn): void {
  if (turn.nowMs >= r.downAtMs) downTimerEnds(r, turn);
  else if (turn.nowMs >= r.askAtMs) ask(r, turn);
}

function ask(r: VirtualRouter, turn: Turn): void {
  r.askAtMs = NEVER;
  turn.push({ do: 'ask-peer', router: r.name, address: r.followed });
}

/** Active_Down_Timer fires. */
function downTimerEnds(r: VirtualRouter, turn: Turn): void {
  if (wasPaused(r, turn)) return;
  if (r.isPeerAnswering && r.settings.arbiter === 'wait') waitForPeer(r, turn);
  else takeOver(r, turn);
}

/** We did not run ourselves, so our silence proves nothing: one more interval, for what lies unread in the socket. */
function wasPaused(r: VirtualRouter, turn: Turn): boolean {
  const lateMs = turn.nowMs - r.downAtMs;
  if (lateMs < r.masterIntervalMs) return false;
  turn.remark(r, 'warning', `did not run for ${durationText(lateMs)}; waits another interval before it takes over`);
  r.downAtMs = turn.nowMs + r.masterIntervalMs + r.skewMs;
  return true;
}

function waitForPeer(r: VirtualRouter, turn: Turn): void {
  if (!r.isWaitingForPeer) {
    const silence = durationText(turn.nowMs - r.downFromMs);
    turn.remark(
      r,
      'alert',
      `no advertisement of ${r.followed} for ${silence}, but its address answers: not taking over (arbiter wait)`,
    );
  }
  r.isWaitingForPeer = true;
  r.isPeerAnswering = false;
  r.downAtMs = turn.nowMs + r.masterIntervalMs;
  ask(r, turn);
}

/** The answer to `ask-peer`. */
export function peerAnswers(r: VirtualRouter, answers: boolean, turn: Turn): void {
  if (r.state !== 'BACKUP' || r.followed === '') return;
  const isNews = answers && !r.isPeerAnswering && !r.isWaitingForPeer;
  r.isPeerAnswering = answers;
  if (isNews && r.settings.arbiter === 'warn')
    turn.remark(
      r,
      'warning',
      `no advertisement of ${r.followed} for ${durationText(turn.nowMs - r.downFromMs)}, but its address answers: ` +
        'taking over all the same; look for a filter that drops protocol 112, or a VRRP daemon that hangs',
    );
  if (!answers && r.isWaitingForPeer) takeOver(r, turn);
}

/** In a sync group nobody takes over alone: a member that still hears a master keeps the others waiting. */
function takeOver(r: VirtualRouter, turn: Turn): void {
  if (r.settings.group === '') {
    enterMaster(r, takeoverReason(r, turn.nowMs), turn);
    return;
  }
  r.isReady = true;
  r.downAtMs = NEVER;
  r.askAtMs = NEVER;
  turn.ready.push(r);
}

export function takeoverReason(r: VirtualRouter, nowMs: number): string {
  const silence = durationText(nowMs - r.downFromMs);
  if (r.goodbyeFrom !== '') return `${r.goodbyeFrom} said goodbye (priority 0)`;
  if (r.isWaitingForPeer) return `${r.followed} does not answer any more; its last advertisement was ${silence} ago`;
  if (r.followed !== '') return `no advertisement of ${r.followed} for ${silence}`;
  if (r.seen !== '') return `priority ${r.priority} is higher than ${r.seenPriority} of ${r.seen}`;
  return `no advertisement heard for ${silence}`;
}
