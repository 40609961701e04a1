/** keepalived's counters of an instance, from ours: in the order of its files, with both names it has for each. */
import type { VipCounters } from '../../../core/vrrp/messages.js';

/** Name in the statistics file, name in JSON and of exporters, count. */
export type Figure = readonly [title: string, name: string, count: number];

/**
 * Authentication that is not the configured one is counted as a mismatch: which kinds there are besides is not told
 * apart. What it has no counter for (checksums, versions, replays) is in `fairlead vip status`.
 */
export function figuresOf({ refused, ...counters }: VipCounters): readonly Figure[] {
  const sum = (...reasons: (keyof typeof refused)[]) =>
    reasons.reduce((all, reason) => all + (refused[reason] ?? 0), 0);
  return [
    ['Received', 'advert_rcvd', counters.advertsReceived],
    ['Sent', 'advert_sent', counters.advertsSent],
    ['Became master', 'become_master', counters.becameMaster],
    ['Released master', 'release_master', counters.releasedMaster],
    ['Length', 'packet_len_err', sum('truncated', 'oversized')],
    ['Advertisement Interval', 'advert_interval_err', sum('interval')],
    ['TTL', 'ip_ttl_err', sum('ttl')],
    ['Invalid Type', 'invalid_type_rcvd', sum('type')],
    ['Address List', 'addr_list_err', sum('addresses', 'address-count')],
    ['Invalid Type', 'invalid_authtype', 0],
    ['Type Mismatch', 'authtype_mismatch', sum('auth-type')],
    ['Failure', 'auth_failure', sum('auth-pass')],
    ['Received', 'pri_zero_rcvd', counters.priorityZeroReceived],
    ['Sent', 'pri_zero_sent', counters.priorityZeroSent],
  ];
}

/** What was counted since `before` (`STATS_CLEAR`); what began anew meanwhile counts from its own beginning. */
export function countersSince(now: VipCounters, before: VipCounters | undefined): VipCounters {
  if (before === undefined || now.advertsSent < before.advertsSent || now.advertsReceived < before.advertsReceived)
    return now;
  const difference = (a: number, b = 0) => Math.max(0, a - b);
  const { refused, ...numbers } = now;
  const counts = Object.entries(numbers).map(([name, n]) => [
    name,
    difference(n, before[name as keyof typeof numbers]),
  ]);
  const reasons = Object.entries(refused).map(([name, n]) => [
    name,
    difference(n, before.refused[name as keyof typeof refused]),
  ]);
  return { ...(Object.fromEntries(counts) as typeof numbers), refused: Object.fromEntries(reasons) };
}
