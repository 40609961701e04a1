/** One instance in `/tmp/keepalived.data`. */
import type { Notifications, VipConfig, VrrpInstance } from '../../../config/model.js';
import {
  announcingOf,
  DEFAULT_DOWN_TIMER_ADVERTS,
  DEFAULT_FILE_WEIGHT,
  DEFAULT_PROCESS_WEIGHT,
  MULTICAST_GROUP,
} from '../../../config/vip-defaults.js';
import type { FileClock } from './data.js';
import {
  accountText,
  addressLine,
  commandLine,
  deviceOf,
  type InstanceView,
  masterDownUs,
  routeLine,
  ruleLine,
  seconds,
  stateWord,
  vmacName,
  weightText,
} from './view.js';

/** The password itself is in the configuration, for those who may read it. */
const HIDDEN = '********';

export function instanceLines(view: InstanceView, config: VipConfig, clock: FileClock): string[] {
  const lines = [
    ...stateLines(view, clock),
    ...interfaceLines(view),
    ...announceLines(view.written),
    ...routerLines(view),
    ...addressLines(view),
    ...peerLines(view.written),
    ...listLines('Virtual Routes :', view.written.routes.map(routeLine)),
    ...listLines('Virtual Rules :', view.written.rules.map(ruleLine)),
    ...trackedLines(view.written, config),
    'Using smtp notification = no',
    `Notify deleted = ${view.written.notify.deleted === undefined ? 'Fault' : 'Deleted'}`,
  ];
  return [
    ` VRRP Instance = ${view.now.name}`,
    ...lines.map((line) => `   ${line}`),
    ...notifyLines(view.written.notify),
    `   Notify priority changes = ${view.written.notify.priorityChanges === true}`,
  ];
}

function stateLines(view: InstanceView, clock: FileClock): string[] {
  const { now, written } = view;
  const state = stateWord(now.state);
  const isPlain = now.version === 2 && written.trackPrimary !== false && written.unicastPeers === undefined;
  const heard =
    now.state === 'BACKUP' && now.owner !== null
      ? [`Master router = ${now.owner}`, `Master priority = ${now.ownerPriority ?? 0}`]
      : [];
  return [
    `VRRP Version = ${now.version}`,
    ...(now.group === '' ? [] : [`Sync group = ${now.group}`]),
    ...(now.family === 6 ? ['Using Native IPv6'] : []),
    `State = ${state}`,
    ...heard,
    isPlain ? 'Flags: none' : 'Flags:',
    ...(written.unicastPeers === undefined ? [] : ['  Using unicast']),
    `Wantstate = ${state}`,
    'Number of config faults = 0',
    `Number of interface and track script faults = ${now.faults.length}`,
    `Number of track scripts init = ${now.tracked.filter(({ kind, up }) => kind === 'script' && up === null).length}`,
    `Last transition = ${momentText(now.sinceMs, clock)}`,
    `Read timeout = ${readTimeout(view, clock)}`,
    `Master down timer = ${masterDownUs(view)} usecs`,
  ];
}

/** `1795282393.785187 (Sat Nov 21 17:33:13.785187 2026)` */
function momentText(epochMs: number, clock: FileClock): string {
  const text = seconds(epochMs);
  const [before, year] = clock(epochMs);
  return `${text} (${before}.${text.split('.')[1]} ${year})`;
}

/** When the next advert is due: ours, or that of the owner at the latest. */
function readTimeout(view: InstanceView, clock: FileClock): string {
  const { state, lastAdvertMs, sinceMs, advertIntervalMs } = view.now;
  if (state !== 'MASTER' && state !== 'BACKUP') return 'DISABLED';
  const waitMs = state === 'MASTER' ? advertIntervalMs : masterDownUs(view) / 1000;
  return momentText((lastAdvertMs ?? sinceMs) + waitMs, clock);
}

function interfaceLines(view: InstanceView): string[] {
  const { now, written } = view;
  const vmac = vmacName(written);
  const group = written.multicastGroup ?? MULTICAST_GROUP[now.family];
  const isUp = now.state === 'MASTER' || now.state === 'BACKUP';
  return [
    ...(vmac === undefined
      ? []
      : [`Use VMAC, i/f name ${vmac}, is_up = ${isUp}, xmit_base = ${written.vmac?.transmitsOnBase === true}`]),
    `Interface = ${deviceOf(view)}${vmac === undefined ? '' : `, vmac on ${written.interface ?? now.interface}`}`,
    ...(written.trackPrimary === false ? ['VRRP interface tracking disabled'] : []),
    ...(written.skipCheckAdvAddr === true ? ['Skip checking advert IP addresses'] : []),
    `Using src_ip = ${now.sourceIp || '(none)'}${written.sourceIp === undefined ? '' : ' (from configuration)'}`,
    ...(written.unicastPeers === undefined ? [`Multicast address ${group}`] : []),
  ];
}

function announceLines(written: VrrpInstance): string[] {
  const { masterDelayMs, masterRepeat, refreshMs, refreshRepeat, lowerPrioDelayMs, lowerPrioRepeat } =
    announcingOf(written);
  const whole = (ms: number) => Math.floor(ms / 1000);
  return [
    `Gratuitous ARP delay = ${whole(masterDelayMs)}`,
    `Gratuitous ARP repeat = ${masterRepeat}`,
    `Gratuitous ARP refresh = ${whole(refreshMs)}`,
    `Gratuitous ARP refresh repeat = ${refreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${whole(lowerPrioDelayMs)}`,
    `Gratuitous ARP lower priority repeat = ${lowerPrioRepeat}`,
    `Down timer adverts = ${written.downTimerAdverts ?? DEFAULT_DOWN_TIMER_ADVERTS}`,
    `Send advert after receive lower priority advert = ${written.lowerPrioNoAdvert !== true}`,
    `Send advert after receive higher priority advert = ${written.higherPrioSendAdvert === true}`,
  ];
}

function routerLines({ now, written }: InstanceView): string[] {
  const interval = now.version === 2 ? `${now.advertIntervalMs / 1000} sec` : `${now.advertIntervalMs} milli-sec`;
  const delayMs = written.preemptDelayMs ?? 0;
  return [
    `Virtual Router ID = ${now.virtualRouterId}`,
    `Priority = ${now.basePriority}`,
    `Effective priority = ${now.priority}`,
    `Total priority = ${now.priority}`,
    `Advert interval = ${interval}`,
    `Accept = ${now.accept ? 'enabled' : 'disabled'}`,
    `Preempt = ${now.preempt ? 'enabled' : 'disabled'}`,
    ...(delayMs > 0 ? [`Preempt delay = ${delayMs / 1000} secs`] : []),
    `Promote_secondaries = ${written.promoteSecondaries === true ? 'enabled' : 'disabled'}`,
    ...authLines(now.version, written),
  ];
}

function authLines(version: 2 | 3, { password }: VrrpInstance): string[] {
  if (version === 3) return [];
  return password === undefined
    ? ['Authentication type = none']
    : ['Authentication type = SIMPLE_PASSWORD', `Password = ${HIDDEN}`];
}

function addressLines(view: InstanceView): string[] {
  const { addresses, excludedAddresses } = view.written;
  const lines = addresses.map((address) => addressLine(address, view));
  return [
    ...listLines(`Virtual IP (${lines.length}):`, lines),
    ...listLines(
      'Virtual IP Excluded :',
      excludedAddresses.map((address) => addressLine(address, view)),
    ),
  ];
}

function peerLines({ unicastPeers, unicastTtl, checkUnicastSource }: VrrpInstance): string[] {
  if (unicastPeers === undefined) return [];
  return [
    `Unicast TTL = ${unicastTtl ?? 255}`,
    `Check unicast src : ${checkUnicastSource === true ? 'yes' : 'no'}`,
    ...listLines(
      'Unicast Peer :',
      unicastPeers.map(({ ip, minTtl = 0, maxTtl = 255 }) => `${ip} min_ttl ${minTtl} max_ttl ${maxTtl}`),
    ),
    'Unicast checksum compatibility = no',
  ];
}

function trackedLines({ track }: VrrpInstance, { scripts, files, processes }: VipConfig): string[] {
  const weightOf = (list: readonly { name: string; weight?: number }[], name: string, otherwise: number) =>
    list.find((one) => one.name === name)?.weight ?? otherwise;
  const at =
    (list: readonly { name: string; weight?: number }[], otherwise: number, separator: string) =>
    (one: VrrpInstance['track']['files'][number]) =>
      `${one.name}${separator} ${weightText(one, weightOf(list, one.name, otherwise))}`;
  return [
    ...listLines('Tracked interfaces :', track.interfaces.map(at([], 0, ''))),
    ...listLines('Tracked scripts :', track.scripts.map(at(scripts, 0, ''))),
    ...listLines('Tracked files :', track.files.map(at(files, DEFAULT_FILE_WEIGHT, ','))),
    ...listLines('Tracked processes :', track.processes.map(at(processes, DEFAULT_PROCESS_WEIGHT, ','))),
  ];
}

/** Nothing where the list is empty. */
function listLines(title: string, list: readonly string[]): string[] {
  return list.length === 0 ? [] : [title, ...list.map((line) => `  ${line}`)];
}

/** Programs that are told, of an instance or a group. */
export function notifyLines(notify: Notifications): string[] {
  const programs = [
    ['Backup state transition', notify.backup],
    ['Master state transition', notify.master],
    ['Fault state transition', notify.fault],
    ['Stop state transition', notify.stop],
    ['Deleted state transition', notify.deleted],
    ...notify.any.map((program) => ['Generic state transition', program] as const),
    ['Master rx lower pri state transition', notify.masterRxLowerPri],
  ] as const;
  return programs.flatMap(([title, program]) =>
    program === undefined ? [] : [`   ${title} script = ${commandLine(program)}, uid:gid ${accountText(program)}`],
  );
}
