/** `/tmp/keepalived.json`, as keepalived 2.2.7 writes it on its JSON signal; the password is not in it. */
import type { Notifications, Program, TrackScript, VipConfig } from '../../../config/model.js';
import { announcingOf } from '../../../config/vip-defaults.js';
import type { VipStatus } from '../../../core/vrrp/messages.js';
import { figuresOf } from './figures.js';
import {
  addressLine,
  commandLine,
  deviceOf,
  type InstanceView,
  routeLine,
  ruleLine,
  STATE_NUMBERS,
  seconds,
  viewsOf,
  vmacName,
} from './view.js';

type Value = string | number | boolean | readonly string[] | { readonly number: string };
type Field = readonly [name: string, value: Value];

/** The hidden password has the length of one, so that readers who count find some. */
const HIDDEN = '********';

/** @returns one line without an end */
export function keepalivedJson(config: VipConfig, status: VipStatus): string {
  return `[${viewsOf(config, status)
    .map((view) => instanceJson(view, config))
    .join(',')}]`;
}

function instanceJson(view: InstanceView, config: VipConfig): string {
  const stats = figuresOf(view.now.counters).map(([, name, count]): Field => [name, count]);
  return `{"data":${object(dataOf(view, config))},"stats":${object(stats)}}`;
}

function object(fields: readonly Field[]): string {
  return `{${fields.map(([name, value]) => `"${name}":${written(value)}`).join(',')}}`;
}

/** Slashes are escaped as in its own files. */
function written(value: Value): string {
  if (typeof value === 'object' && 'number' in value) return value.number;
  return JSON.stringify(value).replaceAll('/', '\\/');
}

function dataOf(view: InstanceView, config: VipConfig): Field[] {
  const { written: of, now } = view;
  const state = STATE_NUMBERS[now.state];
  const bit = (is: boolean | undefined) => (is === true ? 1 : 0);
  return [
    ['iname', now.name],
    ['dont_track_primary', bit(of.trackPrimary === false)],
    ['skip_check_adv_addr', bit(of.skipCheckAdvAddr)],
    ['strict_mode', bit(of.strict)],
    ['vmac_ifname', vmacName(of) ?? ''],
    ['ifp_ifname', deviceOf(view)],
    ['master_priority', now.state === 'BACKUP' ? (now.ownerPriority ?? 0) : 0],
    ['last_transition', { number: seconds(now.sinceMs) }],
    ...garpFields(view),
    ['lower_prio_no_advert', bit(of.lowerPrioNoAdvert)],
    ['higher_prio_send_advert', bit(of.higherPrioSendAdvert)],
    ['vrid', now.virtualRouterId],
    ['base_priority', now.basePriority],
    ['effective_priority', now.priority],
    ['vipset', now.addresses.some(({ isHeld }) => isHeld)],
    ['promote_secondaries', of.promoteSecondaries === true],
    ['adver_int', now.advertIntervalMs / 1000],
    ['master_adver_int', (now.masterIntervalMs || now.advertIntervalMs) / 1000],
    ['accept', bit(now.accept)],
    ['nopreempt', !now.preempt],
    ['preempt_delay', (of.preemptDelayMs ?? 0) / 1000],
    ['state', state],
    ['wantstate', state],
    ['version', now.version],
    ['smtp_alert', false],
    ['notify_deleted', of.notify.deleted !== undefined],
    ...scriptFields(of.notify),
    ...listFields(view, config),
    ['auth_type', of.password === undefined ? 0 : 1],
    ...(of.password === undefined ? [] : [['auth_data', HIDDEN] as const]),
  ];
}

function garpFields({ written: of }: InstanceView): Field[] {
  const { masterDelayMs, masterRepeat, refreshMs, refreshRepeat, lowerPrioDelayMs, lowerPrioRepeat } = announcingOf(of);
  return [
    ['garp_delay', Math.floor(masterDelayMs / 1000)],
    ['garp_refresh', Math.floor(refreshMs / 1000)],
    ['garp_rep', masterRepeat],
    ['garp_refresh_rep', refreshRepeat],
    ['garp_lower_prio_delay', Math.floor(lowerPrioDelayMs / 1000)],
    ['garp_lower_prio_rep', lowerPrioRepeat],
  ];
}

function scriptFields(notify: Notifications): Field[] {
  const programs: readonly (readonly [string, Program | undefined])[] = [
    ['script_backup', notify.backup],
    ['script_master', notify.master],
    ['script_fault', notify.fault],
    ['script_stop', notify.stop],
    ['script_deleted', notify.deleted],
    ['script', notify.any[0]],
    ['script_master_rx_lower_pri', notify.masterRxLowerPri],
  ];
  return programs.flatMap(([name, program]): Field[] => (program === undefined ? [] : [[name, commandLine(program)]]));
}

/** Lists that are empty are left out. */
function listFields(view: InstanceView, { scripts }: VipConfig): Field[] {
  const { written: of } = view;
  const isScript = (script: TrackScript | undefined) => script !== undefined;
  const tracked = of.track.scripts.map(({ name }) => scripts.find((script) => script.name === name)).filter(isScript);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['vips', of.addresses.map((address) => addressLine(address, view))],
    ['evips', of.excludedAddresses.map((address) => addressLine(address, view))],
    ['vroutes', of.routes.map(routeLine)],
    ['vrules', of.rules.map(ruleLine)],
    ['track_ifp', of.track.interfaces.map(({ name }) => name)],
    ['track_script', tracked.map((script) => commandLine(script!.program))],
  ];
  return lists.filter(([, list]) => list.length > 0);
}
