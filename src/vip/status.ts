/** What `fairlead vip status`, the metrics and the pages show: one picture of everything the thread knows. */
import type { VrrpMachine } from '../core/vrrp/machine.js';
import type { VipInstanceStatus, VipPlan, VipStatus } from '../core/vrrp/messages.js';
import type { RouterView } from '../core/vrrp/types.js';
import type { Host } from './host.js';
import type { Lateness } from './lateness.js';
import type { Realtime } from './realtime.js';
import type { Tracker } from './tracker.js';
import type { Transport } from './transport.js';
import type { VirtualRouter } from './virtual-router.js';

export interface StatusSources {
  readonly plan: VipPlan;
  readonly routers: readonly VirtualRouter[];
  readonly machine: VrrpMachine;
  readonly tracker: Tracker;
  readonly host: Host;
  readonly transport: Transport;
  readonly lateness: Lateness;
  readonly realtime: Realtime;
  /** 0 for none. */
  readonly watchdogPid: number;
  /** Monotonic, of this moment. */
  readonly nowMs: number;
  readonly epochMs: number;
}

export function statusOf(sources: StatusSources): VipStatus {
  const { plan, routers, machine, lateness, realtime, watchdogPid, transport, nowMs, epochMs } = sources;
  const views = new Map(routers.map(({ name }) => [name, machine.view(name)]));
  return {
    atMs: epochMs,
    hostname: plan.hostname,
    instances: routers.map((router) => instanceStatus(router, views.get(router.name)!, sources)),
    groups: plan.config.groups.map(({ name, instances }) => {
      const states = new Set(instances.map((member) => views.get(member)?.state ?? 'INIT'));
      const [first] = states;
      return { name, instances, state: states.size === 1 ? first : 'INIT' };
    }),
    thread: {
      rtPriority: realtime.priority,
      isMemoryLocked: realtime.isMemoryLocked,
      reason: realtime.reason,
      worstDelayMs: lateness.worstMs,
      worstDelayLastMinuteMs: lateness.recentMs(nowMs),
      watchdogPid,
    },
    refused: { ...transport.refused },
  };
}

function instanceStatus(router: VirtualRouter, view: RouterView, sources: StatusSources): VipInstanceStatus {
  const { config } = router;
  const { host, tracker, transport, nowMs, epochMs } = sources;
  const toEpoch = (monotonicMs: number) => Math.round(epochMs - nowMs + monotonicMs);
  const own = host.ownInterface(config) ?? '';
  return {
    name: router.name,
    state: view.state,
    // As the transition was told: reckoned from the monotonic clock it would be another millisecond with each question.
    sinceMs: router.transitions.at(-1)?.atMs ?? toEpoch(view.sinceMs),
    virtualRouterId: config.virtualRouterId,
    version: config.version,
    family: config.family,
    interface: config.interface ?? '',
    group: router.group,
    basePriority: config.priority,
    priority: view.priority,
    advertIntervalMs: config.advertIntervalMs,
    masterIntervalMs: view.masterIntervalMs,
    sourceIp: router.sourceIp,
    unicastPeers: config.unicastPeers?.map(({ ip }) => ip) ?? [],
    preempt: config.preempt ?? true,
    accept: config.accept ?? true,
    owner: view.master === '' ? null : view.master,
    ownerPriority: view.master === '' ? null : view.masterPriority,
    lastAdvertMs: view.lastAdvertMs === null ? null : toEpoch(view.lastAdvertMs),
    addresses: [...config.addresses, ...config.excludedAddresses].map(({ ip, prefixLength, interface: name }) => ({
      text: `${ip}/${prefixLength}`,
      interface: name ?? own,
      isHeld: host.interfaces.has(host.interfaces.byName(name ?? own)?.index ?? -1, ip),
    })),
    faults: view.faults,
    tracked: tracker.describe(router),
    transitions: [...router.transitions],
    problems: transport.problemsOf(router),
    counters: { ...router.counters, refused: { ...router.counters.refused } },
  };
}
