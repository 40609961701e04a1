/** What a virtual router is like, in words for a person: shared by its story, `fairlead vip status` and the page. */
import type { VipInstanceStatus, VipProblem } from '../vrrp/messages.js';
import type { VrrpState } from '../vrrp/types.js';
import { counted, span } from './words.js';

/** A problem that was last seen longer ago than this (and than five adverts) is told as one of the past. */
const RECENT_MS = 10_000;
const RECENT_ADVERTS = 5;

/** `10.0.0.130`, `10.0.0.131/24`: an address as `ip address` has it, without a length that is that of every host. */
export function addressText(text: string): string {
  return text.replace(/^([\d.]+)\/32(?= |$)/, '$1').replace(/^([\da-f:.]*:[\da-f:.]*)\/128(?= |$)/i, '$1');
}

/** What a state means to somebody who looks once. */
export function stateTone(state: VrrpState): 'good' | 'bad' | 'calm' {
  if (state === 'MASTER') return 'good';
  return state === 'FAULT' ? 'bad' : 'calm';
}

/** `10.0.0.101 (this router), priority 103` */
export function ownerText({ owner, ownerPriority, state, sourceIp }: VipInstanceStatus): string {
  if (owner === null) return 'none is known';
  const isUs = state === 'MASTER' || owner === sourceIp;
  return `${owner}${isUs ? ' (this router)' : ''}${ownerPriority === null ? '' : `, priority ${ownerPriority}`}`;
}

/** `vrid 51 on eth1, VRRPv2, advert every 1 s` */
export function routerText(router: VipInstanceStatus): string {
  const { virtualRouterId, interface: device, version, family, advertIntervalMs, unicastPeers, group } = router;
  const parts = [
    `vrid ${virtualRouterId}${device === '' ? '' : ` on ${device}`}`,
    `VRRPv${version}${family === 6 ? ' IPv6' : ''}`,
    `advert every ${span(advertIntervalMs)}`,
    ...(unicastPeers.length > 0 ? [`to ${unicastPeers.join(' and ')}`] : []),
    ...(group === '' ? [] : [`group ${group}`]),
  ];
  return parts.join(', ');
}

/** `102 = 100 configured +2 chk_haproxy`; what keeps it from more is named, too. */
export function priorityText({ priority, basePriority, tracked }: VipInstanceStatus): string {
  const effects = tracked.filter(({ effect }) => effect !== 0);
  const missing = tracked.filter(({ effect, weight, up }) => effect === 0 && weight > 0 && up === false);
  const sum = effects.map(({ effect, name }) => ` ${effect > 0 ? '+' : '-'}${Math.abs(effect)} ${name}`).join('');
  const without = missing.map(({ name, weight }) => `${name} is down and adds no ${weight}`).join(', ');
  const how = sum === '' ? 'as configured' : `= ${basePriority} configured${sum}`;
  const bounded = basePriority + effects.reduce((all, { effect }) => all + effect, 0) !== priority && sum !== '';
  return `${priority} ${how}${bounded ? ', kept within its bounds' : ''}${without === '' ? '' : `; ${without}`}`;
}

/** `0.4 s ago, from 10.0.0.101` */
export function lastAdvertText({ lastAdvertMs, state, owner }: VipInstanceStatus, atMs: number): string {
  if (lastAdvertMs === null) return 'none yet';
  const ago = `${span(Math.max(0, atMs - lastAdvertMs))} ago`;
  if (state === 'MASTER') return `sent ${ago}`;
  return owner === null ? `heard ${ago}` : `heard ${ago}, from ${owner}`;
}

/** `up`, `down`, `not known yet`, with what it does to the priority. */
export function trackedText({ kind, name, up, weight, effect, value }: VipInstanceStatus['tracked'][number]): string {
  const state = up === null ? 'not known yet' : up ? 'up' : 'down';
  const amount = value === undefined ? '' : ` (${value})`;
  const sign = (n: number) => (n > 0 ? `+${n}` : String(n));
  const consequence = weight === 0 ? (up === false ? ', so fault' : ', fault when down') : `, weight ${sign(weight)}`;
  const now = effect !== 0 && effect !== weight ? `, now ${sign(effect)}` : '';
  return `${kind} ${name}: ${state}${amount}${consequence}${now}`;
}

/** Whether a problem is still seen. */
export function isCurrent({ lastMs }: VipProblem, { advertIntervalMs }: VipInstanceStatus, atMs: number): boolean {
  return atMs - lastMs <= Math.max(RECENT_MS, RECENT_ADVERTS * advertIntervalMs);
}

/** `seen 12 times, last 3 s ago` */
export function problemAge({ count, firstMs, lastMs }: VipProblem, atMs: number): string {
  const last = `${span(Math.max(0, atMs - lastMs))} ago`;
  if (count <= 1) return `seen once, ${last}`;
  return `seen ${counted(count, 'time')} in ${span(Math.max(0, lastMs - firstMs))}, last ${last}`;
}

/** Two routers have the addresses at this moment. */
export function hasTwoOwners(router: VipInstanceStatus, atMs: number): boolean {
  return router.problems.some((problem) => problem.code === 'two-masters' && isCurrent(problem, router, atMs));
}
