/**
 * What keepalived's files show of an instance, from its configuration and from what its thread says. Layouts and words
 * are those that keepalived 2.2.7 was seen to write; exporters read them by name, indentation and order.
 */
import type {
  Program,
  Tracked,
  VipConfig,
  VirtualAddress,
  VirtualRoute,
  VirtualRule,
  VrrpInstance,
} from '../../../config/model.js';
import { DEFAULT_DOWN_TIMER_ADVERTS } from '../../../config/vip-defaults.js';
import type { VipInstanceStatus, VipStatus } from '../../../core/vrrp/messages.js';
import type { VrrpState } from '../../../core/vrrp/types.js';

/** One instance: what was written, and what it is. */
export interface InstanceView {
  readonly written: VrrpInstance;
  readonly now: VipInstanceStatus;
}

/** Those that run, in the order of the configuration. */
export function viewsOf(config: VipConfig, { instances }: VipStatus): InstanceView[] {
  return config.instances.flatMap((written) => {
    const now = instances.find(({ name }) => name === written.name);
    return now === undefined ? [] : [{ written, now }];
  });
}

/** Numbers that exporters know. A router that ended has the number of one that has not begun: they know no other. */
export const STATE_NUMBERS: { readonly [state in VrrpState]: number } = {
  INIT: 0,
  BACKUP: 1,
  MASTER: 2,
  FAULT: 3,
  STOP: 0,
};

export function stateWord(state: VrrpState): string {
  return state === 'STOP' ? 'INIT' : state;
}

/** The interface that adverts and addresses go through. */
export function deviceOf({ written, now }: InstanceView): string {
  return vmacName(written) ?? now.interface;
}

export function vmacName({ vmac, virtualRouterId }: VrrpInstance): string | undefined {
  return vmac === undefined ? undefined : (vmac.name ?? `vrrp.${virtualRouterId}`);
}

/** `1795282393.785187`: seconds, with six digits behind the point. */
export function seconds(epochMs: number): string {
  return (epochMs / 1000).toFixed(6);
}

/** How long a backup waits in silence, in whole microseconds (RFC 9568 §6.1, with `down_timer_adverts`). */
export function masterDownUs({ written, now }: InstanceView): number {
  const intervalMs = now.state === 'MASTER' ? now.advertIntervalMs : now.masterIntervalMs || now.advertIntervalMs;
  const adverts = written.downTimerAdverts ?? DEFAULT_DOWN_TIMER_ADVERTS;
  return Math.floor((adverts + (256 - now.priority) / 256) * intervalMs * 1000);
}

// ── Addresses, routes, rules ────────────────────────────────────────────────────────────────────────────────────────

const SCOPES: { readonly [number: number]: string } = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
  255: 'nowhere',
};
const WIDTH = { 4: 32, 6: 128 } as const;

/** `10.0.0.131/24 brd 10.0.0.255 dev eth1 scope global label eth1:v set` */
export function addressLine(address: VirtualAddress, view: InstanceView): string {
  const family = address.ip.includes(':') ? 6 : 4;
  const scope = address.scope ?? 0;
  const parts = [
    address.prefixLength === WIDTH[family] ? address.ip : `${address.ip}/${address.prefixLength}`,
    ...(address.peer === undefined ? [] : [`peer ${address.peer}`]),
    ...(address.broadcast === undefined ? [] : [`brd ${address.broadcast}`]),
    `dev ${address.interface ?? vmacDevice(view)}`,
    `scope ${SCOPES[scope] ?? scope}`,
    ...(address.label === undefined ? [] : [`label ${address.label}`]),
    ...(family === 6 ? [lifetime(address)] : []),
    ...(address.track === false ? ['no_track'] : []),
    ...(isHeld(address, view) ? ['set'] : []),
    ...(isHeld(address, view) && view.written.accept === false ? ['nftable_set'] : []),
  ];
  return parts.join(' ');
}

function vmacDevice({ written, now }: InstanceView): string {
  const vmac = vmacName(written);
  return vmac === undefined ? now.interface : `${vmac}@${written.interface ?? now.interface}`;
}

/** An address with its whole length is no source address, unless a lifetime is written. */
function lifetime({ prefixLength, preferredLifetimeS }: VirtualAddress): string {
  const seconds = preferredLifetimeS ?? (prefixLength === WIDTH[6] ? 0 : Number.POSITIVE_INFINITY);
  if (seconds === 0) return 'deprecated';
  return `preferred_lft ${seconds === Number.POSITIVE_INFINITY ? 'forever' : seconds}`;
}

function isHeld({ ip }: VirtualAddress, { now }: InstanceView): boolean {
  return now.addresses.some(({ text, isHeld }) => isHeld && text.split(/[ /]/, 1)[0] === ip);
}

/** `prepend 192.168.7.0/24 via inet 10.0.0.1 dev eth1 proto 18` */
export function routeLine(route: VirtualRoute): string {
  const hop = ({ via, interface: device }: { via?: string; interface?: string }) => [
    ...(via === undefined ? [] : [`via inet${via.includes(':') ? '6' : ''} ${via}`]),
    ...(device === undefined ? [] : [`dev ${device}`]),
  ];
  const parts = [
    'prepend',
    ...(route.type === 'unicast' ? [] : [route.type]),
    `${route.destination}/${route.prefixLength}`,
    ...hop(route),
    ...(route.source === undefined ? [] : [`src ${route.source}`]),
    ...(route.table === undefined ? [] : [`table ${route.table}`]),
    ...(route.metric === undefined ? [] : [`metric ${route.metric}`]),
    `proto ${route.protocol ?? 18}`,
    ...(route.nexthops ?? []).map(
      (one) => `nexthop ${[...hop(one), ...(one.weight === undefined ? [] : [`weight ${one.weight}`])].join(' ')}`,
    ),
  ];
  return parts.join(' ');
}

/** `from 192.168.2.0/24 priority 16384 tos 0x0 protocol 18 lookup 7` */
export function ruleLine(rule: VirtualRule): string {
  const parts = [
    ...(rule.not === true ? ['not'] : []),
    ...(rule.from === undefined ? [] : [`from ${rule.from}`]),
    ...(rule.to === undefined ? [] : [`to ${rule.to}`]),
    ...(rule.preference === undefined ? [] : [`priority ${rule.preference}`]),
    ...(rule.fwmark === undefined ? [] : [`fwmark 0x${rule.fwmark.toString(16)}`]),
    `tos 0x${(rule.tos ?? 0).toString(16)}`,
    ...(rule.iif === undefined ? [] : [`iif ${rule.iif}`]),
    ...(rule.oif === undefined ? [] : [`oif ${rule.oif}`]),
    'protocol 18',
    rule.action === 'table'
      ? `lookup ${rule.table ?? 254}`
      : rule.action === 'goto'
        ? `goto ${rule.goto}`
        : rule.action,
  ];
  return parts.join(' ');
}

// ── Programs and what is tracked ────────────────────────────────────────────────────────────────────────────────────

/** `'/usr/bin/test' '-e' '/run/up'` */
export function commandLine({ command }: Program): string {
  return command.map((word) => `'${word}'`).join(' ');
}

/** `0:0`; names stand where names are written. */
export function accountText({ user, group }: { user?: string; group?: string }): string {
  return `${user ?? '0'}:${group ?? user ?? '0'}`;
}

/** `weight 20 reverse` */
export function weightText({ weight, reverse }: Pick<Tracked, 'weight' | 'reverse'>, otherwise: number): string {
  return `weight ${weight ?? otherwise}${reverse === true ? ' reverse' : ''}`;
}
