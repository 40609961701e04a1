/** Virtual routers as their thread would tell them: the first node of a pair, at a fixed moment. */
import type { VipConfig, VrrpInstance } from '../../src/config/model.js';
import type { VipCounters, VipEvent, VipInstanceStatus, VipStatus } from '../../src/core/vrrp/messages.js';

export const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);

const COUNTERS: VipCounters = {
  advertsSent: 0,
  advertsReceived: 0,
  priorityZeroSent: 0,
  priorityZeroReceived: 0,
  becameMaster: 0,
  releasedMaster: 0,
  announcementsSent: 0,
  sendErrors: 0,
  refused: {},
};

/** VI_1 of scenario A, as its owner has it. */
export function master(more: Partial<VipInstanceStatus> = {}): VipInstanceStatus {
  return {
    name: 'VI_1',
    state: 'MASTER',
    sinceMs: NOW_MS - 3_600_000,
    virtualRouterId: 51,
    version: 2,
    family: 4,
    interface: 'eth1',
    group: '',
    basePriority: 101,
    priority: 103,
    advertIntervalMs: 1000,
    masterIntervalMs: 1000,
    sourceIp: '10.0.0.101',
    unicastPeers: [],
    preempt: true,
    accept: true,
    owner: '10.0.0.101',
    ownerPriority: 103,
    lastAdvertMs: NOW_MS - 400,
    addresses: [{ text: '10.0.0.130/32', interface: 'eth1', isHeld: true }],
    faults: [],
    tracked: [{ kind: 'script', name: 'chk_haproxy', up: true, weight: 2, effect: 2 }],
    transitions: [
      { atMs: NOW_MS - 3_603_600, from: 'INIT', to: 'BACKUP', why: 'started' },
      { atMs: NOW_MS - 3_600_000, from: 'BACKUP', to: 'MASTER', why: 'no advertisement for 3.6 s' },
    ],
    problems: [],
    counters: { ...COUNTERS, advertsSent: 3600, becameMaster: 1, announcementsSent: 3610 },
    ...more,
  };
}

/** The same router, seen from the one that stands by; its check fails. */
export function backup(more: Partial<VipInstanceStatus> = {}): VipInstanceStatus {
  return master({
    state: 'BACKUP',
    basePriority: 100,
    priority: 100,
    sourceIp: '10.0.0.102',
    addresses: [{ text: '10.0.0.130/32', interface: 'eth1', isHeld: false }],
    tracked: [{ kind: 'script', name: 'chk_haproxy', up: false, weight: 2, effect: 0 }],
    transitions: [{ atMs: NOW_MS - 3_603_600, from: 'INIT', to: 'BACKUP', why: 'started' }],
    counters: { ...COUNTERS, advertsReceived: 3600, refused: { checksum: 2, 'auth-pass': 5 } },
    ...more,
  });
}

/** Two routers speak as master: what nobody wants to see. */
export function disputed(more: Partial<VipInstanceStatus> = {}): VipInstanceStatus {
  return master({
    name: 'VI_2',
    virtualRouterId: 52,
    problems: [
      {
        code: 'two-masters',
        text: '10.0.0.103 says it is master, too, with priority 90',
        remedy: 'see whether both reach each other: a firewall or switch may drop protocol 112 to 224.0.0.18',
        firstMs: NOW_MS - 61_000,
        lastMs: NOW_MS - 1000,
        count: 60,
      },
    ],
    ...more,
  });
}

export function faulty(more: Partial<VipInstanceStatus> = {}): VipInstanceStatus {
  return master({
    name: 'VI_3',
    virtualRouterId: 53,
    state: 'FAULT',
    sinceMs: NOW_MS - 12_000,
    version: 3,
    advertIntervalMs: 20,
    owner: null,
    ownerPriority: null,
    lastAdvertMs: null,
    group: 'G1',
    unicastPeers: ['10.0.0.102', '10.0.0.103'],
    addresses: [{ text: '10.0.0.132/24 dev eth2', interface: 'eth2', isHeld: false }],
    faults: ['interface eth2 is down'],
    tracked: [
      { kind: 'interface', name: 'eth2', up: false, weight: 0, effect: 0 },
      { kind: 'file', name: 'load', up: true, weight: -5, effect: -10, value: 2 },
      { kind: 'proxy', name: 'fairlead', up: null, weight: 10, effect: 0 },
    ],
    priority: 91,
    transitions: [{ atMs: NOW_MS - 12_000, from: 'BACKUP', to: 'FAULT', why: 'interface eth2 is down' }],
    counters: COUNTERS,
    ...more,
  });
}

export function status(instances: readonly VipInstanceStatus[], more: Partial<VipStatus> = {}): VipStatus {
  const groups = instances
    .filter(({ group }) => group !== '')
    .map(({ group: name, state, name: instance }) => ({ name, state, instances: [instance] }));
  return {
    atMs: NOW_MS,
    hostname: 'lb1',
    instances,
    groups,
    thread: {
      rtPriority: 50,
      isMemoryLocked: true,
      reason: '',
      worstDelayMs: 4.25,
      worstDelayLastMinuteMs: 0.31,
      watchdogPid: 4711,
    },
    refused: {},
    ...more,
  };
}

export function vipEvent(more: Partial<VipEvent> = {}): VipEvent {
  return {
    type: 'vip-event',
    name: 'VI_1',
    atMs: NOW_MS - 3_600_000,
    from: 'BACKUP',
    to: 'MASTER',
    level: 'notice',
    text: 'no advertisement of 10.0.0.102 for 3.6 s',
    ...more,
  };
}

/** The configuration behind `master()`: the text of scenario A as a model. */
export function instance(more: Partial<VrrpInstance> = {}): VrrpInstance {
  return {
    name: 'VI_1',
    version: 2,
    family: 4,
    interface: 'eth1',
    virtualRouterId: 51,
    initialState: 'MASTER',
    priority: 101,
    advertIntervalMs: 1000,
    password: { from: 'text', text: '1111' },
    addresses: [{ ip: '10.0.0.130', prefixLength: 32 }],
    excludedAddresses: [],
    routes: [],
    rules: [],
    garp: {},
    track: { interfaces: [], scripts: [{ name: 'chk_haproxy' }], files: [], processes: [], frontends: [] },
    notify: { any: [] },
    ...more,
  };
}

export function vipConfig(instances: VrrpInstance[], more: Partial<VipConfig> = {}): VipConfig {
  return {
    settings: { routerId: 'lb1', notifyFifos: [] },
    instances,
    groups: [],
    scripts: [],
    files: [],
    processes: [],
    staticAddresses: [],
    staticRoutes: [],
    staticRules: [],
    ...more,
  };
}
