/** What a process has cost so far, from proc(5): all its threads, also those that have ended. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on every architecture Node runs on: one tick is 10 ms. */
const MS_PER_TICK = 10;
const PAGE_KIB = 4;

/** Fields after the command, which may itself hold spaces and brackets; [0] is field 3, the state. */
function statFields(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function ticks(fields: readonly string[]): number {
  return Number(fields[11]) + Number(fields[12]); // utime, stime
}

/** @returns ms of CPU, user and system */
export function cpuMs(pid: number): number {
  return ticks(statFields(`/proc/${pid}/stat`)) * MS_PER_TICK;
}

/** @returns ms of CPU of each living thread, by thread id */
export function threadCpuMs(pid: number): Map<string, number> {
  const dir = `/proc/${pid}/task`;
  return new Map(readdirSync(dir).map((tid) => [tid, ticks(statFields(`${dir}/${tid}/stat`)) * MS_PER_TICK]));
}

/** @returns resident memory in KiB */
export function rssKib(pid: number): number {
  return Number(statFields(`/proc/${pid}/stat`)[21]) * PAGE_KIB;
}

/**
 * Connections opened so far by anyone in this network namespace (ActiveOpens, RFC 4022). It also sees a check that
 * resets its connection before the server's accept(2) would return it, as HAProxy's connect checks do.
 */
export function openedConnections(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('ActiveOpens')]);
}
