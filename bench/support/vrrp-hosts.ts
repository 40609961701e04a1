/** Routers for the benchmarks, each on a host of its own on one switch, and a capture of what they advertise. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Host } from '../../lab/support/host.js';
import { run } from '../../lab/support/sandbox.js';
import { until } from '../../lab/support/wait.js';
import { INTERFACE, type Network, type PlaceName } from '../../lab/vip/network.js';
import {
  FAIRLEAD,
  IDLE_PROXY,
  PROCESSES,
  type Program,
  STATUS_SOCKET,
  startFairlead,
  startKeepalived,
} from '../../lab/vip/programs.js';
import { cpuMs, rssKib } from './process-figures.js';

export const VRRP_PROGRAMS: readonly Program[] = ['keepalived', 'fairlead'];

export interface Routers {
  readonly version: 2 | 3;
  readonly intervalMs: number;
  readonly priority: number;
  /** Ids, each with one address. */
  readonly ids: readonly number[];
  /** Further lines of `global_defs`. */
  readonly global?: string;
}

const MASTER_TIMEOUT_MS = 60_000;

export function startRouters(network: Network, place: PlaceName, program: Program, routers: Routers): Host {
  const host = network.hosts.get(place)!;
  const file = host.sandbox.path(`${place}-keepalived.conf`);
  writeFileSync(file, vrrpFile(routers), { mode: 0o644 });
  if (program === 'keepalived') startKeepalived(host, place, file);
  else {
    const proxy = host.sandbox.path(`${place}-haproxy.cfg`);
    writeFileSync(proxy, IDLE_PROXY);
    startFairlead(host, place, [proxy, file]);
  }
  return host;
}

function vrrpFile({ version, intervalMs, priority, ids, global = '' }: Routers): string {
  const instances = ids.map(
    (id) => `vrrp_instance VI_${id} {
  interface ${INTERFACE}
  state BACKUP
  virtual_router_id ${id}
  priority ${priority}
  advert_int ${intervalMs / 1000}
  virtual_ipaddress {
    ${virtualAddress(id)}
  }
}
`,
  );
  return `global_defs {\n  vrrp_version ${version}\n${global}}\n${instances.join('')}`;
}

function virtualAddress(id: number): string {
  return `10.1.0.${id}`;
}

/** @throws Error when it does not hold all its addresses in time */
export function untilMaster(host: Host, { ids }: Routers): Promise<true> {
  return until(`${host.name} holds ${ids.length} addresses`, MASTER_TIMEOUT_MS, async () =>
    held(host) === ids.length ? true : undefined,
  );
}

function held(host: Host): number {
  const text = run('ip', ['-n', host.namespace, '-o', '-4', 'address', 'show', 'dev', INTERFACE]);
  return text.split('\n').filter((line) => line.includes(' 10.1.0.')).length;
}

/** All processes of the program together. */
export function figuresOf(host: Host, program: Program): { cpuMs: number; rssKib: number } {
  const pids = host.pids(PROCESSES[program]);
  if (pids.length === 0) throw new Error(`${program} on ${host.name} has ended; see its log`);
  const sum = (pick: (pid: number) => number) => pids.reduce((total, pid) => total + pick(pid), 0);
  return { cpuMs: sum(cpuMs), rssKib: sum(rssKib) };
}

export function endRouters(host: Host, program: Program): void {
  for (const pid of host.pids(PROCESSES[program])) process.kill(pid, 'SIGKILL');
}

/** What Fairlead says itself of its longest delay. @returns ms */
export function ownWorstDelayMs(host: Host): number {
  const text = host.run(process.execPath, [FAIRLEAD, 'vip', 'status', '--json', '-s', STATUS_SOCKET]);
  return (JSON.parse(text) as { thread: { worstDelayMs: number } }).thread.worstDelayMs;
}

export interface Advert {
  /** Epoch ms, as the kernel stamped it. */
  readonly atMs: number;
  readonly id: number;
}

/** Captures on a host until `read` is called. The kernel stamps packets: a busy machine does not spoil their times. */
export function captureAdverts(host: Host): { read: () => Promise<Advert[]> } {
  const file = host.sandbox.path('adverts.pcap');
  const words = ['-q', '-p', '-i', INTERFACE, '-f', 'ip proto 112', '-w', file];
  const child = host.start('dumpcap', words, { log: 'dumpcap.log' });
  return { read: () => readCapture(host, file, child) };
}

async function readCapture(host: Host, file: string, child: ChildProcess): Promise<Advert[]> {
  for (const pid of host.pids(/^dumpcap /)) process.kill(pid, 'SIGINT');
  await until('the capture is written', 5000, async () => (child.exitCode === null ? undefined : true));
  const fields = ['-e', 'frame.time_epoch', '-e', 'vrrp.virt_rtr_id'];
  const text = run('tshark', ['-n', '-r', file, '-Y', 'vrrp', '-T', 'fields', ...fields]);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
    .map(([at, id]) => ({ atMs: Number(at) * 1000, id: Number(id) }));
}
