/** Whether a route or rule that the kernel speaks of is one that was asked for. The kernel's key counts, not its details. */
import { ipv4Text, ipv6Text } from '../core/ip.js';
import type { RouteInfo, RuleInfo } from './route-info.js';
import { ipBytes, prefixOf, type RouteSpec, RULE_ACTIONS, type RuleSpec, TABLE_MAIN } from './route-requests.js';

/** What the kernel gives an IPv6 route without a metric (IP6_RT_PRIO_USER). */
const IPV6_METRIC = 1024;

/** Two routes with the same destination, table, TOS and metric cannot both stand (IPv4), or are one (IPv6). */
export function isRoute(info: RouteInfo, spec: RouteSpec): boolean {
  return (
    info.family === spec.family &&
    info.destination === addressText(spec.destination) &&
    info.prefixLength === spec.prefixLength &&
    info.table === (spec.table ?? TABLE_MAIN) &&
    info.tos === (spec.tos ?? 0) &&
    info.metric === (spec.metric || (spec.family === 6 ? IPV6_METRIC : 0))
  );
}

export function isRule(info: RuleInfo, spec: RuleSpec): boolean {
  const table = spec.action === 'table' ? (spec.table ?? TABLE_MAIN) : 0;
  return (
    info.family === spec.family &&
    (spec.preference === undefined || info.preference === spec.preference) &&
    info.action === RULE_ACTIONS[spec.action] &&
    info.from === prefixText(spec.from, spec.family) &&
    info.to === prefixText(spec.to, spec.family) &&
    info.iif === (spec.iif ?? '') &&
    info.oif === (spec.oif ?? '') &&
    info.fwmark === (spec.fwmark ?? 0) &&
    info.tos === (spec.tos ?? 0) &&
    info.table === table &&
    info.goto === (spec.goto ?? 0) &&
    info.isInverted === (spec.not ?? false)
  );
}

/** As the kernel's answer has it: '' for all, a length always, addresses in their shortest form. */
function prefixText(text: string | undefined, family: 4 | 6): string {
  const prefix = prefixOf(text, family);
  return prefix ? `${bytesText(prefix.bytes)}/${prefix.length}` : '';
}

function addressText(text: string): string {
  const bytes = ipBytes(text);
  return bytes === undefined ? text : bytesText(bytes);
}

function bytesText(bytes: Uint8Array): string {
  return bytes.length === 4 ? ipv4Text(bytes) : ipv6Text(bytes);
}
