/** What holds for virtual addresses where nothing is written: keepalived.conf(5), except where the comment says else. */
import type { GarpSettings, TrackScript, VrrpInstance } from './vip-model.js';

export const DEFAULT_PRIORITY = 100;
export const DEFAULT_ADVERT_MS = 1000;
export const DEFAULT_DOWN_TIMER_ADVERTS = 3;
/** What a packet of version 2 has room for (RFC 2338 §5.3.10). */
export const PASSWORD_BYTES = 8;
export const DEFAULT_SCRIPT_INTERVAL_MS = 1000;
export const DEFAULT_FILE_WEIGHT = 1;
/** keepalived.conf(5) says 1; keepalived 2.2.7 takes 0 (its dump says so), so that a process that ends is a fault. */
export const DEFAULT_PROCESS_WEIGHT = 0;
export const MULTICAST_GROUP = { 4: '224.0.0.18', 6: 'ff02::12' } as const;
/** TTL and hop limit of adverts (RFC 9568 §5.1.1.3, §5.1.2.3). */
export const ADVERT_TTL = 255;

const SECOND_BURST_MS = 5000;
const BURST = 5;
/**
 * keepalived announces no more after the second burst. After a split in which the other router had the address, and of
 * which this one heard nothing, clients then hold the other's MAC until their cache forgets it (24 to 43 s measured);
 * one packet a second ends that, and weighs as much as the adverts do.
 */
const REFRESH_MS = 1000;
/** With many addresses the refresh takes longer instead of sending more. */
const REFRESH_MS_PER_ADDRESS = 125;

/** All settings of announcements, in ms and counts. */
export interface Announcing {
  readonly masterDelayMs: number;
  readonly masterRepeat: number;
  readonly lowerPrioDelayMs: number;
  readonly lowerPrioRepeat: number;
  readonly refreshMs: number;
  readonly refreshRepeat: number;
}

export function announcingOf({ garp, addresses, excludedAddresses }: VrrpInstance): Announcing {
  const masterDelayMs = garp.masterDelayMs ?? SECOND_BURST_MS;
  const masterRepeat = garp.masterRepeat ?? BURST;
  return {
    masterDelayMs,
    masterRepeat,
    lowerPrioDelayMs: garp.lowerPrioDelayMs ?? masterDelayMs,
    lowerPrioRepeat: garp.lowerPrioRepeat ?? masterRepeat,
    refreshMs: refreshOf(garp, addresses.length + excludedAddresses.length),
    refreshRepeat: garp.masterRefreshRepeat ?? 1,
  };
}

function refreshOf({ masterRefreshMs }: GarpSettings, addresses: number): number {
  return masterRefreshMs ?? Math.max(REFRESH_MS, addresses * REFRESH_MS_PER_ADDRESS);
}

/** A script that runs longer than this has failed. */
export function scriptTimeoutMs(script: TrackScript): number {
  return script.timeoutMs ?? script.intervalMs ?? DEFAULT_SCRIPT_INTERVAL_MS;
}
