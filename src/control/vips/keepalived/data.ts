/**
 * `/tmp/keepalived.data`, as keepalived 2.2.7 writes it on SIGUSR1: global definitions, instances, sync groups, scripts,
 * files, processes. Passwords are not shown; descriptors and interfaces, which nobody reads there, are left out.
 */
import type { TrackFile, TrackProcess, TrackScript, VipConfig, VrrpSyncGroup } from '../../../config/model.js';
import {
  DEFAULT_FILE_WEIGHT,
  DEFAULT_PROCESS_WEIGHT,
  DEFAULT_SCRIPT_INTERVAL_MS,
} from '../../../config/vip-defaults.js';
import type { VipInstanceStatus, VipStatus } from '../../../core/vrrp/messages.js';
import { instanceLines, notifyLines } from './instance.js';
import { accountText, commandLine, deviceOf, type InstanceView, stateWord, viewsOf, weightText } from './view.js';

/** @param clock epoch ms as `Sat Nov 21 17:33:13 2026`, parts before and behind where the fraction stands */
export function keepalivedData(config: VipConfig, status: VipStatus, clock: FileClock): string {
  const views = viewsOf(config, status);
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['Global definitions', globalLines(config, status)],
    ['VRRP Topology', views.flatMap((view) => instanceLines(view, config, clock))],
    // Readers find the end of the last instance by what comes behind it.
    ['VRRP Sockpool', views.flatMap(socketLines)],
    ['VRRP Sync groups', config.groups.flatMap((group) => groupLines(group, config, status))],
    ['VRRP Scripts', config.scripts.flatMap((script) => scriptLines(script, config, status))],
    ['VRRP Track files', config.files.flatMap((file) => fileLines(file, config, status))],
    ['VRRP Track processes', config.processes.flatMap((one) => processLines(one, config, status))],
  ];
  const needed = sections.filter(([title, lines]) => lines.length > 0 || title === 'VRRP Sockpool');
  return needed
    .map(([title, lines]) => `------< ${title} >------\n${lines.map((line) => `${line}\n`).join('')}`)
    .join('');
}

/** `Sat Nov 21 17:33:13` and `2026`, in local time. */
export type FileClock = (epochMs: number) => readonly [before: string, year: string];

function globalLines({ settings }: VipConfig, { thread, hostname }: VipStatus): string[] {
  const flag = (is: boolean | undefined) => (is === true ? 'true' : 'false');
  return [
    ` Router ID = ${settings.routerId ?? hostname}`,
    ...settings.notifyFifos.map(
      ({ path, user, group }) => ` VRRP notify fifo = ${path}, uid:gid ${accountText({ user, group })}`,
    ),
    ' VRRP IPv4 mcast group = 224.0.0.18',
    ' VRRP IPv6 mcast group = ff02::12',
    ` VRRP don't swap = ${flag(thread.isMemoryLocked)}`,
    ` VRRP realtime priority = ${thread.rtPriority}`,
    ` Script security ${settings.scriptSecurity === true ? 'enabled' : 'disabled'}`,
    ` Default script uid:gid ${accountText(settings.scriptUser ?? {})}`,
  ];
}

function socketLines(view: InstanceView): string[] {
  const { now, written } = view;
  return [
    ` Interface = ${deviceOf(view)}`,
    `   Family = IPv${now.family}`,
    '   Protocol = VRRP',
    `   Type = ${written.unicastPeers === undefined ? 'Multicast' : 'Unicast'}`,
    '   VRRP instances',
    `     ${now.name} vrid ${now.virtualRouterId}`,
  ];
}

function groupLines(group: VrrpSyncGroup, { scripts }: VipConfig, status: VipStatus): string[] {
  const state = status.groups.find(({ name }) => name === group.name)?.state ?? 'INIT';
  const members = status.instances.filter(({ name }) => group.instances.includes(name));
  const inState = (wanted: string) => members.filter((one) => one.state === wanted).length;
  const tracked = group.track.scripts.map((one) => `     ${one.name} ${weightText(one, weightOf(one.name, scripts))}`);
  return [
    ` VRRP Sync Group = ${group.name}, ${stateWord(state)}`,
    `   Num member fault ${inState('FAULT')}, num member init ${inState('INIT')}`,
    '   VRRP member instances :',
    ...group.instances.map((name) => `     ${name}`),
    ...(group.trackingWeight === true || group.globalTracking === true ? ['   sync group tracking weight set'] : []),
    '   Using smtp notification = no',
    ...(tracked.length > 0 ? ['   Tracked scripts :', ...tracked] : []),
    ...notifyLines(group.notify),
  ];
}

function weightOf(name: string, scripts: readonly TrackScript[]): number {
  return scripts.find((script) => script.name === name)?.weight ?? 0;
}

// ── What is watched ─────────────────────────────────────────────────────────────────────────────────────────────────

type Kind = 'scripts' | 'files' | 'processes';
type Seen = VipInstanceStatus['tracked'][number];

/** What any of those that track it knows of it. */
function seenOf(name: string, kinds: readonly Seen['kind'][], { instances }: VipStatus): Seen | undefined {
  return instances.flatMap(({ tracked }) => tracked).find((one) => one.name === name && kinds.includes(one.kind));
}

/** Instances that track it themselves, then those of a group that does. */
function trackers(name: string, kind: Kind, weight: number, { instances, groups }: VipConfig): string[] {
  const of = (owner: { track: VrrpSyncGroup['track'] }) => owner.track[kind].filter((one) => one.name === name);
  const own = instances.flatMap((one) => of(one).map((tracked) => [one.name, tracked] as const));
  const shared = groups.flatMap((group) =>
    of(group).flatMap((tracked) => group.instances.map((member) => [member, tracked] as const)),
  );
  const lines = [...own, ...shared].map(([who, tracked]) => `     ${who}, ${weightText(tracked, weight)}`);
  return ['   Tracking instances :', ...lines];
}

function scriptLines(script: TrackScript, config: VipConfig, status: VipStatus): string[] {
  const { rise = 1, fall = 1, weight = 0 } = script;
  const up = seenOf(script.name, ['script', 'proxy'], status)?.up ?? null;
  return [
    ` VRRP Script = ${script.name}`,
    `   Command = ${commandLine(script.program)}`,
    `   Interval = ${(script.intervalMs ?? DEFAULT_SCRIPT_INTERVAL_MS) / 1000} sec`,
    `   Timeout = ${(script.timeoutMs ?? 0) / 1000} sec`,
    `   Weight = ${weight}${script.reverse === true ? ' reverse' : ''}`,
    `   Rise = ${rise}`,
    `   Fall = ${fall}`,
    `   Result = ${up === true ? rise + fall - 1 : 0}`,
    '   Insecure = no',
    `   Init state = ${script.initFail === true ? 'failed' : 'unknown'}`,
    `   Status = ${up === null ? 'INIT' : up ? 'GOOD' : 'BAD'}`,
    `   Script uid:gid = ${accountText(script.program)}`,
    '   VRRP instances :',
    ...trackers(script.name, 'scripts', weight, config),
    '   State = idle',
  ];
}

function fileLines(file: TrackFile, config: VipConfig, status: VipStatus): string[] {
  const weight = file.weight ?? DEFAULT_FILE_WEIGHT;
  return [
    ` Track file = ${file.name}`,
    `   File = ${file.path}`,
    `   Status = ${seenOf(file.name, ['file'], status)?.value ?? 0}`,
    `   Weight = ${weight}${file.reverse === true ? ' reverse' : ''}`,
    ...trackers(file.name, 'files', weight, config),
  ];
}

function processLines(one: TrackProcess, config: VipConfig, status: VipStatus): string[] {
  const weight = one.weight ?? DEFAULT_PROCESS_WEIGHT;
  const seen = seenOf(one.name, ['process'], status);
  const [command, ...parameters] = one.command;
  const delay = (ms = 0) => `${(ms / 1000).toFixed(6)}s`;
  return [
    ` VRRP Track process = ${one.name}`,
    `   Process = ${command}`,
    ...(parameters.length > 0 ? [`   Parameters = ${parameters.map((word) => `'${word}'`).join(' ')}`] : []),
    `   Min processes = ${one.quorum ?? 1}`,
    ...(one.quorumMax === undefined ? [] : [`   Max processes = ${one.quorumMax}`]),
    `   Current processes = ${seen?.value ?? 0}`,
    `   Have quorum = ${seen?.up === true}`,
    `   Weight = ${weight}${one.reverse === true ? ' reverse' : ''}`,
    `   Terminate delay = ${delay(one.terminateDelayMs)}`,
    `   Fork delay = ${delay(one.forkDelayMs)}`,
    '   Fork delay timer not running',
    '   Terminate delay timer not running',
    `   Full command = ${one.fullCommand === true}`,
    ...trackers(one.name, 'processes', weight, config),
  ];
}
