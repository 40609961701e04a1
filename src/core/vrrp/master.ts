/** State Active (RFC 9568 §6.4.3, RFC 3768 §6.4.3), here called MASTER: advertises, defends, gives way. */
import { enterBackup, follow, forgetMaster } from './backup.js';
import { finishHandover, leaveMaster } from './handover.js';
import type { Turn, VirtualRouter } from './router.js';
import { durationText } from './timers.js';
import type { Advertisement } from './types.js';

/** Answers to lower priorities within one interval: who floods us gets no flood back. */
const REPLIES_PER_INTERVAL = 4;
/** Adverts of a rival, each within three intervals of the one before, that make an alert. */
const RIVAL_ADVERTS = 3;
const LATE_TOLD_MS = 60_000;

/** RFC 9568 §6.4.1 and §6.4.2: the advertisement goes out before anything that takes time. */
export function enterMaster(r: VirtualRouter, why: string, turn: Turn): void {
  forgetMaster(r);
  r.rival = null;
  r.handover = null;
  advertise(r, turn);
  turn.push({ do: 'take', router: r.name });
  r.moveTo('MASTER', why, turn);
  announce(r, 'became-master', turn);
}

/** Now, and again in one interval. */
export function advertise(r: VirtualRouter, turn: Turn): void {
  send(r, r.priority, turn);
  r.advertAtMs = turn.nowMs + r.settings.advertIntervalMs;
  r.replies = REPLIES_PER_INTERVAL;
}

export function send(r: VirtualRouter, priority: number, turn: Turn): void {
  r.lastSentMs = turn.nowMs;
  r.lastAdvertMs = turn.nowMs;
  turn.push({ do: 'advertise', router: r.name, priority });
}

function announce(r: VirtualRouter, why: 'became-master' | 'heard-lower' | 'regained', turn: Turn): void {
  turn.push({ do: 'announce', router: r.name, why });
}

/** Adver_Timer fires. Lateness does not add up: the next one is due by the clock of the one before. */
export function timeInMaster(r: VirtualRouter, turn: Turn): void {
  if (r.handover !== null) {
    if (turn.nowMs >= r.handover.untilMs) finishHandover(r, null, turn);
    return;
  }
  if (turn.nowMs < r.advertAtMs) return;
  const dueMs = r.advertAtMs;
  const interval = r.settings.advertIntervalMs;
  noteLate(r, turn.nowMs - dueMs, turn);
  advertise(r, turn);
  if (dueMs + interval > turn.nowMs) r.advertAtMs = dueMs + interval;
}

function noteLate(r: VirtualRouter, lateMs: number, turn: Turn): void {
  if (lateMs < r.settings.advertIntervalMs || turn.nowMs - r.lateToldMs < LATE_TOLD_MS) return;
  r.lateToldMs = turn.nowMs;
  turn.remark(r, 'warning', `advertisement ${durationText(lateMs)} late: this host or its VIP thread did not run`);
}

/** How long it has said nothing, if a peer of its own priority would have taken over meanwhile; 0 otherwise. */
export function pauseOf(r: VirtualRouter, nowMs: number): number {
  const silentMs = nowMs - r.lastSentMs;
  return r.isStanding && silentMs > r.downMs ? silentMs : 0;
}

/**
 * The process or the machine was frozen for longer than the peers wait: they have taken over. Going on as if nothing had
 * happened would make a second master for as long as it takes to hear the first. The goodbye makes whoever is master now
 * announce the addresses. The owner has nobody to give way to.
 */
export function giveUpAfterPause(r: VirtualRouter, pauseMs: number, turn: Turn): void {
  leaveMaster(r, turn);
  enterBackup(r, `did not run for ${durationText(pauseMs)}; others have taken over`, turn);
}

/** Of the owner, once everything else is done: what has happened meanwhile may have ended its being master. */
export function announceAfterPause(r: VirtualRouter, pauseMs: number, turn: Turn): void {
  if (!r.isStanding) return;
  const pause = durationText(pauseMs);
  turn.remark(r, 'alert', `did not run for ${pause}; others may have taken over: announcing the addresses again`);
  if (r.lastSentMs < turn.nowMs) advertise(r, turn);
  announce(r, 'regained', turn);
}

/** Clauses in the order of RFC 9568 §6.4.3. */
export function hearInMaster(r: VirtualRouter, ad: Advertisement, source: string, turn: Turn): void {
  r.lastAdvertMs = turn.nowMs;
  if (r.handover !== null) {
    if (ad.priority > 0) finishHandover(r, { ad, source }, turn);
  } else if (ad.priority === 0) hearGoodbye(r, turn);
  else if (ad.priority > r.priority || (ad.priority === r.priority && r.losesTieTo(source)))
    giveWay(r, ad, source, turn);
  else defend(r, ad, source, turn);
}

/** Only a master says goodbye: clients and switches may have followed it. */
function hearGoodbye(r: VirtualRouter, turn: Turn): void {
  if (reply(r, turn)) announce(r, 'heard-lower', turn);
}

/** @returns false where this interval has seen enough answers */
function reply(r: VirtualRouter, turn: Turn): boolean {
  if (r.replies === 0) return false;
  const left = r.replies - 1;
  advertise(r, turn);
  r.replies = left;
  return true;
}

/**
 * A better master. The last advertisement of ours makes it announce the addresses again: clients and switches may still
 * hold what we announced while neither heard the other (`higher_prio_send_advert`). It goes out behind the release, so
 * that nothing of us can follow the other's announcement.
 */
function giveWay(r: VirtualRouter, ad: Advertisement, source: string, turn: Turn): void {
  turn.push({ do: 'release', router: r.name });
  if (r.settings.higherPrioSendAdvert) send(r, r.priority, turn);
  enterBackup(r, givenWayText(r, ad, source), turn);
  follow(r, ad, source, turn.nowMs);
}

function givenWayText(r: VirtualRouter, ad: Advertisement, source: string): string {
  if (ad.priority > r.priority) return `${source} advertises priority ${ad.priority}, higher than ${r.priority}`;
  const both = `${source} advertises priority ${ad.priority} too, and the higher address stays`;
  return r.isOwner ? `${both}: only one router may be the owner (priority 255)` : both;
}

/** A weaker master: assert our state at once, and lead clients and switches back. */
function defend(r: VirtualRouter, ad: Advertisement, source: string, turn: Turn): void {
  noteRival(r, ad, source, turn);
  if (r.settings.lowerPrioNoAdvert) {
    if (r.replies === 0) return;
    r.replies--;
  } else if (!reply(r, turn)) return;
  turn.push({ do: 'heard-lower', router: r.name, source, priority: ad.priority });
  announce(r, 'heard-lower', turn);
}

/** Two masters that go on: it does not hear us, or refuses what it hears. Told once per episode. */
function noteRival(r: VirtualRouter, ad: Advertisement, source: string, turn: Turn): void {
  const patience = 3 * Math.max(ad.intervalMs, r.settings.advertIntervalMs);
  const known =
    r.rival !== null && r.rival.source === source && turn.nowMs - r.rival.lastMs <= patience ? r.rival : null;
  const rival = known ?? { source, count: 0, lastMs: 0, isTold: false };
  r.rival = rival;
  rival.count++;
  rival.lastMs = turn.nowMs;
  if (rival.count < RIVAL_ADVERTS || rival.isTold) return;
  rival.isTold = true;
  turn.remark(
    r,
    'alert',
    `two masters: ${source} goes on with priority ${ad.priority} although ${r.priority} of ${r.sourceIp || 'this host'} ` +
      'wins; it does not hear our advertisements, or refuses them',
  );
}

/** The link or the peers are back: whoever took over meanwhile hears us, and clients are led back. */
export function regain(r: VirtualRouter, why: string, turn: Turn): void {
  if (!r.isStanding) return;
  advertise(r, turn);
  announce(r, 'regained', turn);
  turn.remark(r, 'notice', `announcing the addresses again: ${why}`);
}
